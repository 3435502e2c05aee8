//! Plugins' events in the host's `tracing` subscriber.

use std::sync::atomic::Ordering;

use solti_plugin_abi::v1::log::level;
use tracing::Level;
use tracing::level_filters::LevelFilter;

use super::callsite;
use super::record::{PluginLog, PluginRecord};

/// Passes plugins' events to the host's `tracing` subscriber.
///
/// An event keeps its level and its target, so the host's filters apply to it as to the host's own.
/// It has the fields `message`, `plugin`, and, where there are any, `run_id`, `fields` and `spans`: call
/// sites have fixed fields, so what the plugin adds is text in these two. A host that wants its fields
/// one by one, with their types, implements [`PluginLog`] itself.
///
/// Its texts cannot forge a record of their own or act on a terminal: they go through
/// [`text`](solti_plugin_abi::text), the message by `one_line`, the rest by `escape`.
#[derive(Debug, Clone, Copy, Default)]
pub struct TracingLog;

impl PluginLog for TracingLog {
    fn max_level(&self) -> LevelFilter {
        LevelFilter::current()
    }

    fn enabled(&self, _plugin: &str, level: Level, target: &str) -> bool {
        level <= LevelFilter::current() && callsite::of(level, target).is_enabled()
    }

    fn record(&self, record: &PluginRecord<'_>) {
        callsite::of(record.level, record.target).dispatch(record);
    }

    fn generation(&self) -> u64 {
        // An event above the current level is refused without a call site, so the level counts too.
        let level = level::filter_code(LevelFilter::current());
        callsite::GENERATION.load(Ordering::Acquire) << 3 | u64::from(level)
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Debug;
    use std::sync::{Arc, LazyLock};
    use std::time::SystemTime;

    use parking_lot::Mutex;
    use serde_json::{Map, Value};
    use tracing::field::{Field, Visit};
    use tracing::{Event, Subscriber};
    use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

    use super::*;
    use crate::services::log::PluginSpan;

    /// Keeps the target and the fields of each event.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<String>>>);

    impl<S: Subscriber> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
            let mut text = format!("target={}", event.metadata().target());
            event.record(&mut Fields(&mut text));
            self.0.lock().push(text);
        }
    }

    struct Fields<'a>(&'a mut String);

    impl Visit for Fields<'_> {
        fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
            self.0.push_str(&format!("|{field}={value:?}"));
        }
    }

    /// What the host's subscriber is given for a record.
    fn passed_on(record: &PluginRecord<'_>) -> Vec<String> {
        let kept = Kept::default();
        let subscriber = tracing_subscriber::registry().with(kept.clone());
        tracing::subscriber::with_default(subscriber, || TracingLog.record(record));
        let kept = kept.0.lock();
        kept.clone()
    }

    static NOTHING: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

    /// A record without fields and spans.
    fn plain() -> PluginRecord<'static> {
        PluginRecord {
            plugin: "demo",
            time: SystemTime::UNIX_EPOCH,
            level: Level::ERROR,
            target: "demo::plain",
            message: "größer",
            fields: &NOTHING,
            spans: &[],
            run_id: None,
            file: None,
            line: None,
        }
    }

    #[test]
    fn a_record_without_fields_and_spans_has_a_message_and_a_plugin() {
        assert_eq!(
            passed_on(&plain()),
            ["target=demo::plain|message=größer|plugin=demo"]
        );
    }

    #[test]
    fn what_a_plugin_logs_cannot_forge_a_record_or_act_on_a_terminal() {
        let object = |name: &str, value: Value| Map::from_iter([(name.to_owned(), value)]);
        let fields = object("name", "a\u{202e}b\nERROR".into());
        let outer = PluginSpan {
            name: "outer".to_owned(),
            fields: object("run", "\u{9b}2J\n".into()),
        };
        let inner = PluginSpan {
            name: "inner\n".to_owned(),
            fields: Map::new(),
        };
        let forging = PluginRecord {
            target: "demo\n::forging",
            message: "no such file: a\r\n ERROR host: the disk is full\u{1b}[2J\n",
            fields: &fields,
            spans: &[outer, inner],
            run_id: Some("demo-s-1\n"),
            ..plain()
        };
        assert_eq!(
            passed_on(&forging),
            ["target=demo\\n::forging\
              |message=no such file: a /  ERROR host: the disk is full\\u{1b}[2J\
              |plugin=demo\
              |run_id=demo-s-1\\n\
              |fields=name=\"a\\u{202e}b\\nERROR\"\
              |spans=outer{run=\"\\u{9b}2J\\n\"}:inner\\n"]
        );
    }
}
