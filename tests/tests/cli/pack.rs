//! `solti-host pack`, `install` and `rollback`: from a library to a directory that a host loads.

mod foreign;
mod placed;
mod signed;
mod tampered;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::{Ended, Place, end, shown, solti_host};

/// What a library is given instead of what it says of itself, of the same length.
type Patch = (&'static str, &'static str);

/// Another version of a plugin, by its stamp alone: such a file is not loaded.
const NEXT: Patch = ("\nversion=0.1.0\n", "\nversion=0.1.1\n");

/// Other bytes, which say nothing else.
const OTHER: Patch = ("\nrustc=rustc", "\nrustc=Rustc");

/// Packs a plugin of the fixtures, changed like this; the path of the pack.
fn pack(place: &Place, package: &str, patches: &[Patch], words: &[&str]) -> PathBuf {
    let mut bytes = fs::read(e2e::plugin(package)).unwrap();
    let mut name = package.to_owned();
    for (old, new) in patches {
        let mut places = bytes.windows(old.len());
        let at = places.position(|it| it == old.as_bytes()).unwrap();
        bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
        name += &new.trim()[..7];
    }
    let directory = place.directory.path();
    let library = directory.join(format!("lib{name}.so"));
    fs::write(&library, bytes).unwrap();
    let packed = directory.join(format!("{name}.tar.zst"));
    let mut command = solti_host();
    command.arg("pack").arg(&library).arg("-o").arg(&packed);
    let ended = end(command.args(words));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    packed
}

fn install(place: &Place, packed: &Path, words: &[&str]) -> Ended {
    let mut command = solti_host();
    command.arg("install").arg(packed).arg(place.plugins());
    end(command.args(words))
}

fn rollback(place: &Place, plugin: &str) -> Ended {
    let mut command = solti_host();
    end(command.arg("rollback").arg(place.plugins()).arg(plugin))
}

