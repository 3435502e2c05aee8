//! The smallest use of `export_plugin!`, in a crate without `unsafe` and without warnings.

#![forbid(unsafe_code)]
#![deny(warnings)]

#[path = "support/stamp.rs"]
mod stamp;

mod inner {
    include!("support/runner.inc");

    #[derive(Default)]
    pub(crate) struct Demo;
    runner!(Demo, "demo");
}

use inner::Demo;

solti_plugin_abi::export_plugin!(Demo {
    name: "demo",
    kinds: [subprocess]
});

#[test]
fn one_line_makes_a_plugin_with_a_stamp() {
    let stamp = stamp::of_this_binary();
    assert_eq!((stamp.abi, stamp.panic.as_str()), (1, "unwind"));
    assert_eq!(stamp.version, env!("CARGO_PKG_VERSION"));
    let [runner] = &stamp.runners[..] else {
        panic!("{stamp:?}")
    };
    assert_eq!(
        (runner.name.as_str(), runner.kinds.to_string().as_str()),
        ("demo", "subprocess")
    );
    assert!(!runner.by_kind);
    assert!(runner.labels.is_empty());
}
