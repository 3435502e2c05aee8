//! The set of task kinds a runner declares.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use solti_model::TaskKind;

/// A set of task kinds, as data: a router can index it and a stamp can hold it.
///
/// A kind is a text. `subprocess`, `wasm` and `container` are those of the model; any other, such as
/// `gpu` or `example.com/v1/Greeting`, is a [`Workload`](crate::Workload)'s.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::Kinds;
///
/// let both = Kinds::SUBPROCESS.union(&Kinds::WASM);
/// assert_eq!(both.to_string(), "subprocess,wasm");
/// assert_eq!(Kinds::parse("wasm,subprocess"), both);
/// ```
#[derive(Clone)]
pub struct Kinds(Set);

#[derive(Clone)]
enum Set {
    Any,
    Fixed(&'static [&'static str]),
    Listed(Arc<[Box<str>]>),
}

/// The kinds of the model, by the names that it gives them.
pub(crate) const SUBPROCESS: &str = "subprocess";
pub(crate) const WASM: &str = "wasm";
pub(crate) const CONTAINER: &str = "container";

impl Kinds {
    /// No kind at all.
    pub const NONE: Self = Self(Set::Fixed(&[]));
    /// `TaskKind::Subprocess`.
    pub const SUBPROCESS: Self = Self(Set::Fixed(&[SUBPROCESS]));
    /// `TaskKind::Wasm`.
    pub const WASM: Self = Self(Set::Fixed(&[WASM]));
    /// `TaskKind::Container`.
    pub const CONTAINER: Self = Self(Set::Fixed(&[CONTAINER]));
    /// The kinds that the model has room for, all but `TaskKind::Embedded`.
    pub const OF_MODEL: Self = Self(Set::Fixed(&[SUBPROCESS, WASM, CONTAINER]));
    /// Every kind, whatever it is called.
    pub const ANY: Self = Self(Set::Any);

    /// The set of these kinds, in this order, each once. An empty name is left out.
    #[must_use]
    pub fn named<N: AsRef<str>>(names: impl IntoIterator<Item = N>) -> Self {
        let mut listed: Vec<Box<str>> = Vec::new();
        for name in names {
            let name = name.as_ref();
            if !name.is_empty() && !listed.iter().any(|known| &**known == name) {
                listed.push(name.into());
            }
        }
        Self(Set::Listed(listed.into()))
    }

    /// Reads a comma-separated list of kinds.
    #[must_use]
    pub fn parse(list: &str) -> Self {
        Self::named(list.split(','))
    }

    /// The set of the kinds in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        if self.is_any() || other.is_any() {
            return Self::ANY;
        }
        Self::named(self.names().chain(other.names()))
    }

    /// Whether the kind of this name is in the set.
    #[must_use]
    pub fn contains(&self, kind: &str) -> bool {
        self.is_any() || self.names().any(|name| name == kind)
    }

    /// Whether a task of the model is of a kind in the set; never for one that is embedded.
    #[must_use]
    pub fn contains_kind_of(&self, kind: &TaskKind) -> bool {
        !matches!(kind, TaskKind::Embedded) && self.contains(kind.kind())
    }

    /// Whether it is the set of every kind.
    #[must_use]
    pub const fn is_any(&self) -> bool {
        matches!(self.0, Set::Any)
    }

    /// Whether the set has no kind.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        !self.is_any() && self.names().next().is_none()
    }

    /// The names of the kinds in the set, in the order of their declaration; none for
    /// [`ANY`](Self::ANY), whose kinds cannot be listed.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let (fixed, listed): (&[&str], &[Box<str>]) = match &self.0 {
            Set::Any => (&[], &[]),
            Set::Fixed(names) => (names, &[]),
            Set::Listed(names) => (&[], names),
        };
        fixed
            .iter()
            .copied()
            .chain(listed.iter().map(|name| &**name))
    }
}

impl PartialEq for Kinds {
    /// Whether both have the same kinds, in whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.is_any() == other.is_any()
            && self.names().count() == other.names().count()
            && self.names().all(|name| other.contains(name))
    }
}

impl Eq for Kinds {}

impl fmt::Display for Kinds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_any() {
            return f.write_str("any");
        }
        for (position, name) in self.names().enumerate() {
            if position > 0 {
                f.write_str(",")?;
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

/// A list of names, or nothing for [`Kinds::ANY`].
impl Serialize for Kinds {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let names = (!self.is_any()).then(|| self.names().collect::<Vec<_>>());
        names.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Kinds {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let names = Option::<Vec<String>>::deserialize(from)?;
        Ok(names.map_or(Self::ANY, Self::named))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(json: &str) -> TaskKind {
        serde_json::from_str(json).expect("the model's wire form")
    }

    #[test]
    fn a_set_is_the_same_after_it_was_written_and_read() {
        for kinds in [Kinds::ANY, Kinds::NONE, Kinds::named(["any", "a b"])] {
            let json = serde_json::to_string(&kinds).unwrap();
            assert_eq!(
                serde_json::from_str::<Kinds>(&json).unwrap(),
                kinds,
                "{json}"
            );
        }
    }

    #[test]
    fn each_kind_of_the_model_has_the_name_that_the_model_gives_it() {
        for (json, kinds) in [
            (
                r#"{"subprocess":{"mode":{"command":{"command":"true"}}}}"#,
                Kinds::SUBPROCESS,
            ),
            (r#"{"wasm":{"module":"a.wasm"}}"#, Kinds::WASM),
            (r#"{"container":{"image":"image"}}"#, Kinds::CONTAINER),
        ] {
            let kind = kind(json);
            assert!(kinds.contains_kind_of(&kind), "{kinds}");
            assert_eq!(Kinds::parse(kind.kind()), kinds);
            assert!(Kinds::ANY.contains_kind_of(&kind));
            assert!(!Kinds::NONE.contains_kind_of(&kind));
        }
    }

    #[test]
    fn an_embedded_task_is_of_no_kind_that_a_runner_can_declare() {
        let embedded = kind("\"embedded\"");
        assert!(!Kinds::ANY.contains_kind_of(&embedded));
        assert!(!Kinds::parse("embedded").contains_kind_of(&embedded));
    }

    #[test]
    fn a_kind_that_this_version_does_not_know_keeps_its_name() {
        let kinds = Kinds::parse("wasm,gpu,example.com/v1/Greeting,wasm,");
        let names: Vec<_> = kinds.names().collect();
        assert_eq!(names, ["wasm", "gpu", "example.com/v1/Greeting"]);
        assert!(kinds.contains("example.com/v1/Greeting"));
        assert!(!kinds.contains("example.com/v2/Greeting") && !kinds.contains(""));
        assert_eq!(kinds.to_string(), "wasm,gpu,example.com/v1/Greeting");
    }

    #[test]
    fn two_lists_of_the_same_kinds_are_equal_in_whatever_order() {
        let both = Kinds::SUBPROCESS.union(&Kinds::WASM);
        assert_eq!(both, Kinds::parse("wasm,subprocess"));
        assert_ne!(both, Kinds::WASM);
        assert_ne!(both, Kinds::ANY);
        assert_eq!(both.union(&Kinds::ANY), Kinds::ANY);
        assert!(Kinds::NONE.is_empty() && !both.is_empty() && !Kinds::ANY.is_empty());
    }
}
