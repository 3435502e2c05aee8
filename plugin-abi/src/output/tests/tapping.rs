//! Taps: nothing is lost, nothing grows, nothing waits for ever.

use std::time::{Duration, Instant};

use solti_model::{OutputEvent, StreamKind, TaskId};

use crate::output::tap::{Content, Pushed, Taps};
use crate::output::{
    Block, LineWriter, OutputRegistry, OutputSink, Pressure, Tap, TapBlock, TapEvent, TapOptions,
    WhenFull,
};

const OUT: StreamKind = StreamKind::Stdout;

fn tapped(options: TapOptions) -> (OutputRegistry, OutputSink, Tap) {
    let registry = OutputRegistry::default();
    let id = TaskId::from("task");
    registry.ensure_channel(id.clone());
    let tap = registry.tap(&id, options).unwrap();
    let sink = registry.sink_for(id, 1);
    (registry, sink, tap)
}

fn blocks(tap: &mut Tap) -> Vec<TapBlock> {
    let mut blocks = Vec::new();
    while let Some(event) = tap.try_next() {
        match event {
            TapEvent::Block(block) => blocks.push(block),
            other => panic!("{other:?}"),
        }
    }
    blocks
}

#[test]
fn what_is_written_comes_out_byte_for_byte_with_its_line_ends() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default());
    let mut lines = LineWriter::new(sink.clone(), OUT).with_max_line_bytes(2);
    let written: &[&[u8]] = &[b"one\r\ntw", b"o\n\n\xff\0 and ", b"no end"];
    for part in written {
        lines.write(part);
    }
    drop(lines);
    let read = blocks(&mut tap);
    let bytes: Vec<u8> = read.iter().flat_map(|block| block.bytes.to_vec()).collect();
    assert_eq!(bytes, written.concat());
    assert!(read.iter().all(|block| !block.implied_ends && !block.cut));
    assert_eq!(read[0].first_line, 0);
    assert_eq!(read[0].ends, [5, 9, 10]);
}

#[test]
fn who_wrote_a_block_and_was_told_to_wait_is_told_of_each_block() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default().with_capacity(300));
    let [one, two] = ["one", "two"].map(|name| sink.clone().with_source(name.into()));
    assert_eq!(one.push(OUT, b"a"), Pressure::None);
    one.clone().push(OUT, b"b");
    two.push(OUT, &[b'c'; 100]);
    two.push(OUT, b"d");
    sink.push(OUT, b"e");
    let read = blocks(&mut tap);
    let told: Vec<_> = read
        .iter()
        .map(|block| (block.source.as_deref(), block.ends.len(), block.waits))
        .collect();
    assert_eq!(
        told,
        [(Some("one"), 2, 0), (Some("two"), 2, 2), (None, 1, 1)]
    );
}

#[test]
fn a_pushed_line_has_an_implied_end_and_a_cut_one_says_so() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default());
    sink.stdout_line("a".into());
    sink.push(OUT, b"b");
    sink.push_lines(OUT, b"c d", &[[0, 1], [2, 3], [2, 9]]);
    sink.push_cut(OUT, b"e");
    sink.push(StreamKind::Stderr, b"f");
    let read = blocks(&mut tap);
    assert_eq!(read.len(), 2);
    assert_eq!(read[0].bytes, "a\nb\nc\nd\ne\n");
    assert_eq!(read[0].ends, [2, 4, 6, 8, 10]);
    assert!(read[0].implied_ends && read[0].cut);
    assert_eq!(
        (read[1].stream, &read[1].bytes[..]),
        (StreamKind::Stderr, &b"f\n"[..])
    );
}

/// With what a block and a line end take besides, two of these are more than [`SMALL`].
const LINE: [u8; 100] = [b'x'; 100];
const SMALL: usize = 300;

