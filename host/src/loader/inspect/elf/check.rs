//! What must hold of a library for the system's loader to be able to rely on it.

use super::dynamic::Image;

/// What must hold, and what is wrong where it does not.
pub(super) type Check = (fn(&Image<'_>) -> bool, &'static str);

/// What the first of the checks that does not hold says is wrong.
pub(super) fn first_that_fails(checks: &[Check], image: &Image<'_>) -> Option<&'static str> {
    let mut checks = checks.iter();
    checks
        .find(|(holds, _)| !holds(image))
        .map(|(_, wrong)| *wrong)
}
