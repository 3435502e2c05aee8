//! A plugin's declaration as constants, and its rendering into the stamp's text at compile time.

use crate::Kinds;

/// What `export_plugin!` knows of a plugin.
#[derive(Debug, Clone, Copy)]
pub struct PluginDecl {
    /// The plugin's name: its package's.
    pub name: &'static str,
    /// The plugin's version: its package's.
    pub version: &'static str,
    /// `unwind`, or whatever the plugin was built with.
    pub panic: &'static str,
    /// Its runners, in the order of their declaration.
    pub runners: &'static [RunnerDecl],
}

/// What `export_plugin!` knows of a runner.
#[derive(Debug, Clone, Copy)]
pub struct RunnerDecl {
    /// What `Runner::name` answers.
    pub name: &'static str,
    /// The kinds it takes.
    pub kinds: Kinds,
    /// Whether the kinds alone decide, so that the host never calls `supports`.
    pub by_kind: bool,
    /// The labels it is registered with unless the operator says otherwise.
    pub labels: &'static [(&'static str, &'static str)],
}

/// Writes text into `N` bytes and counts what it writes; what does not fit is only counted.
struct Writer<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

impl<const N: usize> Writer<N> {
    const fn put(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            if self.len < N {
                self.bytes[self.len] = text[at];
            }
            self.len += 1;
            at += 1;
        }
    }

    const fn pair(&mut self, key: &str, value: &str) {
        check_value(value);
        self.put(key);
        self.put("=");
        self.put(value);
        self.put("\n");
    }
}

/// Refuses, at compile time, what would break the stamp's lines.
const fn check_value(value: &str) {
    let bytes = value.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        assert!(
            bytes[at] >= b' ' && bytes[at] != 0x7f,
            "export_plugin!: a name, label key or label value must not contain control characters"
        );
        at += 1;
    }
}

/// Whether two texts are equal, in a constant.
///
/// Compared from the end: names of runners begin alike more often than they end alike, and the
/// compiler has a limit for the work that it does in a constant.
const fn same(one: &str, other: &str) -> bool {
    let (one, other) = (one.as_bytes(), other.as_bytes());
    if one.len() != other.len() {
        return false;
    }
    let mut left = one.len();
    while left > 0 && one[left - 1] == other[left - 1] {
        left -= 1;
    }
    left == 0
}

const fn write<const N: usize>(decl: &PluginDecl) -> Writer<N> {
    assert!(
        !decl.name.is_empty(),
        "export_plugin!: the plugin needs a name"
    );
    assert!(
        !decl.runners.is_empty(),
        "export_plugin!: the plugin needs at least one runner"
    );
    let mut out = Writer {
        bytes: [0; N],
        len: 0,
    };
    out.pair("abi", "1");
    out.pair("plugin", decl.name);
    out.pair("version", decl.version);
    out.pair("sdk", env!("CARGO_PKG_VERSION"));
    out.pair("rustc", env!("SOLTI_RUSTC"));
    out.pair("target", env!("SOLTI_TARGET"));
    out.pair("opt-level", env!("SOLTI_OPT_LEVEL"));
    out.pair("panic", decl.panic);
    let mut at = 0;
    while at < decl.runners.len() {
        let mut earlier = 0;
        while earlier < at {
            assert!(
                !same(decl.runners[earlier].name, decl.runners[at].name),
                "export_plugin!: two runners have the same name"
            );
            earlier += 1;
        }
        write_runner(&mut out, &decl.runners[at]);
        at += 1;
    }
    out
}