#[test]
fn a_full_tap_has_its_writer_wait_until_it_is_read_or_dropped() {
    let options = TapOptions::default().with_capacity(SMALL);
    let (registry, sink, mut tap) = tapped(options);
    assert_eq!(sink.push(OUT, &LINE), Pressure::None);
    assert!(sink.wait_ready(Duration::ZERO));
    assert_eq!(sink.push(OUT, &LINE), Pressure::Wait);
    assert!(!sink.wait_ready(Duration::from_millis(10)));
    assert_eq!(blocks(&mut tap)[0].ends, [101, 202]);
    assert!(sink.wait_ready(Duration::ZERO));
    // Another one beside it counts as well.
    let other = registry.tap(&TaskId::from("task"), options).unwrap();
    sink.push(OUT, &LINE);
    assert_eq!(sink.push(OUT, &LINE), Pressure::Wait);
    blocks(&mut tap);
    let writer = std::thread::spawn(move || {
        let began = Instant::now();
        (sink.wait_ready(Duration::from_secs(60)), began.elapsed())
    });
    std::thread::sleep(Duration::from_millis(20));
    drop(other);
    let (may_go_on, after) = writer.join().unwrap();
    assert!(may_go_on && after < Duration::from_secs(30));
}

#[test]
fn who_does_not_wait_goes_on_up_to_a_bound_and_what_is_lost_is_counted() {
    let options = TapOptions::default().with_capacity(SMALL);
    let (_registry, sink, mut tap) = tapped(options.with_overrun(2 * SMALL));
    for _ in 0..10 {
        sink.push(OUT, &LINE);
        sink.push(StreamKind::Stderr, b"");
    }
    let read: Vec<_> = std::iter::from_fn(|| tap.try_next()).collect();
    let lost: u64 = read
        .iter()
        .map(|event| match event {
            TapEvent::Lost { lines, .. } => *lines,
            _ => 0,
        })
        .sum();
    let taken: usize = read
        .iter()
        .map(|event| match event {
            TapEvent::Block(block) => block.ends.len(),
            _ => 0,
        })
        .sum();
    assert_eq!(taken as u64 + lost, 20);
    // However the streams take turns, it is told once for each of them.
    let told = read.iter().filter(|it| matches!(it, TapEvent::Lost { .. }));
    assert!(lost > 10 && told.count() <= 2, "{read:?}");
    // A tap that is to drop never has anybody wait.
    let (_registry, sink, mut tap) = tapped(options.when_full(WhenFull::Drop));
    for _ in 0..3 {
        assert_eq!(sink.push(OUT, &LINE), Pressure::None);
    }
    let read: Vec<_> = std::iter::from_fn(|| tap.try_next()).collect();
    assert!(
        matches!(
            &read[..],
            [TapEvent::Block(_), TapEvent::Lost { lines: 1, .. }]
        ),
        "{read:?}"
    );
}

#[test]
fn what_cannot_be_a_line_is_none_and_the_bytes_are_all_there() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default());
    sink.write(OUT, Block::new(b"abcdef", &[5, 3, 5, 9, 6]));
    sink.push_lines(OUT, b"abcdef", &[[2, 4], [0, 3], [4, 9], [4, 6]]);
    let read = blocks(&mut tap);
    assert_eq!(
        (&read[0].bytes[..], &read[0].ends[..]),
        (&b"abcdef"[..], &[5, 6][..])
    );
    assert_eq!(read[1].bytes, "cd\nef\n");
}

#[test]
fn a_push_beyond_all_bounds_is_lost_and_named() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default());
    sink.push(OUT, &vec![b'x'; 65 << 20]);
    // A stream is passed on in parts, whatever it is given at once.
    LineWriter::new(sink, OUT).write(&vec![b'x'; 3 << 20]);
    let first = tap.try_next();
    assert!(
        matches!(first, Some(TapEvent::Lost { lines: 1, .. })),
        "{first:?}"
    );
    assert_eq!(
        blocks(&mut tap)
            .iter()
            .map(|it| it.bytes.len())
            .sum::<usize>(),
        3 << 20
    );
}

#[tokio::test]
async fn a_tap_of_an_evicted_task_ends_though_a_sink_is_kept_and_its_reader_waits() {
    let (registry, sink, mut tap) = tapped(TapOptions::default());
    let reading = tokio::spawn(async move { tap.next().await.is_none() });
    tokio::time::sleep(Duration::from_millis(20)).await;
    registry.evict(&TaskId::from("task"));
    let over = tokio::time::timeout(Duration::from_secs(60), reading).await;
    assert!(over.unwrap().unwrap());
    drop(sink);
}

