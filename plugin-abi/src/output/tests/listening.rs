//! Who listens, since when, and that nobody who does misses a line.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use solti_model::{OutputEvent, StreamKind, TaskId};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::TryRecvError;

use super::{numbered, received};
use crate::output::channel::Channel;
use crate::output::{OutputRegistry, OutputSink};

#[test]
fn lines_before_the_first_subscriber_take_numbers_all_the_same() {
    let registry = OutputRegistry::default();
    let task = TaskId::from("task");
    let sink = registry.sink_for(task.clone(), 1);
    sink.push(StreamKind::Stdout, b"0");
    sink.push_lines(StreamKind::Stdout, b"12", &[[0, 1], [1, 2]]);
    let mut receiver = registry
        .subscribe(&task)
        .expect("the sink made the channel");
    sink.stdout_line(Bytes::from_static(b"3"));
    assert_eq!(
        numbered(&received(&mut receiver), StreamKind::Stdout),
        [(3, "3".to_owned())]
    );
}

#[test]
fn a_subscriber_after_the_last_one_left_gets_every_line_from_then_on() {
    let registry = OutputRegistry::default();
    let task = TaskId::from("task");
    let sink = registry.sink_for(task.clone(), 1);
    for round in 0_u64..100 {
        let mut receiver = registry
            .subscribe(&task)
            .expect("the sink made the channel");
        sink.push(StreamKind::Stdout, b"heard");
        let heard = numbered(&received(&mut receiver), StreamKind::Stdout);
        assert_eq!(heard, [(round * 3, "heard".to_owned())]);
        drop(receiver);
        // The first of these finds out that nobody listens, the second profits from it.
        sink.push(StreamKind::Stdout, b"unheard");
        sink.push(StreamKind::Stdout, b"unheard");
    }
}

#[test]
fn a_foreign_senders_own_receivers_are_never_taken_for_nobody() {
    let (sender, receiver) = broadcast::channel(16);
    drop(receiver);
    let sink = OutputSink::new(sender.clone(), 4);
    sink.push(StreamKind::Stdout, b"unheard");
    sink.push_lines(StreamKind::Stdout, b"unheard", &[[0, 7]]);
    let mut receiver = sender.subscribe();
    sink.push(StreamKind::Stdout, b"a");
    sink.stdout_line(Bytes::from_static(b"b"));
    sink.push_lines(StreamKind::Stdout, b"cd", &[[0, 1], [1, 2]]);
    let chunks = received(&mut receiver);
    assert!(chunks.iter().all(|chunk| chunk.attempt == 4));
    let expected = ["a", "b", "c", "d"].map(str::to_owned);
    assert_eq!(
        numbered(&chunks, StreamKind::Stdout),
        (2..).zip(expected).collect::<Vec<_>>()
    );
}

#[test]
fn an_announcement_reaches_subscribers_of_a_task_that_was_quiet() {
    let registry = OutputRegistry::default();
    let task = TaskId::from("task");
    let sink = registry.sink_for(task.clone(), 1);
    sink.push(StreamKind::Stdout, b"unheard");
    registry.announce_run_finished(&task, 1, Some(1));
    let mut receiver = registry
        .subscribe(&task)
        .expect("the sink made the channel");
    registry.announce_run_started(&task, 2);
    assert!(matches!(
        receiver.try_recv(),
        Ok(OutputEvent::RunStarted { attempt: 2, .. })
    ));
    assert!(matches!(receiver.try_recv(), Err(TryRecvError::Empty)));
}

/// What a subscriber pushes itself comes after its subscription, whatever other threads find out
/// about a moment in which nobody listened.
#[test]
fn a_subscriber_that_comes_while_others_find_nobody_hears_the_very_next_line() {
    const ROUNDS: usize = 200_000;
    let registry = OutputRegistry::new(1 << 12);
    let task = TaskId::from("task");
    let sink = registry.sink_for(task.clone(), 1);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        for _ in 0..2 {
            let (sink, done) = (sink.clone(), &done);
            scope.spawn(move || {
                while !done.load(Ordering::Relaxed) {
                    sink.push(StreamKind::Stderr, b"noise");
                }
            });
        }
        let heard = (0..ROUNDS).all(|_| {
            let mut receiver = registry
                .subscribe(&task)
                .expect("the sink made the channel");
            (0..2).all(|_| {
                sink.push(StreamKind::Stdout, b"mark");
                hears_mark(&mut receiver)
            })
        });
        done.store(true, Ordering::Relaxed);
        assert!(
            heard,
            "a line was pushed after the subscription and did not arrive"
        );
    });
}