const fn write_runner<const N: usize>(out: &mut Writer<N>, runner: &RunnerDecl) {
    assert!(
        !runner.name.is_empty(),
        "export_plugin!: a runner needs a name"
    );
    assert!(
        !runner.kinds.is_empty(),
        "export_plugin!: a runner needs at least one kind"
    );
    out.pair("runner", runner.name);
    out.put("kinds=");
    let names = ["subprocess", "wasm", "container"];
    let mut first = true;
    let mut at = 0;
    while at < names.len() {
        if runner.kinds.bits() & (1 << at) != 0 {
            if !first {
                out.put(",");
            }
            out.put(names[at]);
            first = false;
        }
        at += 1;
    }
    out.put("\n");
    if runner.by_kind {
        out.pair("supports", "by_kind");
    }
    let mut at = 0;
    while at < runner.labels.len() {
        let (key, value) = runner.labels[at];
        assert!(!key.is_empty(), "export_plugin!: a label needs a key");
        let mut earlier = 0;
        while earlier < at {
            assert!(
                !same(runner.labels[earlier].0, key),
                "export_plugin!: a runner has two labels with the same key"
            );
            earlier += 1;
        }
        check_value(key);
        check_value(value);
        out.put("label=");
        out.put(key);
        out.put("\t");
        out.put(value);
        out.put("\n");
        at += 1;
    }
}

/// The length in bytes of the stamp of `decl`.
#[doc(hidden)]
#[must_use]
pub const fn rendered_len(decl: &PluginDecl) -> usize {
    write::<0>(decl).len
}

/// The stamp of `decl`; `N` is its [`rendered_len`].
#[doc(hidden)]
#[must_use]
pub const fn render<const N: usize>(decl: &PluginDecl) -> [u8; N] {
    write::<N>(decl).bytes
}

#[cfg(test)]
mod tests {
    use std::panic::catch_unwind;

    use proptest::prelude::*;

    use super::super::{Note, Stamp};
    use super::*;

    /// A label's key or value of 100 bytes.
    const LONG: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
                        0123456789abcdefghijklmnopqrstuvwxyz-_";
    const LARGEST: usize = 64 * 1024;

    const RUNNER: RunnerDecl = RunnerDecl {
        name: LONG,
        kinds: Kinds::SUBPROCESS.union(Kinds::WASM),
        by_kind: true,
        labels: &[(LONG, LONG), ("zone", LONG), ("tier", LONG), ("gpu", LONG)],
    };
    const MANY: PluginDecl = PluginDecl {
        name: "many",
        version: "0.1.0",
        panic: "unwind",
        runners: &many(),
    };
    /// A name of 100 bytes for each of the runners.
    const NAMES: [[u8; 100]; 92] = {
        let mut names = [[b'-'; 100]; 92];
        let mut at = 0;
        while at < names.len() {
            names[at][98] = b'0' + at as u8 / 10;
            names[at][99] = b'0' + at as u8 % 10;
            at += 1;
        }
        names
    };

    const fn many() -> [RunnerDecl; 92] {
        let mut runners = [RUNNER; 92];
        let mut at = 0;
        while at < runners.len() {
            if let Ok(name) = std::str::from_utf8(&NAMES[at]) {
                runners[at].name = name;
            }
            at += 1;
        }
        runners
    }

    /// As large a stamp as the macro may have to render, and as it renders it: while it compiles.
    static MANY_TEXT: [u8; rendered_len(&MANY)] = render(&MANY);

    #[test]
    fn a_stamp_of_many_runners_close_to_the_limit_is_whole() {
        let length = const { rendered_len(&MANY) };
        assert!(length > LARGEST * 9 / 10 && length <= LARGEST, "{length}");
        let note = Note::new(MANY_TEXT);
        let stamp = Stamp::read(note.text()).unwrap();
        assert_eq!(stamp.runners.len(), 92);
        for (runner, name) in stamp.runners.iter().zip(NAMES) {
            assert_eq!(runner.name.as_bytes(), name);
            assert_eq!(runner.labels.len(), 4);
            assert_eq!(runner.labels.get(LONG), Some(LONG));
        }
    }

