//! Everything `export_plugin!` accepts: several runners, paths and generic types, `workers`, all fields in odd orders, commas at ends,
//! constructors of different shapes.

#![forbid(unsafe_code)]
#![deny(warnings)]

#[path = "support/stamp.rs"]
mod stamp;

include!("support/runner.inc");

/// A name that the macro could be tempted to use itself.
#[derive(Default)]
struct Plugin;
runner!(Plugin, "first");

struct Second;
runner!(Second, "second");

impl Second {
    fn new(_: std::collections::BTreeMap<String, u32>) -> Result<Self, String> {
        Ok(Self)
    }
}

struct Third {
    _limit: u8,
}
runner!(Third, "third");

mod inner {
    use super::*;

    pub(crate) struct Generic<T, const N: usize>(pub(crate) [T; N]);

    impl<T: Default + Copy, const N: usize> Default for Generic<T, N> {
        fn default() -> Self {
            Self([T::default(); N])
        }
    }

    runner!(Generic<u8, 2>, "fourth");
}

solti_plugin_abi::export_plugin!(
    workers: 3,
    Plugin { kinds: [wasm,], name: "first", },
    Second {
        supports: by_kind,
        new: Second::new,
        labels: { "tier" = "fast", "zone" = "", },
        kinds: [container, subprocess, wasm],
        name: "second",
    },
    Third {
        new: |limit: u32| u8::try_from(limit).map(|limit| Third { _limit: limit }),
        labels: {},
        name: "third",
        kinds: [subprocess],
    },
    crate::inner::Generic<u8, { 1 + 1 }> {
        name: "fourth",
        kinds: ["example.com/v1/Greeting", wasm],
    },
);

#[test]
fn fields_in_any_order_end_up_in_their_runners_part_of_the_stamp() {
    let runners: Vec<_> = stamp::of_this_binary()
        .runners
        .iter()
        .map(|runner| {
            let labels: Vec<_> = runner
                .labels
                .iter()
                .map(|(k, v)| format!("{k}={v}"))
                .collect();
            let kinds = runner.kinds.to_string();
            format!("{} {kinds} {} {labels:?}", runner.name, runner.by_kind)
        })
        .collect();
    assert_eq!(
        runners,
        [
            r#"first wasm false []"#,
            r#"second container,subprocess,wasm true ["tier=fast", "zone="]"#,
            r#"third subprocess false []"#,
            r#"fourth example.com/v1/Greeting,wasm false []"#,
        ]
    );
}
