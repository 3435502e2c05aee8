//! Which entries of a directory are taken for plugins, and that none of them blocks or kills the
//! host.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::Path;
use std::sync::mpsc::channel;

use rustix::fs::{CWD, Mode};
use solti_plugin_host::{PluginLoader, RunnerRouter};

use crate::support::{self, Host, SOON, complaints};

/// Loads a directory, which must not take long.
fn complaints_soon(loader: PluginLoader, directory: &Path) -> Vec<String> {
    let (sender, answer) = channel();
    let directory = directory.to_owned();
    std::thread::spawn(move || sender.send(complaints(&loader, &directory)));
    answer.recv_timeout(SOON).expect("nothing blocks")
}

#[test]
fn what_somebody_is_not_done_with_is_left_alone() {
    let directory = support::directory_with(&["hello"]);
    for name in [
        ".hello.so",
        ".x",
        "a.so.tmp",
        "b.tmp",
        "c.so.dpkg-new",
        "d.so~",
        "e.so.swp",
        "f.so.part",
        "README",
        "g.so.1",
    ] {
        fs::copy(
            directory.path().join("hello.so"),
            directory.path().join(name),
        )
        .unwrap();
    }
    let temporary = |name: &str, suffix: &str| {
        format!("{name}: skipped: a temporary name ({suffix}): rename it to load it")
    };
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            ".hello.so: skipped: a hidden name: rename it to load it".to_owned(),
            ".x: skipped: a hidden name: rename it to load it".to_owned(),
            temporary("a.so.tmp", ".tmp"),
            temporary("b.tmp", ".tmp"),
            temporary("c.so.dpkg-new", ".dpkg-new"),
            temporary("d.so~", "~"),
            temporary("e.so.swp", ".swp"),
            temporary("f.so.part", ".part"),
        ]
    );
}

#[test]
fn what_is_no_regular_file_neither_blocks_nor_acts() {
    let directory = support::directory_with(&[]);
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("directory.so")).unwrap();
    rustix::fs::mknodat(
        CWD,
        path("fifo.so"),
        rustix::fs::FileType::Fifo,
        Mode::from(0o600),
        0,
    )
    .unwrap();
    let _socket = UnixListener::bind(path("socket.so")).unwrap();
    symlink("/dev/zero", path("device.so")).unwrap();
    symlink("nowhere.so", path("dangling.so")).unwrap();
    symlink("loop.so", path("loop.so")).unwrap();
    // One after the other, without an end and more than the system follows.
    for at in 1..60 {
        symlink(format!("chain{}", at + 1), path(&format!("chain{at}"))).unwrap();
    }
    fs::write(path("chain60"), "").unwrap();
    symlink("chain1", path("chain.so")).unwrap();
    assert_eq!(
        complaints_soon(PluginLoader::new(), directory.path()),
        [
            "chain.so: rejected at discover: a link to chain1, from where more links lead on than \
             the system follows: point it to the file itself",
            "dangling.so: rejected at discover: a link to nowhere.so, which is not there: \
             point it to a file or remove it",
            "device.so: rejected at discover: a device, expected a regular file: \
             move it out of the plugin directory",
            "directory.so: rejected at discover: a directory, expected a regular file: \
             move it out of the plugin directory",
            "fifo.so: rejected at discover: a FIFO, expected a regular file: \
             move it out of the plugin directory",
            "loop.so: rejected at discover: a link to loop.so, which leads back to it: \
             point it to a file or remove it",
            "socket.so: rejected at discover: a socket, expected a regular file: \
             move it out of the plugin directory",
        ]
    );
}

#[test]
fn a_link_to_itself_in_the_place_of_a_sidecar_is_named_as_one() {
    let directory = support::directory_with(&["hello"]);
    let sidecar = directory.path().join("hello.toml");
    let unusable = "hello.so: rejected at discover: its sidecar hello.toml cannot be used: ";
    let complaint = |target: &str| {
        fs::remove_file(&sidecar).ok();
        symlink(target, &sidecar).unwrap();
        complaints_soon(PluginLoader::new(), directory.path())
    };
    assert_eq!(
        complaint("hello.toml"),
        [format!(
            "{unusable}a link to hello.toml, which leads back to it; point it to a file or remove it"
        )]
    );
    symlink("two", directory.path().join("one")).unwrap();
    symlink("one", directory.path().join("two")).unwrap();
    assert_eq!(
        complaint("one"),
        [format!(
            "{unusable}a link to one, which leads back to it; point it to a file or remove it"
        )]
    );
    for at in 0..60 {
        let to = format!("chain{}", at + 1);
        symlink(to, directory.path().join(format!("chain{at}"))).unwrap();
    }
    fs::write(directory.path().join("chain60"), "").unwrap();
    assert_eq!(
        complaint("chain0"),
        [format!(
            "{unusable}a link to chain0, from where more links lead on than the system follows; \
             point it to the file itself"
        )]
    );
}

