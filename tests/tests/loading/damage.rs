//! Plugin files that were damaged at random: a host answers for every one of them.
//!
//! The damage is the same in every run. Most of it nobody can see in the form of a library, and what
//! the system's loader makes of it ends a process by a signal, by an assertion with exit code 127,
//! or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;
use std::time::Duration;

use assert_cmd::assert::OutputAssertExt as _;
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

#[test]
fn a_host_answers_for_every_damaged_plugin_that_nobody_vouches_for() {
    const FILES: usize = 20;
    let rounds = e2e::times(10, 150);
    let good = good();
    // Another seed is other files: `DAMAGE_SEED=78 cargo test -p e2e --test loading damage::`.
    let seed = std::env::var("DAMAGE_SEED").map_or(77, |seed| seed.parse().unwrap());
    let mut random = Fixed(seed);
    let (mut loaded, mut by_stage) = (0, BTreeSet::new());
    for round in 0..rounds {
        let directory = support::directory_with(&[]);
        let mut names = BTreeSet::new();
        for number in 0..FILES {
            let name = format!("m{number:03}");
            let bytes = random.damaged(&good, round + number);
            fs::write(directory.path().join(format!("{name}.so")), bytes).unwrap();
            // Each is a plugin of its own.
            let sidecar = format!("name = \"{name}\"\n");
            fs::write(directory.path().join(format!("{name}.toml")), sidecar).unwrap();
            names.insert(format!("{name}.so"));
        }
        let mut host = Command::new(e2e::solti_host());
        host.args(["list", "--json", "--probe-time", "3s"])
            .arg(directory.path())
            .env_remove("SOLTI_STATE")
            .env_remove("RUST_LOG");
        let output = assert_cmd::Command::from_std(host)
            .timeout(Duration::from_secs(180))
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(1), "round {round}");
        let assert = output.assert();
        let report: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
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
    // The damage is of both kinds, seen in the bytes and seen by its effect.
    let stages = ["inspect", "probe"].map(str::to_owned);
    assert!(by_stage.is_superset(&stages.into()), "{by_stage:?}");
    assert!(loaded > 0, "not all damage is harmful");
}
