//! What stands in the parentheses of an attribute.

use proc_macro2::TokenStream;
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::{Error, Expr, Ident, LitStr, Path, Result, Token, parenthesized};

/// Options of both attributes; each says which of them it knows.
#[derive(Default)]
pub(crate) struct Options {
    pub(crate) name: Option<LitStr>,
    pub(crate) krate: Option<Path>,
    pub(crate) record: Vec<Recorded>,
    /// `record_all`, and all but what is in `skip`.
    pub(crate) record_all: Option<Ident>,
    pub(crate) skip: Vec<Ident>,
    pub(crate) fields: Vec<Field>,
    pub(crate) root: Option<Ident>,
}

/// An argument to be recorded, and how it becomes a value.
pub(crate) struct Recorded {
    pub(crate) by: Way,
    pub(crate) name: Ident,
}

/// An attribute of the event that is computed from the arguments.
pub(crate) struct Field {
    pub(crate) name: LitStr,
    pub(crate) value: Expr,
}

#[derive(Clone, Copy)]
pub(crate) enum Way {
    AsItIs,
    Debug,
    Display,
}

impl Options {
    /// The path of the crate that exports what is expanded to.
    pub(crate) fn krate(&self) -> TokenStream {
        match &self.krate {
            Some(path) => quote!(#path),
            None => quote!(::gomon),
        }
    }

    pub(crate) fn name_or(&self, function: &Ident) -> LitStr {
        let name = || LitStr::new(&function.unraw().to_string(), function.span());
        self.name.clone().unwrap_or_else(name)
    }

    /// An error for options that mean nothing to a segment.
    pub(crate) fn only_name(&self) -> Result<()> {
        let recorded = self.record.first().map(|recorded| &recorded.name);
        let other = recorded
            .or(self.record_all.as_ref())
            .or(self.skip.first())
            .or(self.root.as_ref());
        match (other, self.fields.first()) {
            (Some(option), _) => Err(Error::new(option.span(), ONLY_NAME)),
            (None, Some(field)) => Err(Error::new(field.name.span(), ONLY_NAME)),
            (None, None) => Ok(()),
        }
    }
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let mut options = Self::default();
        while !input.is_empty() {
            // `crate` is a keyword.
            let option = Ident::parse_any(input)?;
            match option.to_string().as_str() {
                "name" => {
                    input.parse::<Token![=]>()?;
                    options.name = Some(input.parse()?);
                }
                "crate" => {
                    input.parse::<Token![=]>()?;
                    options.krate = Some(input.parse()?);
                }
                "record" => options.record.extend(list::<Recorded>(input)?),
                "record_all" => options.record_all = Some(option),
                "skip" => options.skip.extend(list::<Ident>(input)?),
                "fields" => options.fields.extend(list::<Field>(input)?),
                "root" => options.root = Some(option),
                _ => return Err(Error::new(option.span(), KNOWN)),
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        if let (Some(skipped), None) = (options.skip.first(), &options.record_all) {
            let message = "nothing is recorded that could be skipped: add `record_all`, or name in `record(..)` what is to be recorded";
            return Err(Error::new(skipped.span(), message));
        }
        Ok(options)
    }
}

impl Parse for Recorded {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let by = if input.parse::<Option<Token![?]>>()?.is_some() {
            Way::Debug
        } else if input.parse::<Option<Token![%]>>()?.is_some() {
            Way::Display
        } else {
            Way::AsItIs
        };
        let name = input.parse()?;
        Ok(Self { by, name })
    }
}

impl Parse for Field {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = if input.peek(LitStr) {
            input.parse()?
        } else {
            let name: Ident = input.parse()?;
            LitStr::new(&name.unraw().to_string(), name.span())
        };
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        Ok(Self { name, value })
    }
}

fn list<T: Parse>(input: ParseStream<'_>) -> Result<Vec<T>> {
    let content;
    parenthesized!(content in input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&content)?;
    Ok(items.into_iter().collect())
}

const KNOWN: &str = "an option is one of `name = \"..\"`, `record(arg, ?by_debug, %by_display)`, `record_all`, \
    `skip(arg)`, `fields(key = expression)`, `root` and `crate = path`";
const ONLY_NAME: &str =
    "a segment has no attributes: #[segment] knows `name = \"..\"` and `crate = path` only";
