include!("../../support/runner.inc");

solti_plugin_abi::export_plugin!();

fn main() {}
