//! `solti-host submit`: has a service run tasks.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context as _, anyhow, bail};
use serde_json::value::RawValue;
use serde_json::{Value, json};
use solti_plugin_client::Client;

use super::follow;
use super::service::{sentence, with_service};
use crate::args::SubmitArgs;
use crate::exit::Exit;
use crate::present::message;
use crate::stdio::{Stderr, Stdout};

/// How much is sent at once, in tasks and in bytes.
const TASKS: usize = 100;
const BYTES: usize = 1 << 20;

/// A spec, and where it comes from.
pub(super) struct Spec {
    pub(super) text: String,
    pub(super) place: String,
}

/// Submits them.
///
/// # Errors
///
/// When no spec can be read, or the service does not answer, or takes none.
pub(in crate::commands) fn submit(args: &SubmitArgs) -> anyhow::Result<Exit> {
    let specs = specs(args)?;
    let waits = args.wait || args.follow;
    let names = RefCell::new(Vec::<String>::new());
    let goes_on = || {
        if let [name] = &names.borrow()[..] {
            follow::tell_it_goes_on(name);
        }
    };
    with_service(&args.service, goes_on, async |client| {
        let mut refused = 0;
        let mut rest = &specs[..];
        while !rest.is_empty() {
            let (these, others) = rest.split_at(batch(rest));
            rest = others;
            refused += send(&client, args, these, &names).await?;
        }
        let names = names.borrow().clone();
        if names.is_empty() {
            return Ok(Exit::NoResult);
        }
        let mut exits = Vec::new();
        if waits {
            exits = follow::each(&names, args.wait, async |name, show| {
                follow::to_the_end(&client, name, args.follow, show).await
            })
            .await?;
        }
        Ok(follow::exit_of(refused, &exits))
    })
}

/// How many of these go together.
fn batch(specs: &[Spec]) -> usize {
    let mut bytes = 0;
    let fitting = specs.iter().take(TASKS).take_while(|spec| {
        bytes += spec.text.len() + 1;
        bytes <= BYTES
    });
    fitting.count().max(1)
}

/// Sends some, and prints their names; how many were refused.
async fn send(
    client: &Client,
    args: &SubmitArgs,
    specs: &[Spec],
    names: &RefCell<Vec<String>>,
) -> anyhow::Result<usize> {
    if let [spec] = specs {
        let headers: Vec<_> = args
            .idempotency_key
            .iter()
            .map(|key| ("idempotency-key", key.as_str()))
            .collect();
        let posted = client.post("/v1/tasks", spec.text.clone(), &headers).await;
        let task: Value = posted.map_err(|err| at_place(&spec.place, &sentence(err)))?;
        taken(args, &task, names)?;
        return Ok(0);
    }
    let texts: Vec<_> = specs.iter().map(|spec| spec.text.as_str()).collect();
    let body = format!("[{}]", texts.join(","));
    let answer: Value = client
        .post("/v1/tasks", body, &[])
        .await
        .map_err(sentence)?;
    let mut refused = 0;
    let answers = answer["tasks"].as_array().cloned().unwrap_or_default();
    for (at, (spec, task)) in specs.iter().zip(&answers).enumerate() {
        match task["error"]["message"].as_str() {
            Some(reason) => {
                // Where it stood in what was sent is no help.
                let sent = format!("body[{at}]: ");
                let reason = reason.strip_prefix(&sent).unwrap_or(reason);
                message::error(format!("{:#}", at_place(&spec.place, &anyhow!("{reason}"))));
                refused += 1;
            }
            None => taken(args, task, names)?,
        }
    }
    Ok(refused)
}

/// Prints a task that was taken.
fn taken(args: &SubmitArgs, task: &Value, names: &RefCell<Vec<String>>) -> anyhow::Result<()> {
    let name = task["name"].as_str().unwrap_or_default().to_owned();
    let line = if args.json {
        format!("{task}\n")
    } else {
        format!("{name}\n")
    };
    names.borrow_mut().push(name);
    print_taken(&line, args.follow)
}

/// Prints the line of a task that was taken.
pub(super) fn print_taken(line: &str, follow: bool) -> anyhow::Result<()> {
    // What tasks write comes on standard output, and nothing else then.
    if follow {
        Stderr.write_all(line.as_bytes()).ok();
        return Ok(());
    }
    let written = Stdout.write_all(line.as_bytes());
    written.context("standard output")
}

fn at_place(place: &str, err: &anyhow::Error) -> anyhow::Error {
    if place.is_empty() {
        anyhow!("{err:#}")
    } else {
        anyhow!("{place}: {err:#}")
    }
}

