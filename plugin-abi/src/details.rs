//! What is known of an error besides its variant and its text.
//!
//! The errors of the contract have no room for more, so details travel beside them: those of a build
//! in a place that its context leads to, those of an attempt in its outcome.

use std::fmt;
use std::sync::Arc;

use parking_lot::Mutex;
use serde_json::{Map, Value};

/// What a failed build says besides its error, for a program to read. Clones are the same place.
///
/// # Examples
///
/// ```
/// use solti_plugin_abi::{BuildContext, ErrorDetails};
///
/// let details = ErrorDetails::new();
/// let context = BuildContext::default().with_error_details(details.clone());
/// // A runner that refuses a spec, before it returns its error:
/// context.add_error_detail("field", "args[1]");
/// assert_eq!(details.get()["field"], "args[1]");
/// ```
#[derive(Clone, Default)]
pub struct ErrorDetails(Arc<Mutex<Map<String, Value>>>);

impl ErrorDetails {
    /// A place for the details of one build, empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// What has been said so far; empty when nothing has.
    #[must_use]
    pub fn get(&self) -> Map<String, Value> {
        self.0.lock().clone()
    }

    pub(crate) fn insert(&self, name: String, value: Value) {
        self.0.lock().insert(name, value);
    }
}

impl fmt::Debug for ErrorDetails {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("ErrorDetails")
            .field(&*self.0.lock())
            .finish()
    }
}
