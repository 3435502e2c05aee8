include!("../../support/runner.inc");

struct Demo;
runner!(Demo, "demo");

impl Demo {
    fn new() -> Result<Self, String> {
        Ok(Self)
    }
}

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm], new: Demo::new });

fn main() {}
