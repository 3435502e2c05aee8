//! `solti-host queue init`: makes the streams and buckets of a queue.

use solti_plugin_queue::{Change, Limits, Queue, Settings};

use crate::args::QueueInitArgs;
use crate::commands::remote::{queue_address, until_signal};
use crate::exit::Exit;
use crate::present::tables;

/// Makes what is missing, and says what was done.
pub(super) fn init(args: &QueueInitArgs) -> anyhow::Result<Exit> {
    let address = queue_address(&args.queue.urls, &args.queue.address);
    let mut limits = Limits::default();
    limits.replicas = args.replicas.into();
    limits.output_age = args.output_age.into();
    limits.output_bytes = args.output_bytes;
    limits.state_age = args.state_age.into();
    let millis = |time: humantime::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
    let mut settings = Settings::default();
    settings.lease = millis(args.lease);
    settings.deliveries = args.deliveries;
    settings.unclaimed = millis(args.unclaimed);
    until_signal(
        || {},
        async || {
            let changes = Queue::init(&address, &limits, &settings, args.dry_run).await?;
            let lines = changes.iter().map(|change| sentence(change, args.dry_run));
            tables::print(&lines.collect::<Vec<_>>().join("\n"))?;
            Ok(Exit::Success)
        },
    )
}

fn sentence(change: &Change, is_plan: bool) -> String {
    let done = |plan, done| if is_plan { plan } else { done };
    match change {
        Change::Create { name, what } => {
            format!("{name}: {}: {what}", done("would be made", "made"))
        }
        Change::Grow { name, what } => {
            format!("{name}: {}: {what}", done("would be changed", "changed"))
        }
        Change::Kept { name, what } => {
            format!("{name}: stays as it is, since nothing here gets less room: {what}")
        }
        Change::Same { name } => format!("{name}: is as it is to be"),
        _ => String::new(),
    }
}
