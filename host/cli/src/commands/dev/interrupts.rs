//! What ends a round before it is over, or begins the next one.

use std::path::PathBuf;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::watch::Watch;
use crate::session::ignored;

/// Why a round is not gone on with.
#[derive(Debug)]
pub(super) enum Interrupt {
    /// This source is another one now.
    Changed(PathBuf),
    /// The signal of this number came.
    Signal(i32),
}

/// The signals that have come, and the sources that are watched.
pub(super) struct Interrupts {
    signals: mpsc::UnboundedReceiver<i32>,
    watch: Option<Watch>,
}

impl Interrupts {
    /// Listens for signals, and watches what changes, if anything is.
    pub(super) fn new(watch: Option<Watch>) -> std::io::Result<Self> {
        let (come, signals) = mpsc::unbounded_channel();
        let ignored = ignored();
        for kind in [
            SignalKind::interrupt(),
            SignalKind::terminate(),
            SignalKind::hangup(),
            SignalKind::quit(),
        ] {
            let number = kind.as_raw_value();
            // It stays so, as `nohup` has it.
            if ignored >> (number - 1) & 1 != 0 {
                continue;
            }
            let (mut signal, come) = (signal(kind)?, come.clone());
            tokio::spawn(async move {
                while signal.recv().await.is_some() && come.send(number).is_ok() {}
            });
        }
        Ok(Self { signals, watch })
    }

    /// Takes the sources as they are now for those of the round that begins.
    pub(super) fn begin_round(&mut self) {
        if let Some(watch) = &mut self.watch {
            watch.begin_round();
        }
    }

    /// Does not look at what is in this directory, where cargo builds.
    pub(super) fn leave_out(&mut self, directory: PathBuf) {
        if let Some(watch) = &mut self.watch {
            watch.leave_out(directory);
        }
    }

    /// Waits for a signal, or until a source is not what it was when the round began. Nothing is lost when
    /// it is dropped and called again.
    pub(super) async fn next(&mut self) -> Interrupt {
        let Self { signals, watch } = self;
        let changed = async {
            match watch {
                Some(watch) => watch.changed().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            Some(number) = signals.recv() => Interrupt::Signal(number),
            file = changed => Interrupt::Changed(file),
        }
    }

    /// Waits for a signal.
    pub(super) async fn signal(&mut self) -> i32 {
        match self.signals.recv().await {
            Some(number) => number,
            None => std::future::pending().await,
        }
    }
}
