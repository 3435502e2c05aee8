//! Plugins supervised by `solti-core` 0.0.8: `cargo run -p solti-plugin-bridge --example supervise -- plugins`

#![expect(clippy::print_stderr, reason = "an example talks to people")]

use solti_core::SupervisorApi;
use solti_model_published::{TaskId, TaskManifest};
use solti_plugin_bridge::{load_dir, published::runner::RunnerRouter};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let directory = std::env::args()
        .nth(1)
        .unwrap_or_else(|| "plugins".to_owned());
    let mut router = RunnerRouter::new();
    eprintln!("{}", load_dir(directory, &mut router)?.report);
    let core = SupervisorApi::builder(router).start().await?;
    let manifest: TaskManifest = serde_json::from_str(include_str!("hello.json"))?;
    core.create_task(manifest).await?;
    let name = TaskId::new("hello")?;
    while core
        .get_task(&name)
        .is_some_and(|task| !task.phase().is_terminal())
    {
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    eprintln!("{}", core.get_task(&name).ok_or("it is gone")?.phase());
    Ok(core.shutdown().await?)
}
