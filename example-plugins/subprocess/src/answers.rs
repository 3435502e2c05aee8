//! What a supervisor may ask of a process that runs: `signal` and `stats`.

use std::fs;

use serde::Deserialize;
use serde_json::json;
use solti_plugin_abi::bytes::Bytes;
use solti_plugin_abi::process::GroupSignals;
use solti_plugin_abi::{CallError, CallFuture};

/// The request of `signal`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signal {
    /// The number of the signal that all processes of the attempt are sent.
    signal: i32,
}

/// The answers of an attempt whose processes these signals reach.
pub(crate) fn of(signals: GroupSignals) -> impl Fn(&str, Bytes) -> CallFuture<'static> {
    move |method, request| {
        let answer = match method {
            "signal" => send(&signals, &request),
            "stats" => stats(&signals),
            _ => Err(CallError::unknown(method)),
        };
        Box::pin(std::future::ready(answer))
    }
}

fn send(signals: &GroupSignals, request: &[u8]) -> Result<Bytes, CallError> {
    let Signal { signal } = serde_json::from_slice(request).map_err(|err| {
        CallError::failed(
            "signal",
            format_args!("expected {{\"signal\": NUMBER}}: {err}"),
        )
    })?;
    signals
        .send(signal)
        .map_err(|err| CallError::failed("signal", err))?;
    Ok(Bytes::new())
}

/// What the system counts of the first process: those it started count once it has waited for them.
fn stats(signals: &GroupSignals) -> Result<Bytes, CallError> {
    let pid = signals
        .leader()
        .ok_or_else(|| CallError::failed("stats", "the process has ended"))?;
    // Elsewhere than on Linux there is no such file, and the number is null.
    let status = fs::read(format!("/proc/{pid}/status")).unwrap_or_default();
    // The name of the process is in it, which may be no text.
    let status = String::from_utf8_lossy(&status);
    let stats = json!({ "pid": pid, "resident_bytes": resident(&status) });
    Ok(stats.to_string().into())
}

/// The resident memory, in bytes, that a file `/proc/PID/status` tells; it counts in units of 1024.
fn resident(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kibibytes: u64 = line.trim().strip_suffix(" kB")?.parse().ok()?;
    Some(kibibytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_read_in_bytes() {
        assert_eq!(
            resident("Name:\tcat\nVmRSS:\t    1500 kB\n"),
            Some(1_536_000)
        );
        assert_eq!(resident("Name:\tcat\n"), None);
    }
}
