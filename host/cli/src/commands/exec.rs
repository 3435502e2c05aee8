//! `solti-host exec`: one command.

use std::io::{self, IsTerminal as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::time::Duration;

use anyhow::{Context as _, bail};
use solti_model::{
    Flag, RunnerSelector, SubprocessMode, SubprocessSpec, TaskEnv, TaskKind, TaskSpec,
};

use crate::args::ExecArgs;
use crate::exit::Exit;
use crate::output::Format;
use crate::session::{self, Plan};
use solti_plugin_host::specs::PlacedSpec;

/// The slot of the command.
const SLOT: &str = "exec";

/// A spec has to have a timeout; this one stands for none.
const FOR_EVER: Duration = Duration::from_secs(365 * 24 * 60 * 60);

/// Runs the command and says how the program ends.
///
/// # Errors
///
/// When it cannot be run at all.
pub(super) fn exec(args: ExecArgs) -> anyhow::Result<Exit> {
    let mut env = TaskEnv::default();
    for (name, value) in &args.env {
        env.push(name, value);
    }
    if args
        .command
        .first()
        .is_none_or(|name| name.trim().is_empty())
    {
        bail!("the name of the command is empty: name a program");
    }
    let mut command = args.command.into_iter();
    let kind = TaskKind::Subprocess(SubprocessSpec {
        mode: SubprocessMode::Command {
            command: command.next().unwrap_or_default(),
            args: command.collect(),
        },
        env,
        cwd: args.cwd,
        fail_on_non_zero: Flag::enabled(),
    });
    let timeout = args.timeout.map_or(FOR_EVER, Duration::from);
    let timeout_ms = u64::try_from(timeout.as_millis()).unwrap_or(u64::MAX);
    let mut spec = TaskSpec::builder(SLOT, kind, timeout_ms);
    if !args.label.is_empty() {
        let mut selector = RunnerSelector::default();
        for (key, value) in &args.label {
            selector.match_labels.insert(key, value);
        }
        spec = spec.runner_selector(selector);
    }
    let spec = spec.build().context("the command")?;
    session::run(Plan {
        session: &args.session,
        format: Format::Plain.or_json(args.session.json),
        jobs: 0,
        retries: 0,
        tasks: vec![PlacedSpec::new(SLOT, spec)],
        stdin: standard_input(),
        is_command: true,
        arriving: None,
        problems: Vec::new(),
    })
}

/// What the command reads: what this program would.
///
/// From a terminal it comes through a pipe. The command is in a process group of its own, so that all
/// of it can be ended, and a terminal stops who reads it from such a group; and with the keyboard's
/// signals it would no longer be this program that ends the command. Another input is handed over as
/// it is.
fn standard_input() -> Option<OwnedFd> {
    let stdin = io::stdin();
    if !stdin.is_terminal() {
        return stdin.as_fd().try_clone_to_owned().ok();
    }
    let (reader, mut writer) = io::pipe().ok()?;
    // Nobody waits for it: reading a terminal cannot be interrupted.
    std::thread::Builder::new()
        .name("stdin".to_owned())
        .spawn(move || io::copy(&mut io::stdin().lock(), &mut writer))
        .ok()?;
    Some(reader.into())
}
