//! Texts from a module, in which somebody else may have written anything.

/// The most imports that are named.
const NAMED: usize = 8;
/// The longest that one half of an import's name is shown.
const NAME_CHARS: usize = 80;
/// The longest that an engine's words about a module are shown.
const TEXT_CHARS: usize = 500;

/// An import, as its module and its name.
pub(super) fn import(module: &str, name: &str) -> String {
    format!(
        "{}::{}",
        escaped(module, NAME_CHARS),
        escaped(name, NAME_CHARS)
    )
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

/// An engine's words, which may quote the module.
pub(super) fn shown(text: &str) -> String {
    escaped(text, TEXT_CHARS)
}

/// At most `limit` characters of a text, without those that a terminal or a log would obey.
fn escaped(text: &str, limit: usize) -> String {
    let mut escaped = String::new();
    for (index, char) in text.chars().enumerate() {
        if index == limit {
            escaped.push('…');
            break;
        }
        match char {
            '\'' | '"' => escaped.push(char),
            _ => escaped.extend(char.escape_debug()),
        }
    }
    escaped
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
            shown("it's \"a\"\u{1b}[2J\n\0\u{202e}ü"),
            "it's \"a\"\\u{1b}[2J\\n\\0\\u{202e}ü"
        );
        let long = shown(&"\0".repeat(10_000));
        assert_eq!(long, format!("{}…", "\\0".repeat(500)));
    }
}
