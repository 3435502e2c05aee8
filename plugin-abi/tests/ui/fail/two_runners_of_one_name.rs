include!("../../support/runner.inc");

#[derive(Default)]
struct Demo;
runner!(Demo, "demo");

#[derive(Default)]
struct Other;
runner!(Other, "demo");

solti_plugin_abi::export_plugin!(
    Demo { name: "demo", kinds: [wasm] },
    Other { name: "demo", kinds: [container] },
);

fn main() {}
