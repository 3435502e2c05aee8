include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

solti_plugin_abi::export_plugin!(workers: 0, Demo { name: "demo", kinds: [wasm] });

fn main() {}
