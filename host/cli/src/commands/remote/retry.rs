//! `solti-host retry`: runs a task again, under another name.

use std::cell::RefCell;
use std::io::Write as _;

use anyhow::Context as _;
use solti_plugin_client::in_path;

use super::follow;
use super::service::{sentence, with_service};
use super::view::Task;
use crate::args::RetryArgs;
use crate::exit::Exit;
use crate::present::bar::Bar;
use crate::stdio::{Stderr, Stdout};

/// Has it run, and prints its new name: on standard error where its output comes on standard output.
///
/// # Errors
///
/// When the service does not answer, has no such task, or does not take it again.
pub(in crate::commands) fn retry(args: &RetryArgs) -> anyhow::Result<Exit> {
    let name = RefCell::new(None);
    let goes_on = || {
        if let Some(name) = name.borrow().as_deref() {
            follow::tell_it_goes_on(name);
        }
    };
    with_service(&args.service, goes_on, async |client| {
        let path = format!("/v1/tasks/{}/retry", in_path(&args.name));
        let task: Task = client.post(&path, "", &[]).await.map_err(sentence)?;
        *name.borrow_mut() = Some(task.name.clone());
        let line = format!("{}\n", task.name);
        if args.follow {
            Stderr.write_all(line.as_bytes()).ok();
        } else {
            let written = Stdout.write_all(line.as_bytes());
            written.context("standard output")?;
        }
        if !args.wait && !args.follow {
            return Ok(Exit::Success);
        }
        let bar = Bar::of("waiting for the task");
        let show = || {
            if args.wait {
                bar.show(0, 1, &task.name);
            }
        };
        let exit = follow::to_the_end(&client, &task.name, args.follow, show).await;
        bar.clear();
        exit
    })
}
