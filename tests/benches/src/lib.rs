//! What the benches and the soak share: both sides, the plugins, the clockwork, the paper.
//!
//! | module | owns |
//! |---|---|
//! | `side` | one way to run tasks, whichever stack is behind it |
//! | `ours`, `theirs` | the two stacks |
//! | `own_runtime` | a side whose tasks run on a runtime of their own |
//! | `plugins` | release builds of the plugins, and copies of them |
//! | `routers` | many runners in a router |
//! | `specs` | the tasks |
//! | `subscriber` | somebody who reads along and counts |
//! | `pushing`, `loading` | what several benches time |
//! | `measure` | interleaved repetitions and their medians |
//! | `process` | what the system says of a process, and children of this program |
//! | `program` | the program as it is shipped, what it is given, what a run takes |
//! | `fleet` | a queue on a real server, and who takes tasks from it |
//! | `report` | the table and the JSON file |
//! | `plot` | the pictures |

#![allow(
    missing_debug_implementations,
    reason = "what is measured here is printed as a number, never as a value"
)]

pub mod fleet;
pub mod loading;
pub mod measure;
pub mod ours;
pub mod own_runtime;
pub mod plot;
pub mod plugins;
pub mod process;
pub mod program;
pub mod pushing;
pub mod report;
pub mod routers;
pub mod side;
pub mod specs;
pub mod subscriber;
pub mod theirs;
