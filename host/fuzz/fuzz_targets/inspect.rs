//! No bytes make inspection panic, hang, or say something that is not one line.

#![no_main]

use libfuzzer_sys::fuzz_target;
use solti_plugin_host::inspect::inspect;
use solti_plugin_host::refusal::{method, sentence};

fuzz_target!(|bytes: &[u8]| {
    let inspection = inspect(bytes);
    assert!(inspection.stamp.is_some() || !inspection.problems.is_empty());
    for problem in &inspection.problems {
        assert!(!sentence(problem, method).contains(char::is_control));
    }
});
