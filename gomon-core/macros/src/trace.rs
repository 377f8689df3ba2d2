use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::ext::IdentExt;
use syn::{Error, Ident, LitStr, Result};

use crate::function::Function;
use crate::options::{Field, Options, Recorded, Way};

pub(crate) fn expand(options: &Options, item: TokenStream) -> Result<TokenStream> {
    let function = Function::parse("trace", item)?;
    let krate = options.krate();
    let name = options.name_or(function.name());
    let span = function.span();
    let tracker = Ident::new("__tracker", span);
    let attributes = attributes(options, &function, &tracker, &krate)?;
    let event = match options.root {
        Some(_) => quote!(#krate::__private::traced_root(#name)),
        None => quote!(#krate::EventTracker::new(#name)),
    };
    let started = quote_spanned! {span=>
        #[allow(unused_mut, reason = "not all events have attributes")]
        let mut #tracker = #event;
        #attributes
    };
    let body = function.body();
    // The type of the error decides how it is noted: see `__private::Noted`.
    let note = match function.returns_result() {
        true => quote_spanned! {span=>
            |__tracker: &mut #krate::EventTracker, __result| {
                if let ::core::result::Result::Err(__error) = __result {
                    #[allow(unused_imports, reason = "one of them is used")]
                    use #krate::__private::{NoteDebug as _, NoteDisplay as _, NoteError as _, NoteDeref as _};
                    (&&&#krate::__private::Noted(__error)).note(__tracker);
                }
            }
        },
        false => quote_spanned!(span=> |_: &mut #krate::EventTracker, _: &_| ()),
    };
    let traced = if function.is_async() {
        quote_spanned! {span=>
            #started
            #krate::__private::traced_future(#tracker, async move #body, #note).await
        }
    } else {
        quote_spanned! {span=>
            #started
            #krate::__private::traced(#tracker, move || #body, #note)
        }
    };
    Ok(function.with_body(&traced))
}

/// Sets on the event what is to be recorded.
fn attributes(
    options: &Options,
    function: &Function,
    tracker: &Ident,
    krate: &TokenStream,
) -> Result<TokenStream> {
    let arguments = function.arguments();
    let named = options.record.iter().map(|recorded| &recorded.name);
    for name in named.chain(&options.skip) {
        if !arguments.contains(&name) {
            let known: Vec<String> = arguments.iter().map(|name| format!("`{name}`")).collect();
            let known = match known.is_empty() {
                true => "it has none".to_owned(),
                false => format!("it has {}", known.join(", ")),
            };
            let message = format!("`{name}` is no argument of this function: {known}");
            return Err(Error::new(name.span(), message));
        }
    }
    let explicit = options.record.iter();
    let explicit = explicit.map(|Recorded { by, name }| (*by, name));
    let is_explicit = |name: &Ident| options.record.iter().any(|other| other.name == *name);
    let others = arguments.iter().copied().filter(|name| {
        options.record_all.is_some() && !options.skip.contains(name) && !is_explicit(name)
    });
    let recorded = explicit.chain(others.map(|name| (Way::Debug, name)));
    let arguments = recorded.map(|(by, name)| {
        let key = name.unraw().to_string();
        let key = match ENVELOPE.contains(&key.as_str()) {
            true => format!("arg.{key}"),
            false => key,
        };
        let key = LitStr::new(&key, name.span());
        let span = name.span();
        let value = match by {
            Way::AsItIs => quote_spanned!(span=> #krate::__private::Recordable::value(&#name)),
            Way::Debug => quote_spanned!(span=> #krate::__private::debug(&#name)),
            Way::Display => quote_spanned!(span=> #krate::__private::display(&#name)),
        };
        quote!(#krate::__private::record(&mut #tracker, #key, || #value);)
    });
    let fields = options.fields.iter().map(|Field { name, value }| {
        quote!(#krate::__private::record(&mut #tracker, #name, || ::core::convert::Into::into(#value));)
    });
    let all = arguments.chain(fields);
    Ok(quote!(#(#all)*))
}

/// Keys that are the event's own (docs/events.md, section 1).
const ENVELOPE: [&str; 7] = [
    "id", "parent", "app-id", "exec", "error", "children", "orphan",
];
