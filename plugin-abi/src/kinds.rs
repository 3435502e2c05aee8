//! The set of task kinds a runner declares.

use std::fmt;

use solti_model::TaskKind;

/// A set of task kinds, as data: a router can index it and a stamp can hold it.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::Kinds;
///
/// let both = Kinds::SUBPROCESS.union(Kinds::WASM);
/// assert_eq!(both.to_string(), "subprocess,wasm");
/// assert_eq!(Kinds::parse("subprocess,wasm"), Ok(both));
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Kinds(u8);

/// The names of the kinds as a literal, for what the compiler says of a wrong one.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind_names {
    () => {
        "subprocess, wasm or container"
    };
}

impl Kinds {
    /// No kind at all.
    pub const NONE: Self = Self(0);
    /// `TaskKind::Subprocess`.
    pub const SUBPROCESS: Self = Self(1);
    /// `TaskKind::Wasm`.
    pub const WASM: Self = Self(1 << 1);
    /// `TaskKind::Container`.
    pub const CONTAINER: Self = Self(1 << 2);
    /// Every kind, those of later versions of the model included.
    pub const ANY: Self = Self(u8::MAX);

    /// Each kind and the name it has in a stamp, in [`TaskKind::kind`] and in `export_plugin!`.
    pub(crate) const NAMES: [(&str, Self); 3] = [
        ("subprocess", Self::SUBPROCESS),
        ("wasm", Self::WASM),
        ("container", Self::CONTAINER),
    ];
    /// The names in a sentence.
    pub(crate) const IN_WORDS: &str = __kind_names!();
    /// What separates the names in a list.
    pub(crate) const SEPARATOR: &str = ",";

    /// The set of the kinds in either set.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every kind of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether the set has no kind.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The set with just the kind of `kind`, [`NONE`](Self::NONE) for one that is never routed or
    /// not known to this version.
    #[must_use]
    pub fn of(kind: &TaskKind) -> Self {
        match kind {
            TaskKind::Subprocess(_) => Self::SUBPROCESS,
            TaskKind::Wasm(_) => Self::WASM,
            TaskKind::Container(_) => Self::CONTAINER,
            _ => Self::NONE,
        }
    }

    /// The names of the kinds in the set, in the order of their declaration.
    pub fn names(self) -> impl Iterator<Item = &'static str> {
        Self::NAMES
            .into_iter()
            .filter(move |(_, kind)| self.contains(*kind))
            .map(|(name, _)| name)
    }

    /// Reads a comma-separated list of kind names.
    ///
    /// # Errors
    ///
    /// The first name that is not a routable kind.
    pub fn parse(list: &str) -> Result<Self, String> {
        list.split(Self::SEPARATOR)
            .filter(|name| !name.is_empty())
            .try_fold(Self::NONE, |set, name| {
                Self::NAMES
                    .iter()
                    .find(|(known, _)| *known == name)
                    .map(|(_, kind)| set.union(*kind))
                    .ok_or_else(|| name.to_owned())
            })
    }
}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, name) in self.names().enumerate() {
            if position > 0 {
                f.write_str(Self::SEPARATOR)?;
            }
            f.write_str(name)?;
        }
        Ok(())
    }
}

impl fmt::Debug for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Kinds({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(json: &str) -> TaskKind {
        serde_json::from_str(json).expect("the model's wire form")
    }

    #[test]
    fn each_kind_has_the_name_that_the_model_gives_it() {
        for json in [
            r#"{"subprocess":{"mode":{"command":{"command":"true"}}}}"#,
            r#"{"wasm":{"module":"a.wasm"}}"#,
            r#"{"container":{"image":"image"}}"#,
        ] {
            let kind = kind(json);
            assert_eq!(Kinds::of(&kind).to_string(), kind.kind());
            assert_eq!(Kinds::parse(kind.kind()), Ok(Kinds::of(&kind)));
            assert!(Kinds::ANY.contains(Kinds::of(&kind)));
        }
    }

    #[test]
    fn what_an_author_is_told_names_every_kind() {
        let names: Vec<_> = Kinds::IN_WORDS
            .split(", ")
            .flat_map(|names| names.split(" or "))
            .collect();
        assert_eq!(names, Kinds::NAMES.map(|(name, _)| name));
    }

    #[test]
    fn an_embedded_task_is_of_no_kind_that_a_runner_can_declare() {
        assert_eq!(Kinds::of(&kind("\"embedded\"")), Kinds::NONE);
        assert_eq!(Kinds::parse("embedded"), Err("embedded".to_owned()));
    }

    #[test]
    fn a_list_is_read_in_any_order_and_names_what_it_does_not_know() {
        let all = Kinds::SUBPROCESS.union(Kinds::WASM).union(Kinds::CONTAINER);
        assert_eq!(Kinds::parse("container,subprocess,wasm,wasm"), Ok(all));
        assert_eq!(Kinds::parse(""), Ok(Kinds::NONE));
        assert_eq!(Kinds::parse("wasm,vm,gpu"), Err("vm".to_owned()));
        assert_eq!(Kinds::parse("Wasm"), Err("Wasm".to_owned()));
        assert_eq!(Kinds::parse(" wasm"), Err(" wasm".to_owned()));
    }

    #[test]
    fn a_kind_of_a_later_version_is_in_any_and_in_no_list() {
        let all = Kinds::SUBPROCESS.union(Kinds::WASM).union(Kinds::CONTAINER);
        assert!(Kinds::ANY.contains(all));
        assert!(!all.contains(Kinds::ANY));
        assert!(all.contains(Kinds::NONE));
        assert!(Kinds::NONE.is_empty() && !all.is_empty());
        assert_eq!(
            format!("{all:?} {all}"),
            "Kinds(subprocess,wasm,container) subprocess,wasm,container"
        );
    }
}
