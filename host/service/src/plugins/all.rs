//! All plugins of a service.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use solti_plugin_host::live::{Changes, Replacement};
use solti_plugin_host::probe::ProbeOutcome;
use solti_plugin_host::{LivePlugins, LoadDirError, Plugin};
use tracing::{error, info, warn};

/// The target of what is said of every change of plugins, by whom it was asked for.
pub(crate) const AUDIT: &str = "solti_plugin_service::audit";

/// The plugins of a service.
pub(crate) struct Plugins {
    pub(crate) live: Arc<LivePlugins>,
    /// Those without which the service is not ready.
    required: Vec<String>,
    pub(super) limits: Limits,
    pub(super) counted: Mutex<Counted>,
}

/// What may be open of plugins.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) images: u64,
    pub(crate) bytes: u64,
}

/// What is counted of changes.
#[derive(Default)]
pub(super) struct Counted {
    /// By whether the directory could be used.
    pub(super) reloads: BTreeMap<&'static str, u64>,
    /// By what became of a plugin.
    pub(super) changes: BTreeMap<&'static str, u64>,
    /// Of plugins that were taken, by how they were tried out.
    pub(super) probes: BTreeMap<&'static str, u64>,
    /// How long those took that were, in milliseconds.
    pub(super) probing: u64,
    /// By stage and code.
    pub(super) refusals: BTreeMap<(String, &'static str), u64>,
    /// Files that are refused, and why, so that nothing is said twice.
    refused: Vec<(String, String)>,
}

/// Who asks for a look at the directory.
#[derive(Debug, Clone)]
pub(crate) enum Cause {
    /// It has changed.
    Directory,
    /// A signal has come.
    Signal,
    /// Somebody who came by this way.
    Request(&'static str),
}

impl Plugins {
    pub(crate) fn new(live: Arc<LivePlugins>, required: Vec<String>, limits: Limits) -> Arc<Self> {
        let plugins = Self {
            live,
            required,
            limits,
            counted: Mutex::default(),
        };
        let report = plugins.live.report();
        let mut counted = plugins.counted.lock();
        *counted.changes.entry("added").or_default() += report.loaded().len() as u64;
        for plugin in report.loaded() {
            counted.probed(&plugin.probe);
        }
        for rejected in report.rejected() {
            counted.refuse(
                rejected.error.stage().to_string(),
                rejected.error.code(),
                (rejected.file.clone(), rejected.reason()),
            );
        }
        drop(counted);
        Arc::new(plugins)
    }

    /// Looks at the directory, and takes what has changed.
    pub(crate) async fn reload(self: &Arc<Self>, cause: Cause) -> Result<Changes, LoadDirError> {
        let live = Arc::clone(&self.live);
        let looked = tokio::task::spawn_blocking(move || live.reload()).await;
        let looked = match looked {
            Ok(looked) => looked,
            // It stops, or the look itself has failed: nothing has changed then.
            Err(err) => {
                error!("the directory of plugins was not looked at: {err}");
                return Ok(Changes::default());
            }
        };
        let result = if looked.is_ok() { "done" } else { "failed" };
        *self.counted.lock().reloads.entry(result).or_default() += 1;
        match &looked {
            Ok(changes) => self.tell(changes, &cause),
            Err(err) => warn!(target: AUDIT, %cause, "the plugins stay as they are: {err}"),
        }
        looked
    }

    /// The plugin of this name.
    fn in_service(&self, name: &str) -> Option<Plugin> {
        let report = self.live.report();
        let plugin = report.loaded().iter().find(|it| it.plugin == name);
        plugin.map(|it| it.handle.clone())
    }

    /// Gives a plugin no more tasks, until it is put back; `false` where none of this name is in service.
    pub(crate) fn retire(&self, name: &str, cause: &Cause) -> bool {
        let Some(plugin) = self.in_service(name) else {
            return false;
        };
        plugin.retire();
        info!(target: AUDIT, %cause, plugin = name, "retired plugin '{name}'");
        true
    }

    /// Puts a plugin back that was retired or has panicked too often; `false` where none of this name is in
    /// service.
    pub(crate) fn reinstate(&self, name: &str, cause: &Cause) -> bool {
        let Some(plugin) = self.in_service(name) else {
            return false;
        };
        plugin.reinstate();
        info!(target: AUDIT, %cause, plugin = name, "reinstated plugin '{name}'");
        true
    }

    /// The required plugins that are not in service.
    pub(crate) fn missing(&self) -> Vec<String> {
        let report = self.live.report();
        let is_there = |name: &String| report.loaded().iter().any(|it| it.plugin == *name);
        let missing = self.required.iter().filter(|name| !is_there(name));
        missing.cloned().collect()
    }

    /// Says and counts what has changed.
    fn tell(&self, changes: &Changes, cause: &Cause) {
        let mut counted = self.counted.lock();
        let report = self.live.report();
        let replacing = changes.replaced.iter().map(|it| &it.now);
        for change in changes.added.iter().chain(replacing) {
            let found = report.loaded().iter().find(|it| it.plugin == change.plugin);
            if let Some(plugin) = found {
                counted.probed(&plugin.probe);
            }
        }
        for (word, all) in [
            ("added", &changes.added),
            ("renewed", &changes.renewed),
            ("retired", &changes.retired),
        ] {
            for change in all {
                info!(target: AUDIT, %cause, plugin = %change.plugin, "{word} plugin {change}");
            }
            *counted.changes.entry(word).or_default() += all.len() as u64;
        }
        for Replacement { now, before, .. } in &changes.replaced {
            info!(
                target: AUDIT,
                %cause,
                plugin = %now.plugin,
                "replaced plugin {} {before} by {} from {}",
                now.plugin,
                now.version,
                now.file
            );
        }
        *counted.changes.entry("replaced").or_default() += changes.replaced.len() as u64;
        let before = std::mem::take(&mut counted.refused);
        for refused in &changes.refused {
            let said = (refused.file.clone(), refused.reason.clone());
            if before.contains(&said) {
                counted.refused.push(said);
                continue;
            }
            let (file, reason) = &said;
            match &refused.stays {
                Some(plugin) => warn!(
                    target: AUDIT,
                    %cause,
                    %plugin,
                    "refused {file}, and plugin '{plugin}' stays as it is: {reason}"
                ),
                None => warn!(target: AUDIT, %cause, "refused {file}: {reason}"),
            }
            counted.refuse(refused.stage.to_string(), refused.code, said);
        }
    }
}

impl Counted {
    fn probed(&mut self, probe: &ProbeOutcome) {
        let result = match probe {
            ProbeOutcome::Passed { ms } => {
                self.probing += ms;
                "passed"
            }
            ProbeOutcome::Remembered { .. } => "remembered",
            _ => "not_probed",
        };
        *self.probes.entry(result).or_default() += 1;
    }

    fn refuse(&mut self, stage: String, code: &'static str, said: (String, String)) {
        *self.refusals.entry((stage, code)).or_default() += 1;
        self.refused.push(said);
    }
}

impl std::fmt::Display for Cause {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Directory => f.write_str("directory"),
            Self::Signal => f.write_str("signal"),
            Self::Request(by) => write!(f, "request by {by}"),
        }
    }
}
