use std::panic::catch_unwind;

use proptest::prelude::*;

use super::super::note::{MAX_STAMP_BYTES, Note};
use super::super::read::Stamp;
use super::*;

/// A label's key or value of 100 bytes.
const LONG: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ\
                    0123456789abcdefghijklmnopqrstuvwxyz-_";

const RUNNER: RunnerDecl = RunnerDecl {
    name: LONG,
    kinds: &["subprocess", "example.com/v1/Greeting"],
    by_kind: true,
    labels: &[(LONG, LONG), ("zone", LONG), ("tier", LONG), ("gpu", LONG)],
};
const MANY: PluginDecl = PluginDecl {
    name: "many",
    version: "0.1.0",
    panic: "unwind",
    workers: None,
    config: None,
    runners: &many(),
};
/// A name of 100 bytes for each of the runners.
const NAMES: [[u8; 100]; 90] = {
    let mut names = [[b'-'; 100]; 90];
    let mut at = 0;
    while at < names.len() {
        names[at][98] = b'0' + at as u8 / 10;
        names[at][99] = b'0' + at as u8 % 10;
        at += 1;
    }
    names
};

const fn many() -> [RunnerDecl; 90] {
    let mut runners = [RUNNER; 90];
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
    assert!(
        length > MAX_STAMP_BYTES * 9 / 10 && length <= MAX_STAMP_BYTES,
        "{length}"
    );
    let note = Note::new(MANY_TEXT);
    let stamp = Stamp::read(note.text()).unwrap();
    assert_eq!(stamp.runners.len(), 90);
    for (runner, name) in stamp.runners.iter().zip(NAMES) {
        assert_eq!(runner.name.as_bytes(), name);
        assert_eq!(runner.labels.len(), 4);
        assert_eq!(runner.labels.get(LONG), Some(LONG));
    }
}

#[test]
fn a_stamp_over_the_limit_is_refused() {
    drop(Note::new([b'x'; MAX_STAMP_BYTES]));
    let refused = catch_unwind(|| drop(Note::new([b'x'; MAX_STAMP_BYTES + 1]))).unwrap_err();
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
    let control = "export_plugin!: a name, label key or label value must not contain control or \
                   invisible characters";
    assert_eq!(refusal(&[("zone", "eu\nabi=2")]), control);
    assert_eq!(refusal(&[("zo\tne", "eu")]), control);
    assert_eq!(refusal(&[("zone", "eu\r")]), control);
    assert_eq!(refusal(&[("zone", "\u{7f}")]), control);
    assert_eq!(refusal(&[("zone", "\u{85}")]), control);
    assert_eq!(refusal(&[("zone", "e\u{200b}u")]), control);
    assert_eq!(refusal(&[("zone", "e\u{202e}u")]), control);
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
    "[ -~é大=#,\u{a0}\u{3000}]{1,12}"
}

type Runner = (String, u8, bool, std::collections::BTreeMap<String, String>);

fn leaked(text: &str) -> &'static str {
    Box::leak(text.into())
}

fn declared((name, kinds, by_kind, labels): &Runner) -> RunnerDecl {
    let names = ["subprocess", "wasm", "example.com/v1/Greeting"];
    let kinds: Vec<_> = (0..names.len())
        .filter(|at| kinds & (1 << at) != 0)
        .map(|at| names[at])
        .collect();
    let labels: Vec<_> = labels
        .iter()
        .map(|(key, value)| (leaked(key), leaked(value)))
        .collect();
    RunnerDecl {
        name: leaked(name),
        kinds: kinds.leak(),
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
            workers: None,
            config: None,
            runners: runners.leak(),
        };
        let mut bytes = [0; 4096];
        let mut written = Writer::new(&mut bytes);
        write(&mut written, &decl);
        let len = written.len();
        prop_assert_eq!(len, rendered_len(&decl));
        let stamp = Stamp::read(&bytes[..len]).unwrap();
        prop_assert_eq!((stamp.plugin, stamp.version), (name, version));
        prop_assert_eq!(stamp.runners.len(), decl.runners.len());
        for (read, declared) in stamp.runners.iter().zip(decl.runners) {
            prop_assert_eq!(&read.name, declared.name);
            prop_assert_eq!(read.kinds.names().collect::<Vec<_>>(), declared.kinds);
            prop_assert_eq!(read.by_kind, declared.by_kind);
            let labels: Vec<_> = read.labels.iter().collect();
            prop_assert_eq!(labels, declared.labels);
        }
    }
}
