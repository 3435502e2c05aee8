//! Files that somebody vouches for: digests and signatures.

use std::fs;
use std::path::Path;

use minisign::KeyPair;
use solti_plugin_host::inspect::Digest;
use solti_plugin_host::{PluginLoader, RunnerRouter};
use tempfile::TempDir;

use crate::support::{self, complaints};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn loaded(loader: &PluginLoader, directory: &Path) -> usize {
    let report = loader
        .load_dir(directory, &mut RunnerRouter::new())
        .unwrap();
    report.loaded().len()
}

/// Lists files of a directory as `sha256sum` does.
fn list(directory: &TempDir, names: &[&str]) {
    let lines: String = names
        .iter()
        .map(|name| {
            let bytes = fs::read(directory.path().join(name)).unwrap();
            format!("{}  {name}\n", Digest::of(&bytes))
        })
        .collect();
    fs::write(directory.path().join("SHA256SUMS"), lines).unwrap();
}

#[test]
fn a_list_of_digests_is_binding() {
    let directory = support::directory_with(&["hello", "specimen"]);
    list(&directory, &["hello.so", "specimen.so"]);
    assert_eq!(loaded(&PluginLoader::new(), directory.path()), 2);

    list(&directory, &["hello.so"]);
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "specimen.so: rejected at vouch: SHA256SUMS does not list it: \
          add it with sha256sum if it is meant to be there"
        ]
    );

    let mut bytes = fs::read(directory.path().join("hello.so")).unwrap();
    let listed = Digest::of(&bytes);
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(directory.path().join("hello.so"), &bytes).unwrap();
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path())[0],
        format!(
            "hello.so: rejected at vouch: SHA256SUMS has {listed} for hello.so, the file has {}: \
             copy the file again, or update the list if the change is meant",
            Digest::of(&bytes)
        )
    );
}

#[test]
fn a_list_or_a_sidecar_that_is_a_link_to_nothing_lets_nothing_through() {
    let directory = support::directory_with(&["hello", "specimen"]);
    let link = |name: &str| {
        std::os::unix::fs::symlink("/mnt/not/mounted", directory.path().join(name)).unwrap();
    };
    link("hello.toml");
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at discover: its sidecar hello.toml cannot be used: a link to \
          /mnt/not/mounted, which is not there; point it to a file or remove it"
        ]
    );
    link("SHA256SUMS");
    assert_eq!(loaded(&PluginLoader::new(), directory.path()), 0);
}

#[test]
fn a_list_that_is_required_and_removed_lets_nothing_through() {
    let directory = support::directory_with(&["hello"]);
    let loader = PluginLoader::new().require_sums();
    assert_eq!(
        complaints(&loader, directory.path()),
        [
            "hello.so: rejected at vouch: there is no SHA256SUMS, and this host loads listed plugins \
             only: put the list back, or write one with sha256sum"
        ]
    );
    list(&directory, &["hello.so"]);
    assert_eq!(loaded(&loader, directory.path()), 1);
}

#[test]
fn a_key_that_others_can_change_or_that_never_ends_is_not_believed() {
    use std::os::unix::fs::PermissionsExt as _;

    let keys = KeyPair::generate_unencrypted_keypair().unwrap();
    let place = tempfile::tempdir().unwrap();
    let key = place.path().canonicalize().unwrap().join("key.pub");
    fs::write(&key, keys.pk.to_box().unwrap().to_string()).unwrap();
    let chmod = |path: &std::path::Path, mode| {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    };
    let read = |key: &std::path::Path| match PluginLoader::new().public_key_file(key) {
        Ok(_) => String::new(),
        Err(err) => err.to_string(),
    };
    chmod(&key, 0o644);
    assert_eq!(read(&key), "");
    chmod(&key, 0o666);
    assert_eq!(
        read(&key),
        "the file can be changed by everybody (mode 0666): chmod go-w it, or trust all who can change \
         it (PluginLoader::trust_writable)"
    );
    chmod(&key, 0o644);
    chmod(place.path(), 0o777);
    assert!(read(&key).contains("can be changed by everybody (mode 0777)"));
    chmod(place.path(), 0o700);
    assert_eq!(
        read(std::path::Path::new("/dev/zero")),
        "a device, expected a regular file: put a regular file in its place"
    );
    let pipe = place.path().join("pipe");
    assert!(
        std::process::Command::new("mkfifo")
            .arg(&pipe)
            .status()
            .unwrap()
            .success()
    );
    assert_eq!(
        read(&pipe),
        "a FIFO, expected a regular file: put a regular file in its place"
    );
    fs::write(&key, "x".repeat(5_000)).unwrap();
    assert_eq!(
        read(&key),
        "the file has 5,000 bytes, the host reads 4,096 at most: put the right file in its place"
    );
}

#[test]
fn a_list_that_cannot_be_read_lets_nothing_through() {
    let directory = support::directory_with(&["hello"]);
    fs::write(directory.path().join("SHA256SUMS"), "hello.so\n").unwrap();
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at vouch: line 1 of SHA256SUMS is not one that sha256sum writes: \
          \"hello.so\"; write it anew with sha256sum, or remove it"
        ]
    );
    fs::write(directory.path().join("SHA256SUMS"), "").unwrap();
    assert_eq!(loaded(&PluginLoader::new(), directory.path()), 0);
}

