//! `tracing` and `log` events on their way to the host.
//!
//! A plugin has its own copy of `tracing`, whose events would reach nobody. The bridge is its
//! subscriber: it asks the host once per call site whether events are wanted, so that an unwanted
//! one costs no call across the boundary, and hands over the wanted ones as text.

mod lazily;

use std::fmt::{self, Write as _};

use abi_stable::std_types::RStr;
use tracing::field::{Field, Visit};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use crate::v1::host::FfiHost;
use crate::v1::log::{FfiLogRecord, level};
use lazily::Lazily;

/// Makes `host` the receiver of everything this plugin logs.
pub(super) fn install(host: &'static FfiHost) {
    let subscriber = Lazily::new(Bridge { host });
    // An author's constructor may have set a subscriber of its own; then it is theirs to keep.
    let _ = tracing::subscriber::set_global_default(subscriber);
    let _ = tracing_log::LogTracer::init();
    limit_log_crate(host);
}

/// Asks the host anew about every call site.
pub(super) fn refresh(host: &FfiHost) {
    limit_log_crate(host);
    tracing_core::callsite::rebuild_interest_cache();
}

/// The `log` crate has a limit of its own, checked before a record is made.
fn limit_log_crate(host: &FfiHost) {
    use tracing_log::AsLog as _;
    tracing_log::log::set_max_level(level::filter(host.max_log_level()).as_log());
}

#[derive(Clone, Copy)]
struct Bridge {
    host: &'static FfiHost,
}

impl Bridge {
    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.host.log_enabled(
            level::code(*metadata.level()),
            RStr::from_str(metadata.target()),
        )
    }

    /// Whether the events of a call site are wanted; spans always are, for the events in them.
    fn interest(&self, metadata: &Metadata<'_>) -> Interest {
        // A record of the `log` crate has its target in a field; its call sites stand for all.
        if metadata.is_span() || metadata.target() == "log" || self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level(&self) -> LevelFilter {
        level::filter(self.host.max_log_level())
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Bridge {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id) {
            let mut fields = Fields::default();
            attributes.record(&mut fields);
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, ctx: Context<'_, S>) {
        if let Some(span) = ctx.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, ctx: Context<'_, S>) {
        let normalized = event.normalized_metadata();
        let metadata = normalized.as_ref().unwrap_or_else(|| event.metadata());
        if normalized.is_some() && !self.wants(metadata) {
            return;
        }
        let mut fields = Fields::default();
        event.record(&mut fields);
        let spans = spans_of(&ctx, event);
        self.host.log(FfiLogRecord {
            level: level::code(*metadata.level()),
            line: metadata.line().unwrap_or(0),
            target: RStr::from_str(metadata.target()),
            message: RStr::from_str(&fields.message),
            fields: RStr::from_str(&fields.others),
            spans: RStr::from_str(&spans),
            file: RStr::from_str(metadata.file().unwrap_or("")),
        });
    }
}

fn spans_of<S: Subscriber + for<'a> LookupSpan<'a>>(
    ctx: &Context<'_, S>,
    event: &Event<'_>,
) -> String {
    let mut text = String::new();
    for span in ctx
        .event_scope(event)
        .into_iter()
        .flat_map(|scope| scope.from_root())
    {
        if !text.is_empty() {
            text.push(':');
        }
        text.push_str(span.name());
        if let Some(fields) = span.extensions().get::<Fields>()
            && !fields.others.is_empty()
        {
            // Writing into a String cannot fail.
            let _ = write!(text, "{{{}}}", fields.others);
        }
    }
    text
}

/// The message and the other fields of an event or a span, as text.
#[derive(Default)]
struct Fields {
    message: String,
    others: String,
}

impl Fields {
    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let (name, text) = (field.name(), &mut self.others);
        if name == "message" {
            let _ = self.message.write_fmt(value);
            return;
        }
        // What tracing-log adds to carry a record's metadata is not a field of the record.
        if name.starts_with("log.") {
            return;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{name}={value}");
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.put(field, format_args!("{value}"));
        } else {
            self.put(field, format_args!("{value:?}"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }
}
