#![forbid(unsafe_code)]
#![deny(warnings)]

include!("../runner.inc");

/// The name that the macro could be tempted to use itself.
#[derive(Default)]
struct Plugin;
runner!(Plugin, "first");

struct Second;
runner!(Second, "second");

struct Config(u32);

impl Config {
    fn build(self) -> Result<Third, std::num::TryFromIntError> {
        u8::try_from(self.0).map(Third)
    }
}

struct Third(#[allow(dead_code)] u8);
runner!(Third, "third");

impl Second {
    fn new(_: std::collections::BTreeMap<String, u32>) -> Result<Self, String> {
        Ok(Self)
    }
}

solti_plugin_abi::export_plugin!(
    Plugin { kinds: [wasm,], name: "first", },
    Second {
        supports: by_kind,
        new: Second::new,
        labels: { "tier" = "fast", "zone" = "", },
        kinds: [container, subprocess, wasm],
        name: "second",
    },
    Third {
        new: |limit: u32| Config(limit).build(),
        labels: {},
        name: "third",
        kinds: [subprocess],
    },
);

fn main() {}