    #[test]
    fn a_stamp_over_the_limit_is_refused() {
        drop(Note::new([b'x'; LARGEST]));
        let refused = catch_unwind(|| drop(Note::new([b'x'; LARGEST + 1]))).unwrap_err();
        assert_eq!(
            refused.downcast_ref::<&str>(),
            Some(&"export_plugin!: the stamp is longer than 64 KiB")
        );
    }

    #[test]
    fn a_declaration_that_would_break_the_stamp_is_refused() {
        let refusal = |labels: &'static [(&'static str, &'static str)]| {
            let runners: &'static [_] = Vec::leak(vec![RunnerDecl { labels, ..RUNNER }]);
            let decl = PluginDecl { runners, ..MANY };
            let refused = catch_unwind(move || rendered_len(&decl)).unwrap_err();
            *refused.downcast_ref::<&str>().unwrap()
        };
        let control =
            "export_plugin!: a name, label key or label value must not contain control characters";
        assert_eq!(refusal(&[("zone", "eu\nabi=2")]), control);
        assert_eq!(refusal(&[("zo\tne", "eu")]), control);
        assert_eq!(refusal(&[("zone", "eu\r")]), control);
        assert_eq!(refusal(&[("zone", "\u{7f}")]), control);
        assert_eq!(
            refusal(&[("", "eu")]),
            "export_plugin!: a label needs a key"
        );
        assert_eq!(
            refusal(&[("zone", "eu"), ("zones", ""), ("zone", "us")]),
            "export_plugin!: a runner has two labels with the same key"
        );
    }

    /// Text that the macro accepts, with what could be taken for the stamp's own signs.
    fn text() -> impl Strategy<Value = String> {
        "[ -~é大=#,\u{85}\u{2028}]{1,12}"
    }

    type Runner = (String, u8, bool, std::collections::BTreeMap<String, String>);

    fn leaked(text: &str) -> &'static str {
        Box::leak(text.into())
    }

    fn declared((name, kinds, by_kind, labels): &Runner) -> RunnerDecl {
        let mut set = Kinds::NONE;
        for (at, kind) in [Kinds::SUBPROCESS, Kinds::WASM, Kinds::CONTAINER]
            .into_iter()
            .enumerate()
        {
            if kinds & (1 << at) != 0 {
                set = set.union(kind);
            }
        }
        let labels: Vec<_> = labels
            .iter()
            .map(|(key, value)| (leaked(key), leaked(value)))
            .collect();
        RunnerDecl {
            name: leaked(name),
            kinds: set,
            by_kind: *by_kind,
            labels: labels.leak(),
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn whatever_is_declared_is_what_is_read(
            name in text(),
            version in text(),
            runners in prop::collection::vec(
                (text(), 1_u8..8, any::<bool>(), prop::collection::btree_map(text(), text(), 0..4)),
                1..4,
            ),
        ) {
            let mut runners: Vec<_> = runners.iter().map(declared).collect();
            // The macro refuses two of one name.
            runners.sort_by_key(|runner| runner.name);
            runners.dedup_by_key(|runner| runner.name);
            let decl = PluginDecl {
                name: leaked(&name),
                version: leaked(&version),
                panic: "unwind",
                runners: runners.leak(),
            };
            let written = write::<4096>(&decl);
            prop_assert_eq!(written.len, rendered_len(&decl));
            let stamp = Stamp::read(&written.bytes[..written.len]).unwrap();
            prop_assert_eq!((stamp.plugin, stamp.version), (name, version));
            prop_assert_eq!(stamp.runners.len(), decl.runners.len());
            for (read, declared) in stamp.runners.iter().zip(decl.runners) {
                prop_assert_eq!(&read.name, declared.name);
                prop_assert_eq!(read.kinds, declared.kinds);
                prop_assert_eq!(read.by_kind, declared.by_kind);
                let labels: Vec<_> = read.labels.iter().collect();
                prop_assert_eq!(labels, declared.labels);
            }
        }
    }
}
