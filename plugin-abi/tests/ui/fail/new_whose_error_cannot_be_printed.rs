include!("../../support/runner.inc");

struct Failure;
struct Demo;
runner!(Demo, "demo");

impl Demo {
    fn new(_: Vec<String>) -> Result<Self, Failure> {
        Err(Failure)
    }
}

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm], new: Demo::new });

fn main() {}
