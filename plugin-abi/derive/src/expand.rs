//! What the macro writes.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{Data, DeriveInput, Error, Field, Fields, Ident, LitStr, Result, Type, Variant};

use crate::attributes::{Attributes, Given};
use crate::{default, doc};

/// All that the macro writes for a type.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        return Err(Error::new_spanned(
            &input.generics,
            "a configuration has no generic parameters",
        ));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => table(input, fields.named.iter()),
            _ => Err(Error::new_spanned(&input.ident, NO_TABLE)),
        },
        Data::Enum(data) => words(input, data.variants.iter()),
        Data::Union(_) => Err(Error::new_spanned(&input.ident, NO_TABLE)),
    }
}

const NO_TABLE: &str =
    "a configuration is a struct with named fields, or an enum whose variants have none";

/// A field, with all that is written for it.
struct Part<'a> {
    name: &'a Ident,
    ty: &'a Type,
    called: LitStr,
    attributes: Attributes,
    /// The function that makes its default.
    default: Option<Ident>,
    fallback: TokenStream,
    doc: String,
}

impl<'a> Part<'a> {
    fn of(index: usize, field: &'a Field) -> Result<Self> {
        let name = field.ident.as_ref().expect("the fields have names");
        let attributes = Attributes::of(&field.attrs)?;
        let plain = name.to_string();
        let plain = plain.strip_prefix("r#").unwrap_or(&plain);
        let called = attributes.name.clone();
        let described = attributes.like.as_ref().unwrap_or(&field.ty);
        let fallback = match &attributes.default {
            None => quote! {
                match <#described as ::solti_plugin_abi::config::ConfigValue>::OPTIONAL {
                    true => ::solti_plugin_abi::config::Fallback::Absent,
                    false => ::solti_plugin_abi::config::Fallback::Required,
                }
            },
            Some(Given::OfType) => {
                quote! { <#described as ::solti_plugin_abi::config::ConfigValue>::EMPTY }
            }
            Some(Given::Value(tokens)) => default::of(tokens),
        };
        Ok(Self {
            name,
            ty: &field.ty,
            called: called.unwrap_or_else(|| LitStr::new(plain, name.span())),
            default: attributes
                .default
                .is_some()
                .then(|| format_ident!("__default_of_{index}")),
            fallback,
            doc: doc::text(&field.attrs),
            attributes,
        })
    }

    /// Its row in the description.
    fn row(&self) -> TokenStream {
        let Self {
            called,
            doc,
            fallback,
            ..
        } = self;
        let described = self.attributes.like.as_ref().unwrap_or(self.ty);
        quote! {
            ::solti_plugin_abi::config::Field {
                name: #called,
                doc: #doc,
                schema: <#described as ::solti_plugin_abi::config::ConfigValue>::SCHEMA,
                fallback: #fallback,
            }
        }
    }

    /// What makes its default, and the check of it.
    fn function(&self) -> Option<TokenStream> {
        let (function, ty, fallback) = (self.default.as_ref()?, self.ty, &self.fallback);
        let described = self.attributes.like.as_ref().unwrap_or(ty);
        Some(quote! {
            const _: () = ::solti_plugin_abi::config::check_fallback(
                &<#described as ::solti_plugin_abi::config::ConfigValue>::SCHEMA,
                &#fallback,
            );

            fn #function() -> #ty {
                ::solti_plugin_abi::config::fallback_of(&#fallback)
            }
        })
    }

