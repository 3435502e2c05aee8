//! `solti-host completions`: what a shell can complete.

use clap::CommandFactory as _;

use crate::args::{Args, CompletionsArgs};
use crate::exit::Exit;
use crate::present::tables;

/// Prints the completions and says how the program ends.
///
/// # Errors
///
/// When standard output cannot be written.
pub(super) fn completions(args: &CompletionsArgs) -> anyhow::Result<Exit> {
    let mut command = Args::command();
    let name = command.get_name().to_owned();
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut command, name, &mut script);
    tables::print(String::from_utf8_lossy(&script).trim_end())?;
    Ok(Exit::Success)
}
