include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

const WORKERS: u32 = 4;

solti_plugin_abi::export_plugin!(workers: WORKERS, Demo { name: "demo", kinds: [wasm] });

fn main() {}
