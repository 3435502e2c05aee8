//! The command line of the plugin host.
fn main() {}
