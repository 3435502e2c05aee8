//! `solti-host`: loads the plugins of a directory and runs tasks through them.

mod cli;

fn main() {
    solti_plugin_host::probe_main();
    // Not by returning: that would run the destructors of plugins.
    solti_plugin_host::exit_now(cli::main());
}
