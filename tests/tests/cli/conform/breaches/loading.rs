//! Breaches of the rules of loading, by a configuration that asks for them.

use crate::conform::breach::{Breach, told};

pub(super) fn all() -> Vec<Breach> {
    vec![
        told(
            &["--config", "specimen.panic=true"],
            &[(
                "loads",
                "plugin 'specimen' panicked while it was constructed: the constructor was told to \
                 panic (at …",
            )],
        ),
        told(
            &["--config", "specimen.leave_file=true"],
            &[(
                "probe-leaves-nothing",
                "a probe leaves the file left-by-specimen",
            )],
        ),
        told(
            &[
                "--config",
                "specimen.spawn_in_constructor=true",
                "--workers",
                "1",
            ],
            &[(
                "no-threads-before-work",
                "it has 1 thread before its first task, of which one is named plugin-worker",
            )],
        ),
        told(
            &["--config", "specimen.exclusive=true"],
            &[(
                "loads-twice",
                "it does not load beside itself: another specimen is here",
            )],
        ),
        told(
            &["--config", "specimen.drop_ms=60000"],
            &[(
                "destructors-bounded",
                "destructors of the plugin's still ran after 5 seconds",
            )],
        ),
    ]
}
