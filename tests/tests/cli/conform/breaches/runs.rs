//! Breaches of the rules of runs, their output and their metrics.

use crate::conform::breach::{Breach, task};

pub(super) fn all() -> Vec<Breach> {
    vec![
        task(
            &[("quick", "same-id")],
            &[(
                "run-ids-unique",
                "two tasks have the same run id, 'chameleon-always-the-same'",
            )],
        ),
        task(
            &[("quick", "same-number")],
            &[(
                "attempts-numbered",
                "the attempts 1, 2 and 3 of a task wrote as [1, 1, 1]",
            )],
        ),
        task(
            &[("quick", "alone")],
            &[(
                "hundred-at-once",
                "one of 100 tasks at once failed: another works",
            )],
        ),
        task(
            &[("text", "cut")],
            &[(
                "text-as-written",
                "a text did not come as it was written: line 2 has 1000 bytes, expected 100000 bytes",
            )],
        ),
        task(
            &[("chatty", "deaf")],
            &[(
                "pressure-respected",
                "an attempt wrote more than 1048576 bytes after it was told to wait",
            )],
        ),
        task(
            &[("quick", "write-late")],
            &[(
                "nothing-after-the-end",
                "something was written when its attempt had ended",
            )],
        ),
        task(
            &[("quick", "unrecorded")],
            &[(
                "metrics-of-success",
                "of one attempt 0 were recorded as started and as ended: none; expected 1 success",
            )],
        ),
        task(
            &[("failing", "unrecorded")],
            &[(
                "metrics-of-failure",
                "of one attempt 0 were recorded as started and as ended: none; expected 1 failure",
            )],
        ),
        task(
            &[("long", "unrecorded-end")],
            &[(
                "metrics-of-cancel",
                "of one attempt 1 were recorded as started and as ended: none; expected 1 canceled",
            )],
        ),
        task(
            &[("long", "unrecorded-drop")],
            &[(
                "metrics-of-timeout",
                "of one attempt 1 were recorded as started and as ended: none; expected 1 timeout",
            )],
        ),
    ]
}
