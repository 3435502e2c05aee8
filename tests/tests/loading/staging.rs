//! What was checked is what runs, and goes on running.

use std::collections::BTreeSet;
use std::fs::{self, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, SystemTime};

use solti_plugin_host::{PluginLoader, RunnerRouter};

use crate::support::{self, Host, command, texts};

/// The files in memory that are mapped into this process from a plugin called `name`.
fn staged(name: &str) -> BTreeSet<u64> {
    let wanted = format!("/memfd:solti:{name}");
    fs::read_to_string("/proc/self/maps")
        .unwrap()
        .lines()
        .filter(|line| line.contains(&wanted))
        .filter_map(|line| line.split_ascii_whitespace().nth(4)?.parse().ok())
        .collect()
}

#[tokio::test]
async fn a_plugin_runs_from_memory_and_its_file_may_be_removed() {
    let directory = support::directory_with(&[]);
    e2e::install("specimen", directory.path(), "removed");
    let host = Host::load(directory, PluginLoader::new());
    assert_eq!(staged("removed.so").len(), 1);
    fs::remove_file(host.directory.path().join("removed.so")).unwrap();
    let (end, lines) = host.run(&command("s", "spawn", &[])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["spawned"]);
}

#[tokio::test]
async fn one_file_loaded_twice_is_two_libraries() {
    let directory = support::directory_with(&[]);
    e2e::install("specimen", directory.path(), "twice");
    let first = Host::load(directory, PluginLoader::new());
    let directory = support::directory_with(&[]);
    e2e::install("specimen", directory.path(), "twice");
    let second = Host::load(directory, PluginLoader::new());
    assert_eq!(staged("twice.so").len(), 2);
    for host in [&first, &second, &first] {
        let (end, _) = host.run(&command("s", "count", &[])).await;
        end.unwrap();
    }
    let (_, lines) = second.run(&command("s", "count", &[])).await;
    assert_eq!(texts(&lines), ["1"], "each has a counter of its own");
}

#[tokio::test]
async fn a_backtrace_names_the_plugins_functions_and_lines() {
    let host = Host::with(&["specimen"]);
    let (end, lines) = host.run(&command("s", "backtrace", &[])).await;
    end.unwrap();
    let trace = texts(&lines).join("\n");
    assert!(trace.contains("specimen/src/behaviour.rs:"), "{trace}");
    let (end, _) = host.run(&command("s", "panic-after-await", &[])).await;
    let said = end.unwrap_err().to_string();
    assert!(said.contains("behaviour.rs:"), "{said}");
}

/// Something done to a file.
type Overwrite = fn(&Path);

/// Everything that an operator may do to the file of a plugin that is in use.
const OVERWRITES: [(&str, Overwrite); 4] = [
    ("cut to nothing", |file| {
        OpenOptions::new()
            .write(true)
            .truncate(true)
            .open(file)
            .unwrap();
    }),
    ("overwritten in place", |file| {
        let zeros = vec![0xcc; fs::metadata(file).unwrap().len() as usize];
        let file = OpenOptions::new().write(true).open(file).unwrap();
        file.write_all_at(&zeros, 0).unwrap();
    }),
    ("copied over", |file| {
        fs::copy(e2e::plugin("hello"), file).unwrap();
    }),
    ("renamed over", |file| {
        let other = file.with_extension("new");
        fs::copy(e2e::plugin("hello"), &other).unwrap();
        fs::rename(other, file).unwrap();
    }),
];

#[tokio::test]
async fn a_task_goes_on_whatever_is_done_to_the_file_of_its_plugin() {
    for (what, overwrite) in OVERWRITES {
        let host = Host::with(&["specimen"]);
        let cancel = tokio_util::sync::CancellationToken::new();
        let task = host.build(&command("s", "hog", &["400"]));
        let running = tokio::spawn(task.spawn(cancel));
        overwrite(&host.directory.path().join("specimen.so"));
        running.await.unwrap().unwrap();
        // Code that was not touched before is still that of the plugin.
        let (end, lines) = host.run(&command("s", "net", &[])).await;
        end.unwrap_or_else(|err| panic!("{what}: {err}"));
        assert_eq!(texts(&lines), ["over the network"], "{what}");
    }
}

