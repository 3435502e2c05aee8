//! The arguments of the commands that write what describes this program.

use std::path::PathBuf;

use clap_complete::Shell;

/// Print the completions of this program for a shell
///
/// For bash: `solti-host completions bash > ~/.local/share/bash-completion/completions/solti-host`.
///
/// Exit code: 0, or 2 if they could not be printed.
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: Shell,
}

/// Write the man pages of this program and its commands into a directory
///
/// `solti-host.1` and one for each command, such as `solti-host-run.1`; `man -l FILE` shows one.
///
/// Exit code: 0, or 2 if they could not be written.
#[derive(Debug, clap::Args)]
pub(crate) struct ManArgs {
    /// The directory, which has to be there
    #[arg(value_name = "DIR")]
    pub(crate) directory: PathBuf,
}
