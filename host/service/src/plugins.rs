//! The plugins of a service, which come, change and go.

mod all;
mod images;
mod metrics;
mod view;
mod watch;

pub(crate) use all::{AUDIT, Cause, Limits, Plugins};
pub(crate) use view::PluginView;
pub(crate) use watch::watch;
