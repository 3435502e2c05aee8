use proptest::prelude::*;

use super::super::decl::{PluginDecl, RunnerDecl};
use super::super::render::{render, rendered_len};
use super::*;

const DECL: PluginDecl = PluginDecl {
    name: "demo",
    version: "1.2.3",
    panic: "unwind",
    workers: Some(2),
    config: None,
    runners: &[
        RunnerDecl {
            name: "one",
            kinds: &["subprocess", "container"],
            by_kind: true,
            labels: &[("tier", "fast=very"), ("zone", "eu")],
        },
        RunnerDecl {
            name: "two",
            kinds: &["wasm", "example.com/v1/Greeting"],
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
    assert_eq!(
        stamp.runners[1].kinds,
        Kinds::named(["wasm", "example.com/v1/Greeting"])
    );
    assert_eq!(stamp.formats, [1, 2]);
    assert!(!stamp.runners[1].by_kind);
}

#[test]
fn a_name_that_nobody_would_read_and_a_label_with_a_control_character_are_refused() {
    let read = |line: &str| {
        let text = format!("abi=1\nplugin=x\nversion=1\nrunner=x\nkinds=wasm\n{line}\n");
        Stamp::read(text.as_bytes()).map_err(|err| err.to_string())
    };
    let long = |len: usize| "x".repeat(len);
    for (key, limit) in [
        ("plugin", 128),
        ("version", 128),
        ("runner", 128),
        ("kinds", 4_096),
    ] {
        assert!(read(&format!("{key}={}", long(limit))).is_ok());
        assert_eq!(
            read(&format!("{key}={}", long(limit + 1))).unwrap_err(),
            format!(
                "the stamp has a '{key}' of {} bytes, expected {limit} at most",
                limit + 1
            )
        );
    }
    assert_eq!(
        read(&format!("label={}\tx", long(129))).unwrap_err(),
        "the stamp has a 'label' of 129 bytes, expected 128 at most"
    );
    assert_eq!(
        read("label=zone\teu\tus").unwrap_err(),
        "the stamp has label=\"eu\\tus\", expected a value without control or invisible characters"
    );
}

#[test]
fn a_key_of_a_newer_sdk_is_ignored() {
    let mut text = TEXT.to_vec();
    text.extend_from_slice(b"colour=green\n");
    assert_eq!(Stamp::read(&text), Stamp::read(&TEXT));
}

#[test]
fn what_this_version_does_not_know_refuses_no_file() {
    let stamp = Stamp::read(
        b"abi=1\nplugin=x\nversion=1\nspec=1,7,new\nfeatures=teleport\nrunner=r\nkinds=subprocess,vm\n",
    )
    .unwrap();
    assert_eq!(stamp.formats, [1, 7]);
    assert_eq!(stamp.runners[0].kinds.to_string(), "subprocess,vm");
    // A plugin that says nothing of formats reads the first.
    let stamp = Stamp::read(b"abi=1\nplugin=x\nversion=1\nrunner=r\nkinds=wasm\n").unwrap();
    assert_eq!(stamp.formats, [1]);
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
        "line 2 of the stamp has a control or invisible character: \"plugin=\\u{1b}[1mx\""
    );
    assert_eq!(
        message("abi=1\nplugin=x\u{202e}y\n".as_bytes()),
        "line 2 of the stamp has a control or invisible character: \"plugin=x\\u{202e}y\""
    );
    assert_eq!(message(b"abi=1\nplugin=x\n"), "the stamp has no 'version'");
    assert_eq!(
        message(b"abi=1\nplugin=x\nversion=1\n"),
        "the stamp has no 'runner'"
    );
    assert_eq!(message(b"abi=1\nkinds=wasm\n"), "the stamp has no 'runner'");
}

/// Lines of keys the stamp has, with values it may not have.
fn lines() -> impl Strategy<Value = Vec<u8>> {
    let key = prop::sample::select(vec![
        "abi", "plugin", "version", "panic", "runner", "kinds", "supports", "label", "", "x",
    ]);
    let value = prop_oneof!["[0-9]{0,12}", "[a-z,\t=]{0,12}", "\\PC{0,8}"];
    let line = (key, any::<bool>(), value)
        .prop_map(|(key, pair, value)| format!("{key}{}{value}\n", if pair { "=" } else { "" }));
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
