//! Code written for `solti-runner` 0.0.2 compiles against this crate, and sees no difference.
//!
//! `parity/contract.rs` is such code. It is compiled twice, and what it observes is compared.

mod ours;
mod published;

#[test]
fn a_source_file_for_the_published_crate_sees_no_difference_here() {
    let expected = published::observe();
    let found = ours::observe();
    for ((what, expected), (_, found)) in expected.iter().zip(&found) {
        assert_eq!(found, expected, "{what}");
    }
    assert_eq!(found.len(), expected.len());
}

#[test]
fn what_is_compared_is_what_was_meant() {
    // Were both sides to observe nothing, they would agree all the same.
    let known = [
        (
            "error NoRunner",
            "no suitable runner for task kind: vm / NoRunner(\"vm\") / no source",
        ),
        ("context", "BuildContext(env_len=0)"),
        (
            "router embedded",
            "TaskKind::Embedded requires submit_with_task()",
        ),
        (
            "output lagged at the default capacity",
            "lagged 5, then stdout 5 \"5\" of attempt 1",
        ),
        (
            "output seq of clones",
            "stdout 0 \"a\" of attempt 1, stdout 1 \"b\" of attempt 1",
        ),
    ];
    let found = ours::observe_without_ids();
    for (what, expected) in known {
        let of_what: Vec<_> = found.iter().filter(|(name, _)| *name == what).collect();
        assert!(
            of_what.iter().any(|(_, text)| text.contains(expected)),
            "{what}: {of_what:?} should contain {expected:?}"
        );
    }
}