#[test]
fn a_block_of_any_size_fits_an_empty_tap() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default().with_capacity(10));
    let large = vec![b'x'; 1 << 20];
    assert_eq!(sink.push(OUT, &large), Pressure::Wait);
    assert_eq!(blocks(&mut tap)[0].bytes.len(), large.len() + 1);
}

#[tokio::test]
async fn an_attempt_is_complete_when_its_end_is_told_and_its_sinks_are_gone() {
    let (registry, sink, mut tap) = tapped(TapOptions::default());
    let id = TaskId::from("task");
    registry.announce_run_started(&id, 1);
    sink.push(OUT, b"early");
    registry.announce_run_finished(&id, 1, Some(3));
    sink.push(OUT, b"late");
    drop(sink);
    // An attempt whose sink stays is told to be complete after a while all the same.
    let kept = registry.sink_for(id.clone(), 2);
    registry.announce_run_finished(&id, 2, None);
    registry.evict(&id);
    let mut read = Vec::new();
    while let Some(event) = tap.next().await {
        read.push(match event {
            TapEvent::Started { attempt, .. } => format!("started {attempt}"),
            TapEvent::Block(block) => format!("{} {:?}", block.attempt, block.bytes),
            TapEvent::Finished {
                attempt, exit_code, ..
            } => format!("finished {attempt} {exit_code:?}"),
            TapEvent::Complete { attempt, late } => format!("complete {attempt} {late}"),
            other => format!("{other:?}"),
        });
    }
    assert_eq!(
        read,
        [
            "started 1",
            "1 b\"early\\n\"",
            "finished 1 Some(3)",
            "1 b\"late\\n\"",
            "complete 1 false",
            "finished 2 None",
            "complete 2 true"
        ]
    );
    drop(kept);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_threads_lose_nothing_to_a_slow_reader_and_a_subscriber_sees_it_too() {
    const THREADS: usize = 4;
    const LINES: usize = 20_000;
    let (registry, sink, mut tap) = tapped(TapOptions::default().with_capacity(4096));
    let mut events = registry.subscribe(&TaskId::from("task")).unwrap();
    let received = tokio::spawn(async move {
        let mut count = 0_u64;
        loop {
            match events.recv().await {
                Ok(OutputEvent::Chunk(_)) => count += 1,
                Ok(_) => {}
                Err(tokio::sync::broadcast::error::RecvError::Lagged(skipped)) => count += skipped,
                Err(_) => return count,
            }
        }
    });
    let writers: Vec<_> = (0..THREADS)
        .map(|_| {
            let sink = sink.clone();
            std::thread::spawn(move || {
                for number in 0..LINES {
                    if sink.push(OUT, number.to_string().as_bytes()) == Pressure::Wait {
                        assert!(sink.wait_ready(Duration::from_secs(60)));
                    }
                }
            })
        })
        .collect();
    drop(sink);
    registry.evict(&TaskId::from("task"));
    let mut lines = 0;
    while let Some(event) = tap.next().await {
        match event {
            TapEvent::Block(block) => {
                lines += block.ends.len();
                assert!(block.bytes.len() < 64 << 10);
            }
            other => panic!("{other:?}"),
        }
    }
    for writer in writers {
        writer.join().unwrap();
    }
    assert_eq!(lines, THREADS * LINES);
    assert_eq!(received.await.unwrap(), (THREADS * LINES) as u64);
}

#[tokio::test]
async fn a_writer_that_awaits_room_gets_it_when_the_reader_reads() {
    let (_registry, sink, mut tap) = tapped(TapOptions::default().with_capacity(1));
    sink.push(OUT, b"x");
    let waiting = tokio::spawn(async move { sink.ready().await });
    tokio::time::sleep(Duration::from_millis(10)).await;
    assert!(!waiting.is_finished());
    assert!(tap.next().await.is_some());
    tokio::time::timeout(Duration::from_secs(60), waiting)
        .await
        .unwrap()
        .unwrap();
}

#[tokio::test]
async fn a_tap_on_a_task_that_is_over_ends_at_once_and_again() {
    let (registry, sink, early) = tapped(TapOptions::default());
    let id = TaskId::from("task");
    registry.announce_run_started(&id, 1);
    sink.push(OUT, b"before");
    registry.announce_run_finished(&id, 1, Some(0));
    drop((sink, early));
    // Its last attempt has ended: there is nothing to come, and nothing that came before.
    let mut tap = registry.tap(&id, TapOptions::default()).unwrap();
    registry.evict(&id);
    let began = Instant::now();
    for _ in 0..2 {
        assert!(tap.next().await.is_none());
        assert!(tap.try_next().is_none());
    }
    let blocking = std::thread::spawn(move || tap.blocking_next().is_none());
    assert!(blocking.join().unwrap());
    assert!(began.elapsed() < Duration::from_secs(4), "{began:?}");
    assert!(registry.tap(&id, TapOptions::default()).is_none());
    // A sink that comes afterwards makes another channel, which ends as well.
    let sink = registry.sink_for(id.clone(), 2);
    let mut tap = registry.tap(&id, TapOptions::default()).unwrap();
    sink.push(OUT, b"after");
    drop(sink);
    registry.evict(&id);
    assert_eq!(blocks(&mut tap)[0].bytes, "after\n");
    assert!(tap.next().await.is_none());
}

#[test]
fn a_writer_that_never_stops_after_its_end_keeps_no_reader() {
    let (registry, sink, mut tap) = tapped(TapOptions::default());
    let id = TaskId::from("task");
    registry.announce_run_finished(&id, 1, None);
    let (stop, stopped) = std::sync::mpsc::channel::<()>();
    let writer = std::thread::spawn(move || {
        let mut pushed = 0_u64;
        while stopped.try_recv() == Err(std::sync::mpsc::TryRecvError::Empty) {
            sink.push(OUT, b"still here");
            pushed += 1;
        }
        pushed
    });
    let began = Instant::now();
    let mut ends = 0;
    while ends == 0 {
        assert!(began.elapsed() < Duration::from_secs(60));
        if let TapEvent::Complete { late, .. } = tap.blocking_next().unwrap() {
            assert!(late);
            ends += 1;
        }
    }
    registry.evict(&id);
    while let Some(event) = tap.blocking_next() {
        assert!(began.elapsed() < Duration::from_secs(60));
        ends += usize::from(matches!(event, TapEvent::Complete { .. }));
    }
    assert_eq!(ends, 1);
    drop(stop);
    assert!(writer.join().unwrap() > 0);
    assert!(tap.try_next().is_none());
}

#[test]
fn ends_of_streams_do_not_add_up_for_a_reader_that_is_slow() {
    let options = TapOptions::default().with_capacity(SMALL);
    for full in [WhenFull::Wait, WhenFull::Drop] {
        let (_registry, sink, mut tap) = tapped(options.with_overrun(SMALL).when_full(full));
        for _ in 0..1000 {
            for stream in [OUT, StreamKind::Stderr] {
                sink.write(stream, Block::new(b"open", &[]));
                sink.write(stream, Block::end());
                sink.write(stream, Block::end());
            }
        }
        let read: Vec<_> = std::iter::from_fn(|| tap.try_next()).collect();
        assert!(read.len() < 20, "{} events", read.len());
        for stream in [OUT, StreamKind::Stderr] {
            let last = read.iter().rev().find_map(|event| match event {
                TapEvent::Block(block) if block.stream == stream => Some(block.last),
                TapEvent::Lost { stream: of, .. } if *of == stream => Some(true),
                _ => None,
            });
            assert_eq!(last, Some(true), "{read:?}");
        }
    }
}

#[test]
fn a_line_keeps_its_number_though_another_thread_overtakes_it() {
    let taps = Taps::default();
    let mut tap = Tap::new(TapOptions::default());
    taps.add(tap.queue());
    // The thread that took number 0 comes after the one that took 1.
    for first_line in [1, 0, 2, 3] {
        taps.push(&Pushed {
            source: None,
            attempt: 1,
            stream: OUT,
            first_line,
            content: Content::Line {
                line: b"line",
                cut: false,
            },
        });
    }
    let read = blocks(&mut tap);
    let numbers: Vec<_> = read
        .iter()
        .map(|it| (it.first_line, it.ends.len()))
        .collect();
    assert_eq!(numbers, [(1, 1), (0, 1), (2, 2)]);
}
