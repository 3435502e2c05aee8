//! What version 1 of the ABI offers beyond the contract, through a plugin that is really loaded.

mod attempts;
mod bad_input;
mod builds;
mod calls;
mod details;
mod formats;
mod host_panics;
mod log;
mod output;

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use serde_json::Value;
use solti_plugin_host::Plugin;

use crate::support::{Host, SOON};

const GREETING: &str = "example.com/v1/Greeting";

fn plugin(host: &Host) -> &Plugin {
    &host.report.loaded()[0].handle
}

async fn soon<T>(future: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, future)
        .await
        .expect("it ends soon")
}

async fn answer_of(plugin: &Plugin, method: &str) -> Value {
    let answer = soon(plugin.call(method, Bytes::new())).await.unwrap();
    serde_json::from_slice(&answer).unwrap()
}

/// Waits for a file that a destructor or a thread of the plugin writes.
fn wait_for(file: &Path) {
    let began = Instant::now();
    while !file.exists() {
        assert!(
            began.elapsed() < SOON,
            "{} was never written",
            file.display()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
