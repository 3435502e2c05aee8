//! Hands events to the host, with the spans around them.

use std::fmt::Write as _;

use abi_stable::std_types::RStr;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::layer::{Context, Layer};
use tracing_subscriber::registry::LookupSpan;

use super::fields::Fields;
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
