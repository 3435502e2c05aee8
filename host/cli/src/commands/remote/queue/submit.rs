//! `solti-host submit --queue`: puts tasks into a queue.

use std::cell::RefCell;
use std::sync::Arc;

use solti_plugin_queue::{Queue, QueueError, Submitted};
use solti_plugin_service::{QueueTask, queue_task};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::super::follow;
use super::super::submit::{print_taken, specs};
use super::connect::with_queue;
use super::{logs, view};
use crate::args::SubmitArgs;
use crate::exit::Exit;
use crate::present::message;

/// How many are put into the queue at the same time.
const AT_ONCE: usize = 64;

/// Puts them into the queue: those that are good, whatever is wrong with others.
pub(in crate::commands) fn submit(args: &SubmitArgs) -> anyhow::Result<Exit> {
    let specs = specs(args)?;
    let mut tasks = Vec::new();
    let mut refused = 0;
    for spec in &specs {
        let place = if spec.place.is_empty() {
            "the command"
        } else {
            &spec.place
        };
        match queue_task(place, &spec.text) {
            Ok(mut task) => {
                if let (Some(key), None) = (&args.idempotency_key, &args.name)
                    && !spec.place.is_empty()
                {
                    task = named_by(task, key)?;
                }
                tasks.push(task);
            }
            Err(err) => {
                message::error(err.to_string());
                refused += 1;
            }
        }
    }
    if tasks.is_empty() {
        return Ok(Exit::NoResult);
    }
    let names = RefCell::new(Vec::<String>::new());
    let goes_on = || {
        if let [name] = &names.borrow()[..] {
            message::only_print_warning(format!(
                "{name} goes on; `solti-host cancel --queue … {name}` ends it"
            ));
        }
    };
    with_queue(
        &args.queue.urls,
        &args.queue.address,
        goes_on,
        async |queue| {
            let mut refused = refused;
            let mut problem = None;
            for (name, submitted) in put(&queue, tasks).await? {
                match submitted {
                    Ok(submitted) => taken(args, &queue, &submitted, &names).await?,
                    Err(err) => {
                        refused += 1;
                        message::error(format_args!("{name}: {err}"));
                        problem = Some(err);
                    }
                }
            }
            let names = names.borrow().clone();
            if names.is_empty() {
                return match problem {
                    Some(_) => Ok(Exit::NoResult),
                    None => Ok(Exit::TaskFailed),
                };
            }
            let mut exits = Vec::new();
            if args.wait || args.follow {
                exits = follow::each(&names, args.wait, async |name, show| {
                    logs::to_the_end(&queue, name, args.follow, show).await
                })
                .await?;
            }
            Ok(follow::exit_of(refused, &exits))
        },
    )
}

/// A task of a file, with a key for a name.
fn named_by(task: QueueTask, key: &str) -> anyhow::Result<QueueTask> {
    let mut manifest: serde_json::Value = serde_json::from_str(&task.manifest)?;
    let name = format!("{}-{key}", task.slot);
    manifest["metadata"]["name"] = name.as_str().into();
    Ok(queue_task(&name, &manifest.to_string())?)
}

type Put = Vec<(String, Result<Submitted, QueueError>)>;

/// Puts tasks into the queue, many at the same time; what became of each, in their order.
async fn put(queue: &Queue, tasks: Vec<QueueTask>) -> anyhow::Result<Put> {
    let places = Arc::new(Semaphore::new(AT_ONCE));
    let mut all = JoinSet::new();
    for (at, task) in tasks.into_iter().enumerate() {
        let (queue, places) = (queue.clone(), Arc::clone(&places));
        let place = places.acquire_owned().await?;
        all.spawn(async move {
            let _place = place;
            let manifest = task.manifest.into();
            let put = queue.submit(&task.name, &task.need, &task.slot, task.labels, manifest);
            (at, task.name.clone(), put.await)
        });
    }
    let mut put = Vec::new();
    while let Some(one) = all.join_next().await {
        put.push(one?);
    }
    put.sort_by_key(|(at, ..)| *at);
    Ok(put
        .into_iter()
        .map(|(_, name, result)| (name, result))
        .collect())
}

/// Prints a task that is in the queue.
async fn taken(
    args: &SubmitArgs,
    queue: &Queue,
    submitted: &Submitted,
    names: &RefCell<Vec<String>>,
) -> anyhow::Result<()> {
    let name = &submitted.name;
    let line = if args.json {
        format!("{}\n", view::json_of(&queue.find(name).await?))
    } else {
        format!("{name}\n")
    };
    names.borrow_mut().push(name.clone());
    print_taken(&line, args.follow)
}
