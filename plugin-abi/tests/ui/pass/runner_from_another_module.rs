#![forbid(unsafe_code)]
#![deny(warnings)]

mod inner {
    include!("../runner.inc");

    #[derive(Default)]
    pub struct Demo;
    runner!(Demo, "demo");
}

use inner::Demo;

solti_plugin_abi::export_plugin!(Demo { name: "demo", kinds: [subprocess] });

fn main() {}
