//! Machines that lack something, or forbid it: that is what is reported, and not that the plugin is
//! bad.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use rustix::process::getuid;
use serde_json::Value;
use solti_plugin_host::PluginLoader;
use tempfile::TempDir;

use super::place::Place;
use crate::support;

/// A user that nothing else on this machine runs as.
const SOMEBODY: &str = "54321";

/// What `check` says of a directory when it is run by `wrapper`, a program and its arguments.
fn check(wrapper: &[&str], program: &Path, arguments: &[&str], directory: &Path) -> Value {
    let output = Command::new(wrapper[0])
        .args(&wrapper[1..])
        .arg(program)
        .args(["check", "--json"])
        .args(arguments)
        .arg(directory)
        .env_remove("SOLTI_STATE")
        .current_dir("/")
        .output()
        .unwrap();
    serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|err| panic!("{err}: {}", String::from_utf8_lossy(&output.stderr)))
}

/// The one reason for which a plugin is rejected.
fn reason(report: &Value) -> &str {
    let rejected = report["rejected"].as_array().unwrap();
    assert_eq!(rejected.len(), 1, "{report}");
    assert_eq!(rejected[0]["stage"], "probe", "{report}");
    rejected[0]["reason"].as_str().unwrap()
}

/// A shell that mounts in a namespace of its own before it runs its arguments.
fn mounting(mount: &str) -> [String; 6] {
    let script = format!("{mount} && exec \"$@\"");
    ["unshare", "-m", "sh", "-c", &script, "sh"].map(str::to_owned)
}

/// As systemd's MemoryDenyWriteExecute= has it. What is started inherits it.
#[cfg(target_arch = "x86_64")]
const DENYING: [&str; 3] = [
    "perl",
    "-e",
    "syscall(157, 65, 1, 0, 0, 0) == 0 or exit 77; exec @ARGV",
];

/// What the machine denies is not what it has too little of: nobody is sent to look for memory.
#[test]
#[cfg(target_arch = "x86_64")]
fn code_that_the_memory_policy_denies_is_not_a_lack_of_memory() {
    use crate::elf::{Elf, PT_LOAD};
    let can = Command::new(DENYING[0])
        .args([DENYING[1], DENYING[2], "true"])
        .status();
    if !can.is_ok_and(|status| status.success()) {
        e2e::skip("no denied mapping: it needs perl, and Linux 6.3");
        return;
    }
    let place = Place(support::directory_with(&["hello"]));
    // What others ask for is not denied.
    let report = check(&DENYING, e2e::solti_host(), &[], place.path());
    assert_eq!(report["passed"][0]["file"], "hello.so", "{report}");
    let file = place.path().join("hello.so");
    let mut elf = Elf(fs::read(&file).unwrap());
    let code = elf
        .segments()
        .find(|at| (elf.number(*at, 4), elf.number(*at + 4, 4)) == (PT_LOAD, 5))
        .unwrap();
    // To be read, written to and executed.
    elf.set(code + 4, 4, 7);
    fs::write(&file, &elf.0).unwrap();
    let report = check(&["env"], e2e::solti_host(), &[], place.path());
    assert_eq!(report["passed"][0]["file"], "hello.so", "{report}");
    let denied = "the system cannot load it: it has code that can be written to: failed to map segment \
                  from shared object: Permission denied; build it without such code, or have the \
                  system's policy (SELinux, MemoryDenyWriteExecute) let the host map it";
    let report = check(&DENYING, e2e::solti_host(), &[], place.path());
    // The result of a probe that passed is not there in another process.
    assert_eq!(reason(&report), denied);
    let mut list = Command::new(DENYING[0]);
    list.args(&DENYING[1..]).arg(e2e::solti_host());
    list.args(["list", "--json", "--no-probe"])
        .arg(place.path());
    let output = list.env_remove("SOLTI_STATE").output().unwrap();
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["rejected"][0]["reason"], denied);
}

#[test]
fn a_host_that_may_open_few_files_probes_all_the_same() {
    let place = Place::new();
    let wrapper = ["prlimit", "--nofile=40"];
    let report = check(&wrapper, e2e::solti_host(), &[], place.path());
    assert_eq!(report["passed"][0]["probe"]["result"], "passed", "{report}");
}

