//! The workload of a calendar.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;
use solti_cron::CronSchedule;
use solti_model_published::{LabelSelector, TaskWorkload};

use crate::convert::Unbridgeable;

/// The API version of cron workloads.
pub const CRON_API_VERSION: &str = "cron.solti-host/v1alpha1";

/// Their kind.
pub const CRON_KIND: &str = "Cron";

/// A day, in milliseconds.
const DAY: u64 = 24 * 3600 * 1000;

/// Another workload, at the times of a calendar.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct CronSpec {
    /// When.
    pub schedule: CronSchedule,
    /// How long one run may take; as long as the whole task when it is not given.
    pub timeout: Option<Duration>,
    /// What.
    pub workload: TaskWorkload,
    /// Which runners may take it.
    pub runner_selector: Option<LabelSelector>,
}

/// As it is written.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    schedule: String,
    #[serde(default)]
    timezone: Option<String>,
    #[serde(default)]
    timeout_ms: Option<u64>,
    workload: TaskWorkload,
    #[serde(default)]
    runner_selector: Option<LabelSelector>,
}

impl CronSpec {
    /// Reads the spec of a cron workload, of a task with this timeout in milliseconds.
    pub(super) fn read(spec: &Value, timeout: u64) -> Result<Self, Unbridgeable> {
        let bad = |field: &'static str, reason: String| Unbridgeable { field, reason };
        let written: Written = serde_json::from_value(spec.clone())
            .map_err(|err| bad("spec.workload.spec", err.to_string()))?;
        let timezone = written.timezone.as_deref().unwrap_or("UTC");
        let schedule = CronSchedule::parse(&written.schedule, timezone).map_err(|err| {
            let field = match err {
                solti_cron::CronError::InvalidTimezone(_) => "spec.workload.spec.timezone",
                _ => "spec.workload.spec.schedule",
            };
            bad(field, err.to_string())
        })?;
        if written.timeout_ms == Some(0) {
            let reason = "is 0, expected milliseconds that one run may take".to_owned();
            return Err(bad("spec.workload.spec.timeoutMs", reason));
        }
        // Somebody means one run with it.
        if timeout < DAY {
            let reason = format!(
                "is {timeout}, which is the time for all runs together: say at least a day ({DAY}), such as \
                 9007199254740991, and how long one run may take as timeoutMs of the cron workload"
            );
            return Err(bad("spec.timeout", reason));
        }
        Ok(Self {
            schedule,
            timeout: written.timeout_ms.map(Duration::from_millis),
            workload: written.workload,
            runner_selector: written.runner_selector,
        })
    }
}
