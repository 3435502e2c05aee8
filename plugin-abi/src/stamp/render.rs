//! Renders a declaration into the stamp's text, while the plugin compiles.

use super::decl::{PluginDecl, RunnerDecl};
use super::key;
use super::read::{MAX_NAME_BYTES, MAX_VALUE_BYTES};
use crate::config::{self, MAX_SCHEMA_BYTES, Schema};
use crate::const_text::Writer;
use crate::text::is_plain;
use crate::v1::module::ABI_VERSION;
use crate::v1::runner::format;

/// The length in bytes of the stamp of `decl`.
#[doc(hidden)]
#[must_use]
pub const fn rendered_len(decl: &PluginDecl) -> usize {
    let mut out = Writer::new(&mut []);
    write(&mut out, decl);
    out.len()
}

/// The stamp of `decl`; `N` is its [`rendered_len`].
#[doc(hidden)]
#[must_use]
pub const fn render<const N: usize>(decl: &PluginDecl) -> [u8; N] {
    let mut bytes = [0; N];
    write(&mut Writer::new(&mut bytes), decl);
    bytes
}

const fn write(out: &mut Writer<'_>, decl: &PluginDecl) {
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
    out.put(key::ABI);
    out.put("=");
    out.put_number(ABI_VERSION);
    out.put("\n");
    pair(out, key::PLUGIN, decl.name);
    pair(out, key::VERSION, decl.version);
    pair(out, key::SDK, env!("CARGO_PKG_VERSION"));
    pair(out, key::RUSTC, env!("SOLTI_RUSTC"));
    pair(out, key::TARGET, env!("SOLTI_TARGET"));
    pair(out, key::OPT_LEVEL, env!("SOLTI_OPT_LEVEL"));
    pair(out, key::PANIC, decl.panic);
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
    write_config(out, decl.config);
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
        write_runner(out, &decl.runners[at]);
        at += 1;
    }
}

/// Writes what the configuration may be: without what its texts say where it would be too long, and not at
/// all where it is too long even so. `describe` has all of it.
const fn write_config(out: &mut Writer<'_>, config: Option<Schema>) {
    let Some(schema) = config else {
        return;
    };
    let mut with_docs = true;
    loop {
        let mut counted = Writer::new(&mut []);
        config::write(&mut counted, &schema, with_docs);
        if counted.len() <= MAX_SCHEMA_BYTES {
            break;
        }
        if !with_docs {
            return;
        }
        with_docs = false;
    }
    out.put(key::CONFIG);
    out.put("=");
    config::write(out, &schema, with_docs);
    out.put("\n");
}

const fn write_runner(out: &mut Writer<'_>, runner: &RunnerDecl) {
    assert!(
        !runner.name.is_empty(),
        "export_plugin!: a runner needs a name"
    );
    assert!(
        !runner.kinds.is_empty(),
        "export_plugin!: a runner needs at least one kind"
    );
    pair(out, key::RUNNER, runner.name);
    write_kinds(out, runner.kinds);
    if runner.by_kind {
        pair(out, key::SUPPORTS, key::BY_KIND);
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

const fn write_kinds(out: &mut Writer<'_>, kinds: &[&str]) {
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

const fn pair(out: &mut Writer<'_>, key: &str, value: &str) {
    assert_plain(value);
    out.put(key);
    out.put("=");
    out.put(value);
    out.put("\n");
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
