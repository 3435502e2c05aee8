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
