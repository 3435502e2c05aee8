include!("../../support/runner.inc");

struct Config;
struct Demo;
runner!(Demo, "demo");

impl Demo {
    fn new(_: Config) -> Result<Self, String> {
        Ok(Self)
    }
}

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm], new: Demo::new });

fn main() {}
