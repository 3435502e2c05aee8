//! `--metrics`: what a collector finds in the file.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use serde_json::json;

use crate::{Place, command, end, hello, shell, shown, solti_host};

/// A place with a good plugin, two empty files and a directory instead of plugins, and a hidden name.
fn with_bad_files() -> Place {
    let place = Place::with(&["hello"]);
    for (name, text) in [("a.so", ""), ("b.so", ""), (".c.so", "")] {
        fs::write(place.plugins().join(name), text).unwrap();
    }
    fs::create_dir(place.plugins().join("d.so")).unwrap();
    place
}

/// What is said of the files of such a place, `good` being what became of the good one.
fn of_files(good: &str, times: u32) -> String {
    format!(
        "# HELP solti_plugin_files Plugin files by what became of them.\n\
         # TYPE solti_plugin_files gauge\n\
         solti_plugin_files{{outcome=\"{good}\"}} {times}\n\
         solti_plugin_files{{outcome=\"rejected\"}} {}\n\
         solti_plugin_files{{outcome=\"skipped\"}} {times}\n\
         # HELP solti_plugin_files_rejected_total Rejected plugin files by stage and reason.\n\
         # TYPE solti_plugin_files_rejected_total counter\n\
         solti_plugin_files_rejected_total{{stage=\"discover\",reason=\"not_a_file\"}} {times}\n\
         solti_plugin_files_rejected_total{{stage=\"inspect\",reason=\"not_a_library\"}} {}\n",
        3 * times,
        2 * times
    )
}

#[test]
fn the_metrics_of_a_directory_take_the_place_of_those_before_as_a_whole() {
    let place = with_bad_files();
    let directory = place.directory.path().join("collector");
    fs::create_dir(&directory).unwrap();
    let file = directory.join("solti.prom");
    fs::write(&file, "what was there before").unwrap();
    let before = fs::metadata(&file).unwrap().ino();
    let plugins = shown(place.plugins());
    let written = |words: &[&str]| {
        let ended = end(solti_host().args(words).args(["--metrics", &shown(&file)]));
        assert_eq!((ended.stderr.as_str(), ended.code), ("", Some(1)));
        fs::read_to_string(&file).unwrap()
    };
    assert_eq!(written(&["list", &plugins]), of_files("loaded", 1));
    let found = fs::metadata(&file).unwrap();
    assert_ne!(found.ino(), before, "a reader of the old one reads that on");
    assert_eq!(found.permissions().mode() & 0o777, 0o644);
    let other = with_bad_files();
    assert_eq!(
        written(&["check", &plugins, &shown(other.plugins())]),
        of_files("passed", 2)
    );
    let names: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["solti.prom"]);
}

#[test]
fn a_run_adds_what_runners_have_counted() {
    let place = with_bad_files();
    e2e::install("subprocess", &place.plugins(), "subprocess");
    let file = place.file("solti.prom", "");
    let specs = json!([
        shell("a", "exit 0"),
        shell("b", "exit 3"),
        command("c", "/no/such/command", &[]),
    ]);
    let specs = place.file("specs.json", specs);
    let ended = end(&mut place.run(&["--allow", "subprocess", "--metrics", &file, &specs]));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    let text = fs::read_to_string(&file).unwrap();
    let tasks = "# HELP solti_tasks_started_total Attempts started.\n\
                 # TYPE solti_tasks_started_total counter\n\
                 solti_tasks_started_total{runner_type=\"subprocess\"} 3\n\
                 # HELP solti_tasks_completed_total Attempts that ended, by outcome.\n\
                 # TYPE solti_tasks_completed_total counter\n\
                 solti_tasks_completed_total{runner_type=\"subprocess\",outcome=\"failure\"} 2\n\
                 solti_tasks_completed_total{runner_type=\"subprocess\",outcome=\"success\"} 1\n\
                 # HELP solti_runner_errors_total Errors of the runners themselves, by kind.\n\
                 # TYPE solti_runner_errors_total counter\n\
                 solti_runner_errors_total{runner_type=\"subprocess\",error_kind=\"spawn_failed\"} 1\n\
                 # HELP solti_plugin_measurements_left_out_total Measurements of plugins that were over a limit, or none at all.\n\
                 # TYPE solti_plugin_measurements_left_out_total counter\n\
                 solti_plugin_measurements_left_out_total{plugin=\"subprocess\"} 0\n\
                 # HELP solti_plugin_log_records_lost_total Log records of plugins that the log took too slowly.\n\
                 # TYPE solti_plugin_log_records_lost_total counter\n\
                 solti_plugin_log_records_lost_total{plugin=\"subprocess\"} 0\n";
    let expected = of_files("loaded", 1).replace("skipped\"} 1", "skipped\"} 2") + tasks;
    assert_eq!(text, expected);
}

