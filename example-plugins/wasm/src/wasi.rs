//! What a guest sees of the world.
//!
//! Nothing of it is the host's unless the configuration says so: standard input is empty, there is
//! no network, and of the environment and the file system only what is named.

mod bounded;
mod clock;
mod directory;
mod output;
mod random;
mod wait;

use std::collections::BTreeMap;
use std::sync::Arc;

use cap_rand::SeedableRng;
use cap_rand::rngs::StdRng;
use cap_std::ambient_authority;
use solti_plugin_abi::LineWriter;
use solti_plugin_abi::os_error::explain;
use thiserror::Error;
use wasi_common::sync::{Dir, clocks_ctx, random_ctx};
use wasi_common::{Table, WasiCtx, WasiDir};

use self::bounded::{Bounded, Bounds};
use self::clock::VirtualClock;
use self::directory::ReadOnly;
use self::output::Output;
use self::random::Random;
use self::wait::Waiting;
use crate::config::{Clock, Config};
use crate::stop::Stop;

/// The module from which guests import what they are provided with.
pub(crate) const PREVIEW_1: &str = "wasi_snapshot_preview1";

/// What a program is started with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Invocation {
    /// Its name first.
    pub(crate) args: Vec<String>,
    pub(crate) env: BTreeMap<String, String>,
}

/// Why a guest's world could not be made.
#[derive(Debug, Error)]
pub(crate) enum WorldError {
    #[error("directory {path} could not be opened for the module: {reason}")]
    Directory { path: String, reason: String },
    #[error("the module's arguments and environment do not fit: {0}")]
    Strings(String),
}

/// Makes the world of one run.
pub(crate) fn world(
    invocation: &Invocation,
    config: &Config,
    [stdout, stderr]: [LineWriter; 2],
    stop: &Arc<Stop>,
) -> Result<WasiCtx, WorldError> {
    let source = match config.random_seed {
        Some(seed) => Box::new(StdRng::seed_from_u64(seed)),
        None => random_ctx(),
    };
    let random = Box::new(Random::new(source, Arc::clone(stop)));
    let virtual_clock = match config.clock {
        Clock::Real => None,
        Clock::Virtual => Some(Arc::new(VirtualClock::new())),
    };
    let clocks = match &virtual_clock {
        Some(clock) => clock.views(),
        None => clocks_ctx(),
    };
    let waiting = Box::new(Waiting::new(Arc::clone(stop), virtual_clock));
    let mut wasi = WasiCtx::new(random, clocks, waiting, Table::new());

    let strings = |err: wasi_common::StringArrayError| WorldError::Strings(err.to_string());
    for arg in &invocation.args {
        wasi.push_arg(arg).map_err(strings)?;
    }
    for (name, value) in &invocation.env {
        wasi.push_env(name, value).map_err(strings)?;
    }
    wasi.set_stdout(Box::new(Output::new(stdout, Arc::clone(stop))));
    wasi.set_stderr(Box::new(Output::new(stderr, Arc::clone(stop))));
    let bounds = Bounds::new(Arc::clone(stop), config.max_open_files);
    for directory in &config.directories {
        let failed = |reason: String| WorldError::Directory {
            path: directory.host.display().to_string(),
            reason,
        };
        let opened = Dir::open_ambient_dir(&directory.host, ambient_authority())
            .map_err(|err| failed(explain(&err, "read it")))?;
        let opened = Box::new(wasi_common::sync::dir::Dir::from_cap_std(opened));
        let bounded = Box::new(Bounded::preopened(opened, bounds.clone()));
        let offered: Box<dyn WasiDir> = if directory.writable {
            bounded
        } else {
            Box::new(ReadOnly(bounded as Box<dyn WasiDir>))
        };
        wasi.push_preopened_dir(offered, &directory.guest)
            .map_err(|err| failed(err.to_string()))?;
    }
    Ok(wasi)
}
