//! Hands events to the host, with the spans around them.

use std::time::{SystemTime, UNIX_EPOCH};

use abi_stable::std_types::RStr;
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
use crate::sdk::scope::Scope;
use crate::v1::host::FfiHost;
use crate::v1::log::{FfiLogRecord, level};

#[derive(Clone, Copy)]
pub(super) struct Bridge {
    host: &'static FfiHost,
}

impl Bridge {
    pub(super) fn new(host: &'static FfiHost) -> Self {
        Self { host }
    }

    /// Whether the events of a call site are wanted; spans always are, for the events in them.
    pub(super) fn interest(&self, metadata: &Metadata<'_>) -> Interest {
        // A record of the `log` crate has its target in a field; its call sites stand for all.
        if metadata.is_span() || metadata.target() == "log" || self.wants(metadata) {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    pub(super) fn max_level(&self) -> LevelFilter {
        level::filter(self.host.max_log_level())
    }

    fn wants(&self, metadata: &Metadata<'_>) -> bool {
        self.host.log_enabled(
            level::code(*metadata.level()),
            RStr::from_str(metadata.target()),
        )
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
        let others = Value::Object(fields.others).to_string();
        let spans = spans_of(&ctx, event).to_string();
        let scope = Scope::current();
        self.host.log(FfiLogRecord {
            level: level::code(*metadata.level()),
            line: metadata.line().unwrap_or(0),
            time_nanos: now(),
            target: RStr::from_str(metadata.target()),
            message: RStr::from_str(&fields.message),
            fields: RStr::from_str(&others),
            spans: RStr::from_str(&spans),
            run_id: RStr::from_str(scope.as_ref().map_or("", |scope| scope.run_id())),
            file: RStr::from_str(metadata.file().unwrap_or("")),
        });
    }
}

/// Nanoseconds since 1970, 0 where the clock is before that.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(0, |since| {
        u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
    })
}

fn spans_of<S: Subscriber + for<'a> LookupSpan<'a>>(
    ctx: &Context<'_, S>,
    event: &Event<'_>,
) -> Value {
    let spans = ctx
        .event_scope(event)
        .into_iter()
        .flat_map(|scope| scope.from_root());
    spans
        .map(|span| {
            let extensions = span.extensions();
            let fields = extensions
                .get::<Fields>()
                .map(|fields| fields.others.clone());
            json!({ "name": span.name(), "fields": fields.unwrap_or_default() })
        })
        .collect()
}
