//! Directories with more in them than packs have brought.

use std::fs;
use std::os::unix::fs::symlink;

use super::{NEXT, assert_good, digest, install, installed, names, pack, rollback, version};
use crate::{Place, end, shown, solti_host};

#[test]
fn files_that_were_copied_there_are_replaced_and_kept_and_all_others_stay() {
    let place = Place::with(&["hello", "subprocess"]);
    let at = |name: &str| place.plugins().join(name);
    let line = |name: &str| format!("{}  {name}\n", digest(&fs::read(at(name)).unwrap()));
    let list = format!("# of ours\n{}{}", line("subprocess.so"), line("hello.so"));
    fs::write(at("SHA256SUMS"), &list).unwrap();
    fs::write(at("hello.toml"), "[labels]\nzone = \"eu\"\n").unwrap();
    let original = fs::read(at("hello.so")).unwrap();
    let packed = pack(&place, "hello", &[NEXT], &[]);
    let report = installed(&place, &packed);
    assert_eq!(report["sums"], "updated");
    assert_eq!(report["plugins"][0]["replaces"]["version"], "0.1.0");
    assert_eq!(version(&place, "hello"), "0.1.1");
    assert_good(&place, 2);
    let now = fs::read_to_string(at("SHA256SUMS")).unwrap();
    let expected = format!("# of ours\n{}{}", line("subprocess.so"), line("hello.so"));
    assert_eq!(now, expected);
    assert_eq!(
        fs::read_to_string(at("hello.toml")).unwrap(),
        "[labels]\nzone = \"eu\"\n"
    );

    assert_eq!(rollback(&place, "hello").code, Some(0));
    assert!(fs::read(at("hello.so")).unwrap() == original);
    assert_eq!(fs::read_to_string(at("SHA256SUMS")).unwrap(), list);
    assert_good(&place, 2);
    let ended = rollback(&place, "hello");
    assert!(ended.stdout.contains(": hello 0.1.1 ("), "{ended:?}");
    assert_eq!(version(&place, "hello"), "0.1.1");
    assert_good(&place, 2);

    // What somebody does by hand counts.
    fs::remove_file(at("hello.so")).unwrap();
    fs::write(at("hello.so"), &original).unwrap();
    fs::write(at("SHA256SUMS"), &list).unwrap();
    assert_good(&place, 2);
    installed(&place, &pack(&place, "hello", &[NEXT], &[]));
    assert_eq!(version(&place, "hello"), "0.1.1");
    assert_good(&place, 2);
    let ended = rollback(&place, "subprocess");
    let said = format!(
        "error: {} keeps no earlier version of subprocess; one is kept when `solti-host install` \
         replaces it\n",
        shown(place.plugins().canonicalize().unwrap())
    );
    assert_eq!((ended.stderr, ended.code), (said, Some(2)));
}

#[test]
fn no_list_is_begun_that_would_refuse_what_is_there_already() {
    let place = Place::with(&["subprocess"]);
    let report = installed(&place, &pack(&place, "hello", &[], &[]));
    assert_eq!(report["sums"], "none");
    assert!(!place.plugins().join("SHA256SUMS").exists());
    let ended = end(solti_host()
        .args(["check", "--no-probe"])
        .arg(place.plugins()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let place = Place::with(&["hello"]);
    let packed = pack(&place, "hello", &[NEXT], &[]);
    let directory = shown(place.plugins().canonicalize().unwrap());
    let ended = install(&place, &packed, &["--dry-run"]);
    assert_eq!(
        ended.stdout,
        format!(
            "{directory}/hello.so: hello 0.1.1 replaces 0.1.0, which is kept for `solti-host rollback \
             {directory} hello`; not signed\n\
             {directory}/SHA256SUMS: none, and none is begun, which would refuse the other plugins\n\
             nothing was changed (--dry-run)\n"
        )
    );
    assert_eq!(ended.code, Some(0));
    assert_eq!(names(&place.plugins()), ["hello.so"]);
    assert_eq!(version(&place, "hello"), "0.1.0");
}

#[test]
fn what_has_the_name_of_a_plugin_and_was_not_installed_is_not_replaced() {
    let place = Place::with(&["hello"]);
    let directory = place.plugins().canonicalize().unwrap();
    let packed = pack(&place, "hello", &[NEXT], &[]);
    fs::rename(directory.join("hello.so"), directory.join("10-hello.so")).unwrap();
    let ended = install(&place, &packed, &[]);
    let said = format!(
        "error: {}/10-hello.so is the plugin hello already; remove it, or rename it to hello.so\n",
        shown(&directory)
    );
    assert_eq!((ended.stderr, ended.code), (said, Some(2)));
    fs::rename(directory.join("10-hello.so"), directory.join("hello-1")).unwrap();
    symlink("hello-1", directory.join("hello.so")).unwrap();
    let ended = install(&place, &packed, &[]);
    let said = format!(
        "error: {}/hello.so is a link to hello-1, which was not installed; remove it, or install into \
         another directory\n",
        shown(&directory)
    );
    assert_eq!((ended.stderr, ended.code), (said, Some(2)));
    assert_eq!(names(&directory), ["hello-1", "hello.so"]);
}
