//! No bytes make inspection panic, hang, or say something that is not one line.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let inspection = solti_plugin_host::inspect::inspect(bytes);
    assert!(inspection.stamp.is_some() || !inspection.problems.is_empty());
    for problem in inspection.problems {
        assert!(!problem.to_string().contains('\n'));
    }
});
