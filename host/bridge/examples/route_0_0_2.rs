//! Plugins, and a runner that is linked in, side by side in a router of `solti-runner` 0.0.2:
//! `cargo run -p solti-plugin-bridge --features v0-0-2 --example route_0_0_2 -- plugins`

#![expect(clippy::print_stderr, reason = "an example talks to people")]

use solti_plugin_bridge::v0_0_2::load_dir;
use solti_plugin_host::solti_model::TaskSpec;
use solti_runner_0_0_2::RunnerRouter;
use tokio_util::sync::CancellationToken;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "plugins".to_owned());
    let mut router = RunnerRouter::new();
    eprintln!("{}", load_dir(directory, &mut router)?);
    let spec: TaskSpec = serde_json::from_str(
        r#"{"slot": "hello", "timeout": 60000, "restart": {"type": "never"}, "admission": "queue",
            "backoff": {"firstMs": 1, "maxMs": 2, "factor": 1.0, "jitter": "none"},
            "kind": {"subprocess": {"mode": {"command": {"command": "true"}}, "failOnNonZero": true}}}"#,
    )?;
    let task = router.build(&spec)?;
    task.spawn(CancellationToken::new()).await?;
    eprintln!("{} has succeeded", task.name());
    Ok(())
}
