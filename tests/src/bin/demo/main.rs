//! `cargo demo`: the project at work.
//!
//! Builds the example plugins and the host, lists the plugins, and runs a handful of real tasks
//! through them: what a person would type, and what they would see. Some tasks fail on purpose. At
//! the end it compares what became of each with what was meant to, and says so.

#![expect(clippy::print_stdout, reason = "it shows a person what it does")]

mod container;
mod plugins;
mod serve;
mod tasks;
mod trust;
mod zones;

use std::error::Error;
use std::fs;
use std::io::{IsTerminal as _, Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use serde_json::Value;

use container::Engine;
use tasks::Demo;

/// How long the others run before the deployments are replaced.
const BEFORE_REPLACEMENT: Duration = Duration::from_millis(1600);

/// How long the deployments may take until they run.
const UNTIL_DEPLOYED: Duration = Duration::from_secs(30);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    match std::env::args().nth(1).as_deref() {
        None => {}
        Some("serve") => return serve::show(),
        Some(other) => return Err(format!("{other}: unknown, expected serve, or nothing").into()),
    }
    say("Building the example plugins and the host");
    let installed = e2e::install_examples(e2e::Program::WithoutService)?;
    let solti_host = &installed.solti_host;
    let directory = plugins::directory();
    plugins::install(&installed.plugins, &directory)?;
    show_sizes(&directory)?;
    say("The same plugin in two zones: what is written beside the copies tells them apart");
    zones::install(&directory)?;
    let trust = trust::words(&directory)?;

    let scratch = tempfile::tempdir()?;
    let engine = Engine::set_up(scratch.path(), &directory)?;
    let demo = Demo::new(scratch.path(), engine.is_ok())?;
    if let Err(reason) = &engine {
        println!("\nNo container engine works here, so there is no container task: {reason}");
    }
    let specs = scratch.path().join("tasks.json");
    let summary = scratch.path().join("summary.json");
    fs::write(&specs, serde_json::to_string_pretty(&demo.tasks)?)?;

    say("What the plugins offer");
    let mut list = Command::new(solti_host);
    list.arg("list").args(trust).arg(&directory);
    show(&list);
    list.status()?;

    say("Tasks, each in its slot; some of them run into trouble on purpose");
    let mut run = Command::new(solti_host);
    run.arg("run").args(trust);
    run.arg("--plugins").arg(&directory);
    run.arg("--summary").arg(&summary).arg(&specs).arg("-");
    show(&run);
    let mut running = run.stdin(Stdio::piped()).spawn()?;
    sleep(BEFORE_REPLACEMENT);
    let deployed = wait_for(&demo.deployed);
    // Standard input takes tasks while others run; these replace those in their slots.
    let mut stdin = running.stdin.take().ok_or("standard input is a pipe")?;
    for replacement in &demo.replacements {
        writeln!(stdin, "{replacement}")?;
    }
    drop(stdin);
    let status = running.wait()?;
    deployed?;

    let summary: Value = serde_json::from_slice(&fs::read(&summary)?)?;
    let differences = demo.differences(&summary);
    println!();
    for difference in &differences {
        println!("unexpected: {difference}");
    }
    if !differences.is_empty() || status.code() != Some(1) {
        println!("The demo went wrong: solti-host ended with {status}.");
        return Ok(ExitCode::FAILURE);
    }
    println!(
        "Each task ended as it was meant to, the troubled ones included: \
         that is why solti-host ended with exit code 1."
    );
    Ok(ExitCode::SUCCESS)
}

/// Waits until all of these files are there.
fn wait_for(files: &[PathBuf]) -> Result<(), String> {
    let began = Instant::now();
    while let Some(missing) = files.iter().find(|file| !file.exists()) {
        if began.elapsed() > UNTIL_DEPLOYED {
            return Err(format!("a task should have made {}", missing.display()));
        }
        sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// Prints the size of each plugin file.
fn show_sizes(plugins: &Path) -> std::io::Result<()> {
    let mut files = Vec::new();
    for entry in fs::read_dir(plugins)? {
        let path = entry?.path();
        if path.extension().is_some_and(|it| it == e2e::PLUGIN_SUFFIX) {
            files.push(path);
        }
    }
    files.sort();
    for file in files {
        let megabytes = fs::metadata(&file)?.len() as f64 / 1e6;
        println!("{megabytes:6.1} MB  {}", short(&file));
    }
    Ok(())
}

/// Prints a heading.
fn say(text: &str) {
    let (bold, plain) = styles("\x1b[1m");
    println!("\n{bold}{text}{plain}");
}

/// Prints a command as a person would type it.
fn show(command: &Command) {
    let words: Vec<_> = std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| short(Path::new(word)))
        .collect();
    let (dim, plain) = styles("\x1b[2m");
    println!("{dim}$ {}{plain}", words.join(" "));
}

/// A path as seen from here.
fn short(path: &Path) -> String {
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(here)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// `code` and its end, where a terminal shows them.
fn styles(code: &'static str) -> (&'static str, &'static str) {
    if stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()) {
        (code, "\x1b[0m")
    } else {
        ("", "")
    }
}
