//! What the whole way of a plugin costs, from its file to a runner in the router, in the program
//! that operators run: `cargo bench --bench pipeline [-- --quick]`.
//!
//! Every number is of a fresh process. The rounds are interleaved, so that a machine that is slow for
//! a while is slow for all columns.

#![expect(clippy::print_stdout, reason = "a bench talks to people")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use benches::loading::dlopen_all;
use benches::measure::median;
use benches::plugins;
use benches::process::{CHILD, numbers_of_child};
use comfy_table::{Cell, CellAlignment, Table, presets};
use minisign::KeyPair;
use serde_json::Value;
use tempfile::TempDir;

/// Milliseconds by stage, summed over all files.
type Times = BTreeMap<String, f64>;

/// The stages in the order of a plugin's way, and the rest of the report.
const ROWS: &[&str] = &[
    "discover", "admit", "inspect", "vouch", "stage", "probe", "open", "connect", "register", WHOLE,
];

/// The time of the program, from its start to its end.
const WHOLE: &str = "all of it";

/// One way of running the program.
struct Case {
    name: &'static str,
    args: Vec<String>,
}

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    if let [child, directory, count] = &args[..]
        && child == CHILD
    {
        let count = count.parse().expect("a number");
        println!("{}", dlopen_all(directory.as_ref(), count));
        return;
    }
    let quick = args.iter().any(|arg| arg == "--quick");
    let (count, rounds) = if quick { (10, 3) } else { (100, 15) };

    let host =
        e2e::install_examples(e2e::Program::Whole).expect("the target directory can be written");
    let host = host.solti_host.as_path();
    let directory = plugins::directory_of(count);
    let place = TempDir::new().expect("there is room for temporary files");
    let bare = plugins::directory_of(count);
    let key = vouch(host, directory.path());
    let path = place.path().join("state").display().to_string();
    let signed = ["--public-key".to_owned(), key];
    let state = ["--state".to_owned(), path];
    let cases = [
        ("first start", signed.to_vec()),
        ("again, --state", [signed.clone(), state].concat()),
        (
            "--no-probe",
            [&signed[..], &["--no-probe".to_owned()]].concat(),
        ),
        ("no signatures", Vec::new()),
    ]
    .map(|(name, args)| Case { name, args });

    let mut plain = Vec::new();
    let mut measured: Vec<Vec<Times>> = cases.iter().map(|_| Vec::new()).collect();
    for round in 0..=rounds {
        let path = bare.path().to_str().expect("paths of ours are text");
        let opened = numbers_of_child(&[path, &count.to_string()])[0] * 1e3;
        let times = cases
            .iter()
            .map(|case| run(host, &case.args, directory.path(), count));
        let times: Vec<Times> = times.collect();
        // The first fills the caches, and the state.
        if round > 0 {
            plain.push(opened);
            for (all, times) in measured.iter_mut().zip(times) {
                all.push(times);
            }
        }
    }
    let size = fs::metadata(plugins::plugin("pusher")).expect("it was built just now");
    println!(
        "{count} plugins of {:.2} MB; medians of {rounds} runs, in ms; stages are sums over files \
         that are tried side by side",
        size.len() as f64 / 1e6
    );
    println!("{}", table(&cases, &measured));
    println!("plain dlopen of all of them: {:.1} ms", median(plain));
}

/// Writes what vouches for each file: `SHA256SUMS` and signatures. Answers the public key.
fn vouch(host: &Path, directory: &Path) -> String {
    let keys = KeyPair::generate_unencrypted_keypair().expect("the system has randomness");
    let report = report(host, &["check", "--json", "--no-probe"], directory);
    let mut sums = String::new();
    for file in report["passed"]
        .as_array()
        .expect("the list of what passed")
    {
        let text = |field: &str| file[field].as_str().expect("a text");
        let name = text("file");
        sums += &format!("{}  {name}\n", text("sha256"));
        let bytes = fs::read(directory.join(name)).expect("it was written just now");
        let comment = format!("{} {}", text("plugin"), text("version"));
        let signature = minisign::sign(
            Some(&keys.pk),
            &keys.sk,
            bytes.as_slice(),
            Some(&comment),
            None,
        );
        let signature = signature.expect("the key is whole").to_string();
        let beside = directory.join(format!("{name}.minisig"));
        fs::write(beside, signature).expect("there is room for it");
    }
    fs::write(directory.join("SHA256SUMS"), sums).expect("there is room for it");
    keys.pk.to_base64()
}

/// Runs `solti-host list` once.
fn run(host: &Path, args: &[String], directory: &Path, count: usize) -> Times {
    let args: Vec<&str> = ["list", "--json"]
        .into_iter()
        .chain(args.iter().map(String::as_str))
        .collect();
    let began = Instant::now();
    let report = report(host, &args, directory);
    let whole = began.elapsed().as_secs_f64() * 1e3;
    let loaded = report["loaded"].as_array().expect("the list of the loaded");
    assert_eq!(loaded.len(), count, "all of the directory: {report}");
    let mut times = Times::from([(WHOLE.to_owned(), whole)]);
    for file in loaded {
        for (stage, took) in file["times_ms"].as_object().expect("times by stage") {
            *times.entry(stage.clone()).or_default() += took.as_f64().expect("a number");
        }
    }
    times
}

fn report(host: &Path, args: &[&str], directory: &Path) -> Value {
    let output = Command::new(host)
        .args(args)
        .arg(directory)
        .env_remove("SOLTI_STATE")
        .output()
        .expect("the host was built just now");
    assert!(output.status.success(), "{args:?}: {output:?}");
    serde_json::from_slice(&output.stdout).expect("the report is JSON")
}

fn table(cases: &[Case], measured: &[Vec<Times>]) -> Table {
    let mut table = Table::new();
    table.load_preset(presets::ASCII_MARKDOWN);
    let header = cases.iter().map(|case| case.name);
    table.set_header(std::iter::once("").chain(header));
    for row in ROWS {
        let medians = measured.iter().map(|runs| {
            let times = runs.iter().map(|run| run.get(*row).copied().unwrap_or(0.0));
            let text = format!("{:.1}", median(times.collect()));
            Cell::new(text).set_alignment(CellAlignment::Right)
        });
        table.add_row(std::iter::once(Cell::new(row)).chain(medians));
    }
    table
}
