//! Why a file's bytes speak against loading it.

use std::fmt;

use super::problem::Problem;
use crate::loader::refusal::{Advice, Refusal};

/// Why a file's bytes speak against loading it. It displays as the facts alone.
#[derive(Debug)]
#[non_exhaustive]
pub struct InspectError {
    /// Everything that was found; at least one problem.
    pub problems: Vec<Problem>,
}

impl std::error::Error for InspectError {}

impl fmt::Display for InspectError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let facts: Vec<_> = self.problems.iter().map(Problem::to_string).collect();
        f.write_str(&facts.join("; "))
    }
}

impl Refusal for InspectError {
    /// That of the first problem.
    fn code(&self) -> &'static str {
        self.problems.first().map_or("unknown", Problem::code)
    }

    fn advice(&self) -> Advice {
        let advice: Vec<_> = self.problems.iter().map(Problem::advice).collect();
        let texts: Vec<_> = advice.iter().map(Advice::text).collect();
        Advice::new(texts.join("; "))
    }

    fn parts(&self) -> Vec<&dyn Refusal> {
        self.problems.iter().map(|it| it as &dyn Refusal).collect()
    }
}
