//! Texts about a module, in which whoever made it may have written anything.

use std::fmt::Display;

use solti_plugin_abi::text::{escape, shorten};

/// The most imports that are named.
const NAMED: usize = 8;
/// The most that is quoted of one half of an import's name, in bytes.
const NAME_BYTES: usize = 80;
/// The most that is quoted of an engine's message, in bytes.
const MESSAGE_BYTES: usize = 500;

/// An import, as its module and its name.
pub(super) fn import(module: &str, name: &str) -> String {
    let [module, name] = [module, name].map(|half| quote(half, NAME_BYTES));
    format!("{module}::{name}")
}

/// The first of these imports, and how many more there are.
pub(super) fn list(imports: &[(&str, &str)]) -> String {
    let named: Vec<_> = imports
        .iter()
        .take(NAMED)
        .map(|(module, name)| import(module, name))
        .collect();
    let named = named.join(", ");
    match imports.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// An engine's message, which may quote the module.
pub(super) fn message(message: impl Display) -> String {
    quote(&message.to_string(), MESSAGE_BYTES)
}

fn quote(text: &str, most_bytes: usize) -> String {
    shorten(&escape(text), most_bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_import_by_the_thousand_makes_no_long_text() {
        let name = "x".repeat(1000);
        let text = list(&vec![(name.as_str(), name.as_str()); 50_000]);
        assert!(text.len() < 2000, "{}", text.len());
        assert!(text.ends_with(" and 49992 more"), "{text}");
        assert_eq!(list(&vec![("a", "b"); 8]), ["a::b"; 8].join(", "));
    }

    #[test]
    fn no_text_of_a_module_reaches_a_terminal_as_it_is() {
        assert_eq!(
            message("it's \"a\"\u{1b}[2J\n\0\u{202e}ü"),
            "it's \"a\"\\u{1b}[2J\\n\\u{0}\\u{202e}ü"
        );
        assert!(message("\0".repeat(10_000)).len() <= MESSAGE_BYTES);
    }
}
