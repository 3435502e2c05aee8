//! Renders a declaration into the stamp's text, while the plugin compiles.

use super::decl::{PluginDecl, RunnerDecl};
use super::key;
use super::read::{MAX_NAME_BYTES, MAX_VALUE_BYTES};
use crate::text::is_plain;
use crate::v1::module::ABI_VERSION;
use crate::v1::runner::format;

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

const fn write<const N: usize>(decl: &PluginDecl) -> Writer<N> {
    assert!(
        !decl.name.is_empty(),
        "export_plugin!: the plugin needs a name"
    );
    assert!(
        !decl.runners.is_empty(),
        "export_plugin!: the plugin needs at least one runner"
    );
    assert!(
        !matches!(decl.workers, Some(0)),
        "export_plugin!: the plugin needs at least one worker: `workers: 1`"
    );
    assert_short(decl.name, MAX_NAME_BYTES);
    assert_short(decl.version, MAX_NAME_BYTES);
    let mut out = Writer {
        bytes: [0; N],
        len: 0,
    };
    out.put(key::ABI);
    out.put("=");
    out.put_number(ABI_VERSION);
    out.put("\n");
    out.pair(key::PLUGIN, decl.name);
    out.pair(key::VERSION, decl.version);
    out.pair(key::SDK, env!("CARGO_PKG_VERSION"));
    out.pair(key::RUSTC, env!("SOLTI_RUSTC"));
    out.pair(key::TARGET, env!("SOLTI_TARGET"));
    out.pair(key::OPT_LEVEL, env!("SOLTI_OPT_LEVEL"));
    out.pair(key::PANIC, decl.panic);
    out.put(key::SPEC);
    out.put("=");
    let mut at = 0;
    while at < format::ALL.len() {
        if at > 0 {
            out.put(",");
        }
        out.put_number(format::ALL[at]);
        at += 1;
    }
    out.put("\n");
    let mut at = 0;
    while at < decl.runners.len() {
        let mut earlier = 0;
        while earlier < at {
            assert!(
                !are_equal(decl.runners[earlier].name, decl.runners[at].name),
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
    out.pair(key::RUNNER, runner.name);
    write_kinds(out, runner.kinds);
    if runner.by_kind {
        out.pair(key::SUPPORTS, key::BY_KIND);
    }
    let mut at = 0;
    while at < runner.labels.len() {
        let (label, value) = runner.labels[at];
        assert!(!label.is_empty(), "export_plugin!: a label needs a key");
        let mut earlier = 0;
        while earlier < at {
            assert!(
                !are_equal(runner.labels[earlier].0, label),
                "export_plugin!: a runner has two labels with the same key"
            );
            earlier += 1;
        }
        assert_plain(label);
        assert_plain(value);
        assert_short(label, MAX_NAME_BYTES);
        assert_short(value, MAX_VALUE_BYTES);
        out.put(key::LABEL);
        out.put("=");
        out.put(label);
        out.put(key::LABEL_SEPARATOR);
        out.put(value);
        out.put("\n");
        at += 1;
    }
}

const fn write_kinds<const N: usize>(out: &mut Writer<N>, kinds: &[&str]) {
    out.put(key::KINDS);
    out.put("=");
    let mut at = 0;
    while at < kinds.len() {
        assert_plain(kinds[at]);
        assert_kind(kinds[at]);
        if at > 0 {
            out.put(",");
        }
        out.put(kinds[at]);
        at += 1;
    }
    out.put("\n");
}

/// Refuses what is no name of a kind.
const fn assert_kind(kind: &str) {
    assert!(!kind.is_empty(), "export_plugin!: a kind needs a name");
    assert!(
        !are_equal(kind, "embedded"),
        "export_plugin!: an embedded task is never routed to a runner"
    );
    let kind = kind.as_bytes();
    let mut at = 0;
    while at < kind.len() {
        assert!(
            kind[at] != b',' && kind[at] != b' ',
            "export_plugin!: the name of a kind must contain neither commas nor spaces"
        );
        at += 1;
    }
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
            self.put_byte(text[at]);
            at += 1;
        }
    }

    const fn put_number(&mut self, number: u32) {
        if number >= 10 {
            self.put_number(number / 10);
        }
        self.put_byte(b'0' + (number % 10) as u8);
    }

    const fn put_byte(&mut self, byte: u8) {
        if self.len < N {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }

    const fn pair(&mut self, key: &str, value: &str) {
        assert_plain(value);
        self.put(key);
        self.put("=");
        self.put(value);
        self.put("\n");
    }
}

/// Refuses, at compile time, what would break the stamp's lines or show as something else.
const fn assert_short(value: &str, limit: usize) {
    assert!(
        value.len() <= limit,
        "export_plugin!: a name, a version or the key of a label has 128 bytes at most, the value of a \
         label 4096"
    );
}

const fn assert_plain(value: &str) {
    assert!(
        is_plain(value),
        "export_plugin!: a name, label key or label value must not contain control or invisible \
         characters"
    );
}

/// Whether two texts are equal, in a constant.
///
/// Compared from the end: names of runners begin alike more often than they end alike, and the
/// compiler limits how much work a constant may take.
const fn are_equal(one: &str, other: &str) -> bool {
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

#[cfg(test)]
mod tests;
