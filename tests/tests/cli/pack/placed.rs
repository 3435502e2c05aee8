//! Whatever happens while plugins are put in place, there is the old version or the new one.

use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::{NEXT, OTHER, assert_good, installed, names, pack, version};
use crate::serve::Serving;
use crate::{Place, end, shell, shown, solti_host};

fn start(place: &Place, packed: &std::path::Path) -> std::process::Child {
    let mut command = solti_host();
    command.arg("install").arg(packed).arg(place.plugins());
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

#[test]
fn an_installation_that_is_killed_leaves_the_old_version_or_the_new_one_and_another_ends_it() {
    let place = Place::with(&[]);
    let packs = [
        pack(&place, "hello", &[], &[]),
        pack(&place, "hello", &[NEXT], &[]),
    ];
    installed(&place, &packs[0]);
    for round in 0..e2e::times(40, 400) {
        let packed = &packs[(round + 1) % 2];
        let mut child = start(&place, packed);
        // From before it has begun to after its end.
        thread::sleep(Duration::from_millis(5 * (round as u64 % 20)));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_good(&place, 1);
        if round % 10 == 0 {
            installed(&place, packed);
            assert_eq!(
                version(&place, "hello"),
                ["0.1.0", "0.1.1"][(round + 1) % 2]
            );
        }
    }
    installed(&place, &packs[0]);
    assert_good(&place, 1);
    let generations = names(&place.plugins());
    let generations = generations.iter().filter(|it| it.starts_with("..solti"));
    assert_eq!(generations.count(), 2, "the link, and what it leads to");
}

#[test]
fn installations_at_the_same_time_lose_nothing_of_each_other() {
    let place = Place::with(&[]);
    let packs = [
        pack(&place, "hello", &[], &[]),
        pack(&place, "subprocess", &[], &[]),
        pack(&place, "hello", &[NEXT], &[]),
    ];
    for _ in 0..e2e::times(3, 30) {
        let all: Vec<_> = packs.iter().map(|it| start(&place, it)).collect();
        for mut child in all {
            assert_eq!(child.wait().unwrap().code(), Some(0));
        }
        assert_good(&place, 2);
    }
}

/// Runs a script of the shell, as root of mounts of its own.
#[cfg(target_os = "linux")]
fn with_mounts(script: &str) -> crate::Ended {
    let mut command = Command::new("unshare");
    end(command.args(["-m", "sh", "-e", "-c", script]))
}

#[test]
#[cfg(target_os = "linux")]
fn a_directory_that_is_full_or_read_only_is_left_as_it_was() {
    if !e2e::may_mount() {
        return;
    }
    let place = Place::with(&[]);
    let packed = shown(pack(&place, "hello", &[], &[]));
    let directory = shown(place.plugins().canonicalize().unwrap());
    let program = shown(e2e::solti_host());
    let install = format!("{program} install {packed} {directory} && exit 9; ls -A {directory}");
    for (mount, said) in [
        (
            format!("mount -t tmpfs -o size=64k,mode=755 none {directory}"),
            format!(
                "error: {directory}/..solti-1/hello.so cannot be written: No space left on device (os \
                 error 28)\n"
            ),
        ),
        (
            format!("mount -t tmpfs -o ro,mode=755 none {directory}"),
            format!(
                "error: {directory}/..solti-1 cannot be made: Read-only file system (os error 30)\n"
            ),
        ),
    ] {
        let ended = with_mounts(&format!("{mount}; {install}"));
        assert_eq!(
            (ended.stderr.as_str(), ended.stdout.as_str()),
            (said.as_str(), "")
        );
    }
}

#[test]
fn a_service_takes_what_is_installed_and_loses_nothing() {
    let place = Place::with(&[]);
    installed(&place, &pack(&place, "subprocess", &[], &[]));
    let next = pack(&place, "subprocess", &[OTHER], &[]);
    let serving = Serving::start(&place, &["--require-sums"]);
    let digest_now = || serving.get("/v1/plugins").json()["plugins"][0]["sha256"].clone();
    let first = digest_now();
    let long = serving.submit(&shell("long", "read line < gate || sleep 2; echo done"));
    for round in 0..4 {
        let before = digest_now();
        if round == 0 {
            installed(&place, &next);
        } else {
            let ended = super::rollback(&place, "subprocess");
            assert_eq!(ended.code, Some(0), "{ended:?}");
        }
        let began = std::time::Instant::now();
        while digest_now() == before {
            assert!(began.elapsed() < crate::SOON);
            thread::sleep(Duration::from_millis(5));
        }
        let task = serving.submit(&shell(&format!("t{round}"), "echo now"));
        assert_eq!(serving.ended(&task)["phase"], "succeeded");
    }
    assert_eq!(digest_now(), first, "there and back twice");
    assert_eq!(serving.ended(&long)["phase"], "succeeded");
}