fn installed(place: &Place, packed: &Path) -> Value {
    let ended = install(place, packed, &["--json"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    serde_json::from_str(&ended.stdout).unwrap()
}

/// The members of a pack, in their order, and their headers.
fn members(packed: &Path) -> Vec<(String, Vec<u8>)> {
    let bytes = zstd::decode_all(fs::File::open(packed).unwrap()).unwrap();
    let mut archive = tar::Archive::new(bytes.as_slice());
    let entries = archive.entries().unwrap().map(|entry| {
        let mut entry = entry.unwrap();
        let header = entry.header();
        let (mode, times) = (header.mode().unwrap(), header.mtime().unwrap());
        let owners = (header.uid().unwrap(), header.gid().unwrap());
        assert_eq!((mode, times, owners), (0o644, 0, (0, 0)));
        let name = entry.path().unwrap().display().to_string();
        let mut bytes = Vec::new();
        std::io::Read::read_to_end(&mut entry, &mut bytes).unwrap();
        (name, bytes)
    });
    entries.collect()
}

/// Writes a pack of these members as an attacker would, who can make any.
fn forge(place: &Place, members: &[(String, Vec<u8>)]) -> PathBuf {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, bytes) in members {
        archive
            .append(
                &header(name, bytes.len(), tar::EntryType::Regular),
                bytes.as_slice(),
            )
            .unwrap();
    }
    compressed(place, &archive.into_inner().unwrap())
}

/// A header with any name, whatever tar thinks of it.
fn header(name: &str, len: usize, kind: tar::EntryType) -> tar::Header {
    let mut header = tar::Header::new_ustar();
    header.as_mut_bytes()[..name.len()].copy_from_slice(name.as_bytes());
    header.set_size(len as u64);
    header.set_entry_type(kind);
    header.set_mode(0o644);
    header.set_cksum();
    header
}

fn compressed(place: &Place, bytes: &[u8]) -> PathBuf {
    let path = place.directory.path().join("forged.tar.zst");
    fs::write(&path, zstd::encode_all(bytes, 1).unwrap()).unwrap();
    path
}

fn digest(bytes: &[u8]) -> String {
    solti_plugin_host::inspect::Digest::of(bytes).to_string()
}

/// The names in a directory, sorted.
fn names(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

/// What a host that wants a list would say of the directory, without running anything of it.
fn check(place: &Place) -> Ended {
    let mut command = solti_host();
    command.args(["check", "--no-probe", "--require-sums"]);
    end(command.arg(place.plugins()))
}

fn assert_good(place: &Place, loaded: usize) {
    let ended = check(place);
    let sentence = format!("{loaded} passed, 0 rejected, 0 skipped\n");
    assert!(ended.stdout.ends_with(&sentence), "{ended:?}");
    assert_eq!(ended.stderr, "");
}

/// The version of a plugin in the directory.
fn version(place: &Place, plugin: &str) -> String {
    let bytes = fs::read(place.plugins().join(format!("{plugin}.so"))).unwrap();
    let inspection = solti_plugin_host::inspect::inspect(&bytes);
    inspection.stamp.unwrap().version
}

#[test]
fn what_is_packed_is_installed_listed_and_runs() {
    let place = Place::with(&[]);
    let packed = pack(&place, "subprocess", &[], &[]);
    let report = installed(&place, &packed);
    assert_eq!(report["sums"], "begun");
    assert_eq!(report["dry_run"], false);
    assert_eq!(report["plugins"][0]["plugin"], "subprocess");
    assert_eq!(report["plugins"][0]["replaces"], Value::Null);
    assert_good(&place, 1);
    let ended = end(&mut place.exec(&["--require-sums", "--", "echo", "hello"]));
    assert_eq!((ended.stdout.as_str(), ended.code), ("hello\n", Some(0)));
    let library = place.plugins().join("subprocess.so");
    let mode = fs::metadata(&library).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o644);
    assert_eq!(
        names(&place.plugins()),
        [
            "..solti",
            "..solti-1",
            "SHA256SUMS",
            "subprocess.so",
            "subprocess.toml.example"
        ]
    );
    let again = installed(&place, &packed);
    assert_eq!(again["plugins"][0]["unchanged"], true);
    assert_eq!(
        names(&place.plugins())[1],
        "..solti-1",
        "nothing is written"
    );
}

#[test]
fn the_same_library_makes_the_same_bytes_wherever_and_whenever_it_is_packed() {
    let (one, other) = (Place::with(&[]), Place::with(&[]));
    let first = fs::read(pack(&one, "hello", &[], &[])).unwrap();
    let later = std::time::SystemTime::now() + std::time::Duration::from_secs(86_400);
    let packed = pack(&other, "hello", &[], &[]);
    let library = fs::File::open(other.directory.path().join("libhello.so")).unwrap();
    library.set_modified(later).unwrap();
    assert!(first == fs::read(packed).unwrap());
}

#[test]
fn a_library_is_packed_without_what_only_debuggers_read() {
    let place = Place::with(&[]);
    let packed = pack(&place, "hello", &[], &[]);
    let all = members(&packed);
    let named: Vec<_> = all.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        named,
        [
            "SHA256SUMS",
            "hello.README.md",
            "hello.so",
            "hello.toml.example",
            "manifest.json"
        ]
    );
    let all: BTreeMap<_, _> = all.into_iter().collect();
    let before = fs::read(e2e::plugin("hello")).unwrap();
    let after = &all["hello.so"];
    let has = |bytes: &[u8], name: &[u8]| bytes.windows(name.len()).any(|it| it == name);
    assert!(has(&before, b"\0.symtab\0") && !has(after, b"\0.symtab\0"));
    assert!(has(after, b"\0.dynsym\0"));
    assert!(
        after.len() * 2 < before.len(),
        "{} {}",
        before.len(),
        after.len()
    );
    let manifest: Value = serde_json::from_slice(&all["manifest.json"]).unwrap();
    let files: BTreeMap<_, _> = ["hello.README.md", "hello.so", "hello.toml.example"]
        .map(|name| (name, digest(&all[name])))
        .into();
    let stamp = solti_plugin_host::inspect::inspect(&before).stamp.unwrap();
    assert_eq!(
        manifest,
        json!({ "format": 1, "plugins": [{
            "name": "hello", "version": stamp.version, "target": stamp.target, "abi": 1,
            "sdk": stamp.sdk, "files": files,
        }] })
    );
    // As it is, it is a sidecar that changes nothing.
    installed(&place, &packed);
    let at = |name: &str| place.plugins().join(name);
    fs::copy(at("hello.toml.example"), at("hello.toml")).unwrap();
    assert_good(&place, 1);
}

#[test]
fn the_readme_of_the_plugin_goes_with_it() {
    let place = Place::with(&[]);
    let readme = |packed: &Path| {
        let all: BTreeMap<_, _> = members(packed).into_iter().collect();
        String::from_utf8(all["hello.README.md"].clone()).unwrap()
    };
    let made = readme(&pack(&place, "hello", &[], &[]));
    assert!(made.starts_with("# hello 0.1.0\n"), "{made}");
    place.file("README.md", "beside");
    assert_eq!(readme(&pack(&place, "hello", &[], &[])), "beside");
    let named = place.file("named.md", "named");
    let packed = pack(&place, "hello", &[], &["--readme", &named]);
    assert_eq!(readme(&packed), "named");
}

#[test]
fn what_a_host_would_refuse_is_not_packed() {
    let place = Place::with(&["hello"]);
    let text = place.file("text.so", "just a text");
    let output = shown(place.directory.path().join("out.tar.zst"));
    let ended = end(solti_host().args(["pack", &text, "-o", &output]));
    assert_eq!(
        ended.stderr,
        format!(
            "error: {text}: not a shared library: it begins with \"just a text\"; name what cargo builds of \
             a crate with crate-type = [\"cdylib\"]\n"
        )
    );
    assert_eq!(ended.code, Some(1));
    assert!(!Path::new(&output).exists());
    let hello = shown(place.plugins().join("hello.so"));
    let ended = end(solti_host().args(["pack", &hello, &hello, "-o", &output]));
    let said = format!("error: {hello} and {hello} are both the plugin hello\n");
    assert_eq!((ended.stderr, ended.code), (said, Some(2)));
}
