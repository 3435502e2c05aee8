//! Plugin files that were damaged at random: a host answers for every one of them.
//!
//! The damage is the same in every run. Most of it nobody can see in the form of a library, and what
//! the system's loader makes of it ends a process by a signal, by an assertion with exit code 127,
//! or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use serde_json::Value;
use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::Digest;

use crate::elf::Elf;
use crate::support;

/// Numbers that are the same in every run.
struct Fixed(u64);

impl Fixed {
    fn below(&mut self, limit: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (self.0 >> 33) as usize % limit
    }

    /// A damaged copy; the places take turns.
    fn damaged(&mut self, good: &[u8], case: usize) -> Vec<u8> {
        loop {
            // The headers, the tables behind them, anywhere, the end.
            let places = match case % 4 {
                0 => 0..1_024,
                1 => 1_024..64 * 1_024,
                2 => 0..good.len(),
                _ => good.len() - 8 * 1_024..good.len(),
            };
            let start = places.start + self.below(places.len());
            let end = (start + 1 + self.below(4_096)).min(good.len());
            let mut bytes = good.to_vec();
            match self.below(5) {
                // Cut off here.
                0 => bytes.truncate(start),
                // A hole, as a copy leaves that reserved its room first.
                1 => bytes[start..end].fill(0),
                _ => {
                    for _ in 0..1 + self.below(8) {
                        let at = start + self.below(end - start);
                        bytes[at] = self.below(256) as u8;
                    }
                }
            }
            if bytes != good {
                return bytes;
            }
        }
    }

    /// A copy that was cut off, or of which bits are flipped, a page is zero, or bytes of its first quarter
    /// are others.
    fn mutated(&mut self, good: &[u8]) -> Vec<u8> {
        let mut bytes = good.to_vec();
        match self.below(4) {
            0 => bytes.truncate(self.below(good.len())),
            1 => {
                for _ in 0..1 + self.below(16) {
                    bytes[self.below(good.len())] ^= 1 << self.below(8);
                }
            }
            2 => {
                let page = self.below(good.len() / 4_096) * 4_096;
                bytes[page..page + 4_096].fill(0);
            }
            _ => {
                for _ in 0..8 {
                    bytes[self.below(good.len() / 4)] = self.below(256) as u8;
                }
            }
        }
        bytes
    }
}

/// A plugin as small as one that is shipped.
fn good() -> Vec<u8> {
    Elf(fs::read(e2e::plugin("hello")).unwrap()).stripped().0
}

#[test]
fn every_damage_to_a_listed_plugin_is_refused_before_anything_of_it_runs() {
    let cases = e2e::times(300, 3_000);
    let directory = support::directory_with(&[]);
    let file = directory.path().join("hello.so");
    let good = good();
    let sums = format!("{}  hello.so\n", Digest::of(&good));
    fs::write(directory.path().join("SHA256SUMS"), sums).unwrap();
    let check = |bytes: &[u8]| {
        fs::write(&file, bytes).unwrap();
        PluginLoader::new().check(directory.path()).unwrap()
    };
    let mut random = Fixed(4_242);
    for case in 0..cases {
        let report = check(&random.damaged(&good, case));
        assert_eq!(report.rejected().len(), 1, "case {case}: {report:?}");
        let text = report.rejected()[0].to_string();
        assert!(!text.contains('\n'), "case {case}: {text}");
    }
    assert_eq!(check(&good).passed().len(), 1);
}

/// The plugins of the examples, as small as those that are shipped.
fn examples() -> Vec<Vec<u8>> {
    let plugins = ["hello", "subprocess", "container", "wasm"].into_iter();
    let stripped = |name| Elf(fs::read(e2e::plugin(name)).unwrap()).stripped().0;
    plugins.map(stripped).collect()
}

