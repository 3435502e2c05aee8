//! `solti-host tasks --queue` and `solti-host task --queue`: the tasks of a queue.

use solti_plugin_queue::Found;

use super::super::task::shown;
use super::super::tasks::table;
use super::super::view::Task;
use super::connect::with_queue;
use super::view;
use crate::args::{TaskArgs, TasksArgs};
use crate::exit::Exit;
use crate::present::tables;

/// Lists them.
pub(in crate::commands) fn tasks(args: &TasksArgs) -> anyhow::Result<Exit> {
    with_queue(
        &args.queue.urls,
        &args.queue.address,
        || {},
        async |queue| {
            let most = if args.limit == 0 {
                usize::MAX
            } else {
                args.limit
            };
            let found = queue.list(most, |task| is_wanted(args, task)).await?;
            if args.json {
                for task in &found {
                    tables::print(&view::json_of(task).to_string())?;
                }
                return Ok(Exit::Success);
            }
            let hosts = queue.hosts().await?;
            let mut tasks = Vec::new();
            for one in &found {
                let mut task = view::task_of(one)?;
                if let Some(why) = view::unclaimed(one, &hosts, queue.settings()) {
                    task.error = Some(why);
                }
                tasks.push(task);
            }
            let text = if tasks.is_empty() {
                "there are no such tasks".to_owned()
            } else {
                table(&tasks)
            };
            tables::print(&text)?;
            Ok(Exit::Success)
        },
    )
}

fn is_wanted(args: &TasksArgs, task: &Found) -> bool {
    let order = &task.order;
    let plugins = task.outcome.as_ref().map_or(&[][..], |it| &it.plugins);
    args.slot.as_ref().is_none_or(|it| *it == order.slot)
        && args
            .prefix
            .as_ref()
            .is_none_or(|it| order.name.starts_with(it))
        && args.kind.as_ref().is_none_or(|it| *it == order.need.kind)
        && args.plugin.as_ref().is_none_or(|it| plugins.contains(it))
        && (args.phase.is_empty() || args.phase.iter().any(|it| it == task.phase()))
        && args
            .label
            .iter()
            .all(|(key, value)| order.labels.get(key) == Some(value))
}

/// Shows one.
pub(in crate::commands) fn task(args: &TaskArgs) -> anyhow::Result<Exit> {
    with_queue(
        &args.queue.urls,
        &args.queue.address,
        || {},
        async |queue| {
            let found = queue.find(&args.name).await?;
            let mut json = view::json_of(&found);
            if let Some(why) = view::unclaimed(&found, &queue.hosts().await?, queue.settings()) {
                json["error"] = why.into();
            }
            let text = if args.json {
                serde_json::to_string_pretty(&json)?
            } else {
                let task: Task = serde_json::from_value(json)?;
                shown(&task)
            };
            tables::print(&text)?;
            Ok(Exit::Success)
        },
    )
}
