use proc_macro2::TokenStream;
use quote::quote_spanned;
use syn::Result;

use crate::function::Function;
use crate::options::Options;

pub(crate) fn expand(options: &Options, item: TokenStream) -> Result<TokenStream> {
    options.only_name()?;
    let function = Function::parse("segment", item)?;
    let krate = options.krate();
    let name = options.name_or(function.name());
    let body = function.body();
    let span = function.span();
    let timed = if function.is_async() {
        quote_spanned!(span=> #krate::__private::timed_future(#name, async move #body).await)
    } else {
        quote_spanned!(span=> #krate::__private::timed(#name, move || #body))
    };
    Ok(function.with_body(&timed))
}
