include!("../../support/runner.inc");

struct Demo;
runner!(Demo, "demo");

fn demo(_: ()) -> Result<Demo, String> {
    Ok(Demo)
}

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm], new: demo, new: demo });

fn main() {}
