//! What a plugin logs, and what it panics with.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime};

use serde_json::{Value, json};
use solti_plugin_host::{PluginLoader, PluginLog, PluginRecord, RunnerType, Spawn, TaskOutcome};
use taskvisor::TaskError;
use tokio_util::sync::CancellationToken;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::{plugin, soon};
use crate::support::{self, Host, Record, SOON, command};

/// A log that keeps what it is given, once it may.
#[derive(Default)]
struct Log {
    may_take: AtomicBool,
    taken: Mutex<Vec<Taken>>,
}

#[derive(Debug)]
struct Taken {
    level: Level,
    message: String,
    fields: Value,
    run_id: Option<String>,
    time: SystemTime,
}

impl PluginLog for Log {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::INFO
    }

    fn enabled(&self, _: &str, level: Level, _: &str) -> bool {
        level <= Level::INFO
    }

    fn record(&self, record: &PluginRecord<'_>) {
        while !self.may_take.load(Ordering::SeqCst) {
            std::thread::sleep(Duration::from_millis(1));
        }
        self.taken.lock().unwrap().push(Taken {
            level: record.level,
            message: record.message.to_owned(),
            fields: Value::Object(record.fields.clone()),
            run_id: record.run_id.map(str::to_owned),
            time: record.time,
        });
    }
}

fn host_with_log() -> (Host, Arc<Log>) {
    let log = Arc::new(Log::default());
    let as_log: Arc<dyn PluginLog> = Arc::clone(&log) as _;
    let loader = PluginLoader::new().log(as_log);
    (
        Host::load(support::directory_with(&["modern"]), loader),
        log,
    )
}

#[tokio::test]
async fn a_log_record_keeps_types_time_and_run_and_is_there_before_the_attempt_ends() {
    let (host, log) = host_with_log();
    log.may_take.store(true, Ordering::SeqCst);
    let task = host.build(&command("s", "log", &[]));
    let began = SystemTime::now();
    host.attempt(&task, CancellationToken::new())
        .await
        .0
        .unwrap();
    let taken = log.taken.lock().unwrap();
    let [record] = &taken[..] else {
        panic!("{taken:?}");
    };
    assert_eq!(record.level, Level::INFO);
    assert_eq!(record.message, "said\nmore");
    let typed = json!({ "size": 3, "good": true, "name": "a\nb", "part": 0.5 });
    assert_eq!(record.fields, typed);
    assert_eq!(record.run_id.as_deref(), Some(task.name()));
    assert!(record.time >= began && record.time <= SystemTime::now());
}

#[tokio::test]
async fn a_log_that_is_stuck_stops_no_task_and_what_it_loses_is_counted() {
    let (host, log) = host_with_log();
    for _ in 0..3 {
        let many = command("s", "log-many", &["4000"]);
        soon(host.run(&many)).await.0.unwrap();
    }
    let lost = plugin(&host).records_lost();
    // One record is with the log.
    assert!((12_000 - 4_097..=12_000 - 4_096).contains(&lost), "{lost}");
    log.may_take.store(true, Ordering::SeqCst);
    plugin(&host).shutdown(Duration::from_secs(1));
    let began = Instant::now();
    let told = format!(
        "the log takes records more slowly than the plugin writes them: {lost} records lost"
    );
    while !log
        .taken
        .lock()
        .unwrap()
        .iter()
        .any(|it| it.message == told)
    {
        assert!(began.elapsed() < SOON);
        std::thread::sleep(Duration::from_millis(5));
    }
    let metrics = host.report.plugin_metrics();
    let counted = format!("solti_plugin_log_records_lost_total{{plugin=\"modern\"}} {lost}\n");
    assert!(metrics.contains(&counted), "{metrics}");
}

#[tokio::test]
async fn a_panic_is_told_in_its_own_words_and_counted_as_a_failure() {
    let host = Host::with(&["modern"]);
    let begin = |behaviour: &str| {
        let task = host.build(&command("s", behaviour, &[]));
        tokio::spawn(Spawn::new(1).begin(&task, CancellationToken::new()).future)
    };
    // With one worker both are on one thread, in turns.
    for _ in 0..20 {
        let (caught, resumed) = (begin("catch"), begin("resume"));
        soon(caught).await.unwrap().unwrap();
        let resumed = soon(resumed).await.unwrap().unwrap_err();
        assert!(
            matches!(&resumed, TaskError::Fatal { reason, .. }
                if reason == "plugin 'modern' panicked: carried over"),
            "{resumed:?}"
        );
    }
    let before = host.metrics.all().len();
    let panicked = soon(begin("panic")).await.unwrap().unwrap_err().to_string();
    assert!(panicked.contains("told to panic (at "), "{panicked}");
    let process = RunnerType::Subprocess;
    assert_eq!(
        host.metrics.all()[before..],
        [
            Record::Started(process),
            Record::Completed(process, TaskOutcome::Failure)
        ]
    );
}
