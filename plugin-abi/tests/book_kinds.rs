//! The plugin of the book's page on kinds: it compiles as it is printed there, and does what is said of it.

#[path = "support/page.rs"]
mod page;

use solti_plugin_abi::serde_json::json;
use solti_plugin_abi::testing::{self, Failure, workload};

include!("book/kinds.inc");

#[test]
fn a_spec_of_its_own_is_read_and_a_misspelt_field_is_named() {
    let spec = json!({ "name": "Ada", "politely": true });
    let ran = testing::run(&Greeter, workload(KIND, spec)).paused();
    assert_eq!(ran.stdout(), "good morning, Ada\n", "{ran:?}");
    let ran = testing::run(&Greeter, workload(KIND, json!({ "nme": "Ada" }))).paused();
    let Err(Failure::NotBuilt { reason, .. }) = &ran.result else {
        panic!("{ran:?}")
    };
    assert!(
        reason.starts_with(
            "invalid specification: spec.nme: unknown field, expected name or politely"
        ),
        "{reason}"
    );
}

#[test]
fn it_is_as_printed() {
    let plugin = include_str!("book/kinds.inc");
    page::is_as_printed(include_str!("../../docs/book/kinds.md"), plugin);
}

#[test]
fn the_task_of_the_page_is_one_of_this_kind() {
    let page = include_str!("../../docs/book/kinds.md");
    let blocks: Vec<_> = page.split("```json\n").skip(1).collect();
    let [workload, manifest] = blocks[..] else {
        panic!("{blocks:?}")
    };
    let read = |block: &str| block.split_once("```").unwrap().0.to_owned();
    let workload: Workload = serde_json::from_str(&read(workload)).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&read(manifest)).unwrap();
    let of_manifest = &manifest["spec"]["workload"];
    assert_eq!(of_manifest["spec"], workload.spec);
    assert_eq!(
        format!(
            "{}/{}",
            of_manifest["apiVersion"].as_str().unwrap(),
            of_manifest["kind"].as_str().unwrap()
        ),
        workload.kind
    );
    let ran = testing::run(&Greeter, workload).paused();
    assert_eq!(ran.stdout(), "hello, Ada\n", "{ran:?}");
}
