include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

solti_plugin_abi::export_plugin!(Demo { name: "de\nmo", kinds: [wasm] });

fn main() {}
