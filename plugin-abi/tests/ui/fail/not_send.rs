include!("../../support/runner.inc");

#[derive(Default)]
struct Demo {
    _shared: std::rc::Rc<()>,
}
runner!(Demo, "demo");

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [wasm] });

fn main() {}