#[test]
fn a_host_answers_for_every_damaged_plugin_that_nobody_vouches_for() {
    let good = examples();
    let mut random = Fixed(seed());
    let (mut loaded, mut by_stage) = (0, BTreeSet::new());
    let mut ended = Vec::new();
    // Many in one process, and each in one of its own.
    for (files, rounds) in [(20, e2e::times(10, 125)), (1, e2e::times(50, 500))] {
        for round in 0..rounds {
            let directory = support::directory_with(&[]);
            let mut names = BTreeSet::new();
            for number in 0..files {
                let name = format!("m{number:03}");
                let good = &good[(round + number) % good.len()];
                // Every other one is damaged in one place, the rest as disks and cables do.
                let bytes = match (round + number) / good.len() % 2 {
                    0 => random.damaged(good, round + number),
                    _ => random.mutated(good),
                };
                fs::write(directory.path().join(format!("{name}.so")), bytes).unwrap();
                // Each is a plugin of its own.
                let sidecar = format!("name = \"{name}\"\n");
                fs::write(directory.path().join(format!("{name}.toml")), sidecar).unwrap();
                names.insert(format!("{name}.so"));
            }
            let (report, by) = list(directory.path(), &format!("round {round} of {files}"));
            ended.extend(by);
            let files = |outcome: &str| report[outcome].as_array().unwrap().clone();
            let answered = ["loaded", "rejected"].into_iter().flat_map(files);
            let answered: BTreeSet<String> = answered
                .map(|file| file["file"].as_str().unwrap().to_owned())
                .collect();
            assert_eq!(answered, names, "round {round}");
            loaded += files("loaded").len();
            for rejected in files("rejected") {
                let reason = rejected["reason"].as_str().unwrap();
                assert!(!reason.is_empty() && !reason.contains('\n'), "{rejected}");
                by_stage.insert(rejected["stage"].as_str().unwrap().to_owned());
            }
        }
    }
    // The damage is of both kinds, seen in the bytes and seen by its effect.
    let stages = ["inspect", "probe"].map(str::to_owned);
    assert!(by_stage.is_superset(&stages.into()), "{by_stage:?}");
    assert!(loaded > 0, "not all damage is harmful");
    println!(
        "{} of {loaded} plugins ended their host when they were dropped",
        ended.len()
    );
    assert!(ended.len() * 100 <= loaded, "of {loaded}: {ended:?}");
}

/// What passes the probe may still end a host at its first task; how often is counted.
#[test]
fn few_hosts_are_ended_by_a_task_of_a_damaged_plugin_that_was_loaded() {
    const KINDS: [(&str, [&str; 2]); 2] = [
        ("hello", ["hello", "world"]),
        ("subprocess", ["echo", "hello"]),
    ];
    let mut random = Fixed(seed());
    let (mut ran, mut ended) = (0, Vec::new());
    for (name, command) in KINDS {
        let good = Elf(fs::read(e2e::plugin(name)).unwrap()).stripped().0;
        for case in 0..e2e::times(50, 250) {
            let directory = support::directory_with(&[]);
            let file = directory.path().join("damaged.so");
            fs::write(&file, random.mutated(&good)).unwrap();
            let mut host = Command::new(e2e::solti_host());
            host.args(["exec", "--probe-time", "3s", "--timeout", "5s", "--plugins"])
                .arg(directory.path())
                .arg("--")
                .args(command);
            let output = output(host);
            let stderr = String::from_utf8_lossy(&output.stderr);
            if stderr.contains("rejected at ") {
                continue;
            }
            ran += 1;
            if output.status.code().is_none() {
                ended.push(format!(
                    "{name} {case}: {}",
                    stderr.lines().last().unwrap_or("")
                ));
            }
        }
    }
    let rate = format!("{} of {ran} hosts were ended", ended.len());
    println!("{rate}");
    // Less than one in ten as a rule, but what is damaged depends on the build, and few are tried.
    assert!(ran > 0 && ended.len() * 2 <= ran, "{rate}: {ended:?}");
}

/// Another seed is other files: `DAMAGE_SEED=78 cargo test -p e2e --test loading damage::`.
fn seed() -> u64 {
    std::env::var("DAMAGE_SEED").map_or(77, |seed| seed.parse().unwrap())
}

/// What a host says of a directory, and what it says when a plugin ends it behind that: a probe does not
/// ask for destructors, so a damaged one is met only when all is over. One that is ended keeps its files.
fn list(directory: &Path, what: &str) -> (Value, Option<String>) {
    let mut host = Command::new(e2e::solti_host());
    host.args(["list", "--json", "--probe-time", "3s"])
        .arg(directory);
    let output = output(host);
    let report: Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|err| panic!("{what}: {err}: {output:?}"));
    let is_good = report["rejected"].as_array().unwrap().is_empty();
    let expected = if is_good { 0 } else { 1 };
    if output.status.code() == Some(expected) {
        return (report, None);
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let is_told = said.contains(".so has ended this program: ")
        || said.contains("error: this program ends: ");
    assert!(is_told, "{what}: {}: {said}", output.status);
    (report, Some(said))
}

fn output(mut host: Command) -> Output {
    host.env_remove("SOLTI_STATE").env_remove("RUST_LOG");
    let mut host = assert_cmd::Command::from_std(host);
    host.timeout(Duration::from_secs(180)).output().unwrap()
}
