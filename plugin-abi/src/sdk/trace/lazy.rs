//! The bridge as a subscriber that has a registry of spans only once something is logged.
//!
//! An empty registry is 32 KiB of memory, touched while the plugin is loaded. A plugin whose host
//! wants none of its events never needs it.

use std::sync::OnceLock;

use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::Interest;
use tracing::{Event, Metadata, Subscriber};
use tracing_core::span::Current;
use tracing_subscriber::layer::{Layered, SubscriberExt as _};
use tracing_subscriber::registry::Registry;

use super::bridge::Bridge;

/// The bridge, over a registry that is made when it is first asked for.
pub(super) struct LazyBridge {
    bridge: Bridge,
    registry: OnceLock<Layered<Bridge, Registry>>,
}

impl LazyBridge {
    pub(super) fn new(bridge: Bridge) -> Self {
        Self {
            bridge,
            registry: OnceLock::new(),
        }
    }

    fn registry(&self) -> &Layered<Bridge, Registry> {
        self.registry
            .get_or_init(|| Registry::default().with(self.bridge))
    }
}

impl Subscriber for LazyBridge {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        self.bridge.interest(metadata)
    }

    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.bridge.max_level())
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        self.registry().new_span(attributes)
    }

    fn record(&self, span: &Id, values: &Record<'_>) {
        self.registry().record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.registry().record_follows_from(span, follows);
    }

    fn event(&self, event: &Event<'_>) {
        self.registry().event(event);
    }

    fn enter(&self, span: &Id) {
        self.registry().enter(span);
    }

    fn exit(&self, span: &Id) {
        self.registry().exit(span);
    }

    fn clone_span(&self, span: &Id) -> Id {
        self.registry().clone_span(span)
    }

    fn try_close(&self, span: Id) -> bool {
        self.registry().try_close(span)
    }

    fn current_span(&self) -> Current {
        self.registry().current_span()
    }
}
