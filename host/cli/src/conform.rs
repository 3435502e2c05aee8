//! The conformance suite: what a plugin file promises a host, tried out rule by rule.
//!
//! ```text
//! table ─► suite ─┬─► rules of the file              its bytes are read
//!                 └─► child ═► role ─► rules         a process for each, which loads the plugin
//!                               └─► subject          the plugin, its tasks, and what is seen of them
//! ```
//!
//! | module | what it owns |
//! |---|---|
//! | `table` | every rule, in the order in which they are tried |
//! | `rule`, `verdict` | what a rule is, and what comes of it |
//! | `rules` | what the rules do, a file for each group |
//! | `tasks` | the tasks that rules run: the suite's own, and those of a file |
//! | `suite` | one run of the suite |
//! | `place`, `request` | where the plugin lies while it is tried, and what a process is told |
//! | `child`, `role` | the process of one rule, from the outside and from the inside |
//! | `subject`, `begun`, `recorder`, `process` | a host that keeps all that it sees of a plugin |
//!
//! A rule that loads the plugin has a process of its own, so that whatever the plugin does there ends
//! with it: the process is killed when its time is over, and so is everything that it has started.

mod begun;
mod child;
mod place;
mod process;
mod recorder;
mod request;
mod role;
mod rule;
mod rules;
mod subject;
mod suite;
mod table;
mod tasks;
mod verdict;

pub(crate) use role::serve;
pub(crate) use rule::Rule;
pub(crate) use suite::{Outcome, Suite};
pub(crate) use table::RULES;
pub(crate) use verdict::Verdict;