#[test]
fn a_host_without_descriptors_for_a_probe_says_so() {
    let place = Place::new();
    let mut found = 0;
    for limit in 6..20 {
        let wrapper = ["prlimit", &format!("--nofile={limit}")];
        let report = check(&wrapper, e2e::solti_host(), &[], place.path());
        if report["rejected"][0]["code"] == "probe_not_run" {
            found += 1;
            assert_eq!(
                reason(&report),
                "the probe program /proc/self/exe cannot be run: Too many open files (os error \
                 24); raise the host's limit on open files (ulimit -n), then try again"
            );
        }
    }
    assert!(found > 0);
}

#[test]
fn a_host_without_processes_for_a_probe_or_its_threads_says_so() {
    if !getuid().is_root() {
        e2e::skip("only root can become a user without processes");
        return;
    }
    let place = Place(support::directory_with(&[])).with("a-hostile", "thread");
    let programs = readable_by_all(&place);
    let program = programs.path().join("solti-host");
    let advice = "; raise the host's limit on processes and threads (ulimit -u, pids.max), then \
                  try again";
    let with_processes = |number: u32| {
        let limit = format!("--nproc={number}");
        let user = format!("--reuid={SOMEBODY}");
        let wrapper = ["prlimit", &limit, "setpriv", &user, "--clear-groups"];
        check(&wrapper, &program, &[], place.path())
    };
    assert_eq!(
        reason(&with_processes(1)),
        format!(
            "the probe program /proc/self/exe cannot be run: Resource temporarily unavailable (os \
             error 11){advice}"
        )
    );
    // The host, its one worker, the process between where there is one left for it, the probe; and no
    // thread for the plugin.
    for number in [3, 4] {
        let report = with_processes(number);
        let reason = reason(&report);
        let begins = "the probe process was killed by signal 6 (SIGABRT) after printing: \
                      thread '";
        assert!(reason.starts_with(begins), "{reason}");
        assert!(reason.ends_with(advice), "{reason}");
    }
    let report = with_processes(5);
    assert_eq!(report["passed"][0]["probe"]["result"], "passed", "{report}");
}

/// Lets every user read the directory, and gives them a copy of the program.
fn readable_by_all(place: &Place) -> TempDir {
    let programs = tempfile::tempdir().unwrap();
    // By another process: while this one has it open for writing, nobody can run it.
    let copied = Command::new("cp")
        .arg(e2e::solti_host())
        .arg(programs.path())
        .status();
    assert!(copied.unwrap().success());
    for directory in [place.path(), programs.path()] {
        fs::set_permissions(directory, Permissions::from_mode(0o755)).unwrap();
    }
    programs
}

#[test]
fn a_mount_that_forbids_code_is_no_lack_of_memory() {
    if !e2e::may_mount() {
        return;
    }
    let place = Place::new();
    let copies = support::directory_with(&[]);
    let copies = copies.path().to_str().unwrap();
    let wrapper = mounting(&format!("mount -t tmpfs -o noexec,mode=755 none {copies}"));
    let wrapper = wrapper.each_ref().map(String::as_str);
    let state = support::directory_with(&[]);
    let state = state.path().to_str().unwrap();
    let arguments = ["--stage-in", copies, "--state", state];
    let report = check(&wrapper, e2e::solti_host(), &arguments, place.path());
    assert_eq!(
        reason(&report),
        "the system cannot load it: failed to map segment from shared object: Operation not \
         permitted; stage it on a mount without the option noexec (--stage-in)"
    );
    // Nothing of it is remembered once the mount is gone.
    let report = check(&["env"], e2e::solti_host(), &arguments, place.path());
    assert_eq!(report["passed"][0]["probe"]["result"], "passed", "{report}");
}

#[test]
fn a_system_without_proc_is_no_missing_right() {
    if !e2e::may_mount() {
        return;
    }
    let place = Place::new();
    let wrapper = mounting("mount -t tmpfs none /proc");
    let wrapper = wrapper.each_ref().map(String::as_str);
    let report = check(&wrapper, e2e::solti_host(), &[], place.path());
    assert_eq!(
        report["rejected"][0]["reason"],
        "the file cannot be read: there is no /proc/self/fd to open it again by; mount /proc"
    );
}

#[test]
fn a_probe_program_that_the_host_may_not_run_is_a_missing_right() {
    let place = Place::new();
    let program = place.path().join("program");
    fs::write(&program, "").unwrap();
    let report = PluginLoader::new()
        .probe_with(&program)
        .check(place.path())
        .unwrap();
    assert_eq!(
        report.rejected()[0].error.to_string(),
        format!(
            "the probe program {} cannot be run: Permission denied (os error 13); let the host's \
             user run it",
            program.display()
        )
    );
}
