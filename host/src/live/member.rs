//! A plugin that is, or was, in service.

use std::sync::{Arc, Weak};

use solti_model::Labels;
use solti_plugin_abi::Runner;

use super::runner::LiveRunner;
use super::task::Builds;
use crate::loader::enter::Entered;
use crate::loader::pipeline::Identity;
use crate::loader::report::LoadedPlugin;

/// A plugin that is, or was, in service.
pub(super) struct Member {
    pub(super) identity: Identity,
    pub(super) plugin: LoadedPlugin,
    /// In the order of those that it offers.
    runners: Vec<Arc<dyn Runner>>,
}

impl Member {
    pub(super) fn of(entered: Entered) -> Self {
        let runners = entered.runners.into_iter();
        Self {
            identity: entered.identity,
            plugin: entered.plugin,
            runners: runners.map(|runner| Arc::new(runner) as _).collect(),
        }
    }

    /// Its runners, with their labels.
    pub(super) fn runners(
        &self,
        again: &Weak<dyn Builds>,
    ) -> impl Iterator<Item = (Arc<LiveRunner>, Labels)> {
        let offered = self.runners.iter().zip(&self.plugin.runners);
        offered.map(move |(runner, offered)| {
            let runner = LiveRunner {
                runner: Arc::clone(runner),
                plugin: self.plugin.handle.clone(),
                again: Weak::clone(again),
            };
            (Arc::new(runner), offered.labels.clone())
        })
    }

    /// Lets go of what its author has made: it cannot come back.
    pub(super) fn let_go(&mut self) {
        self.runners.clear();
    }

    /// Whether it could come back.
    pub(super) fn is_whole(&self) -> bool {
        !self.runners.is_empty()
    }
}
