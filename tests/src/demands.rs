//! What a run of the tests demands: by default what any machine can give in a short time. Two
//! variables ask for more, and `.ci/run` sets both.

use std::io::{Write as _, stderr};
use std::panic::Location;
use std::process::Command;

/// Nothing may be skipped.
const NO_SKIPS: &str = "SOLTI_NO_SKIPS";

/// What is tried many times is tried as often as it was meant to be.
const THOROUGH: &str = "SOLTI_THOROUGH";

/// Says that a test, or a part of one, is skipped on this machine: a line that begins with `skipped`.
///
/// It goes past the test harness, which shows nothing that a passing test prints.
///
/// # Panics
///
/// When the variable `SOLTI_NO_SKIPS` is `1`.
#[track_caller]
pub fn skip(reason: &str) {
    let place = Location::caller();
    assert!(
        !is_set(NO_SKIPS),
        "with {NO_SKIPS} nothing may be skipped: {reason}"
    );
    // Nobody is left to tell when it cannot be written.
    let _ = writeln!(
        stderr(),
        "skipped at {}:{}: {reason}",
        place.file(),
        place.line()
    );
}

/// Whether this user may make mounts of their own (`unshare -m`); says so when not, as [`skip`] does.
///
/// # Panics
///
/// As [`skip`].
#[must_use]
#[track_caller]
pub fn may_mount() -> bool {
    let may = Command::new("unshare").args(["-m", "true"]).status();
    let may = may.is_ok_and(|status| status.success());
    if !may {
        skip("no mounts, as this user may make none");
    }
    may
}

/// How often a test tries something: `few` times, or `many` when the variable `SOLTI_THOROUGH` is `1`.
#[must_use]
pub fn times(few: usize, many: usize) -> usize {
    if is_thorough() { many } else { few }
}

/// Whether the variable `SOLTI_THOROUGH` is `1`: what takes minutes is tried, too.
#[must_use]
pub fn is_thorough() -> bool {
    is_set(THOROUGH)
}

fn is_set(variable: &str) -> bool {
    std::env::var_os(variable).is_some_and(|value| value == "1")
}