#[test]
fn a_fifo_in_the_place_of_a_sidecar_or_of_the_digests_does_not_block() {
    let directory = support::directory_with(&["hello", "specimen"]);
    for name in ["hello.toml", "SHA256SUMS"] {
        let path = directory.path().join(name);
        rustix::fs::mknodat(CWD, path, rustix::fs::FileType::Fifo, Mode::from(0o600), 0).unwrap();
    }
    assert_eq!(
        complaints_soon(PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at discover: its sidecar hello.toml cannot be used: \
             a FIFO, expected a regular file; put a regular file in its place",
            "specimen.so: rejected at vouch: SHA256SUMS cannot be used: \
             a FIFO, expected a regular file; put a regular file in its place",
        ]
    );
}

#[test]
fn a_link_inside_the_directory_is_the_same_plugin_once_under_the_name_of_the_file_itself() {
    let directory = support::directory_with(&["hello"]);
    symlink("hello.so", directory.path().join("10-first.so")).unwrap();
    fs::hard_link(
        directory.path().join("hello.so"),
        directory.path().join("zz.so"),
    )
    .unwrap();
    fs::write(directory.path().join("10-first.toml"), "enabled = false\n").unwrap();
    let host = Host::load(directory, PluginLoader::new());
    let loaded: Vec<_> = host.report.loaded().iter().map(|it| &it.file).collect();
    assert_eq!(loaded, ["hello.so"]);
    let skipped: Vec<_> = host.report.skipped().iter().collect();
    let reasons: Vec<_> = skipped.iter().map(|it| it.reason.to_string()).collect();
    assert_eq!(
        reasons,
        ["the same file as hello.so", "the same file as hello.so"]
    );
}

#[test]
fn a_link_does_not_get_a_plugin_past_the_sidecar_that_disables_it() {
    let directory = support::directory_with(&["hello"]);
    symlink("hello.so", directory.path().join("10-first.so")).unwrap();
    fs::write(directory.path().join("hello.toml"), "enabled = false\n").unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert!(host.report.loaded().is_empty(), "{}", host.report);
}

#[test]
fn links_to_a_file_that_is_no_plugin_by_its_own_name_are_one_plugin() {
    let directory = support::directory_with(&["hello"]);
    let at = |name: &str| directory.path().join(name);
    fs::rename(at("hello.so"), at("hello-1.2")).unwrap();
    symlink("hello-1.2", at("hello.so")).unwrap();
    symlink("hello-1.2", at("newest.so")).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    let loaded: Vec<_> = host.report.loaded().iter().map(|it| &it.file).collect();
    assert_eq!(loaded, ["hello.so"]);
    let reason = host.report.skipped()[0].reason.to_string();
    assert_eq!(reason, "the same file as hello.so");
}

#[test]
fn a_sidecar_under_a_mistyped_name_is_not_ignored_without_a_word() {
    let directory = support::directory_with(&["hello"]);
    fs::write(directory.path().join("helo.toml"), "enabled = false\n").unwrap();
    fs::write(directory.path().join("hello.toml"), "").unwrap();
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [
            "helo.toml: skipped: a sidecar of helo.so, which is not there: name it as the plugin's \
             file is named"
        ]
    );
}

#[test]
fn a_link_that_leaves_the_directory_is_followed_only_when_it_is_allowed() {
    let elsewhere = support::directory_with(&["hello"]);
    let target = elsewhere.path().join("hello.so");
    let directory = support::directory_with(&[]);
    symlink(&target, directory.path().join("hello.so")).unwrap();
    assert_eq!(
        complaints(&PluginLoader::new(), directory.path()),
        [format!(
            "hello.so: rejected at admit: a link that leads out of the plugin directory, to {}: \
             put the file itself there, or follow such links (PluginLoader::allow_links_outside)",
            target.display()
        )]
    );
    let report = PluginLoader::new()
        .allow_links_outside()
        .load_dir(directory.path(), &mut RunnerRouter::new())
        .unwrap();
    assert_eq!(report.loaded().len(), 1, "{report}");
}

#[test]
fn a_name_that_is_no_text_loads_and_is_printed_escaped() {
    let directory = support::directory_with(&["hello"]);
    let from = directory.path().join("hello.so");
    let name = OsStr::from_bytes(b"h\xffllo\n.so");
    fs::rename(from, directory.path().join(name)).unwrap();
    fs::write(directory.path().join(OsStr::from_bytes(b"\xfe.so")), "").unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert_eq!(host.report.loaded()[0].file, "h\\xffllo\\n.so");
    assert_eq!(
        host.report.rejected()[0].to_string(),
        "\\xfe.so: rejected at inspect: not a shared library: the file is empty; \
         move it out of the plugin directory"
    );
}
