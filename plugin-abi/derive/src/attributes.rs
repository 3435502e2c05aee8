//! What `#[config(…)]` and `#[serde(…)]` say of a field or a variant.

use proc_macro2::TokenStream;
use syn::parse::ParseStream;
use syn::{Attribute, Error, LitStr, Result, Token, Type};

/// What is said of a field or a variant.
#[derive(Default)]
pub(crate) struct Attributes {
    /// What it is called, where that is not its own name.
    pub(crate) name: Option<LitStr>,
    /// Its default: none, that of its type, or a value.
    pub(crate) default: Option<Given>,
    /// The type that describes it, where its own does not.
    pub(crate) like: Option<Type>,
    /// What serde is told, as it stands there.
    pub(crate) serde: Vec<Attribute>,
}

/// A default that is given.
pub(crate) enum Given {
    /// That of the type.
    OfType,
    /// These tokens.
    Value(TokenStream),
}

/// What only serde needs to know.
const OF_SERDE: [&str; 3] = ["with", "deserialize_with", "alias"];

impl Attributes {
    pub(crate) fn of(attributes: &[Attribute]) -> Result<Self> {
        let mut found = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident("serde") {
                check_serde(attribute)?;
                found.serde.push(attribute.clone());
            } else if attribute.path().is_ident("config") {
                attribute.parse_args_with(|input: ParseStream<'_>| found.take(input))?;
            }
        }
        Ok(found)
    }

    fn take(&mut self, input: ParseStream<'_>) -> Result<()> {
        while !input.is_empty() {
            let key: syn::Ident = input.parse()?;
            let has_value = input.peek(Token![=]);
            if has_value {
                input.parse::<Token![=]>()?;
            }
            match (&*key.to_string(), has_value) {
                ("default", false) => self.default = Some(Given::OfType),
                ("default", true) => self.default = Some(Given::Value(up_to_comma(input)?)),
                ("name", true) => self.name = Some(input.parse()?),
                ("like", true) => self.like = Some(input.parse()?),
                _ => {
                    return Err(Error::new(
                        key.span(),
                        "expected `default`, `default = 1`, `name = \"…\"` or `like = Type`",
                    ));
                }
            }
            if !input.is_empty() {
                input.parse::<Token![,]>()?;
            }
        }
        Ok(())
    }
}

/// What stands before the next comma.
fn up_to_comma(input: ParseStream<'_>) -> Result<TokenStream> {
    let mut tokens = TokenStream::new();
    while !input.is_empty() && !input.peek(Token![,]) {
        tokens.extend([input.parse::<proc_macro2::TokenTree>()?]);
    }
    if tokens.is_empty() {
        return Err(input.error("expected the default"));
    }
    Ok(tokens)
}

/// Refuses what would make serde read something else than what is described.
fn check_serde(attribute: &Attribute) -> Result<()> {
    attribute.parse_nested_meta(|meta| {
        if !OF_SERDE.iter().any(|name| meta.path.is_ident(name)) {
            return Err(meta.error(
                "PluginConfig says this itself: write #[config(default = …)] or #[config(name = \"…\")]",
            ));
        }
        meta.value()?.parse::<LitStr>().map(drop)
    })
}
