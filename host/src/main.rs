//! `solti-host`: loads the plugins of a directory and runs tasks through them.

mod cli;

fn main() -> std::process::ExitCode {
    solti_plugin_host::probe_main();
    cli::main()
}
