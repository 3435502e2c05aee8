//! Breaches of the rules of panics, of the end and of what is left.

use crate::conform::breach::{Breach, task};

pub(super) fn all() -> Vec<Breach> {
    vec![
        task(
            &[("failing", "panic")],
            &[(
                "no-panics",
                "it panicked in the task 'failing': told to panic and not to fail (at …",
            )],
        ),
        task(
            &[("panicking", "abort")],
            &[(
                "panics-contained",
                "the process that tried it ended by signal 6",
            )],
        ),
        task(
            &[("long", "deaf")],
            &[
                (
                    "cancel-is-honoured",
                    "an attempt had not ended 5 seconds after it was cancelled",
                ),
                (
                    "shutdown-in-time",
                    "an attempt had not ended when a shutdown of 5 seconds was over",
                ),
            ],
        ),
        task(
            &[("long", "succeed")],
            &[
                ("cancel-is-honoured", "a cancelled attempt succeeded"),
                (
                    "metrics-of-cancel",
                    "of one attempt 1 were recorded as started and as ended: 1 success; expected 1 canceled",
                ),
            ],
        ),
        task(
            &[("long", "linger")],
            &[(
                "shutdown-in-time",
                "an attempt had not ended when a shutdown of 5 seconds was over",
            )],
        ),
        task(
            &[("long", "go-on")],
            &[(
                "drop-is-honoured",
                "something still had the output of an attempt 5 seconds after that was dropped",
            )],
        ),
        task(
            &[("quick", "spin")],
            &[("idle-costs-nothing", "with nothing to do it takes …")],
        ),
        task(
            &[("quick", "leave-descriptor")],
            &[(
                "no-descriptor-left",
                "after its shutdown it has open '/dev/null' and 3 others",
            )],
        ),
        task(
            &[("quick", "leave-thread")],
            &[(
                "no-thread-left",
                "after its shutdown it has the thread 'plugin-worker' and 1 other",
            )],
        ),
        task(
            &[("quick", "leave-child")],
            &[(
                "no-child-left",
                "after its shutdown it has the child 'sleep' and 1 other",
            )],
        ),
    ]
}