#[test]
fn a_sidecar_that_is_listed_must_be_the_one_that_is_listed() {
    let directory = support::directory_with(&["hello"]);
    fs::write(directory.path().join("hello.toml"), "enabled = true\n").unwrap();
    list(&directory, &["hello.so", "hello.toml"]);
    assert_eq!(loaded(&PluginLoader::new(), directory.path()), 1);
    fs::write(directory.path().join("hello.toml"), "[labels]\na = \"b\"\n").unwrap();
    let complaints = complaints(&PluginLoader::new(), directory.path());
    assert!(
        complaints[0].starts_with("hello.so: rejected at vouch: SHA256SUMS has ")
            && complaints[0].contains(" for hello.toml, the file has "),
        "{complaints:?}"
    );
    fs::remove_file(directory.path().join("hello.toml")).unwrap();
    assert_eq!(
        support::complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at vouch: SHA256SUMS lists hello.toml, which is not there: put it \
             back, or take it off the list"
        ]
    );
}

/// A key pair whose public half a loader has.
fn keys() -> (KeyPair, PluginLoader) {
    let keys = KeyPair::generate_unencrypted_keypair().unwrap();
    let text = keys.pk.to_box().unwrap().to_string();
    let loader = PluginLoader::new().public_key(&text).unwrap();
    (keys, loader)
}

/// Signs a file as `minisign -S -t COMMENT` does.
fn sign(keys: &KeyPair, file: &Path, comment: &str) {
    let bytes = fs::read(file).unwrap();
    let signature = minisign::sign(
        Some(&keys.pk),
        &keys.sk,
        bytes.as_slice(),
        Some(comment),
        None,
    )
    .unwrap();
    let mut path = file.as_os_str().to_owned();
    path.push(".minisig");
    fs::write(path, signature.to_string()).unwrap();
}

#[test]
fn a_host_with_a_key_loads_what_is_signed_for_this_plugin_and_version_and_nothing_else() {
    let directory = support::directory_with(&["hello"]);
    let file = directory.path().join("hello.so");
    let (keys, loader) = keys();
    assert_eq!(
        complaints(&loader, directory.path()),
        [
            "hello.so: rejected at vouch: not signed: there is no hello.so.minisig, and this host \
          loads signed plugins only; get the signature that belongs to this file"
        ]
    );

    sign(&keys, &file, &format!("hello {VERSION}"));
    assert_eq!(loaded(&loader, directory.path()), 1);

    for comment in ["hello 0.0.9", "hello", &format!("other {VERSION}")] {
        sign(&keys, &file, comment);
        assert_eq!(
            complaints(&loader, directory.path()),
            [format!(
                "hello.so: rejected at vouch: its signature is for \"{comment}\", expected a \
                 trusted comment that begins with \"hello {VERSION}\": \
                 sign it with minisign -S -t \"NAME VERSION\""
            )]
        );
    }
}

#[test]
fn a_signature_that_does_not_hold_says_why() {
    let directory = support::directory_with(&["hello"]);
    let file = directory.path().join("hello.so");
    let (keys, loader) = keys();
    let refused = |reason: &str| {
        assert_eq!(
            complaints(&loader, directory.path()),
            [format!(
                "hello.so: rejected at vouch: its signature hello.so.minisig does not hold: \
                 {reason}; get the signature that belongs to this file"
            )]
        );
    };
    let (other, _) = self::keys();
    sign(&other, &file, &format!("hello {VERSION}"));
    refused("it was made with a key that this host does not have");

    sign(&keys, &file, &format!("hello {VERSION}"));
    let signature = directory.path().join("hello.so.minisig");
    let good = fs::read(&signature).unwrap();
    let mut bytes = fs::read(&file).unwrap();
    let last = bytes.len() - 1;
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();
    refused("it is not the signature of this file");
    bytes[last] ^= 1;
    fs::write(&file, &bytes).unwrap();
    assert_eq!(loaded(&loader, directory.path()), 1);

    // The comment is signed, too.
    let comment = format!("hello {VERSION}");
    let forged = support::replaced(&good, comment.as_bytes(), b"hello 9.9.9");
    fs::write(&signature, forged).unwrap();
    refused("it is not the signature of this file");

    fs::write(&signature, "trust me\n").unwrap();
    refused("it is not a minisign signature");
}

#[test]
fn several_keys_are_tried_and_what_is_none_is_refused() {
    let directory = support::directory_with(&["hello"]);
    let (keys, loader) = keys();
    let (other, _) = self::keys();
    let base64 = other.pk.to_base64();
    let loader = loader.public_key(&base64).unwrap();
    for keys in [keys, other] {
        let comment = format!("hello {VERSION} and a word more");
        sign(&keys, &directory.path().join("hello.so"), &comment);
        assert_eq!(loaded(&loader, directory.path()), 1);
    }
    let err = PluginLoader::new().public_key("no key").err().unwrap();
    assert_eq!(
        err.to_string(),
        "not a minisign public key: expected the content of a .pub file or its second line"
    );
}
