//! Packs that were not made by `pack`, or are no longer what it made.

use std::fs;
use std::path::Path;

use tar::EntryType;

use super::{compressed, digest, forge, header, install, members, names, pack};
use crate::{Place, shown};

/// Checks that a pack is refused with these words, and nothing is in the directory.
#[track_caller]
fn refused(place: &Place, packed: &Path, words: &[&str], said: &str) {
    let ended = install(place, packed, words);
    let pack = shown(packed);
    assert_eq!(
        ended.stderr,
        format!("error: {pack}: {said}; nothing was installed\n")
    );
    assert_eq!(ended.code, Some(1));
    assert!(names(&place.plugins()).is_empty());
}

#[test]
fn a_member_that_was_changed_is_named_whichever_it_is() {
    let place = Place::with(&[]);
    let good = members(&pack(&place, "hello", &[], &[]));
    for at in 0..good.len() {
        let mut bad = good.clone();
        let (name, bytes) = &mut bad[at];
        let name = name.clone();
        let before = digest(bytes);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        let after = digest(bytes);
        let packed = forge(&place, &bad);
        if name == "SHA256SUMS" {
            let ended = install(&place, &packed, &[]);
            assert!(
                ended.stderr.contains("; get the pack again; nothing was"),
                "{ended:?}"
            );
            assert_eq!(ended.code, Some(1));
            continue;
        }
        let said = format!(
            "{name}: SHA256SUMS has {before} for it, the pack has {after}; get the pack again"
        );
        refused(&place, &packed, &[], &said);

        // With a line of its own, it is found by the manifest.
        let sums = bad
            .iter_mut()
            .find(|(name, _)| name == "SHA256SUMS")
            .unwrap();
        let list = String::from_utf8(sums.1.clone()).unwrap();
        sums.1 = list.replace(&before, &after).into_bytes();
        if name == "manifest.json" {
            continue;
        }
        let said = format!(
            "{name}: manifest.json has {before} for it, the pack has {after}; get the pack again"
        );
        refused(&place, &forge(&place, &bad), &[], &said);
    }
}

#[test]
fn a_member_that_is_missing_or_that_nobody_knows_is_named() {
    let place = Place::with(&[]);
    let good = members(&pack(&place, "hello", &[], &[]));
    for at in 0..good.len() {
        let mut bad = good.clone();
        let (name, _) = bad.remove(at);
        let said = format!("it has no {name}, which every pack has; get the pack again");
        refused(&place, &forge(&place, &bad), &[], &said);
    }
    let mut more = good.clone();
    more.push(("evil.so".to_owned(), b"evil".to_vec()));
    let said =
        |list: &str| format!("evil.so: {list} does not have it; get the pack from whoever made it");
    refused(&place, &forge(&place, &more), &[], &said("SHA256SUMS"));
    let line = format!("{}  evil.so\n", digest(b"evil"));
    more[0].1.extend(line.into_bytes());
    refused(&place, &forge(&place, &more), &[], &said("manifest.json"));
}

#[test]
fn a_pack_that_is_cut_off_anywhere_is_refused() {
    let place = Place::with(&[]);
    let packed = pack(&place, "hello", &[], &[]);
    let whole = fs::read(&packed).unwrap();
    let cut = place.directory.path().join("cut.tar.zst");
    for len in [
        0,
        1,
        3,
        10,
        whole.len() / 2,
        whole.len() - 4,
        whole.len() - 1,
    ] {
        fs::write(&cut, &whole[..len]).unwrap();
        let ended = install(&place, &cut, &[]);
        assert_eq!(ended.code, Some(1), "{len}: {ended:?}");
        assert_eq!(ended.stdout, "");
    }
    let mut tail = whole.clone();
    tail.extend(b"more");
    fs::write(&cut, tail).unwrap();
    assert_eq!(install(&place, &cut, &[]).code, Some(1));
    let tar = zstd::decode_all(whole.as_slice()).unwrap();
    for len in [512, 700, tar.len() / 2] {
        assert_eq!(
            install(&place, &compressed(&place, &tar[..len]), &[]).code,
            Some(1)
        );
    }
    assert!(names(&place.plugins()).is_empty());
    let text = place.file("text.tar.zst", "just a text");
    let said = "damaged or not a pack: Unknown frame descriptor; copy it again, or make it with \
                `solti-host pack`";
    refused(&place, Path::new(&text), &[], said);
}

