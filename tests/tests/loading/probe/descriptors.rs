//! Plugins that touch descriptors that are not theirs.

use super::place::Place;

#[test]
fn a_plugin_that_closes_descriptors_of_the_host_is_rejected() {
    let reason = Place::rejected("close");
    let begins = "it closed or replaced descriptors that are not its own (0, 1, 2, 3, 4, ";
    assert!(reason.starts_with(begins), "{reason}");
    assert_eq!(
        Place::rejected("close-all"),
        "it closed descriptors that are not its own, the probe's own among them: \
         get a fixed build of it"
    );
}

#[test]
fn an_answer_that_a_plugin_forges_is_none() {
    for harm in ["garbage", "forge", "forge-and-exit"] {
        assert_eq!(
            Place::rejected(harm),
            "it wrote into descriptors that are not its own: get a fixed build of it",
            "{harm}"
        );
    }
}
