//! What may be moved to and shared with other threads. Taking one of these away breaks users.

use solti_plugin_host::{
    LoadDirError, LoadError, LoadReport, Plugin, PluginLoader, RunnerRouter, ShutdownOutcome,
};

fn shares<T: Send + Sync + 'static>() {}

#[test]
fn a_host_may_load_on_one_thread_and_use_on_others() {
    shares::<PluginLoader>();
    shares::<RunnerRouter>();
    shares::<LoadReport>();
    shares::<LoadError>();
    shares::<LoadDirError>();
    shares::<Plugin>();
    shares::<ShutdownOutcome>();
}
