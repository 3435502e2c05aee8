//! What a plugin logs reaches the host's subscriber, and what nobody wants crosses nothing.

use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use solti_plugin_host::log::TracingLog;
use solti_plugin_host::{PluginLoader, PluginLog, PluginRecord};
use tracing::Level;
use tracing::level_filters::LevelFilter;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::{EnvFilter, fmt, reload};

use crate::support::{self, Host, command};

/// The host's usual log, with the crossings counted.
#[derive(Default)]
struct Counted {
    asked: AtomicUsize,
    recorded: AtomicUsize,
}

impl Counted {
    fn crossings(&self) -> usize {
        self.asked.load(Ordering::SeqCst) + self.recorded.load(Ordering::SeqCst)
    }
}

impl PluginLog for Counted {
    fn max_level(&self) -> LevelFilter {
        TracingLog.max_level()
    }

    fn enabled(&self, plugin: &str, level: Level, target: &str) -> bool {
        self.asked.fetch_add(1, Ordering::SeqCst);
        TracingLog.enabled(plugin, level, target)
    }

    fn record(&self, record: &PluginRecord<'_>) {
        self.recorded.fetch_add(1, Ordering::SeqCst);
        TracingLog.record(record);
    }

    fn generation(&self) -> u64 {
        TracingLog.generation()
    }
}

/// A writer that keeps what is written.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    /// Takes what has been written so far, without the ids of the runs.
    fn take(&self) -> String {
        let text = String::from_utf8(std::mem::take(&mut *self.0.lock().unwrap())).unwrap();
        let lines = text.lines().map(|line| {
            let Some((before, id)) = line.split_once(" run_id=chameleon-s-") else {
                return format!("{line}\n");
            };
            let after = id.trim_start_matches(|char: char| char.is_ascii_digit());
            format!("{before}{after}\n")
        });
        lines.collect()
    }
}

impl io::Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn events_arrive_with_plugin_and_target_and_unwanted_ones_cross_nothing() {
    const TEST: &str = "log::events_arrive_with_plugin_and_target_and_unwanted_ones_cross_nothing";
    // The subscriber is the process's.
    if !support::alone(TEST, |_| {}) {
        return;
    }
    let log = Arc::new(Counted::default());
    let loader = PluginLoader::new().log(Arc::clone(&log) as Arc<dyn PluginLog>);
    let host = Host::load(support::directory_with(&["specimen"]), loader);

    // Without a subscriber nothing arrives anywhere, and nothing crosses.
    host.run(&command("s", "log", &[])).await.0.unwrap();
    assert_eq!(log.recorded.load(Ordering::SeqCst), 0);

    // A subscriber that comes after the plugin was loaded still gets its events.
    let kept = Kept::default();
    let (filter, filter_handle) = reload::Layer::new(EnvFilter::new("info,specimen::muted=off"));
    let writer = kept.clone();
    let layer = fmt::layer()
        .with_ansi(false)
        .without_time()
        .with_writer(move || writer.clone());
    let subscriber = tracing_subscriber::registry().with(filter).with(layer);
    tracing::subscriber::set_global_default(subscriber).unwrap();
    host.run(&command("s", "log", &[])).await.0.unwrap();
    assert_eq!(
        kept.take(),
        " INFO specimen::here: hello from the plugin plugin=specimen\n"
    );

    host.run(&command("s", "log", &["span"])).await.0.unwrap();
    assert_eq!(
        kept.take(),
        " INFO specimen::here: within plugin=specimen fields=colour=green size=3 spans=outer{run=5}\n"
    );

    // What a plugin quotes from elsewhere makes no line of its own.
    host.run(&command("s", "log", &["forged"])).await.0.unwrap();
    let escaped = "a\\n ERROR host: the disk is full\\u001b[2J";
    assert_eq!(
        kept.take(),
        format!(
            " INFO specimen::here: no such file: a /  ERROR host: the disk is full\\u{{1b}}[2J \
             plugin=specimen fields=name=\"{escaped}\" spans=outer\\n ERROR{{name=\"{escaped}\"}}\n"
        )
    );

    host.run(&command("s", "log", &["log-crate"]))
        .await
        .0
        .unwrap();
    assert_eq!(
        kept.take(),
        " WARN specimen::old: from the log crate plugin=specimen\n"
    );

    // A thousand events below the host's level: not one call.
    let before = log.crossings();
    host.run(&command("s", "log", &["many-debug"]))
        .await
        .0
        .unwrap();
    assert_eq!(log.crossings() - before, 0);

    // The level is within the host's, the target is not: the call site is asked about, once at most
    // each time the filter changes, and no event crosses.
    filter_handle
        .reload(EnvFilter::new("debug,specimen::noise=info"))
        .unwrap();
    host.run(&command("s", "log", &["many-debug"]))
        .await
        .0
        .unwrap();
    let before = log.crossings();
    host.run(&command("s", "log", &["many-debug"]))
        .await
        .0
        .unwrap();
    assert_eq!(log.crossings() - before, 0);
    assert!(!kept.take().contains("nobody wants this"));

    // The host's filter changes while the plugin is loaded.
    filter_handle.reload(EnvFilter::new("debug")).unwrap();
    host.run(&command("s", "log", &["many-debug"]))
        .await
        .0
        .unwrap();
    let began = Instant::now();
    let mut found = 0;
    while found < 1000 {
        // On a machine that is busy the log may be behind the end of the attempt.
        assert!(began.elapsed() < support::SOON, "{found} of 1000 records");
        found += kept
            .take()
            .matches("nobody wants this plugin=specimen fields=n=")
            .count();
        std::thread::sleep(Duration::from_millis(1));
    }
    assert_eq!(found, 1000);
    filter_handle.reload(EnvFilter::new("off")).unwrap();
    let before = log.recorded.load(Ordering::SeqCst);
    host.run(&command("s", "log", &["many-debug"]))
        .await
        .0
        .unwrap();
    assert_eq!(log.recorded.load(Ordering::SeqCst), before);
}
