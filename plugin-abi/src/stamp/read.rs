//! Reading a stamp's text.

use solti_model::Labels;
use thiserror::Error;

use crate::Kinds;

/// What a plugin file says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stamp {
    /// The number of the ABI it was built for.
    pub abi: u32,
    /// The plugin's name.
    pub plugin: String,
    /// The plugin's version.
    pub version: String,
    /// The version of the SDK it was built with.
    pub sdk: String,
    /// The compiler, as `rustc --version` prints it.
    pub rustc: String,
    /// The target triple.
    pub target: String,
    /// The optimisation level.
    pub opt_level: String,
    /// The panic strategy; only `unwind` can be loaded.
    pub panic: String,
    /// Its runners, in the order in which they are registered.
    pub runners: Vec<StampedRunner>,
}

/// What a plugin file says of one runner.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StampedRunner {
    /// The runner's name.
    pub name: String,
    /// The kinds it takes.
    pub kinds: Kinds,
    /// Whether the kinds alone decide.
    pub by_kind: bool,
    /// Its default labels.
    pub labels: Labels,
}

/// Why a stamp cannot be read.
#[derive(Debug, Clone, Error, PartialEq, Eq)]
#[non_exhaustive]
pub enum StampError {
    /// It is not text.
    #[error("the stamp is not UTF-8 text")]
    NotText,
    /// A line without `=`.
    #[error("line {line} of the stamp has no '=': {found:?}")]
    NoPair {
        /// The number of the line, from 1.
        line: usize,
        /// The line.
        found: String,
    },
    /// A line with a control character, which would do something to a terminal.
    #[error("line {line} of the stamp has a control character: {found:?}")]
    Control {
        /// The number of the line, from 1.
        line: usize,
        /// The line.
        found: String,
    },
    /// A key that must be there and is not.
    #[error("the stamp has no '{0}'")]
    Missing(&'static str),
    /// A value that does not fit its key.
    #[error("the stamp has {key}={found:?}, expected {expected}")]
    BadValue {
        /// The key.
        key: &'static str,
        /// The value.
        found: String,
        /// What would be right.
        expected: &'static str,
    },
}

impl Stamp {
    /// Reads only the ABI number: all that can be relied on in a stamp of another version.
    ///
    /// # Errors
    ///
    /// [`StampError`] when the text has no readable `abi` line.
    pub fn read_abi(text: &[u8]) -> Result<u32, StampError> {
        let text = str::from_utf8(text).map_err(|_| StampError::NotText)?;
        let value = text
            .lines()
            .find_map(|line| line.strip_prefix("abi="))
            .ok_or(StampError::Missing("abi"))?;
        value.parse().map_err(|_| StampError::BadValue {
            key: "abi",
            found: value.to_owned(),
            expected: "a number",
        })
    }

    /// Reads the stamp of this version of the ABI.
    ///
    /// # Errors
    ///
    /// [`StampError`] for the first thing that is wrong.
    pub fn read(text: &[u8]) -> Result<Self, StampError> {
        let abi = Self::read_abi(text)?;
        let text = str::from_utf8(text).map_err(|_| StampError::NotText)?;
        let mut stamp = Self {
            abi,
            plugin: String::new(),
            version: String::new(),
            sdk: String::new(),
            rustc: String::new(),
            target: String::new(),
            opt_level: String::new(),
            panic: String::new(),
            runners: Vec::new(),
        };
        for (at, line) in text.lines().enumerate() {
            let found = || line.chars().take(80).collect();
            // A tab stands between the key and the value of a label.
            if line.chars().any(|c| c.is_ascii_control() && c != '\t') {
                return Err(StampError::Control {
                    line: at + 1,
                    found: found(),
                });
            }
            let (key, value) = line.split_once('=').ok_or_else(|| StampError::NoPair {
                line: at + 1,
                found: found(),
            })?;
            stamp.take(key, value)?;
        }
        for (key, value) in [("plugin", &stamp.plugin), ("version", &stamp.version)] {
            if value.is_empty() {
                return Err(StampError::Missing(key));
            }
        }
        if stamp.runners.is_empty() {
            return Err(StampError::Missing("runner"));
        }
        Ok(stamp)
    }

    fn take(&mut self, key: &str, value: &str) -> Result<(), StampError> {
        let text = match key {
            "plugin" => &mut self.plugin,
            "version" => &mut self.version,
            "sdk" => &mut self.sdk,
            "rustc" => &mut self.rustc,
            "target" => &mut self.target,
            "opt-level" => &mut self.opt_level,
            "panic" => &mut self.panic,
            "runner" => {
                self.runners.push(StampedRunner {
                    name: value.to_owned(),
                    kinds: Kinds::NONE,
                    by_kind: false,
                    labels: Labels::new(),
                });
                return Ok(());
            }
            "kinds" | "supports" | "label" => return self.take_of_runner(key, value),
            _ => return Ok(()),
        };
        *text = value.to_owned();
        Ok(())
    }

