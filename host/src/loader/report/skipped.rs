//! Files that were left alone on purpose, why, and how to have them loaded.

use serde::{Serialize, Serializer};

const DISABLED: &str = "disabled in ";
const NOT_ALLOWED: &str = " is not in the host's allow-list";

/// A file that was left alone on purpose.
///
/// It serialises to `{"file": …, "reason": …, "advice": …}`, without `advice` where nothing is to do.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Skipped {
    /// The file's name.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl Skipped {
    /// What to do to have it loaded, in the imperative; `None` where it is loaded under another name.
    #[must_use]
    pub fn advice(&self) -> Option<String> {
        if let Some(sidecar) = self.reason.strip_prefix(DISABLED) {
            return Some(format!("set enabled = true in {sidecar} to load it"));
        }
        if self.reason.ends_with(NOT_ALLOWED) {
            return Some("add its name to the allow-list (--allow) to load it".to_owned());
        }
        // Of a name, the reason says it itself.
        let (_, advice) = self.reason.rsplit_once(": ")?;
        advice.starts_with("rename it").then(|| advice.to_owned())
    }
}

/// Why a plugin is left alone whose `sidecar` says so.
pub(in crate::loader) fn disabled(sidecar: &str) -> String {
    format!("{DISABLED}{sidecar}")
}

/// Why the plugin `name` is left alone where the host has an allow-list without it.
pub(in crate::loader) fn not_allowed(name: &str) -> String {
    format!("plugin '{name}'{NOT_ALLOWED}")
}

impl Serialize for Skipped {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        /// The fields of the object.
        #[derive(Serialize)]
        struct Form<'a> {
            file: &'a str,
            reason: String,
            #[serde(skip_serializing_if = "Option::is_none")]
            advice: Option<String>,
        }
        Form {
            file: &self.file,
            reason: super::plain(&self.reason),
            advice: self.advice(),
        }
        .serialize(serializer)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_file_comes_with_what_to_do_where_something_is_to_do() {
        let advice = |reason: &str| {
            let (file, reason) = ("x.so".to_owned(), reason.to_owned());
            Skipped { file, reason }.advice()
        };
        let some = |advice: &str| Some(advice.to_owned());
        assert_eq!(
            advice(&disabled("x.toml")),
            some("set enabled = true in x.toml to load it")
        );
        assert_eq!(
            advice(&not_allowed("x")),
            some("add its name to the allow-list (--allow) to load it")
        );
        for reason in [
            "a hidden name: rename it to load it",
            "a temporary name (.bak): rename it to load it",
        ] {
            assert_eq!(advice(reason), some("rename it to load it"), "{reason}");
        }
        assert_eq!(advice("the same file as a: b.so"), None);
    }
}
