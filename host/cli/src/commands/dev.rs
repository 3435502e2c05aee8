//! `solti-host dev`: builds the crate of a plugin, checks and runs what comes of it, and again when a
//! source changes.
//!
//! Nothing of a plugin is loaded here: a library that is loaded stays so, and the next one would come
//! beside it. So each step is a process of its own, and all but cargo's are this program again.

mod build;
mod interrupts;
mod process;
mod round;
mod screen;
mod watch;

use std::path::PathBuf;

use anyhow::Context as _;
use tempfile::TempDir;
use tokio::runtime::Builder;

use crate::args::{DevArgs, OfAll};
use crate::exit::Exit;
use crate::present::message;
use interrupts::{Interrupt, Interrupts};
use round::{End, Round};
use screen::Screen;
use watch::Watch;

/// The number of the signal that Ctrl-C sends.
const SIGINT: i32 = 2;

/// Goes round until it is interrupted, or once, and says how the program ends; the steps are told what holds
/// for every command.
///
/// # Errors
///
/// When there is no crate in the directory, or nothing to build it with; with `--once` also when it makes
/// no plugin.
pub(super) fn dev(args: &DevArgs, of_all: &OfAll) -> anyhow::Result<Exit> {
    build::is_crate(&args.directory)?;
    // The compiler's files are in it as well: a build that is cut off leaves some.
    let own = tempfile::Builder::new().prefix("solti-dev-").tempdir();
    let own = own.context("there is no place for a copy of the plugin")?;
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let ended = runtime.block_on(go_round(args, of_all, &own));
    Screen::detect().leave();
    ended
}

async fn go_round(args: &DevArgs, of_all: &OfAll, own: &TempDir) -> anyhow::Result<Exit> {
    let screen = Screen::detect();
    if !args.once {
        // First: what is said of the watch is to stay.
        screen.clear();
    }
    let watch = (!args.once).then(|| Watch::new(&args.directory, args.tasks.as_deref()));
    let mut interrupts = Interrupts::new(watch)?;
    let round = Round {
        args,
        of_all,
        own: own.path(),
        screen,
    };
    let mut changed: Option<PathBuf> = None;
    loop {
        if let Some(file) = changed.take() {
            screen.clear();
            screen.changed(&file);
        }
        interrupts.begin_round();
        let exit = match round.go(&mut interrupts).await {
            Ok(End::Interrupted(Interrupt::Signal(signal))) => return Ok(of_signal(args, signal)),
            Ok(End::Interrupted(Interrupt::Changed(file))) => {
                changed = Some(file);
                continue;
            }
            Ok(End::Over { told, exit }) => {
                screen.over(&told, !args.once);
                exit
            }
            Err(err) if args.once || err.stays() => return Err(err.into()),
            Err(err) => {
                message::error(format_args!("{:#}", anyhow::Error::from(err)));
                screen.over("nothing was built", true);
                Exit::NoResult
            }
        };
        if args.once {
            return Ok(exit);
        }
        match interrupts.next().await {
            Interrupt::Changed(file) => changed = Some(file),
            Interrupt::Signal(signal) => return Ok(of_signal(args, signal)),
        }
    }
}

/// Ctrl-C is how one who watches ends it; any other signal, and one that cuts off the only round, is told.
fn of_signal(args: &DevArgs, signal: i32) -> Exit {
    match signal {
        SIGINT if !args.once => Exit::Success,
        signal => Exit::Signaled(signal),
    }
}
