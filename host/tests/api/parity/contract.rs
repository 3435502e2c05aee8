//! Uses every item of the runner layer as its documentation describes it, and writes down what it
//! sees. Only the crate's name, `layer`, differs from code for `solti-runner`.

#[path = "contract/output.rs"]
mod output;
#[path = "contract/router.rs"]
mod router;
#[path = "contract/signatures.rs"]
mod signatures;
#[path = "contract/values.rs"]
mod values;

use super::layer;

/// What was looked at, and what was seen.
pub(crate) type Observations = Vec<(&'static str, String)>;

/// Everything. Draws run ids, so only the first call in a process sees them start at 1.
pub(crate) fn observe() -> Observations {
    let mut seen = values::observe_ids();
    seen.extend(router::observe_ids());
    seen.extend(observe_without_ids());
    seen
}

/// Everything but run ids.
pub(crate) fn observe_without_ids() -> Observations {
    signatures::check();
    let mut seen = values::observe();
    seen.extend(output::observe());
    seen.extend(router::observe());
    seen
}
