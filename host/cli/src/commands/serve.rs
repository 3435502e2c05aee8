//! `serve`: runs tasks that come over HTTP.

use std::io::Write as _;
use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use solti_plugin_host::report::Warning;
use solti_plugin_host::{PluginLoader, RunnerRouter, exit_at_second_signal, exit_within};
use solti_plugin_service::{Config, Service};
use tokio::runtime::Builder;
use tokio::signal::unix::{SignalKind, signal};

use super::systemd;
use crate::args::ServeArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::options;
use crate::present::message;
use crate::present::phrase::counted;
use crate::stdio::Stdout;

/// How long a service whose place is taken is waited for: as long as tasks of it may take to end.
const TAKE_OVER: Duration = Duration::from_secs(600);

/// What the end of a service gets on top of what its settings say.
const MARGIN: Duration = Duration::from_secs(8);

/// Serves until a signal comes.
///
/// # Errors
///
/// When the service cannot start.
pub(super) fn serve(args: &ServeArgs) -> anyhow::Result<Exit> {
    let config = config(args)?;
    let loader = options::basic(&args.trust, &args.probing, args.workers, &args.allow)?;
    if args.check {
        return check(&config, loader);
    }
    if config.no_auth && !(config.listen.is_empty() && config.grpc.is_empty()) {
        message::warning(Warning::new(
            "no_auth",
            "no token is asked for: any user of this machine can run tasks as this one",
        ));
    }
    let runtime = Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("the runtime cannot be started")?;
    let take_over = if args.take_over {
        TAKE_OVER
    } else {
        Duration::ZERO
    };
    let limit = config.drain + config.grace + config.grace + MARGIN;
    runtime.block_on(async {
        let signals = [SignalKind::terminate(), SignalKind::interrupt()];
        let numbers = signals.map(|kind| kind.as_raw_value());
        let [mut terminate, mut interrupt] = [signal(signals[0])?, signal(signals[1])?];
        let mut hangup = signal(SignalKind::hangup())?;
        let sockets = systemd::sockets().context("the sockets of systemd")?;
        let service = Service::start(config, loader, take_over, sockets)
            .await
            .map_err(|err| anyhow!("{err}"))?;
        exit_at_second_signal(&numbers).context("signals cannot be watched for")?;
        say_ready(&service);
        systemd::ready(&service);
        let _watched = systemd::watchdog();
        loop {
            tokio::select! {
                _ = terminate.recv() => break,
                _ = interrupt.recv() => break,
                () = service.replaced() => break,
                _ = hangup.recv() => {
                    systemd::reloading();
                    // What it has changed is in the log.
                    drop(service.reload().await);
                    systemd::ready(&service);
                }
            }
        }
        systemd::stopping();
        if let Err(err) = exit_within(limit, Exit::Success.code()) {
            message::warning(Warning::new(
                "no_limit",
                format!("how long the end takes is not limited: {err}"),
            ));
        }
        let stopped = service.stop().await;
        if stopped.left > 0 {
            message::warning(Warning::new(
                "tasks_left",
                format!(
                    "{} did not end in time",
                    counted(stopped.left as u64, "task")
                ),
            ));
        }
        Ok(Exit::Success)
    })
}

/// The settings of the file, and of the command line, which come first.
fn config(args: &ServeArgs) -> anyhow::Result<Config> {
    let state = args.probing.state.clone();
    let mut config = match &args.config {
        Some(file) => Config::read(file)?,
        None => {
            let Some(state) = state.clone() else {
                bail!("--state: missing, expected the directory of what the service keeps");
            };
            Config::new(args.plugins.clone().unwrap_or_default(), state)
        }
    };
    if let Some(plugins) = &args.plugins {
        config.plugins.clone_from(plugins);
    }
    if let Some(state) = state {
        config.state = state;
    }
    if !args.listen.is_empty() {
        config.listen.clone_from(&args.listen);
    }
    if !args.grpc.is_empty() {
        config.grpc.clone_from(&args.grpc);
    }
    if args.unix.is_some() {
        config.unix.clone_from(&args.unix);
    }
    if args.token_file.is_some() {
        config.token_file.clone_from(&args.token_file);
    }
    config.no_auth |= args.no_auth;
    if let Some(jobs) = args.jobs {
        config.jobs = Some(jobs as usize).filter(|jobs| *jobs > 0);
    }
    #[cfg(feature = "queue")]
    join(&mut config, args);
    if let Some(grace) = args.grace {
        config.grace = grace.into();
    }
    config.check()?;
    Ok(config)
}

/// Has it take tasks of a queue, as the command line says.
#[cfg(feature = "queue")]
fn join(config: &mut Config, args: &ServeArgs) {
    if args.queue.is_empty() && config.queue.is_none() {
        return;
    }
    let queue = config.queue.get_or_insert_default();
    if !args.queue.is_empty() {
        queue.urls.clone_from(&args.queue);
    }
    let given = &args.queue_address;
    for (from, to) in [
        (&given.queue_credentials, &mut queue.credentials),
        (&given.queue_token_file, &mut queue.token_file),
        (&given.queue_ca, &mut queue.ca),
        (&given.queue_cert, &mut queue.certificate),
        (&given.queue_key, &mut queue.key),
    ] {
        if from.is_some() {
            to.clone_from(from);
        }
    }
    if args.queue_name.is_some() {
        queue.name.clone_from(&args.queue_name);
    }
}

/// Says what is wrong with the plugins, as far as it can be said without a service.
fn check(config: &Config, loader: PluginLoader) -> anyhow::Result<Exit> {
    let mut router = RunnerRouter::new();
    let report = loader.load_dir(&config.plugins, &mut router);
    let report = report.map_err(|err| anyhow!("{}", err.sentence(flag)))?;
    for rejected in report.rejected() {
        message::only_print_warning(rejected);
    }
    for required in &config.require {
        if !report.loaded().iter().any(|it| it.plugin == *required) {
            bail!(
                "require: plugin {required} is not loaded from {}",
                config.plugins.display()
            );
        }
    }
    writeln!(
        Stdout,
        "the settings are good; {}",
        counted(report.loaded().len() as u64, "plugin")
    )
    .context("standard output")?;
    Ok(Exit::Success)
}

/// Says that the service is ready, where it listens, and what was found.
fn say_ready(service: &Service) {
    for rejected in service.report().rejected() {
        message::only_print_warning(rejected);
    }
    let (rerun, failed) = service.recovered();
    if rerun + failed > 0 {
        message::only_print_warning(format_args!(
            "{} had not ended when the last service did: {rerun} run again, {failed} have failed",
            counted((rerun + failed) as u64, "task")
        ));
    }
    let addresses: Vec<_> = service
        .addresses()
        .iter()
        .map(ToString::to_string)
        .collect();
    let token = service
        .token_file()
        .map(|file| format!(" (token in {})", file.display()))
        .unwrap_or_default();
    // Whoever started it without a reader does not wait for the line.
    let _ = writeln!(Stdout, "ready on {}{token}", addresses.join(" and "));
    let _ = Stdout.flush();
}
