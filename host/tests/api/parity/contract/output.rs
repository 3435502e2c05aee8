//! The output registry, its sinks, and what a subscriber sees.

use std::panic::{AssertUnwindSafe, catch_unwind};

use bytes::Bytes;
use solti_model::{OutputEvent, StreamKind, TaskId};
use tokio::sync::broadcast::error::TryRecvError;
use tokio::sync::broadcast::{self, Receiver};

use super::Observations;
use super::layer::{OutputRegistry, OutputSink};

pub(super) fn observe() -> Observations {
    let mut seen = without_channel();
    seen.extend(channels());
    seen.extend(numbers());
    seen.extend(lagging());
    seen.extend(after_evict());
    seen.extend(foreign_sender());
    seen.push(("output capacity 0", capacity_zero()));
    seen
}

fn task() -> TaskId {
    TaskId::from("task")
}

fn line(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

/// All that can be read now, and why no more can.
fn read(receiver: &mut Receiver<OutputEvent>) -> String {
    let mut seen = Vec::new();
    loop {
        seen.push(match receiver.try_recv() {
            Ok(event) => describe(&event),
            Err(TryRecvError::Lagged(count)) => format!("lagged {count}, then"),
            Err(TryRecvError::Empty) => return seen.join(", ") + ", open",
            Err(TryRecvError::Closed) => return seen.join(", ") + ", closed",
        });
        // Reads as one sentence.
        if let [.., lagged, _] = &seen[..]
            && lagged.ends_with("then")
        {
            let event = seen.pop().unwrap_or_default();
            if let Some(lagged) = seen.last_mut() {
                *lagged = format!("{lagged} {event}");
            }
        }
    }
}

fn describe(event: &OutputEvent) -> String {
    match event {
        OutputEvent::Chunk(chunk) => {
            let stream = match chunk.stream {
                StreamKind::Stdout => "stdout",
                StreamKind::Stderr => "stderr",
            };
            format!(
                "{stream} {} {:?} of attempt {}",
                chunk.seq, &chunk.line, chunk.attempt
            )
            .replace(" b\"", " \"")
        }
        OutputEvent::RunStarted { attempt, .. } => format!("started {attempt}"),
        OutputEvent::RunFinished {
            attempt, exit_code, ..
        } => {
            format!("finished {attempt} with {exit_code:?}")
        }
        OutputEvent::Lagged { skipped } => format!("event lagged {skipped}"),
    }
}

fn without_channel() -> Observations {
    let registry = OutputRegistry::default();
    registry.evict(&task());
    registry.announce_run_started(&task(), 1);
    registry.announce_run_finished(&task(), 1, Some(0));
    let none = registry.subscribe(&task()).is_none();
    let seen = format!("{none} {}", registry.active_channels());
    // What was announced to nobody is not kept for anybody.
    registry.ensure_channel(task());
    let later = registry
        .subscribe(&task())
        .map(|mut receiver| read(&mut receiver));
    vec![
        ("output without a channel", seen),
        ("output announced too early", format!("{later:?}")),
    ]
}

fn channels() -> Observations {
    let registry = OutputRegistry::new(16);
    let mut counts = vec![registry.active_channels()];
    registry.ensure_channel(task());
    registry.ensure_channel(task());
    counts.push(registry.active_channels());
    let first = registry.subscribe(&task());
    let sink = registry.sink_for(task(), 1);
    let other = registry.sink_for(TaskId::from("other"), 1);
    counts.push(registry.active_channels());
    let second = registry.subscribe(&task());
    registry.announce_run_started(&task(), 1);
    let shared = line("shared");
    let place = shared.as_ptr();
    sink.stdout_line(shared);
    sink.stderr_line(line(""));
    other.stdout_line(line("elsewhere"));
    registry.announce_run_finished(&task(), 1, Some(-9));
    registry.announce_run_finished(&task(), 2, None);
    let mut seen = vec![("output channels", format!("{counts:?}"))];
    for mut receiver in [first, second].into_iter().flatten() {
        let mut twin = receiver.resubscribe();
        seen.push(("output to each subscriber", read(&mut receiver)));
        seen.push(("output to a resubscriber", read(&mut twin)));
    }
    if let Some(mut receiver) = registry.subscribe(&task()) {
        sink.stdout_line(Bytes::from_static(b"static"));
        seen.push(("output to a late subscriber", read(&mut receiver)));
        let again = Bytes::from(b"again".to_vec());
        let place = again.as_ptr();
        sink.stdout_line(again);
        if let Ok(OutputEvent::Chunk(chunk)) = receiver.try_recv() {
            seen.push((
                "output is not copied",
                (chunk.line.as_ptr() == place).to_string(),
            ));
        }
    }
    seen.push(("output of a null pointer", place.is_null().to_string()));
    seen
}

fn numbers() -> Observations {
    let registry = OutputRegistry::new(64);
    registry.ensure_channel(task());
    let Some(mut receiver) = registry.subscribe(&task()) else {
        return vec![("output numbers", "no channel".to_owned())];
    };
    let mut seen = Vec::new();

    let sink = registry.sink_for(task(), 1);
    let clone = sink.clone();
    sink.stdout_line(line("a"));
    clone.stdout_line(line("b"));
    seen.push(("output seq of clones", read(&mut receiver)));

    sink.stderr_line(line("e"));
    clone.stdout_line(line("c"));
    clone.stderr_line(line("f"));
    seen.push(("output seq per stream", read(&mut receiver)));

    let retry = registry.sink_for(task(), 2);
    let same_attempt = registry.sink_for(task(), 1);
    retry.stdout_line(line("a"));
    same_attempt.stdout_line(line("a"));
    sink.stdout_line(line("d"));
    seen.push(("output seq of sinks", read(&mut receiver)));
    let attempts = [&sink, &clone, &retry, &same_attempt].map(OutputSink::attempt);
    seen.push(("output attempts", format!("{attempts:?}")));

    drop(receiver);
    sink.stdout_line(line("unheard"));
    sink.stderr_line(line("unheard"));
    if let Some(mut receiver) = registry.subscribe(&task()) {
        sink.stdout_line(line("heard"));
        sink.stderr_line(line("heard"));
        seen.push(("output seq after nobody listened", read(&mut receiver)));
    }
    seen
}

fn lagging() -> Observations {
    let mut seen = Vec::new();
    let cases = [
        (
            "output lagged at the default capacity",
            OutputRegistry::default(),
            1029,
        ),
        ("output lagged at capacity 1", OutputRegistry::new(1), 3),
        ("output lagged at capacity 3", OutputRegistry::new(3), 11),
        ("output lagged at capacity 4", OutputRegistry::new(4), 4),
    ];
    for (what, registry, lines) in cases {
        let sink = registry.sink_for(task(), 1);
        if let Some(mut receiver) = registry.subscribe(&task()) {
            for number in 0..lines {
                sink.stdout_line(line(&number.to_string()));
            }
            seen.push((what, read(&mut receiver)));
            registry.announce_run_finished(&task(), 1, None);
            seen.push((what, read(&mut receiver)));
        }
    }
    seen
}

fn after_evict() -> Observations {
    let registry = OutputRegistry::new(16);
    registry.ensure_channel(TaskId::from("other"));
    let sink = registry.sink_for(task(), 1);
    let Some(mut receiver) = registry.subscribe(&task()) else {
        return vec![("output after evict", "no channel".to_owned())];
    };
    sink.stdout_line(line("before"));
    registry.evict(&task());
    registry.evict(&task());
    registry.announce_run_finished(&task(), 1, Some(0));
    let gone = registry.subscribe(&task()).is_none();
    sink.stdout_line(line("after"));
    let mut seen = vec![
        (
            "output after evict",
            format!("{gone} {}", registry.active_channels()),
        ),
        (
            "output of a sink that outlives its channel",
            read(&mut receiver),
        ),
    ];
    let fresh = registry.sink_for(task(), 1);
    fresh.stdout_line(line("fresh"));
    seen.push((
        "output of a new channel to an old subscriber",
        read(&mut receiver),
    ));
    if let Some(mut newcomer) = registry.subscribe(&task()) {
        sink.stdout_line(line("old"));
        fresh.stdout_line(line("new"));
        seen.push(("output of a new channel", read(&mut newcomer)));
    }
    drop(sink);
    seen.push(("output at the end", read(&mut receiver)));
    drop(registry);
    fresh.stdout_line(line("without a registry"));
    seen.push((
        "output attempt without a registry",
        fresh.attempt().to_string(),
    ));
    seen
}

fn foreign_sender() -> Observations {
    let (sender, mut first) = broadcast::channel(16);
    let sink = OutputSink::new(sender.clone(), 7);
    sink.stdout_line(line("a"));
    let mut second = sender.subscribe();
    sink.stderr_line(line("b"));
    let mut seen = vec![
        ("output through a foreign sender", read(&mut first)),
        ("output through a foreign sender", read(&mut second)),
    ];
    drop((first, second));
    sink.stdout_line(line("unheard"));
    let mut third = sender.subscribe();
    sink.stdout_line(line("c"));
    drop(sender);
    seen.push(("output through a foreign sender", read(&mut third)));
    drop(sink);
    seen.push(("output through a foreign sender", read(&mut third)));
    seen
}

fn capacity_zero() -> String {
    let registry = OutputRegistry::new(0);
    let refused = catch_unwind(AssertUnwindSafe(|| registry.ensure_channel(task()))).is_err();
    format!("refused {refused}, {} channels", registry.active_channels())
}
