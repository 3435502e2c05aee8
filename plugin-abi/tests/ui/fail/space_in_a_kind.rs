include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: ["a kind"] });

fn main() {}
