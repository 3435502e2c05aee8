//! One round: build, check, test, run, try the rules.

mod steps;

use std::path::Path;
use std::time::Instant;

use super::build::{self, BuildError, Step};
use super::interrupts::{Interrupt, Interrupts};
use super::screen::Screen;
use crate::args::{DevArgs, OfAll};
use crate::exit::Exit;
use crate::present::phrase::{duration, path};

/// The tasks of a crate, unless others are named.
const TASKS: &str = "tasks.json";

/// What is the same in each round.
#[derive(Debug)]
pub(super) struct Round<'a> {
    pub(super) args: &'a DevArgs,
    /// What this program was told that the others of it are told as well.
    pub(super) of_all: &'a OfAll,
    /// A directory of this process alone.
    pub(super) own: &'a Path,
    pub(super) screen: Screen,
}

/// How a round ended.
#[derive(Debug)]
pub(super) enum End {
    Over { told: String, exit: Exit },
    Interrupted(Interrupt),
}

/// Why a round is not gone to its end.
enum Stop {
    Ended(End),
    Error(BuildError),
}

impl From<BuildError> for Stop {
    fn from(err: BuildError) -> Self {
        Self::Error(err)
    }
}

/// A step that is waited for: what is said while it is done, when it is and when it has failed.
struct Said<'a> {
    doing: &'a str,
    done: &'a str,
    failed: &'a str,
}

impl Round<'_> {
    /// Goes it, as far as it can be gone.
    ///
    /// # Errors
    ///
    /// When there is nothing to build, or nothing to build it with.
    pub(super) async fn go(&self, interrupts: &mut Interrupts) -> Result<End, BuildError> {
        match self.steps(interrupts).await {
            Ok(told) => Ok(End::Over {
                told,
                exit: Exit::Success,
            }),
            Err(Stop::Ended(end)) => Ok(end),
            Err(Stop::Error(err)) => Err(err),
        }
    }

    /// Goes all of it, and says what was done.
    async fn steps(&self, interrupts: &mut Interrupts) -> Result<String, Stop> {
        build::is_crate(&self.args.directory)?;
        let it = not_cut_off(build::examine(self.args, interrupts).await)?;
        interrupts.leave_out(it.target_directory.clone());
        let name = &it.name;

        self.screen.step(&format!("building {name}"));
        let began = Instant::now();
        let built = build::build(self.args, &it, self.own, interrupts).await;
        let Some(library) = not_cut_off(built)? else {
            return Err(failed("the build failed", began, 1));
        };
        let mut told = format!("built in {}", duration(began.elapsed()));
        let plugin = self.place(&it, &library)?;

        let said = Said {
            doing: &format!("checking {name}"),
            done: "checked in",
            failed: "the check failed",
        };
        let check = self.check(&plugin, interrupts);
        told += &self.step(said, check).await?;
        if self.args.test {
            let said = Said {
                doing: &format!("testing {name}"),
                done: "tested in",
                failed: "the tests failed",
            };
            let test = build::test(self.args, self.own, interrupts);
            told += &self.step(said, test).await?;
        }
        if let Some(tasks) = self.tasks() {
            let said = Said {
                doing: &format!("running {}", path(&tasks)),
                done: "tasks ran in",
                failed: "the tasks failed",
            };
            let run = self.run(&plugin, &tasks, interrupts);
            told += &self.step(said, run).await?;
        } else {
            self.screen
                .step(&format!("no {TASKS} is there: no task is run"));
        }
        if self.args.conform {
            let said = Said {
                doing: &format!("trying the rules on {name}"),
                done: "conformed in",
                failed: "conformance failed",
            };
            let conform = self.conform(&plugin, interrupts);
            told += &self.step(said, conform).await?;
        }
        Ok(told)
    }

    /// Waits for a step that ends with a code, and says of one that has succeeded how long it took.
    async fn step(
        &self,
        said: Said<'_>,
        step: impl Future<Output = Step<i32>>,
    ) -> Result<String, Stop> {
        self.screen.step(said.doing);
        let began = Instant::now();
        match not_cut_off(step.await)? {
            0 => Ok(format!(", {} {}", said.done, duration(began.elapsed()))),
            code => Err(failed(said.failed, began, code)),
        }
    }
}

/// What came of a step, unless an interrupt has cut it off.
fn not_cut_off<T>(step: Step<T>) -> Result<T, Stop> {
    step?.map_err(|interrupt| Stop::Ended(End::Interrupted(interrupt)))
}

/// The end of a round at a step that began then and ended with this code.
fn failed(what: &str, began: Instant, code: i32) -> Stop {
    Stop::Ended(End::Over {
        told: format!("{what} after {}", duration(began.elapsed())),
        exit: match code {
            2 => Exit::NoResult,
            _ => Exit::RoundFailed,
        },
    })
}
