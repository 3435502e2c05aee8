//! A plugin that has panicked too often gets no more tasks: what it has begun goes on, and so do the
//! others.

use std::num::NonZero;
use std::sync::{Arc, Barrier, Mutex};

use solti_plugin_host::{PluginLoader, RunnerError};
use tokio_util::sync::CancellationToken;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::layer::{Context, Layer, SubscriberExt as _};

use crate::support::{self, Host, command, texts};

fn host_with(max_panics: u64) -> Host {
    let max_panics = NonZero::new(max_panics).unwrap();
    load(PluginLoader::new().max_panics(max_panics))
}

fn load(loader: PluginLoader) -> Host {
    Host::load(support::directory_with(&["hello", "specimen"]), loader)
}

fn panic_once(host: &Host) {
    let built = host.router.build(&command("s", "panic-in-build", &[]));
    assert!(matches!(built, Err(RunnerError::Internal(_))));
}

#[tokio::test]
async fn with_the_last_panic_that_is_allowed_a_plugin_is_retired_and_the_others_are_not() {
    let host = host_with(3);
    let ready = command("s", "ready", &[]);
    let [hello, specimen] = host.report.loaded() else {
        panic!("{}", host.report)
    };
    for _ in 0..2 {
        panic_once(&host);
    }
    assert!(!specimen.handle.is_retired());
    host.run(&ready).await.0.unwrap();
    // Held by somebody who has picked it before.
    let runner = Arc::clone(host.router.pick(&ready).unwrap());
    let waiting = host.build(&command("s", "wait-for-cancel", &[]));
    let cancel = CancellationToken::new();
    let attempt = waiting.spawn(cancel.clone());

    panic_once(&host);
    assert!(specimen.handle.is_retired());
    assert_eq!(specimen.handle.panics(), 3);
    assert!(host.router.pick(&ready).is_none());
    let Err(RunnerError::NoRunner(kind)) = host.router.build(&ready) else {
        panic!("a task was built")
    };
    assert_eq!(kind, "subprocess");
    let Err(RunnerError::Internal(reason)) = runner.build_task(&ready, host.router.context())
    else {
        panic!("a task was built")
    };
    assert_eq!(
        reason,
        "plugin 'specimen' has panicked 3 times and gets no more tasks"
    );

    // What it had begun ends as if nothing had happened.
    cancel.cancel();
    attempt.await.unwrap_err();
    let (end, lines) = host.run(&command("s", "hello", &["you"])).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello, you"]);
    assert!(!hello.handle.is_retired());
}

#[test]
fn without_a_limit_a_plugin_is_never_retired() {
    let host = load(PluginLoader::new());
    for _ in 0..20 {
        panic_once(&host);
    }
    let specimen = &host.report.loaded()[1].handle;
    assert_eq!((specimen.panics(), specimen.is_retired()), (20, false));
}

/// Many hosts at once, each with a copy of the plugin: whichever thread is the first to write such a
/// line, none is lost and none is written twice.
#[test]
fn a_retirement_is_an_error_in_the_log_once() {
    const HOSTS: usize = 6;
    const TEST: &str = "retirement::a_retirement_is_an_error_in_the_log_once";
    // The subscriber is the process's, as in a host. One that is set for a thread may miss what
    // another thread without it was the first to write: `tracing` remembers that nobody wants it.
    if !support::alone(TEST, |_| {}) {
        return;
    }
    let errors = Errors::default();
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(errors.clone()))
        .unwrap();
    let hosts: Vec<_> = (0..HOSTS).map(|_| host_with(1)).collect();
    let together = Barrier::new(HOSTS);
    std::thread::scope(|scope| {
        for host in &hosts {
            scope.spawn(|| {
                together.wait();
                panic_once(host);
                for behaviour in ["ready", "panic-in-build"] {
                    assert!(host.router.build(&command("s", behaviour, &[])).is_err());
                }
            });
        }
    });
    assert_eq!(
        *errors.0.lock().unwrap(),
        ["plugin 'specimen' has panicked 1 time: its runners get no more tasks until the host \
             is started again, or puts it back"; HOSTS]
    );
}

/// The messages of errors.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

impl<S: Subscriber> Layer<S> for Errors {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        if *event.metadata().level() == Level::ERROR {
            event.record(&mut Message(&mut self.0.lock().unwrap()));
        }
    }
}

/// Takes the message out of an event.
struct Message<'a>(&'a mut Vec<String>);

impl Visit for Message<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        if field.name() == "message" {
            self.0.push(format!("{value:?}"));
        }
    }
}
