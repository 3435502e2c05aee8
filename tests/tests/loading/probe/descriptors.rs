//! Plugins that touch descriptors that are not theirs.

use super::place::Place;

#[test]
fn a_plugin_that_closes_descriptors_of_the_host_is_rejected() {
    let reason = Place::rejected("close");
    let begins = "it closed or replaced file descriptors that are not its own (0, 1, 2, 3, 4, ";
    assert!(reason.starts_with(begins), "{reason}");
    assert_eq!(
        Place::rejected("close-all"),
        "it closed file descriptors that are not its own, among them the probe's: \
         install a fixed version of the plugin"
    );
}

#[test]
fn an_answer_that_a_plugin_forges_is_none() {
    for harm in ["garbage", "forge", "forge-and-exit"] {
        assert_eq!(
            Place::rejected(harm),
            "it wrote to file descriptors that are not its own: install a fixed version of the \
             plugin",
            "{harm}"
        );
    }
}
