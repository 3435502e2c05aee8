//! Tells a control plane of the published line that this service is there, and what it can do.
//!
//! The request and its answer are those of `solti.discover.v1.DiscoverService/Sync` of `solti-discover`
//! 0.0.8, in the JSON form of protobuf: numbers of 64 bits are text.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Weak;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use solti_plugin_bridge::{composite_types, workload_types};
use solti_plugin_host::LoadReport;
use thiserror::Error;
use tokio_util::sync::CancellationToken;
use tracing::{info, warn};
use ureq::Agent;

use crate::config::Discover;
use crate::machine;
use crate::plugins::Plugins;

/// Where a control plane listens, behind its own address.
const PATH: &str = "/api/v1/discovery/sync";

/// The version of the API that this service has.
const API_VERSION: u32 = 1;

/// How long an answer may take, and how much of it is read.
const ANSWER: Duration = Duration::from_secs(10);
const LONGEST: u64 = 64 << 10;

/// The longest wait before it is tried again.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// Why a control plane was not told.
#[derive(Debug, Error)]
enum NotTold {
    #[error("the token file {path}: {source}")]
    Token { path: String, source: io::Error },
    #[error("{0}")]
    Http(#[from] ureq::Error),
    #[error("it refuses: {reason}")]
    Refused {
        reason: String,
        /// How long to wait, where it says so.
        wait: Option<Duration>,
    },
}

/// The name that a service keeps over its restarts, which is made at first.
pub(crate) fn id_of(state: &Path) -> io::Result<String> {
    let path = state.join("agent-id");
    match fs::read_to_string(&path) {
        Ok(id) if !id.trim().is_empty() => return Ok(id.trim().to_owned()),
        Ok(_) => {}
        Err(err) if err.kind() == io::ErrorKind::NotFound => {}
        Err(err) => return Err(err),
    }
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|err| io::Error::other(err.to_string()))?;
    let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    solti_plugin_host::atomic::write(&path, id.as_bytes())?;
    Ok(id)
}

/// Tells a control plane again and again, until the service ends.
pub(crate) async fn tell(
    config: Discover,
    id: String,
    plugins: Weak<Plugins>,
    closing: CancellationToken,
) {
    let began = Instant::now();
    let agent: Agent = Agent::config_builder()
        .timeout_global(Some(ANSWER))
        // A token is for nobody else.
        .max_redirects(0)
        .build()
        .into();
    let (mut said, mut failures) = (None, 0_u32);
    loop {
        let Some(report) = plugins.upgrade().map(|it| it.live.report()) else {
            return;
        };
        let request = request(&config, &id, began.elapsed(), &report);
        let (asking, agent) = (config.clone(), agent.clone());
        let told = tokio::task::spawn_blocking(move || sync(&agent, &asking, &request)).await;
        let Ok(told) = told else { return };
        let wait = match told {
            Ok(()) => {
                if failures > 0 || said.is_none() {
                    info!("{} knows of this service", config.control);
                }
                (said, failures) = (Some(String::new()), 0);
                config.interval
            }
            Err(err) => {
                let text = err.to_string();
                if said.as_ref() != Some(&text) {
                    warn!("{} does not know of this service: {text}", config.control);
                    said = Some(text);
                }
                failures = failures.saturating_add(1);
                let doubled = config.interval * 2_u32.saturating_pow(failures.min(8) - 1);
                match err {
                    NotTold::Refused {
                        wait: Some(wait), ..
                    } => wait,
                    _ => doubled,
                }
                .min(LONGEST_WAIT)
            }
        };
        tokio::select! {
            () = closing.cancelled() => return,
            () = tokio::time::sleep(wait) => {}
        }
    }
}

fn sync(agent: &Agent, config: &Discover, request: &Value) -> Result<(), NotTold> {
    let url = format!("{}{PATH}", config.control.trim_end_matches('/'));
    let mut post = agent.post(url).content_type("application/json").header(
        "user-agent",
        concat!("solti-host/", env!("CARGO_PKG_VERSION")),
    );
    if let Some(path) = &config.token_file {
        // Anew each time: it may have been renewed.
        let token = fs::read_to_string(path).map_err(|source| NotTold::Token {
            path: path.display().to_string(),
            source,
        })?;
        post = post.header("authorization", format!("Bearer {}", token.trim()));
    }
    let mut answer = post.send(request.to_string())?;
    let text = answer
        .body_mut()
        .with_config()
        .limit(LONGEST)
        .read_to_string()?;
    let answer: Value = serde_json::from_str(&text).unwrap_or_default();
    if answer["success"] == true {
        return Ok(());
    }
    let reason = answer["reason"].as_str().filter(|it| !it.is_empty());
    let wait = answer["retryAfterS"].as_u64().filter(|it| *it > 0);
    Err(NotTold::Refused {
        reason: reason.unwrap_or("without a reason").to_owned(),
        wait: wait.map(Duration::from_secs),
    })
}

/// What a control plane is told.
fn request(config: &Discover, id: &str, uptime: Duration, report: &LoadReport) -> Value {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let name = config.name.clone().unwrap_or_else(machine::name);
    json!({
        "id": id,
        "name": name,
        "endpoint": config.endpoint,
        "endpointType": if config.grpc { "ENDPOINT_TYPE_GRPC" } else { "ENDPOINT_TYPE_HTTP" },
        "uptimeSeconds": uptime.as_secs().to_string(),
        "os": system(),
        "arch": std::env::consts::ARCH,
        "platform": std::env::consts::OS,
        "ts": now.unwrap_or_default().as_secs().to_string(),
        "metadata": config.metadata,
        "apiVersion": API_VERSION,
        "heartbeatIntervalS": config.interval.as_secs().max(1),
        "capabilities": { "runners": runners(report) },
    })
}

/// The runners that are there now, under names that differ.
fn runners(report: &LoadReport) -> Vec<Value> {
    let types = |types: Vec<(String, String)>| -> Vec<Value> {
        let of = |(api_version, kind)| json!({ "apiVersion": api_version, "kind": kind });
        types.into_iter().map(of).collect()
    };
    let mut names = BTreeMap::<String, ()>::new();
    let mut all = Vec::new();
    for plugin in report.loaded().iter().filter(|it| !it.handle.is_retired()) {
        for runner in &plugin.runners {
            let workloads = workload_types(&runner.kinds);
            if workloads.is_empty() {
                continue;
            }
            let own = runner.name.clone();
            let name = match names.insert(own.clone(), ()) {
                None => own,
                Some(()) => format!("{}.{own}", plugin.plugin),
            };
            all.push(json!({
                "name": name,
                "labels": runner.labels,
                "workloads": types(workloads),
            }));
        }
    }
    if !all.is_empty() {
        let workloads = types(composite_types());
        all.push(json!({ "name": "composite", "labels": {}, "workloads": workloads }));
    }
    all
}

/// What the system calls itself.
fn system() -> String {
    let files = ["/etc/os-release", "/usr/lib/os-release"];
    let text = files.iter().find_map(|file| fs::read_to_string(file).ok());
    let text = text.unwrap_or_default();
    let mut lines = text.lines();
    let name = lines.find_map(|line| line.strip_prefix("PRETTY_NAME="));
    name.map_or(std::env::consts::OS, |name| name.trim_matches('"'))
        .to_owned()
}