#[test]
fn a_plugin_staged_as_a_file_loads_and_leaves_no_file() {
    let directory = support::directory_with(&["specimen"]);
    let staging = support::directory_with(&[]);
    let report = PluginLoader::new()
        .stage_in(staging.path())
        .load_dir(directory.path(), &mut RunnerRouter::new())
        .unwrap();
    assert_eq!(report.loaded().len(), 1, "{report}");
    assert_eq!(fs::read_dir(staging.path()).unwrap().count(), 0);
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let copies = staging.path().canonicalize().unwrap();
    assert!(maps.contains(copies.to_str().unwrap()));
}

#[test]
fn copies_of_hosts_that_were_killed_are_removed_and_those_of_others_are_not() {
    let directory = support::directory_with(&["hello"]);
    let copies = tempfile::tempdir().unwrap();
    let at = |name: &str| copies.path().join(name);
    let long_ago = SystemTime::now() - Duration::from_secs(3600);
    let of_others = ["mine.so", ".solti-kept.so"];
    let left = [".solti-abcdefghijkl.so", ".solti-inUse1234567.so"];
    for name in of_others.into_iter().chain(left) {
        let file = fs::File::create(at(name)).unwrap();
        file.set_modified(long_ago).unwrap();
    }
    fs::write(at(".solti-justbegun123.so"), "").unwrap();
    let in_use = fs::File::open(at(left[1])).unwrap();
    rustix::fs::flock(&in_use, rustix::fs::FlockOperation::LockShared).unwrap();

    let host = Host::load(directory, PluginLoader::new().stage_in(copies.path()));
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    let mut names: Vec<_> = fs::read_dir(copies.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    let expected = [
        ".solti-inUse1234567.so",
        ".solti-justbegun123.so",
        ".solti-kept.so",
        "mine.so",
    ];
    assert_eq!(names, expected);
}

#[test]
fn a_staging_directory_that_others_can_write_to_or_that_is_missing_is_refused() {
    let directory = support::directory_with(&["hello"]);
    let refusal = |staging: &Path| {
        PluginLoader::new()
            .stage_in(staging)
            .load_dir(directory.path(), &mut RunnerRouter::new())
            .unwrap_err()
            .to_string()
    };
    let staging = support::directory_with(&[]);
    let missing = staging.path().join("missing");
    assert_eq!(
        refusal(&missing),
        format!(
            "staging directory {}: cannot be read: No such file or directory (os error 2); name a \
             directory for the copies",
            missing.display()
        )
    );
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(staging.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(refusal(staging.path()).contains("can be changed by everybody (mode 0777)"));
}

#[test]
fn a_report_has_the_size_the_digest_and_the_times_of_each_file() {
    let directory = support::directory_with(&["hello"]);
    let bytes = fs::read(directory.path().join("hello.so")).unwrap();
    fs::write(directory.path().join("cut.so"), &bytes[..bytes.len() / 2]).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    let loaded = &host.report.loaded()[0].measurements;
    assert_eq!(loaded.size, Some(bytes.len() as u64));
    assert_eq!(
        loaded.sha256,
        Some(solti_plugin_host::inspect::Digest::of(&bytes))
    );
    let stages: Vec<_> = loaded
        .times
        .iter()
        .map(|(stage, _)| stage.to_string())
        .collect();
    assert_eq!(
        stages,
        [
            "discover", "admit", "inspect", "vouch", "stage", "probe", "open", "connect",
            "register"
        ]
    );
    let rejected = &host.report.rejected()[0];
    assert_eq!(rejected.error.advice().text(), "copy it again");
    assert_eq!(rejected.measurements.size, Some(bytes.len() as u64 / 2));
    assert!(rejected.measurements.times.total() > std::time::Duration::ZERO);
    assert_eq!(
        host.report.metrics(),
        "# HELP solti_plugin_files Plugin files by what became of them.\n\
         # TYPE solti_plugin_files gauge\n\
         solti_plugin_files{outcome=\"loaded\"} 1\n\
         solti_plugin_files{outcome=\"rejected\"} 1\n\
         solti_plugin_files{outcome=\"skipped\"} 0\n\
         # HELP solti_plugin_files_rejected_total Rejected plugin files by stage and reason.\n\
         # TYPE solti_plugin_files_rejected_total counter\n\
         solti_plugin_files_rejected_total{stage=\"inspect\",reason=\"truncated\"} 1\n"
    );
}