#[test]
fn an_entry_that_leads_out_of_the_pack_or_is_no_file_is_named() {
    let place = Place::with(&[]);
    let who = "get the pack from whoever made it";
    for (name, fault) in [
        ("/etc/passwd", "is an absolute path"),
        ("../x.so", "leads out of the pack"),
        ("a/../../x.so", "leads out of the pack"),
        ("a/x.so", "is in a directory, and a pack has none"),
        ("./x.so", "is in a directory, and a pack has none"),
        (".x.so", "has a hidden name"),
        ("..solti", "has a hidden name"),
        (
            "x y",
            "has a name with other characters than letters, digits and . _ + -",
        ),
        ("", "has no name"),
    ] {
        let packed = forge(&place, &[(name.to_owned(), b"x".to_vec())]);
        refused(
            &place,
            &packed,
            &[],
            &format!("the entry {name:?} {fault}; {who}"),
        );
    }
    for (kind, found) in [
        (EntryType::Symlink, "a symbolic link"),
        (EntryType::Link, "a hard link"),
        (EntryType::Char, "a device"),
        (EntryType::Block, "a device"),
        (EntryType::Fifo, "a FIFO"),
        (EntryType::Directory, "a directory"),
        (EntryType::GNUSparse, "a sparse file"),
        (EntryType::XHeader, "an extension of tar"),
        (EntryType::GNULongName, "an extension of tar"),
    ] {
        let mut header = header("x.so", 0, kind);
        if kind == EntryType::Symlink {
            header.set_link_name("/etc/passwd").unwrap();
            header.set_cksum();
        }
        let mut archive = tar::Builder::new(Vec::new());
        archive.append(&header, &b""[..]).unwrap();
        let packed = compressed(&place, &archive.into_inner().unwrap());
        let said = format!("the entry \"x.so\" is {found}, expected a regular file; {who}");
        refused(&place, &packed, &[], &said);
    }
    let twice = [("a", "x"), ("a", "y")].map(|(name, it)| (name.to_owned(), it.into()));
    let said = format!("the entry \"a\" is there twice; {who}");
    refused(&place, &forge(&place, &twice), &[], &said);
}

#[test]
fn what_would_fill_memory_or_the_disk_is_refused_before_it_does() {
    let place = Place::with(&[]);
    let limit = ["--max-file-bytes", "100000"];
    let zeros = |name: &str, len: usize| (name.to_owned(), vec![0; len]);
    let packed = forge(&place, &[zeros("a.so", 100_001)]);
    let said = "the entry \"a.so\" has 100001 bytes, expected 100000 at most (--max-file-bytes)";
    refused(&place, &packed, &limit, said);
    let packed = forge(&place, &[zeros("a.txt", (4 << 20) + 1)]);
    let said = "the entry \"a.txt\" has 4194305 bytes, expected 4194304 at most";
    refused(&place, &packed, &limit, said);
    let packed = forge(&place, &[zeros("a.txt", 4 << 20), zeros("b.txt", 100_001)]);
    let said = "the entry \"b.txt\" brings the pack to 4294305 bytes, expected 4294304 at most \
                (--max-file-bytes)";
    refused(&place, &packed, &limit, said);
    let many: Vec<_> = (0..513).map(|at| zeros(&format!("{at}"), 0)).collect();
    let said = "the entry \"512\" is one of more than 512; get the pack from whoever made it";
    refused(&place, &forge(&place, &many), &[], said);
    // A header that says more than there is takes no memory, nor does what is behind the end.
    let mut archive = header("a.so", 1 << 27, EntryType::Regular)
        .as_bytes()
        .to_vec();
    archive.extend([0; 2048]);
    let ended = install(&place, &compressed(&place, &archive), &[]);
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let packed = compressed(&place, &vec![0; 1 << 28]);
    let said = "damaged or not a pack: there is more behind its last entry; copy it again, or make \
                it with `solti-host pack`";
    refused(&place, &packed, &[], said);
}

#[test]
#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn a_pack_for_another_machine_is_refused_with_both_named() {
    let place = Place::with(&[]);
    let good = members(&pack(&place, "hello", &[], &[]));
    let forged = |change: &dyn Fn(&str, Vec<u8>) -> Vec<u8>| {
        let mut all = good.clone();
        let mut changes = Vec::new();
        // The list is the first, so that it is changed when all others have been.
        for (name, bytes) in all.iter_mut().skip(1) {
            let before = digest(bytes);
            *bytes = change(name, bytes.clone());
            changes.push((before, digest(bytes)));
            if name == "manifest.json" {
                let mut text = String::from_utf8(bytes.clone()).unwrap();
                for (before, after) in &changes {
                    text = text.replace(before, after);
                }
                *bytes = text.into_bytes();
                changes.last_mut().unwrap().1 = digest(bytes);
            }
        }
        let mut list = String::from_utf8(all[0].1.clone()).unwrap();
        for (before, after) in &changes {
            list = list.replace(before, after);
        }
        all[0].1 = list.into_bytes();
        forge(&place, &all)
    };
    let by_manifest = forged(&|name, bytes| match name {
        "manifest.json" => {
            let text = String::from_utf8(bytes).unwrap();
            text.replace("x86_64-unknown", "aarch64-unknown")
                .into_bytes()
        }
        _ => bytes,
    });
    let said = "hello is for aarch64-unknown-linux-gnu, and this host is x86_64; get the pack for \
                x86_64";
    refused(&place, &by_manifest, &[], said);
    let by_header = forged(&|name, mut bytes| {
        if name == "hello.so" {
            // EM_AARCH64 in e_machine.
            bytes[18] = 183;
        }
        bytes
    });
    let said = "hello.so: built for aarch64, but this host is x86_64: build it for x86_64";
    refused(&place, &by_header, &[], said);
}