    /// The field that serde reads.
    fn read(&self) -> TokenStream {
        let Self {
            name, ty, called, ..
        } = self;
        let serde = &self.attributes.serde;
        let default = self.default.as_ref().map(|function| {
            let function = function.to_string();
            quote! { #[serde(default = #function)] }
        });
        quote! { #(#serde)* #default #[serde(rename = #called)] #name: #ty }
    }

    fn may_be_left_out(&self) -> bool {
        let is_option = || match self.ty {
            Type::Path(path) => path
                .path
                .segments
                .last()
                .is_some_and(|it| it.ident == "Option"),
            _ => false,
        };
        self.default.is_some() || is_option()
    }
}

fn table<'a>(input: &DeriveInput, fields: impl Iterator<Item = &'a Field>) -> Result<TokenStream> {
    let ident = &input.ident;
    let called = ident.to_string();
    let parts = fields
        .enumerate()
        .map(|(index, field)| Part::of(index, field))
        .collect::<Result<Vec<_>>>()?;
    let rows = parts.iter().map(Part::row);
    let functions = parts.iter().filter_map(Part::function);
    let read = parts.iter().map(Part::read);
    let names: Vec<_> = parts.iter().map(|part| part.name).collect();
    let empty = parts.iter().all(Part::may_be_left_out);
    let default = empty.then(|| {
        quote! {
            impl ::core::default::Default for #ident {
                fn default() -> Self {
                    ::solti_plugin_abi::config::fallback_of(
                        &::solti_plugin_abi::config::Fallback::Json("{}"),
                    )
                }
            }
        }
    });
    let deserialize = deserialize(ident, &quote! { Self { #(#names: read.#names),* } });
    let of_type = match empty {
        true => quote! { ::solti_plugin_abi::config::Fallback::Json("{}") },
        false => quote! { ::solti_plugin_abi::config::Fallback::Required },
    };
    Ok(quote! {
        const _: () = {
            #(#functions)*

            #[derive(::solti_plugin_abi::__private::serde::Deserialize)]
            #[serde(crate = "::solti_plugin_abi::__private::serde")]
            #[serde(rename = #called, deny_unknown_fields)]
            struct __Read {
                #(#read),*
            }

            #deserialize

            impl ::solti_plugin_abi::config::ConfigValue for #ident {
                const SCHEMA: ::solti_plugin_abi::config::Schema =
                    ::solti_plugin_abi::config::Schema::Table(&[#(#rows),*]);
                const EMPTY: ::solti_plugin_abi::config::Fallback = #of_type;
            }

            #default
        };
    })
}

fn words<'a>(
    input: &DeriveInput,
    variants: impl Iterator<Item = &'a Variant>,
) -> Result<TokenStream> {
    let ident = &input.ident;
    let mut names = Vec::new();
    let mut called = Vec::new();
    let mut docs = Vec::new();
    for variant in variants {
        if !matches!(variant.fields, Fields::Unit) {
            return Err(Error::new_spanned(variant, NO_TABLE));
        }
        let attributes = Attributes::of(&variant.attrs)?;
        let own = snake(&variant.ident.to_string());
        let own = LitStr::new(&own, variant.ident.span());
        names.push(&variant.ident);
        called.push(attributes.name.unwrap_or(own));
        docs.push(doc::text(&variant.attrs));
    }
    let type_name = ident.to_string();
    let deserialize = deserialize(
        ident,
        &quote! {
            match read {
                #(__Read::#names => Self::#names),*
            }
        },
    );
    Ok(quote! {
        const _: () = {
            #[derive(::solti_plugin_abi::__private::serde::Deserialize)]
            #[serde(crate = "::solti_plugin_abi::__private::serde", rename = #type_name)]
            enum __Read {
                #(#[serde(rename = #called)] #names),*
            }

            #deserialize

            impl ::solti_plugin_abi::config::ConfigValue for #ident {
                const SCHEMA: ::solti_plugin_abi::config::Schema =
                    ::solti_plugin_abi::config::Schema::Words(&[
                        #(::solti_plugin_abi::config::Word { name: #called, doc: #docs }),*
                    ]);
            }
        };
    })
}

/// Reads the type by way of `__Read`, the one that serde derives for: `value` is made of what was `read`.
fn deserialize(ident: &Ident, value: &TokenStream) -> TokenStream {
    quote! {
        impl<'de> ::solti_plugin_abi::__private::serde::Deserialize<'de> for #ident {
            fn deserialize<D>(from: D) -> ::core::result::Result<Self, D::Error>
            where
                D: ::solti_plugin_abi::__private::serde::Deserializer<'de>,
            {
                let read =
                    <__Read as ::solti_plugin_abi::__private::serde::Deserialize>::deserialize(from)?;
                ::core::result::Result::Ok(#value)
            }
        }
    }
}

/// `TwoWords` as `two_words`.
fn snake(name: &str) -> String {
    let mut snake = String::new();
    for (at, char) in name.char_indices() {
        if char.is_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.extend(char.to_lowercase());
    }
    snake
}
