//! Call sites made at run time: one per level and target of the plugins' events.
//!
//! `tracing` wants a static call site behind every event. The host cannot know a plugin's, so it
//! makes its own and keeps them for ever; there are as many as the plugins have targets.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use parking_lot::RwLock;
use serde_json::{Map, Value as Json};
use solti_plugin_abi::text::{escape, one_line};
use tracing::field::{FieldSet, Value, display};
use tracing::{Event, Level, Metadata, dispatcher};
use tracing_core::callsite::{self, Callsite, Identifier};
use tracing_core::metadata::Kind;
use tracing_core::subscriber::Interest;

use super::record::{PluginRecord, PluginSpan};

/// Grows when the host's subscriber rebuilds its interests and an answer given before may no longer
/// hold: a filter changed, or a subscriber was set.
pub(super) static GENERATION: AtomicU64 = AtomicU64::new(0);

/// Targets kept at most. Targets are constants of the plugins' sources; only a record of the `log`
/// crate can invent some, and past the limit those share one call site.
const LIMIT: usize = 4096;

const FIELDS: &[&str] = &["message", "plugin", "run_id", "fields", "spans"];

const NEVER: u8 = 0;
const SOMETIMES: u8 = 1;
const ALWAYS: u8 = 2;
/// Not registered yet: no answer has been given.
const UNKNOWN: u8 = 3;

/// By the target as the plugin has it.
type ByTarget = HashMap<&'static str, &'static LogCallsite>;

static CALLSITES: RwLock<Option<HashMap<Level, ByTarget>>> = RwLock::new(None);

pub(super) struct LogCallsite {
    /// Set right after the call site has its final place: the two refer to each other.
    metadata: OnceLock<Metadata<'static>>,
    interest: AtomicU8,
}

/// The call site of a level and a target, made if it is not there yet.
pub(super) fn of(level: Level, target: &str) -> &'static LogCallsite {
    if let Some(known) = find(level, target) {
        return known;
    }
    let mut callsites = CALLSITES.write();
    let by_target = callsites.get_or_insert_default().entry(level).or_default();
    let target = if by_target.len() < LIMIT {
        target
    } else {
        "plugin"
    };
    if let Some(known) = by_target.get(target) {
        return known;
    }
    let target: &'static str = Box::leak(target.into());
    let made = match escape(target) {
        Cow::Borrowed(plain) => LogCallsite::leak(level, plain),
        Cow::Owned(escaped) => LogCallsite::leak(level, escaped.leak()),
    };
    by_target.insert(target, made);
    // Registering asks the subscriber, whose answer may log: not while the table is locked.
    drop(callsites);
    callsite::register(made);
    made
}

fn find(level: Level, target: &str) -> Option<&'static LogCallsite> {
    CALLSITES.read().as_ref()?.get(&level)?.get(target).copied()
}

impl LogCallsite {
    fn leak(level: Level, target: &'static str) -> &'static Self {
        let made: &'static Self = Box::leak(Box::new(Self {
            metadata: OnceLock::new(),
            interest: AtomicU8::new(UNKNOWN),
        }));
        made.metadata.get_or_init(|| {
            let fields = FieldSet::new(FIELDS, Identifier(made));
            Metadata::new(
                "plugin event",
                target,
                level,
                None,
                None,
                None,
                fields,
                Kind::EVENT,
            )
        });
        made
    }

    fn known_metadata(&self) -> &Metadata<'static> {
        self.metadata
            .get()
            .expect("set by leak before anybody sees the call site")
    }

    /// Whether the current subscriber takes events of this call site.
    pub(super) fn is_enabled(&self) -> bool {
        match self.interest.load(Ordering::Acquire) {
            NEVER => false,
            ALWAYS => true,
            _ => dispatcher::get_default(|dispatch| dispatch.enabled(self.known_metadata())),
        }
    }

    /// Hands an event to the current subscriber, if it takes it.
    pub(super) fn dispatch(&'static self, record: &PluginRecord<'_>) {
        if !self.is_enabled() {
            return;
        }
        let metadata = self.known_metadata();
        let field = |name: &'static str| metadata.fields().field(name);
        let (Some(message), Some(plugin), Some(run_id), Some(fields), Some(spans)) = (
            field("message"),
            field("plugin"),
            field("run_id"),
            field("fields"),
            field("spans"),
        ) else {
            return;
        };
        let (own, around) = (in_words(record.fields), spans_in_words(record.spans));
        // What a plugin logs must not become a record of its own, nor act on a terminal.
        let texts = [
            one_line(record.message),
            escape(record.plugin),
            escape(record.run_id.unwrap_or_default()),
            escape(&own),
            escape(&around),
        ];
        let values = texts.each_ref().map(display);
        let always = |at: usize| Some(&values[at] as &dyn Value);
        let unless_empty = |at: usize| always(at).filter(|_| !texts[at].is_empty());
        Event::dispatch(
            metadata,
            &metadata.fields().value_set(&[
                (&message, always(0)),
                (&plugin, always(1)),
                (&run_id, unless_empty(2)),
                (&fields, unless_empty(3)),
                (&spans, unless_empty(4)),
            ]),
        );
    }
}

/// Fields as `name=value`, separated by spaces; a text that is more than a word is in quotes, as in JSON.
fn in_words(fields: &Map<String, Json>) -> String {
    let mut words = String::new();
    for (name, value) in fields {
        let space = if words.is_empty() { "" } else { " " };
        // Writing into a String cannot fail.
        let _ = match value {
            Json::String(text) if is_word(text) => write!(words, "{space}{name}={text}"),
            other => write!(words, "{space}{name}={other}"),
        };
    }
    words
}

/// Whether a text can stand without quotes.
fn is_word(text: &str) -> bool {
    let ends_it = |char: char| char.is_whitespace() || char.is_control() || "\"={}".contains(char);
    !text.is_empty() && !text.contains(ends_it)
}

/// Spans as `name{field=value}`, joined by `:`.
fn spans_in_words(spans: &[PluginSpan]) -> String {
    let one = |span: &PluginSpan| {
        if span.fields.is_empty() {
            span.name.clone()
        } else {
            format!("{}{{{}}}", span.name, in_words(&span.fields))
        }
    };
    spans.iter().map(one).collect::<Vec<_>>().join(":")
}

impl Callsite for LogCallsite {
    fn set_interest(&self, interest: Interest) {
        let interest = if interest.is_never() {
            NEVER
        } else if interest.is_always() {
            ALWAYS
        } else {
            SOMETIMES
        };
        let before = self.interest.swap(interest, Ordering::AcqRel);
        if before != UNKNOWN && (before != interest || interest == SOMETIMES) {
            GENERATION.fetch_add(1, Ordering::AcqRel);
        }
    }

    fn metadata(&self) -> &Metadata<'_> {
        self.known_metadata()
    }
}
