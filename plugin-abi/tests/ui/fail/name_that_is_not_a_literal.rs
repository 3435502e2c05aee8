include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

const NAME: &str = "demo";
solti_plugin_abi::export_plugin!(Demo { name: NAME, kinds: [wasm] });

fn main() {}
