//! Which characters the program may use of its own: on some terminals only those of ASCII are shown.

use std::borrow::Cow;
use std::env;
use std::ffi::OsString;
use std::sync::LazyLock;

/// Whether only ASCII is shown.
pub(crate) fn is_ascii() -> bool {
    static ASCII: LazyLock<bool> = LazyLock::new(|| {
        let set = |name: &str| env::var_os(name).filter(|value| !value.is_empty());
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].into_iter().find_map(set);
        shows_ascii_only(set("TERM"), locale)
    });
    *ASCII
}

/// `text`, or what stands for it where only ASCII is shown.
pub(crate) fn or_ascii<'a>(text: &'a str, ascii: &'a str) -> &'a str {
    if is_ascii() { ascii } else { text }
}

/// A text of the program, with what it puts for what it leaves out as this terminal shows it.
pub(crate) fn shown(text: &str) -> Cow<'_, str> {
    if is_ascii() && text.contains('…') {
        text.replace('…', "...").into()
    } else {
        text.into()
    }
}

/// Whether a terminal of the type `term`, in this `locale`, shows nothing but ASCII. A locale that is not
/// set says nothing: in a container it mostly is not, and its output is read elsewhere.
fn shows_ascii_only(term: Option<OsString>, locale: Option<OsString>) -> bool {
    let is_utf8 = |locale: OsString| {
        let locale = locale.to_string_lossy().to_lowercase();
        locale.contains("utf-8") || locale.contains("utf8")
    };
    term.is_some_and(|term| term == "dumb") || locale.is_some_and(|locale| !is_utf8(locale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_ascii_is_used_where_the_terminal_or_the_locale_has_nothing_else() {
        for (term, locale, ascii) in [
            (None, None, false),
            (Some("xterm"), Some("en_GB.UTF-8"), false),
            (Some("xterm"), Some("C.utf8"), false),
            (Some("xterm"), Some("C"), true),
            (Some("xterm"), Some("POSIX"), true),
            (Some("xterm"), Some("de_DE"), true),
            (Some("dumb"), Some("C.UTF-8"), true),
            (Some("dumb"), None, true),
        ] {
            assert_eq!(
                shows_ascii_only(term.map(Into::into), locale.map(Into::into)),
                ascii,
                "{term:?} {locale:?}"
            );
        }
    }
}