    fn take_of_runner(&mut self, key: &str, value: &str) -> Result<(), StampError> {
        let runner = self
            .runners
            .last_mut()
            .ok_or(StampError::Missing("runner"))?;
        match key {
            "kinds" => {
                runner.kinds = Kinds::parse(value).map_err(|found| StampError::BadValue {
                    key: "kinds",
                    found,
                    expected: "subprocess, wasm or container",
                })?;
            }
            "supports" => runner.by_kind = value == "by_kind",
            _ => {
                let (label, value) =
                    value.split_once('\t').ok_or_else(|| StampError::BadValue {
                        key: "label",
                        found: value.to_owned(),
                        expected: "a key, a tab and a value",
                    })?;
                runner.labels.insert(label, value);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{PluginDecl, RunnerDecl, render, rendered_len};
    use super::*;

    const DECL: PluginDecl = PluginDecl {
        name: "demo",
        version: "1.2.3",
        panic: "unwind",
        runners: &[
            RunnerDecl {
                name: "one",
                kinds: Kinds::SUBPROCESS.union(Kinds::CONTAINER),
                by_kind: true,
                labels: &[("tier", "fast=very"), ("zone", "eu")],
            },
            RunnerDecl {
                name: "two",
                kinds: Kinds::WASM,
                by_kind: false,
                labels: &[],
            },
        ],
    };
    const TEXT: [u8; rendered_len(&DECL)] = render(&DECL);

    #[test]
    fn what_the_macro_renders_is_what_the_host_reads() {
        let stamp = Stamp::read(&TEXT).unwrap();
        assert_eq!(
            (stamp.abi, stamp.plugin.as_str(), stamp.version.as_str()),
            (1, "demo", "1.2.3")
        );
        assert_eq!(stamp.panic, "unwind");
        assert!(stamp.rustc.starts_with("rustc "), "{}", stamp.rustc);
        assert_eq!(stamp.runners.len(), 2);
        assert_eq!(stamp.runners[0].kinds.to_string(), "subprocess,container");
        assert!(stamp.runners[0].by_kind);
        assert_eq!(stamp.runners[0].labels.get("tier"), Some("fast=very"));
        assert_eq!(stamp.runners[1].kinds, Kinds::WASM);
        assert!(!stamp.runners[1].by_kind);
    }

    #[test]
    fn a_key_of_a_newer_sdk_is_ignored() {
        let mut text = TEXT.to_vec();
        text.extend_from_slice(b"colour=green\n");
        assert_eq!(Stamp::read(&text), Stamp::read(&TEXT));
    }

    #[test]
    fn each_broken_stamp_says_what_is_wrong() {
        let message = |text: &[u8]| Stamp::read(text).unwrap_err().to_string();
        assert_eq!(message(b"abi=1\n\xff"), "the stamp is not UTF-8 text");
        assert_eq!(message(b"plugin=x\n"), "the stamp has no 'abi'");
        assert_eq!(
            message(b"abi=one\n"),
            "the stamp has abi=\"one\", expected a number"
        );
        assert_eq!(
            message(b"abi=1\nhm\n"),
            "line 2 of the stamp has no '=': \"hm\""
        );
        assert_eq!(
            message(b"abi=1\nplugin=\x1b[1mx\n"),
            "line 2 of the stamp has a control character: \"plugin=\\u{1b}[1mx\""
        );
        assert_eq!(message(b"abi=1\nplugin=x\n"), "the stamp has no 'version'");
        assert_eq!(
            message(b"abi=1\nplugin=x\nversion=1\n"),
            "the stamp has no 'runner'"
        );
        assert_eq!(
            message(b"abi=1\nplugin=x\nversion=1\nrunner=r\nkinds=subprocess,vm\n"),
            "the stamp has kinds=\"vm\", expected subprocess, wasm or container"
        );
        assert_eq!(message(b"abi=1\nkinds=wasm\n"), "the stamp has no 'runner'");
    }

    /// Lines of keys the stamp has, with values it may not have.
    fn lines() -> impl Strategy<Value = Vec<u8>> {
        let key = prop::sample::select(vec![
            "abi", "plugin", "version", "panic", "runner", "kinds", "supports", "label", "", "x",
        ]);
        let value = prop_oneof!["[0-9]{0,12}", "[a-z,\t=]{0,12}", "\\PC{0,8}"];
        let line = (key, any::<bool>(), value).prop_map(|(key, pair, value)| {
            format!("{key}{}{value}\n", if pair { "=" } else { "" })
        });
        prop::collection::vec(line, 0..12).prop_map(|lines| {
            let mut text = b"abi=1\nplugin=p\nversion=1\n".to_vec();
            text.extend(lines.concat().into_bytes());
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_bytes_at_all_make_the_reader_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Stamp::read(&bytes);
            let _ = Stamp::read_abi(&bytes);
        }

        #[test]
        fn what_looks_like_a_stamp_is_read_or_refused_in_words(text in lines()) {
            match Stamp::read(&text) {
                Ok(stamp) => prop_assert!(!stamp.runners.is_empty() && !stamp.plugin.is_empty()),
                Err(err) => prop_assert!(!err.to_string().contains('\n'), "{}", err),
            }
        }

        #[test]
        fn a_stamp_that_was_damaged_does_not_make_the_reader_panic(
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
            length in any::<prop::sample::Index>(),
        ) {
            let mut text = TEXT.to_vec();
            *at.get_mut(&mut text) = byte;
            let _ = Stamp::read(&text);
            let _ = Stamp::read(&TEXT[..length.index(TEXT.len())]);
        }
    }
}
