include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm] });

fn main() {}
