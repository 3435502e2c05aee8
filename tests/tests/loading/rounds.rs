//! What round after round of refusals leaves behind: nothing.

use std::fs;
use std::time::Duration;

use serde_json::json;
use solti_plugin_host::inspect::Digest;
use solti_plugin_host::{PluginLoader, RunnerRouter, Stage};

use crate::elf::Elf;
use crate::support;

/// Descriptors, threads and children of this process.
fn held() -> [usize; 3] {
    let count = |path: &str| fs::read_dir(path).unwrap().count();
    let children = fs::read_dir("/proc/self/task").unwrap().map(|thread| {
        let path = thread.unwrap().path().join("children");
        // Not every kernel tells.
        let text = fs::read_to_string(path).unwrap_or_default();
        text.split_whitespace().count()
    });
    [
        count("/proc/self/fd"),
        count("/proc/self/task"),
        children.sum(),
    ]
}

#[test]
fn rounds_of_refusals_leave_no_descriptor_no_thread_and_no_child() {
    const TEST: &str = "rounds::rounds_of_refusals_leave_no_descriptor_no_thread_and_no_child";
    // In a process in which nothing else opens or starts anything meanwhile.
    if !support::alone(TEST, |_| {}) {
        return;
    }
    let directory = support::directory_with(&[]);
    let good = fs::read(e2e::plugin("hello")).unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(directory.path().join(name), bytes).unwrap();
    write("cut.so", &good[..100_000]);
    write("empty.so", b"");
    write("text.so", b"no library");
    write("unlisted.so", &good[..1_000]);
    write("open.so", &good[..1_000]);
    let others = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    fs::set_permissions(directory.path().join("open.so"), others).unwrap();
    std::os::unix::fs::symlink("nowhere", directory.path().join("nowhere.so")).unwrap();
    write("broken.toml", b"enabled = 3");
    write("broken.so", &good[..1_000]);
    // Refused when it is staged already.
    let unbound = support::replaced(&good, b"\0eventfd\0", b"\0eventfx\0");
    let unbound = Elf(unbound).stripped().0;
    write("unbound.so", &unbound);
    let sums = format!("{}  unbound.so\n", Digest::of(&unbound));
    write("SHA256SUMS", sums.as_bytes());
    let round = || {
        let report = PluginLoader::new()
            .load_dir(directory.path(), &mut RunnerRouter::new())
            .unwrap();
        assert_eq!(report.rejected().len(), 8, "{report}");
    };
    round();
    let report = PluginLoader::new()
        .load_dir(directory.path(), &mut RunnerRouter::new())
        .unwrap();
    let stages = report.rejected().iter().map(|it| it.error.stage());
    assert!(stages.into_iter().any(|stage| stage == Stage::Open));
    leaves_nothing(|_| round());
    leaves_nothing(rounds_with_probes());
}

fn leaves_nothing(mut round: impl FnMut(usize)) {
    let rounds = e2e::times(50, 1_000);
    round(rounds);
    let before = settled();
    for number in 0..rounds {
        round(number);
    }
    assert_eq!(settled(), before);
}

/// What is held once nothing of it has changed for a while: the system still lists a thread for a
/// moment that has ended and was waited for.
fn settled() -> [usize; 3] {
    let mut last = held();
    loop {
        std::thread::sleep(Duration::from_millis(200));
        let now = held();
        if now == last {
            return now;
        }
        last = now;
    }
}

/// Each round starts a process for each of three plugins: one dies of it, one does not open, one does
/// not like its configuration.
fn rounds_with_probes() -> impl FnMut(usize) {
    let directory = support::directory_with(&[]);
    // Without their symbols they are read, copied and digested in a tenth of the time.
    let write = |name: &str, bytes: Vec<u8>| {
        fs::write(directory.path().join(name), Elf(bytes).stripped().0).unwrap();
    };
    let good = fs::read(e2e::plugin("hello")).unwrap();
    let unbound = support::replaced(&good, b"\0eventfd\0", b"\0eventfx\0");
    // Its file does not say what can be set: only its constructor does.
    write("config.so", fs::read(e2e::plugin("specimen")).unwrap());
    write("killed.so", e2e::hostile("abort"));
    write("unbound.so", unbound);
    move |number| {
        // Another limit each time: what is known of a file would not be tried again.
        let limit = Duration::from_secs(60) + Duration::from_millis(number as u64);
        let report = PluginLoader::new()
            .probe_with(e2e::solti_host())
            .probe_time(limit)
            .config("specimen", json!({ "fail": "told to" }))
            .unwrap()
            .check(directory.path())
            .unwrap();
        let codes: Vec<_> = report.rejected().iter().map(|it| it.error.code()).collect();
        assert_eq!(codes, ["refused_by_plugin", "killed", "refused_by_system"]);
    }
}
