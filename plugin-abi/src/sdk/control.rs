//! The plugin as a whole, as its host holds it.

use std::sync::{Arc, Weak};
use std::time::Duration;

use abi_stable::std_types::{RString, RVec};
use async_ffi::{FfiFuture, FutureExt as _};
use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::guard::{guard, guard_or_log};
use super::host::HOST;
use super::request::{Exported, Shared};
use super::{door, runtime, trace};
use crate::call::{self, CallFuture};
use crate::config::{self, Schema};
use crate::runner::Health;
use crate::v1::call::{DESCRIBE, FfiAnswer, HEALTH};
use crate::v1::plugin::PluginAbi;

pub(super) struct Control {
    config: Option<Schema>,
    /// The host's to drop: with its router they go.
    runners: Arc<[Weak<Exported>]>,
}

impl Control {
    pub(super) fn of(runners: &[Shared], config: Option<Schema>) -> Self {
        Self {
            config,
            runners: runners.iter().map(Arc::downgrade).collect(),
        }
    }
}

/// Those that are still there.
fn alive(runners: &[Weak<Exported>]) -> Vec<Shared> {
    runners.iter().filter_map(Weak::upgrade).collect()
}

impl PluginAbi for Control {
    fn refresh_log(&self) {
        if let Some(host) = HOST.get() {
            guard_or_log("the log filter's refresh", || trace::refresh(host));
        }
    }

    fn active_tasks(&self) -> u64 {
        runtime::attempts().tracker.len() as u64
    }

    fn drain(&self) {
        runtime::attempts().drain();
        let _entered = runtime::enter_started();
        for runner in alive(&self.runners) {
            guard_or_log("the draining of a runner", || runner.get().drain());
        }
    }

    fn resume(&self) -> bool {
        let runners = alive(&self.runners);
        if runners.len() < self.runners.len() {
            return false;
        }
        runtime::resume();
        let _entered = runtime::enter_started();
        for runner in runners {
            guard_or_log("the return of a runner", || runner.get().resume());
        }
        true
    }

    fn idle(&self) -> FfiFuture<()> {
        runtime::attempts().idle().into_ffi()
    }

    fn call(&self, method: RString, payload: RVec<u8>) -> FfiAnswer {
        let (runners, config) = (alive(&self.runners), self.config);
        door::answer(method, payload, move |method, _| {
            of_the_plugin(method, runners, config)
        })
    }

    fn shutdown(&self, grace_ms: u64) -> u64 {
        guard(|| runtime::shutdown(Duration::from_millis(grace_ms))).map_or(0, |left| left as u64)
    }
}

/// The methods that every plugin answers.
fn of_the_plugin(
    method: &str,
    runners: Vec<Shared>,
    config: Option<Schema>,
) -> CallFuture<'static> {
    match method {
        DESCRIBE => Box::pin(std::future::ready(Ok(bytes(&describe(&runners, config))))),
        HEALTH => Box::pin(async move { Ok(bytes(&health(&runners).await)) }),
        other => call::unknown(other),
    }
}

fn bytes(value: &Value) -> Bytes {
    value.to_string().into()
}

/// What each runner says of itself; of a plugin with one, that stands for the plugin. What may be configured
/// is said in full: a stamp has no room for what is very long.
fn describe(runners: &[Shared], config: Option<Schema>) -> Value {
    let mut all = Map::new();
    for runner in runners {
        let runner = runner.get();
        all.insert(runner.name().to_owned(), Value::Object(runner.describe()));
    }
    let mut described = match runners {
        [only] => only.get().describe(),
        _ => Map::new(),
    };
    described.insert("runners".to_owned(), Value::Object(all));
    let schema = config.map(|schema| serde_json::from_str(&config::json(&schema)));
    if let Some(Ok(schema)) = schema {
        // What the author says himself comes first.
        described.entry("config").or_insert(schema);
    }
    Value::Object(described)
}

/// The worst that a runner says.
async fn health(runners: &[Shared]) -> Value {
    let mut worst = Health::Ok;
    for runner in runners {
        let health = runner.get().health().await;
        match (&worst, &health) {
            (_, Health::Failed(_)) | (Health::Ok, Health::Degraded(_)) => worst = health,
            _ => {}
        }
    }
    match worst {
        Health::Ok => json!({ "status": "ok" }),
        Health::Degraded(reason) => json!({ "status": "degraded", "reason": reason }),
        Health::Failed(reason) => json!({ "status": "failed", "reason": reason }),
    }
}
