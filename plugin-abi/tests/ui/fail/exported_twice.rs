include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

#[derive(Default)]
struct Other;
runner!(Other, "other");

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm] });
solti_plugin_abi::export_plugin!(Other { name: "other", kinds: [wasm] });

fn main() {}
