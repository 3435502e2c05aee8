//! Many plugins of one interface in one process.

use std::fs;

use e2e::PLUGIN_SUFFIX;
use solti_plugin_host::PluginLoader;

use crate::support::{self, Host, command, texts};

/// Installs copies of the specimen that differ in their names: `specim00`, `specim01`, …
fn directory_of(count: usize) -> tempfile::TempDir {
    let directory = support::directory_with(&[]);
    let original = fs::read(e2e::plugin("specimen")).unwrap();
    for number in 0..count {
        let name = format!("specim{number:02}");
        let bytes = support::replaced(&original, b"specimen", name.as_bytes());
        fs::write(
            directory.path().join(format!("{name}.{PLUGIN_SUFFIX}")),
            bytes,
        )
        .unwrap();
    }
    directory
}

async fn plugins_stay_separate(count: usize) {
    let mut loader = PluginLoader::new();
    for number in 0..count {
        loader = loader.label(format!("specim{number:02}"), "number", number.to_string());
    }
    let host = Host::load(directory_of(count), loader);
    assert_eq!(host.report.loaded().len(), count, "{}", host.report);
    // Each library has a counter of its own; one that were shared would go on counting.
    for round in 0..2 {
        for number in 0..count {
            let spec =
                support::selecting(command("s", "count", &[]), "number", &number.to_string());
            let (end, lines) = host.run(&spec).await;
            end.unwrap();
            assert_eq!(texts(&lines), [round.to_string()], "plugin {number}");
        }
    }
}

#[tokio::test]
async fn two_plugins_of_one_interface_do_not_become_the_first() {
    plugins_stay_separate(2).await;
}

#[tokio::test]
async fn ten_plugins_of_one_interface_do_not_become_the_first() {
    plugins_stay_separate(10).await;
}

#[tokio::test]
async fn run_ids_of_two_plugins_and_the_host_never_repeat() {
    let loader = PluginLoader::new()
        .label("specim00", "number", "0")
        .label("specim01", "number", "1");
    let host = Host::load(directory_of(2), loader);
    let mut ids = Vec::new();
    for _ in 0..3 {
        for number in ["0", "1"] {
            let spec = support::selecting(command("s", "run-ids", &["4"]), "number", number);
            let task = host.build(&spec);
            ids.push(task.name().to_owned());
            let (_, lines) = host.attempt(&task, Default::default()).await;
            ids.extend(lines.into_iter().map(|line| line.text));
        }
        ids.push(solti_plugin_host::make_run_id("host", "s").into_name());
        ids.push(
            host.router
                .pick(&command("s", "x", &[]))
                .unwrap()
                .build_run_id("s")
                .into_name(),
        );
    }
    let mut numbers: Vec<u64> = ids
        .iter()
        .map(|id| id.rsplit('-').next().unwrap().parse().unwrap())
        .collect();
    let count = numbers.len();
    numbers.sort_unstable();
    numbers.dedup();
    assert_eq!(numbers.len(), count, "{ids:?}");
}

/// Two copies of one plugin, told apart by what the operator writes beside them. Each cuts its lines
/// at another length, so that a line shows which of them has run it.
#[tokio::test]
async fn one_plugin_serves_two_labels_under_two_names() {
    const LINE: &str = "a line of 25 bytes or so.";
    let zones = [
        ("eu", 6, "a line… [cut at 6 bytes]"),
        ("us", 12, "a line of 25… [cut at 12 bytes]"),
    ];
    let directory = tempfile::tempdir().unwrap();
    for (zone, limit, _) in zones {
        e2e::install("subprocess", directory.path(), zone);
        let sidecar = format!(
            "name = \"subprocess-{zone}\"\n[labels]\nzone = \"{zone}\"\n\
             [config]\nmax_line_bytes = {limit}\n"
        );
        fs::write(directory.path().join(format!("{zone}.toml")), sidecar).unwrap();
    }
    let host = Host::load(directory, PluginLoader::new());
    let names: Vec<_> = host
        .report
        .loaded()
        .iter()
        .map(|loaded| loaded.plugin.as_str())
        .collect();
    assert_eq!(names, ["subprocess-eu", "subprocess-us"], "{}", host.report);
    for (at, (zone, _, cut)) in zones.into_iter().enumerate() {
        let spec = support::selecting(command("s", "echo", &[LINE]), "zone", zone);
        let (end, lines) = host.run(&spec).await;
        end.unwrap();
        assert_eq!(texts(&lines), [cut], "zone {zone}");
        let used = &host.report.loaded()[at].runners[0].labels;
        assert_eq!(used.get("zone"), Some(zone));
    }
    let nowhere = support::selecting(command("s", "echo", &[]), "zone", "asia");
    assert!(host.router.pick(&nowhere).is_none());
}

#[test]
fn the_second_file_with_a_plugins_name_is_rejected_and_never_opened() {
    let directory = tempfile::tempdir().unwrap();
    e2e::install("specimen", directory.path(), "20-first");
    e2e::install("specimen", directory.path(), "30-second");
    let host = Host::load(directory, PluginLoader::new());
    let rejected = &host.report.rejected()[0];
    assert_eq!(
        rejected.to_string(),
        format!(
            "30-second.{PLUGIN_SUFFIX}: rejected at register: a plugin named 'specimen' was already \
             loaded from 20-first.{PLUGIN_SUFFIX}: remove one of the two, or give it \
             another name in its sidecar"
        )
    );
    assert_eq!(host.report.loaded().len(), 1);
}
