//! Packs that somebody signs.

use std::fs;
use std::path::Path;

use minisign::KeyPair;

use super::{NEXT, assert_good, digest, forge, install, members, names, pack, rollback, version};
use crate::{Place, end, shown, solti_host};

/// A key pair without a password, as `minisign -G -W` makes one; the files of its keys.
fn keys(place: &Place, name: &str) -> (String, String) {
    let pair = KeyPair::generate_unencrypted_keypair().unwrap();
    let public = pair.pk.to_box().unwrap().to_string();
    let secret = pair.sk.to_box(None).unwrap().to_string();
    (
        place.file(&format!("{name}.pub"), public),
        place.file(&format!("{name}.key"), secret),
    )
}

#[test]
fn a_signed_pack_is_installed_where_signatures_are_asked_for_and_another_is_not() {
    let place = Place::with(&[]);
    let (public, secret) = keys(&place, "mine");
    let (others, _) = keys(&place, "others");
    let unsigned = pack(&place, "hello", &[], &[]);
    let said = |packed: &Path, reason: &str| {
        format!(
            "error: {}: {reason}; nothing was installed\n",
            shown(packed)
        )
    };
    let ended = install(&place, &unsigned, &["--public-key", &public]);
    assert_eq!(
        ended.stderr,
        said(
            &unsigned,
            "hello.so: not signed: there is no hello.so.minisig, and this host loads signed plugins \
             only; get the signature that belongs to this file"
        )
    );
    assert_eq!(ended.code, Some(1));
    let signed = pack(&place, "hello", &[], &["--key", &secret]);
    let ended = install(&place, &signed, &["--public-key", &others]);
    assert_eq!(
        ended.stderr,
        said(
            &signed,
            "hello.so: its signature hello.so.minisig does not hold: it was made with a key that this \
             host does not have; get the signature that belongs to this file"
        )
    );
    assert!(names(&place.plugins()).is_empty());
    let ended = install(&place, &signed, &["--public-key", &public]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(
        ended.stdout.contains("signed: hello 0.1.0 manifest="),
        "{ended:?}"
    );
    let list = |key: &str| {
        end(solti_host()
            .arg("list")
            .arg(place.plugins())
            .args(["--public-key", key]))
    };
    assert_eq!(list(&public).code, Some(0));
    assert_eq!(list(&others).code, Some(1));

    // Each version has its own, there and back.
    let next = pack(&place, "hello", &[NEXT], &["--key", &secret]);
    for expected in ["0.1.1", "0.1.0", "0.1.1"] {
        let ended = match expected {
            "0.1.1" if version(&place, "hello") == "0.1.0" && !is_kept(&place) => {
                install(&place, &next, &["--public-key", &public])
            }
            _ => rollback(&place, "hello"),
        };
        assert_eq!(ended.code, Some(0), "{ended:?}");
        assert_eq!(version(&place, "hello"), expected);
        assert_good(&place, 1);
        let file = shown(place.plugins().join("hello.so"));
        let ended = end(solti_host().args(["inspect", &file, "--public-key", &public]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
    }
}

fn is_kept(place: &Place) -> bool {
    place.plugins().join("..solti/.previous").exists()
}

#[test]
fn a_signature_vouches_for_all_of_the_pack() {
    let place = Place::with(&[]);
    let (public, secret) = keys(&place, "mine");
    let mut all = members(&pack(&place, "hello", &[], &["--key", &secret]));
    // Whoever has no key changes the example, and all that has its digest.
    let at =
        |all: &[(String, Vec<u8>)], name: &str| all.iter().position(|(it, _)| it == name).unwrap();
    let example = at(&all, "hello.toml.example");
    let before = digest(&all[example].1);
    all[example].1.extend(b"enabled = false\n");
    let after = digest(&all[example].1);
    for name in ["manifest.json", "SHA256SUMS"] {
        let index = at(&all, name);
        let old = digest(&all[index].1);
        let text = String::from_utf8(all[index].1.clone()).unwrap();
        all[index].1 = text.replace(&before, &after).into_bytes();
        if name == "manifest.json" {
            let new = digest(&all[index].1);
            let list = at(&all, "SHA256SUMS");
            let text = String::from_utf8(all[list].1.clone()).unwrap();
            all[list].1 = text.replace(&old, &new).into_bytes();
        }
    }
    let packed = forge(&place, &all);
    let ended = install(&place, &packed, &["--public-key", &public]);
    assert_eq!(
        ended.stderr,
        format!(
            "error: {}: hello.so.minisig is signed for another manifest.json; get the pack again; \
             nothing was installed\n",
            shown(&packed)
        )
    );
    assert_eq!(ended.code, Some(1));
}

#[test]
fn a_key_that_cannot_sign_is_named() {
    let place = Place::with(&["hello"]);
    let (public, _) = keys(&place, "mine");
    let hello = shown(place.plugins().join("hello.so"));
    let missing = shown(place.directory.path().join("missing.key"));
    let output = shown(place.directory.path().join("out"));
    for (key, said) in [
        (
            &public,
            format!(
                "error: {public} is not a minisign secret key: expected the file that `minisign -G` \
                 writes besides the .pub file\n"
            ),
        ),
        (
            &missing,
            format!("error: {missing} cannot be read: No such file or directory (os error 2)\n"),
        ),
    ] {
        let ended = end(solti_host().args(["pack", &hello, "-o", &output, "--key", key]));
        assert_eq!((ended.stderr, ended.code), (said, Some(2)));
    }
    assert!(fs::metadata(&output).is_err());
}
