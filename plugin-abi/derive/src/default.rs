//! A default, as it stands in the description.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::quote;

/// The default of these tokens: text, a flag, a number or a list of them as JSON; anything else is a whole
/// number, whatever it is made of.
pub(crate) fn of(tokens: &TokenStream) -> TokenStream {
    match json(tokens) {
        // A whole number is compared with the range of its type, by the compiler.
        Some(json) if json.parse::<i128>().is_err() => {
            quote! { ::solti_plugin_abi::config::Fallback::Json(#json) }
        }
        _ => quote! { ::solti_plugin_abi::config::Fallback::Integer((#tokens) as i128) },
    }
}

fn json(tokens: &TokenStream) -> Option<String> {
    let trees: Vec<_> = tokens.clone().into_iter().collect();
    match &*trees {
        [TokenTree::Group(group)] if group.delimiter() == Delimiter::Bracket => {
            let mut items = Vec::new();
            let mut item = TokenStream::new();
            for tree in group.stream() {
                if matches!(&tree, TokenTree::Punct(punct) if punct.as_char() == ',') {
                    items.push(json(&std::mem::take(&mut item))?);
                } else {
                    item.extend([tree]);
                }
            }
            if !item.is_empty() {
                items.push(json(&item)?);
            }
            Some(format!("[{}]", items.join(",")))
        }
        [TokenTree::Ident(word)] if word == "true" || word == "false" => Some(word.to_string()),
        [TokenTree::Punct(minus), TokenTree::Literal(literal)] if minus.as_char() == '-' => {
            number(literal).map(|number| format!("-{number}"))
        }
        [TokenTree::Literal(literal)] => match syn::Lit::new(literal.clone()) {
            syn::Lit::Str(text) => Some(quoted(&text.value())),
            _ => number(literal),
        },
        _ => None,
    }
}

fn number(literal: &proc_macro2::Literal) -> Option<String> {
    match syn::Lit::new(literal.clone()) {
        syn::Lit::Int(number) => Some(number.base10_digits().to_owned()),
        syn::Lit::Float(number) => Some(number.base10_digits().to_owned()),
        _ => None,
    }
}

/// A text as JSON has it.
fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => quoted.extend(['\\', char]),
            char if char.is_control() => quoted.push_str(&format!("\\u{:04x}", u32::from(char))),
            char => quoted.push(char),
        }
    }
    quoted.push('"');
    quoted
}