/// The worst moment for a subscription: another thread has just seen that there is none.
#[test]
fn a_subscription_between_the_look_and_the_note_that_nobody_listens_is_not_forgotten() {
    let channel = Channel::new(16);
    thread::scope(|scope| {
        let (subscribed, subscription) = mpsc::channel();
        channel.nobody_listens_after(|| {
            let channel = &channel;
            scope.spawn(move || subscribed.send(channel.subscribe()));
            // It must wait. Were it let through, it would be within this time.
            let early = subscription.recv_timeout(Duration::from_millis(200));
            assert!(early.is_err(), "it did not wait for the note");
        });
        let _receiver = subscription.recv().expect("it comes through in the end");
        assert!(channel.is_listening());
    });
}

/// Whether the mark is among what has arrived.
fn hears_mark(receiver: &mut broadcast::Receiver<OutputEvent>) -> bool {
    loop {
        match receiver.try_recv() {
            Ok(OutputEvent::Chunk(chunk)) if chunk.stream == StreamKind::Stdout => return true,
            // The mark may be among what was skipped; the next round asks again.
            Err(TryRecvError::Lagged(_)) => return true,
            Ok(_) => {}
            Err(TryRecvError::Empty | TryRecvError::Closed) => return false,
        }
    }
}

/// Threads push while subscribers come and go. One number is pushed by one thread in order, so
/// every subscriber must see the numbers of a stream without a gap from its first line on.
#[test]
fn subscribers_that_come_and_go_see_no_gap() {
    const SUBSCRIBERS: usize = 3;
    const ROUNDS: usize = 300;
    let registry = Arc::new(OutputRegistry::new(1 << 14));
    let task = TaskId::from("task");
    let sink = registry.sink_for(task.clone(), 1);
    let done = AtomicBool::new(false);
    let rounds = AtomicUsize::new(0);
    let deadline = Instant::now() + Duration::from_secs(60);
    thread::scope(|scope| {
        let writers = [StreamKind::Stdout, StreamKind::Stderr].map(|stream| {
            let (sink, done) = (sink.clone(), &done);
            scope.spawn(move || {
                let spans: Vec<_> = (0..8).map(|at| [at, at + 1]).collect();
                while !done.load(Ordering::Relaxed) {
                    sink.push(stream, b"one");
                    sink.push_lines(stream, b"abcdefgh", &spans);
                    thread::yield_now();
                }
            })
        });
        let listeners: Vec<_> = (0..SUBSCRIBERS)
            .map(|number| {
                let (registry, task, rounds) = (&registry, &task, &rounds);
                scope.spawn(move || {
                    for round in 0..ROUNDS {
                        let lines = 1 + (round * 7 + number * 13) % 40;
                        let result = listen(registry, task, lines, deadline);
                        rounds.fetch_add(1, Ordering::Relaxed);
                        result?;
                    }
                    Ok::<_, String>(())
                })
            })
            .collect();
        let results: Vec<_> = listeners
            .into_iter()
            .map(|listener| listener.join())
            .collect();
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.join().expect("pushing does not panic");
        }
        for result in results {
            assert_eq!(result.expect("listening does not panic"), Ok(()));
        }
    });
    assert_eq!(rounds.into_inner(), SUBSCRIBERS * ROUNDS);
}

/// Subscribes, reads `lines` lines, and says where a number was missing.
fn listen(
    registry: &OutputRegistry,
    task: &TaskId,
    lines: usize,
    deadline: Instant,
) -> Result<(), String> {
    let mut receiver = registry.subscribe(task).ok_or("the channel is gone")?;
    let mut next = [None; 2];
    let mut read = 0;
    while read < lines {
        match receiver.try_recv() {
            Ok(OutputEvent::Chunk(chunk)) => {
                let next = &mut next[usize::from(chunk.stream == StreamKind::Stderr)];
                if next.is_some_and(|next| next != chunk.seq) {
                    return Err(format!("expected {next:?}, got {}", chunk.seq));
                }
                *next = Some(chunk.seq + 1);
                read += 1;
            }
            Ok(other) => return Err(format!("not a chunk: {other:?}")),
            // It did not keep up; from here on it counts as one that has just come.
            Err(TryRecvError::Lagged(_)) => next = [None; 2],
            Err(TryRecvError::Empty) if Instant::now() < deadline => thread::yield_now(),
            Err(err) => return Err(format!("after {read} lines: {err}")),
        }
    }
    Ok(())
}
