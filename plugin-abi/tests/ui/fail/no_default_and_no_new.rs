include!("../../support/runner.inc");

struct Demo {
    _shell: String,
}
runner!(Demo, "demo");

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm] });

fn main() {}
