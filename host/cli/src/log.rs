//! The program's own log, and that of its plugins, on standard error.

use solti_plugin_host::report::{LOG_TARGET, Warning};
use solti_plugin_host::text::mismatch::quoted;
#[cfg(feature = "serve")]
use solti_plugin_service::AUDIT_TARGET;
use tracing_subscriber::filter::{Directive, LevelFilter};
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use tracing_subscriber::{EnvFilter, Layer as _};

use crate::present::message;
use crate::present::stamp::OfRecord;
use crate::stdio::Stderr;

/// The client of a queue's servers.
#[cfg(feature = "queue")]
const QUEUE_CLIENT: &str = "async_nats";

/// Starts logging, with as much detail as `verbose` asks for unless `RUST_LOG` says otherwise, and with the
/// time of each record if `timestamps`, or all of it as JSON.
pub(crate) fn init(verbose: u8, timestamps: bool, as_json: bool) {
    let level = match verbose {
        0 => LevelFilter::WARN,
        1 => LevelFilter::INFO,
        2 => LevelFilter::DEBUG,
        _ => LevelFilter::TRACE,
    };
    let wanted = std::env::var(EnvFilter::DEFAULT_ENV).unwrap_or_default();
    let (wanted, wrong) = understood(&wanted);
    let mut filter = EnvFilter::builder()
        .with_default_directive(level.into())
        .parse_lossy(&wanted);
    // The program prints that itself, once.
    if !wanted.contains(LOG_TARGET) {
        filter = filter.add_directive(
            format!("{LOG_TARGET}=error")
                .parse()
                .expect("the target and the level are those of a directive"),
        );
    }
    // Who runs a service is told what becomes of its plugins.
    #[cfg(feature = "serve")]
    if !wanted.contains(AUDIT_TARGET) {
        filter = filter.add_directive(
            format!("{AUDIT_TARGET}=info")
                .parse()
                .expect("the target and the level are those of a directive"),
        );
    }
    // What a queue's servers refuse is told by who asked, in words for people.
    #[cfg(feature = "queue")]
    if verbose == 0 && !wanted.contains(QUEUE_CLIENT) {
        filter = filter.add_directive(
            format!("{QUEUE_CLIENT}=off")
                .parse()
                .expect("the target and the level are those of a directive"),
        );
    }
    let colour = crate::present::style::Colours::detect().stderr;
    let records = fmt::layer()
        .with_writer(|| Stderr)
        // It would tell of a standard error that is gone on standard error, and panic.
        .log_internal_errors(false)
        .with_ansi(colour);
    let records = if as_json {
        records
            .json()
            .flatten_event(true)
            .with_timer(OfRecord)
            .boxed()
    } else if timestamps {
        records.with_timer(OfRecord).boxed()
    } else {
        records.without_time().boxed()
    };
    tracing_subscriber::registry()
        .with(filter)
        .with(records)
        .init();
    for part in wrong {
        message::warning(Warning::new(
            "log_filter",
            format!(
                "RUST_LOG: {} is ignored, expected a level such as info, or a target and one, such as \
                 solti_plugin_host=debug",
                quoted(&part)
            ),
        ));
    }
}

/// The directives of a filter that can be read, and the others.
fn understood(wanted: &str) -> (String, Vec<String>) {
    let (good, wrong): (Vec<_>, Vec<_>) = wanted
        .split(',')
        .filter(|part| !part.trim().is_empty())
        .partition(|part| part.parse::<Directive>().is_ok());
    let wrong = wrong.into_iter().map(str::to_owned).collect();
    (good.join(","), wrong)
}