#[test]
fn metrics_that_cannot_be_written_are_an_error_and_replace_nothing_that_is_no_file() {
    let place = Place::with(&["hello"]);
    let plugins = shown(place.plugins());
    let specs = place.file("specs.json", hello("a", "you"));
    let fails = |file: &str, why: &str| {
        let words = ["--metrics", file];
        for command in [
            solti_host().args(["list", &plugins]).args(words),
            solti_host().args(["check", &plugins]).args(words),
            place.run(&[&specs]).args(words),
        ] {
            let ended = end(command);
            let error = format!("error: the metrics cannot be written to {file}: {why}\n");
            assert!(ended.stderr.ends_with(&error), "{}", ended.stderr);
            assert_eq!(ended.code, Some(1));
        }
    };
    fails(&plugins, "not a regular file");
    let missing = place.directory.path().join("missing/solti.prom");
    let ended = end(solti_host()
        .args(["list", &plugins, "--metrics"])
        .arg(&missing));
    let error = format!(
        "error: the metrics cannot be written to {}: No such file or directory (os error 2)",
        missing.display()
    );
    assert!(ended.stderr.starts_with(&error), "{}", ended.stderr);
    assert_eq!(ended.code, Some(1));

    let link = place.directory.path().join("link.prom");
    let target = place.file("target.prom", "");
    symlink("target.prom", &link).unwrap();
    let ended = end(solti_host()
        .args(["list", &plugins, "--metrics"])
        .arg(&link));
    assert_eq!(ended.code, Some(0));
    assert_eq!(fs::read_link(&link).unwrap(), Path::new("target.prom"));
    assert_ne!(fs::read_to_string(target).unwrap(), "");
}

#[test]
fn what_is_written_goes_into_a_pipe_and_behind_what_a_log_has() {
    let place = Place::with(&["hello"]);
    let specs = place.file("specs.json", hello("a", "you"));
    let pipe = shown(place.directory.path().join("pipe"));
    let made = std::process::Command::new("mkfifo").arg(&pipe).status();
    assert!(made.unwrap().success());
    for option in ["--metrics", "--summary"] {
        let from = pipe.clone();
        let reader = std::thread::spawn(move || fs::read_to_string(from).unwrap());
        let ended = end(&mut place.run(&[option, &pipe, &specs]));
        assert_eq!(ended.code, Some(0), "{ended:?}");
        let text = reader.join().unwrap();
        assert!(text.contains("subprocess"), "{text}");
        // Standard output is a log that has something in it.
        let log = place.file("log", "before\n");
        let open = fs::File::options().append(true).open(&log).unwrap();
        let mut host = place.run(&[option, "/dev/stdout", &specs]);
        assert!(host.stdout(open).status().unwrap().success());
        let text = fs::read_to_string(&log).unwrap();
        assert!(text.starts_with("before\na │ hello, you\n"), "{text}");
        assert!(text.contains("subprocess"), "{text}");
    }
}

#[test]
fn a_directory_that_cannot_be_checked_leaves_the_metrics_as_they_were() {
    let place = Place::with(&["hello"]);
    let file = place.file("solti.prom", "before");
    let ended = end(solti_host()
        .args(["check", &shown(place.plugins()), "/no/such/directory"])
        .args(["--metrics", &file]));
    assert_eq!(ended.code, Some(2));
    assert_eq!(fs::read_to_string(file).unwrap(), "before");
}
