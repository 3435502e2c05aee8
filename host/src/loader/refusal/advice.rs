//! What to do about a refusal.

use std::borrow::Cow;
use std::fmt;

use solti_plugin_abi::text::one_line;

use super::option::{LoaderOption, OptionNames, method};

/// What to do about a refusal.
///
/// It displays as its text, with the option in parentheses under the library's name for it:
/// `chown it to root, or trust this user (PluginLoader::trust_owner(1000))`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    text: Cow<'static, str>,
    option: Option<LoaderOption>,
}

impl Advice {
    /// An advice in the imperative, such as `copy it again`; in lower case, without a full stop.
    pub(in crate::loader) fn new(text: impl Into<Cow<'static, str>>) -> Self {
        Self {
            text: text.into(),
            option: None,
        }
    }

    /// Adds the option that its text speaks of at the end.
    pub(in crate::loader) fn with(mut self, option: LoaderOption) -> Self {
        self.option = Some(option);
        self
    }

    /// What to do, in the imperative, without the name of an option.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The option that would let the file pass, where there is one.
    #[must_use]
    pub fn option(&self) -> Option<&LoaderOption> {
        self.option.as_ref()
    }

    /// The text with the option in parentheses, under the name that `names` has for it.
    #[must_use]
    pub fn named(&self, names: OptionNames) -> String {
        match self.option.as_ref().and_then(names) {
            None => self.text.clone().into_owned(),
            Some(name) => format!("{} ({name})", self.text),
        }
    }

    /// The advice behind the fact that it is about, on one line.
    pub(in crate::loader) fn after(&self, fact: &dyn fmt::Display, names: OptionNames) -> String {
        let fact = fact.to_string();
        // A second colon would read as if the advice explained the fact.
        let stop = if fact.contains(": ") { ';' } else { ':' };
        one_line(&format!("{fact}{stop} {}", self.named(names))).into_owned()
    }
}

impl fmt::Display for Advice {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.named(method))
    }
}
