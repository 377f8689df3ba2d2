//! The function under an attribute.

use proc_macro2::{Span, TokenStream};
use quote::{ToTokens, quote};
use syn::{Error, FnArg, Ident, ItemFn, Pat, Result, ReturnType, Type};

/// A function or a method, with its body to be replaced.
pub(crate) struct Function {
    item: ItemFn,
}

impl Function {
    pub(crate) fn parse(attribute: &str, item: TokenStream) -> Result<Self> {
        let item: ItemFn = syn::parse2(item).map_err(|error| {
            let message = format!(
                "#[{attribute}] is for functions and methods with a body; put it on each of those that matter"
            );
            Error::new(error.span(), message)
        })?;
        if let Some(constant) = &item.sig.constness {
            let message = format!(
                "#[{attribute}] makes an event, which a `const fn` cannot: drop one of the two"
            );
            return Err(Error::new_spanned(constant, message));
        }
        Ok(Self { item })
    }

    pub(crate) fn name(&self) -> &Ident {
        &self.item.sig.ident
    }

    pub(crate) fn is_async(&self) -> bool {
        self.item.sig.asyncness.is_some()
    }

    /// For a macro's own names, with errors shown at the function's.
    pub(crate) fn span(&self) -> Span {
        self.item.sig.ident.span().resolved_at(Span::mixed_site())
    }

    /// The arguments that have a name of their own, without `self`.
    pub(crate) fn arguments(&self) -> Vec<&Ident> {
        let mut names = Vec::new();
        for argument in &self.item.sig.inputs {
            if let FnArg::Typed(argument) = argument {
                bound(&argument.pat, &mut names);
            }
        }
        names
    }

    /// What it returns, where that can be written down in its body.
    pub(crate) fn output(&self) -> Option<TokenStream> {
        match &self.item.sig.output {
            ReturnType::Default => Some(quote!(())),
            ReturnType::Type(_, output) if is_nameable(output) => Some(output.to_token_stream()),
            ReturnType::Type(..) => None,
        }
    }

    /// Whether it says that it returns a `Result`, by that or a longer path.
    pub(crate) fn returns_result(&self) -> bool {
        match &self.item.sig.output {
            ReturnType::Type(_, output) => match &**output {
                Type::Path(path) => {
                    let last = path.path.segments.last();
                    last.is_some_and(|segment| segment.ident == "Result")
                }
                _ => false,
            },
            ReturnType::Default => false,
        }
    }

    /// The body as a closure's or an async block's, which knows what it returns.
    pub(crate) fn body(&self) -> TokenStream {
        let statements = &self.item.block.stmts;
        match self.output() {
            // Never run: it says to `?` and to literals which type is meant.
            Some(output) => quote! {{
                #[allow(
                    unreachable_code,
                    clippy::diverging_sub_expression,
                    clippy::empty_loop,
                    clippy::let_unit_value,
                    clippy::needless_return,
                    clippy::unreachable,
                    reason = "only its type matters"
                )]
                if false {
                    let __returned: #output = loop {};
                    return __returned;
                }
                #(#statements)*
            }},
            None => quote!({ #(#statements)* }),
        }
    }

    /// The function with this for a body.
    pub(crate) fn with_body(&self, body: &TokenStream) -> TokenStream {
        let ItemFn {
            attrs, vis, sig, ..
        } = &self.item;
        quote! {
            #(#attrs)*
            #vis #sig {
                #body
            }
        }
    }
}

/// The names that a pattern binds.
fn bound<'a>(pattern: &'a Pat, names: &mut Vec<&'a Ident>) {
    match pattern {
        Pat::Ident(name) => names.push(&name.ident),
        Pat::Reference(reference) => bound(&reference.pat, names),
        Pat::Paren(inner) => bound(&inner.pat, names),
        Pat::Type(typed) => bound(&typed.pat, names),
        Pat::Tuple(tuple) => tuple.elems.iter().for_each(|part| bound(part, names)),
        Pat::TupleStruct(tuple) => tuple.elems.iter().for_each(|part| bound(part, names)),
        Pat::Slice(slice) => slice.elems.iter().for_each(|part| bound(part, names)),
        Pat::Struct(fields) => {
            let patterns = fields.fields.iter().map(|field| &*field.pat);
            patterns.for_each(|part| bound(part, names));
        }
        _ => {}
    }
}

/// `impl Trait` has no name that could stand in a body.
fn is_nameable(output: &Type) -> bool {
    !names_impl(&output.to_token_stream())
}

fn names_impl(tokens: &TokenStream) -> bool {
    tokens.clone().into_iter().any(|token| match token {
        proc_macro2::TokenTree::Ident(name) => name == "impl",
        proc_macro2::TokenTree::Group(group) => names_impl(&group.stream()),
        _ => false,
    })
}