/// What is to be run.
pub(super) fn specs(args: &SubmitArgs) -> anyhow::Result<Vec<Spec>> {
    let mut specs = Vec::new();
    if args.command.is_empty() {
        for path in &args.specs {
            read(path, &mut specs)?;
        }
    } else {
        let text = of_command(args)?.to_string();
        let place = String::new();
        specs.push(Spec { text, place });
    }
    if specs.is_empty() {
        bail!("there is no spec in what was given; an empty array has no task");
    }
    let others = specs.len() - 1;
    let only_one = |flag: &str| {
        anyhow!("{flag}: is for one task, and there are {others} others: write it into their specs")
    };
    if args.idempotency_key.is_some() && specs.len() > 1 {
        return Err(only_one("--idempotency-key"));
    }
    if let Some(name) = &args.name {
        let [spec] = &mut specs[..] else {
            return Err(only_one("--name"));
        };
        let mut value: Value = serde_json::from_str(&spec.text)?;
        // What is no object the service refuses.
        if value["kind"] == "Task" {
            value["metadata"]["name"] = name.as_str().into();
        } else if value.is_object() {
            value["name"] = name.as_str().into();
        }
        spec.text = value.to_string();
    }
    Ok(specs)
}

/// Reads the specs of a file, as they stand there.
fn read(path: &Path, specs: &mut Vec<Spec>) -> anyhow::Result<()> {
    let (shown, text) = if path == Path::new("-") {
        let mut text = String::new();
        let read = io::stdin().read_to_string(&mut text);
        read.context("standard input")?;
        ("standard input".to_owned(), text)
    } else {
        let shown = crate::present::phrase::path(path);
        let text = fs::read_to_string(path).with_context(|| shown.clone())?;
        (shown, text)
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let mut number = 0;
    let mut add = |text: &RawValue| {
        specs.push(Spec {
            text: text.get().to_owned(),
            place: format!("{shown}[{number}]"),
        });
        number += 1;
    };
    for value in serde_json::Deserializer::from_str(text).into_iter::<&RawValue>() {
        let value = value.map_err(|err| anyhow!("{shown}: is no JSON: {err}"))?;
        if value.get().starts_with('[') {
            let all: Vec<&RawValue> = serde_json::from_str(value.get())
                .map_err(|err| anyhow!("{shown}: is no JSON: {err}"))?;
            all.into_iter().for_each(&mut add);
        } else {
            add(value);
        }
    }
    Ok(())
}

/// The spec of a command.
fn of_command(args: &SubmitArgs) -> anyhow::Result<Value> {
    let Some((program, arguments)) = args.command.split_first() else {
        bail!("there is no command");
    };
    let own = name_of(program, args.idempotency_key.as_deref());
    let slot = args.slot.as_ref().unwrap_or(&own);
    let env: Vec<_> = args
        .env
        .iter()
        .map(|(key, value)| json!({ "key": key, "value": value }))
        .collect();
    let mut subprocess = json!({
        "mode": { "command": { "command": program, "args": arguments } },
    });
    if !env.is_empty() {
        subprocess["env"] = env.into();
    }
    if let Some(cwd) = &args.cwd {
        subprocess["cwd"] = json!(cwd);
    }
    let mut spec = json!({
        "slot": slot,
        "timeout": u64::try_from(args.timeout.as_millis()).unwrap_or(u64::MAX),
        "admission": "queue",
        "kind": { "subprocess": subprocess },
    });
    if args.slot.is_none() {
        spec["name"] = own.as_str().into();
    }
    if !args.label.is_empty() {
        let labels: serde_json::Map<_, _> = args
            .label
            .iter()
            .map(|(key, value)| (key.clone(), value.as_str().into()))
            .collect();
        spec["runnerSelector"] = json!({ "matchLabels": labels });
    }
    Ok(spec)
}

/// A name that no other task has, and a slot of its own: in a slot one task runs at a time. With a key it is
/// the same each time.
fn name_of(program: &str, key: Option<&str>) -> String {
    let name = program.rsplit('/').next().unwrap_or(program);
    let kept = |letter: &char| letter.is_ascii_alphanumeric() || "._-".contains(*letter);
    let name: String = name.chars().filter(kept).take(40).collect();
    let name = name.to_ascii_lowercase();
    let name = name.trim_matches(|letter: char| !letter.is_ascii_alphanumeric());
    let name = if name.is_empty() { "task" } else { name };
    let unique = match key {
        // FNV-1a: the same in every version of this program.
        Some(key) => key.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        }),
        None => {
            let since = SystemTime::now().duration_since(UNIX_EPOCH);
            let nanos = since.map_or(0, |since| since.as_nanos() as u64);
            nanos ^ u64::from(std::process::id()).rotate_left(40)
        }
    };
    format!("{name}-{:010x}", unique & 0xff_ffff_ffff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_a_name_that_is_one_whatever_it_is_called() {
        let key = Some("key");
        assert_eq!(name_of("/usr/bin/Echo", key), name_of("echo", key));
        assert_ne!(name_of("echo", key), name_of("echo", Some("other")));
        for program in ["./a b!", "-", "...", "ä"] {
            let name = name_of(program, None);
            let allowed = |letter: char| {
                letter.is_ascii_lowercase() || letter.is_ascii_digit() || "._-".contains(letter)
            };
            assert!(
                name.chars().all(allowed) && !name.starts_with(['.', '-']),
                "{name}"
            );
        }
    }
}
