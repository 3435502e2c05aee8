//! The way into a plugin: what `export_plugin!` generates, and what that calls.

use std::fmt::Display;
use std::sync::OnceLock;
use std::time::Duration;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::library::{
    __call_root_module_loader, CheckTypeLayout, LibHeader, RootModuleResult,
};
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RErr, ROk, RResult, RStr, RVec};
use serde::de::DeserializeOwned;

use super::guard::{guard, install_hook};
use super::{config, runtime, task, trace};
use crate::stamp::{Note, PluginDecl, render};
use crate::v1::error::{CONNECT, FfiError};
use crate::v1::host::FfiHost;
use crate::v1::module::{FfiConnect, LAYOUTS_DIGEST, PluginModule, PluginModuleFields};
use crate::v1::plugin::{FfiPlugin, PluginAbi, PluginAbi_TO};
use crate::{Runner, run_id};

/// The host of this library. It is given before any code of the author's runs, and never changes:
/// a library that is connected twice stays with the first, which lives in the same process.
static HOST: OnceLock<FfiHost> = OnceLock::new();

/// The runners a plugin constructs, or why it could not.
pub type Runners = Result<Vec<Box<dyn Runner>>, String>;

/// A plugin, as the macro describes it.
pub trait Export: 'static {
    /// The declaration, as the stamp has it.
    const DECL: PluginDecl;

    /// Constructs the runners, in the order of the declaration.
    fn construct(config: &str) -> Runners;
}

/// Constructs a runner that takes no configuration.
///
/// `alone` says that no other runner of the plugin takes one either.
pub fn construct_default<R>(config: &str, alone: bool) -> Result<Box<dyn Runner>, String>
where
    R: Runner + Constructible + 'static,
{
    if alone {
        config::expect_none(config)?;
    }
    Ok(Box::new(R::construct()))
}

/// A runner that needs no configuration: one that implements `Default`.
#[diagnostic::on_unimplemented(
    message = "the runner `{Self}` cannot be constructed",
    label = "neither `Default` nor a constructor",
    note = "implement `Default` for `{Self}`, or name a constructor: `new: {Self}::new`, \
            a function that takes the configuration and returns `Result<{Self}, _>`"
)]
pub trait Constructible {
    /// The value of `Default`.
    fn construct() -> Self;
}

#[diagnostic::do_not_recommend]
impl<R: Default> Constructible for R {
    fn construct() -> Self {
        Self::default()
    }
}

/// A type that a configuration can be read into: one that implements `serde::Deserialize`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot hold a plugin's configuration",
    label = "the constructor takes a `{Self}`, which does not implement `serde::Deserialize`",
    note = "derive `serde::Deserialize` for `{Self}`"
)]
pub trait Configuration: DeserializeOwned {}

#[diagnostic::do_not_recommend]
impl<C: DeserializeOwned> Configuration for C {}

/// Constructs a runner from its configuration.
pub fn construct_with<R, C, E>(
    config: &str,
    new: impl FnOnce(C) -> Result<R, E>,
) -> Result<Box<dyn Runner>, String>
where
    R: Runner + 'static,
    C: Configuration,
    E: Display,
{
    let config = config::parse(config)?;
    match new(config) {
        Ok(runner) => Ok(Box::new(runner)),
        Err(err) => Err(err.to_string()),
    }
}

/// The note that holds the stamp of `decl`.
#[must_use]
pub const fn note_of<const N: usize>(decl: &PluginDecl) -> Note<N> {
    Note::new(render(decl))
}

/// The header that the loader looks for.
///
/// It carries no layout for abi_stable to compare: that comparison includes the version of this
/// crate, so a host of the next release would refuse every plugin of this one. The digest in the
/// root module says the same of the layouts alone.
#[must_use]
pub const fn header<E: Export>() -> LibHeader {
    #[expect(
        unsafe_code,
        reason = "the one constructor abi_stable has for a header in a static"
    )]
    // SAFETY: `root_module` returns a `PluginModule`, which is the type named here.
    unsafe {
        LibHeader::from_constructor::<PluginModule>(root_module::<E>, CheckTypeLayout::No)
    }
}

extern "C" fn root_module<E: Export>() -> RootModuleResult {
    __call_root_module_loader(|| {
        PluginModuleFields {
            layouts: LAYOUTS_DIGEST,
            connect: connect::<E>,
        }
        .leak_into_prefix()
    })
}

/// Connects the plugin `E`.
extern "C" fn connect<E: Export>(
    host: FfiHost,
    args: FfiConnect<'_>,
) -> RResult<FfiPlugin, FfiError> {
    match guard(|| connect_inner::<E>(host, args)) {
        Ok(Ok(plugin)) => ROk(plugin),
        Ok(Err(reason)) => RErr(FfiError::new(CONNECT, reason)),
        Err(panicked) => RErr(panicked.into()),
    }
}

fn connect_inner<E: Export>(host: FfiHost, args: FfiConnect<'_>) -> Result<FfiPlugin, String> {
    if HOST.set(host).is_ok() {
        let host = HOST.get().expect("it was set just now and is never taken");
        install_hook();
        run_id::draw_from(|| host.next_run_seq());
        trace::install(host);
        runtime::configure(args.worker_threads);
    }
    let runners = E::construct(&args.config)?;
    for (runner, declared) in runners.iter().zip(E::DECL.runners) {
        if runner.name() != declared.name {
            return Err(format!(
                "export_plugin! declares a runner {:?}, whose name() answers {:?}: \
                 make the two agree",
                declared.name,
                runner.name(),
            ));
        }
    }
    Ok(FfiPlugin {
        name: RStr::from_str(E::DECL.name),
        version: RStr::from_str(E::DECL.version),
        runners: runners
            .into_iter()
            .map(task::export_runner)
            .collect::<RVec<_>>(),
        control: PluginAbi_TO::from_value(Control, TD_Opaque),
    })
}

struct Control;

impl PluginAbi for Control {
    fn refresh_log(&self) {
        if let Some(host) = HOST.get() {
            super::guard::guard_or_log("the log filter's refresh", || trace::refresh(host));
        }
    }

    fn active_tasks(&self) -> u64 {
        runtime::attempts().tracker.len() as u64
    }

    fn shutdown(&self, grace_ms: u64) -> u64 {
        guard(|| runtime::shutdown(Duration::from_millis(grace_ms))).map_or(0, |left| left as u64)
    }
}

/// Ships runners as a plugin: the one line that makes a `cdylib` of them.
///
/// For each runner its type, a name without a path, and in braces:
///
/// | field | | |
/// |---|---|---|
/// | `name` | required | what [`Runner::name`](crate::Runner::name) answers; two runners may not have the same |
/// | `kinds` | required | the kinds it takes: `[subprocess]`, `[wasm, container]`; [`Runner::kinds`](crate::Runner::kinds) is not asked |
/// | `labels` | optional | default labels for routing: `{ "tier" = "fast" }` |
/// | `supports` | optional | `by_kind`: the kinds alone decide, so the host never calls [`Runner::supports`](crate::Runner::supports) |
/// | `new` | optional | the constructor; without it the type's `Default` is used |
///
/// The constructor takes a type that implements `serde::Deserialize` and reads from a map, as a
/// struct with named fields does: the plugin's `[config]`, an empty map where there is none. It
/// returns `Result<Self, E>` with a printable error. Of several runners each constructor gets the
/// whole `[config]`, so a type that denies unknown fields must know those of the others. The
/// plugin's name and version are those of its package. All of it but the constructor goes into the
/// file's stamp, which a host reads before it runs anything.
///
/// Deriving `Deserialize` needs serde among the dependencies of the package, and a task that calls
/// tokio needs tokio there; any version 1 of either does:
///
/// ```toml
/// serde = { version = "1", features = ["derive"] }
/// tokio = { version = "1", features = ["process", "time"] } # what it calls
/// ```
///
/// The package is a library of type `cdylib`, built with `panic = "unwind"`. It may forbid unsafe
/// code. What differs from a runner that is linked in:
///
/// - Tasks run on a tokio runtime inside the plugin, so everything of tokio works in them;
///   [`runtime_handle`](crate::runtime_handle) reaches it from a constructor, and
///   [`spawn_cleanup`](crate::spawn_cleanup) starts on it what must outlive an attempt.
/// - A panic anywhere becomes an error with its message; panicking in a destructor while another
///   panic unwinds still ends the process.
/// - `tracing` and `log` go to the host's log; the output registry can be written, not subscribed.
/// - `println!` writes to the standard output of the host, beside the lines of every task: what is
///   a task's output goes into its [`OutputSink`](crate::OutputSink).
///
/// # Examples
///
/// ```
/// use std::sync::atomic::{AtomicU32, Ordering};
///
/// use solti_plugin_abi::prelude::*;
///
/// #[derive(Default)]
/// struct Hello;
///
/// impl Runner for Hello {
///     fn name(&self) -> &'static str {
///         "hello"
///     }
///     fn supports(&self, spec: &TaskSpec) -> bool {
///         matches!(spec.kind(), TaskKind::Subprocess(_))
///     }
///     fn build_task(&self, spec: &TaskSpec, ctx: &BuildContext) -> Result<TaskRef, RunnerError> {
///         let id = TaskId::from(self.build_run_id(spec.slot().as_str()).into_name());
///         let output = ctx.output_registry().clone();
///         let attempts = AtomicU32::new(0);
///         Ok(TaskFn::arc(id.as_str().to_owned(), move |cancel: CancellationToken| {
///             // Called for each attempt: the first, and every retry.
///             let attempt = attempts.fetch_add(1, Ordering::Relaxed) + 1;
///             let sink = output.sink_for(id.clone(), attempt);
///             async move {
///                 sink.push(StreamKind::Stdout, b"hello");
///                 // A task that takes longer awaits this token beside its work. One that does not
///                 // is dropped at an `.await` when the host's patience is over.
///                 if cancel.is_cancelled() {
///                     return Err(TaskError::Canceled);
///                 }
///                 Ok(())
///             }
///         }))
///     }
/// }
///
/// solti_plugin_abi::export_plugin!(Hello { name: "hello", kinds: [subprocess] });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_plugin {
    ($( $runner:ident { $($field:tt)* } ),+ $(,)?) => {
        #[cfg(panic = "abort")]
        ::core::compile_error!(
            "a plugin must be built with panic = \"unwind\": with \"abort\" any panic in it ends the host"
        );

        // A module of a fixed name: a second `export_plugin!` in one crate collides here, with a
        // message that names it, instead of at the linker.
        #[doc(hidden)]
        mod __solti_plugin_is_exported_once {
            #[allow(unused_imports, reason = "the runners' names come from the place of the call")]
            use super::*;

            // Names that no author's runner has: those come into the same scope.
            pub(super) struct __Plugin;

            impl $crate::__private::Export for __Plugin {
                const DECL: $crate::__private::PluginDecl = $crate::__private::PluginDecl {
                    name: ::core::env!("CARGO_PKG_NAME"),
                    version: ::core::env!("CARGO_PKG_VERSION"),
                    panic: if ::core::cfg!(panic = "unwind") { "unwind" } else { "abort" },
                    runners: &[$( $crate::__runner_decl!($($field)*) ),+],
                };

                fn construct(config: &str) -> $crate::__private::Runners {
                    const __TAKES_CONFIG: bool =
                        false $( || $crate::__takes_config!($($field)*) )+;
                    ::core::result::Result::Ok(::std::vec![
                        $( $crate::__construct!($runner, config, __TAKES_CONFIG, $($field)*)? ),+
                    ])
                }
            }

            const __STAMP_LEN: usize = $crate::__private::rendered_len(
                &<__Plugin as $crate::__private::Export>::DECL,
            );

            #[used]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".note.solti.plugin"))]
            #[cfg_attr(target_vendor = "apple", unsafe(link_section = "__DATA,__solti_plugin"))]
            static __STAMP: $crate::__private::Note<__STAMP_LEN> =
                $crate::__private::note_of(&<__Plugin as $crate::__private::Export>::DECL);

            // The name under which abi_stable looks for a root module.
            #[used]
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            static __HEADER: $crate::__private::LibHeader = $crate::__private::header::<__Plugin>();
        }
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "export_plugin! takes one or more runners: `Type { name: \"…\", kinds: [subprocess] }`"
        );
    };
}

/// One runner's declaration. Fields may come in any order; each is taken into its place.
#[doc(hidden)]
#[macro_export]
macro_rules! __runner_decl {
    ($($field:tt)*) => { $crate::__runner_field!([] [] [] [] [] $($field)*) };
}

/// Takes one field after another: `[name] [kinds] [labels] [supports] [new] rest`, each empty until
/// its field has been met.
#[doc(hidden)]
#[macro_export]
macro_rules! __runner_field {
    ([] $k:tt $l:tt $s:tt $c:tt name: $name:literal $(, $($rest:tt)*)?) => {
        $crate::__runner_field!([$name] $k $l $s $c $($($rest)*)?)
    };
    ($n:tt [] $l:tt $s:tt $c:tt kinds: [$($kind:ident),+ $(,)?] $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n [$($crate::__kind!($kind)),+] $l $s $c $($($rest)*)?)
    };
    ($n:tt $k:tt [] $s:tt $c:tt labels: { $($key:literal = $value:literal),* $(,)? } $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n $k [[$(($key, $value)),*]] $s $c $($($rest)*)?)
    };
    ($n:tt $k:tt $l:tt [] $c:tt supports: by_kind $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n $k $l [true] $c $($($rest)*)?)
    };
    ($n:tt $k:tt $l:tt $s:tt [] new: $new:expr $(, $($rest:tt)*)?) => {
        $crate::__runner_field!($n $k $l $s [new] $($($rest)*)?)
    };

    ([] $k:tt $l:tt $s:tt $c:tt) => {
        ::core::compile_error!("export_plugin!: a runner has no `name`: write `name: \"…\"`, as Runner::name answers")
    };
    ($n:tt [] $l:tt $s:tt $c:tt) => {
        ::core::compile_error!("export_plugin!: a runner has no `kinds`: write `kinds: [subprocess]`, or wasm or container")
    };
    ([$name:literal] [$($kind:expr),+] [$([$($label:expr),*])?] [$($by_kind:literal)?] $c:tt) => {
        $crate::__private::RunnerDecl {
            name: $name,
            kinds: $crate::Kinds::NONE$(.union($kind))+,
            by_kind: false $(|| $by_kind)?,
            labels: &[$($($label),*)?],
        }
    };

    ([$($n:tt)+] $k:tt $l:tt $s:tt $c:tt name $($rest:tt)*) => { $crate::__given_twice!(name) };
    ($n:tt [$($k:tt)+] $l:tt $s:tt $c:tt kinds $($rest:tt)*) => { $crate::__given_twice!(kinds) };
    ($n:tt $k:tt [$($l:tt)+] $s:tt $c:tt labels $($rest:tt)*) => { $crate::__given_twice!(labels) };
    ($n:tt $k:tt $l:tt [$($s:tt)+] $c:tt supports $($rest:tt)*) => { $crate::__given_twice!(supports) };
    ($n:tt $k:tt $l:tt $s:tt [$($c:tt)+] new $($rest:tt)*) => { $crate::__given_twice!(new) };

    ($n:tt $k:tt $l:tt $s:tt $c:tt name $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `name: \"…\"`: a literal in quotes, and a comma behind it")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt kinds $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `kinds: [subprocess]`: one or more of subprocess, wasm and container, and a comma behind the list")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt labels $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `labels: { \"key\" = \"value\" }`: literals in quotes, and a comma behind the braces")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt supports $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `supports: by_kind` and a comma behind it; without the field the host asks Runner::supports")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt new $($rest:tt)*) => {
        ::core::compile_error!("export_plugin!: expected `new: Type::new`: a function of the configuration, and a comma behind it")
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt $field:ident $($rest:tt)*) => {
        ::core::compile_error!(::core::concat!(
            "export_plugin!: there is no field `", ::core::stringify!($field),
            "`; the fields are name, kinds, labels, supports and new"
        ))
    };
    ($n:tt $k:tt $l:tt $s:tt $c:tt $($rest:tt)+) => {
        ::core::compile_error!("export_plugin!: expected `field: value`, separated by commas")
    };
}

/// Refuses a field that was given before.
#[doc(hidden)]
#[macro_export]
macro_rules! __given_twice {
    ($field:ident) => {
        ::core::compile_error!(::core::concat!(
            "export_plugin!: `",
            ::core::stringify!($field),
            "` is given twice"
        ))
    };
}

/// The set of one kind.
#[doc(hidden)]
#[macro_export]
macro_rules! __kind {
    (subprocess) => {
        $crate::Kinds::SUBPROCESS
    };
    (wasm) => {
        $crate::Kinds::WASM
    };
    (container) => {
        $crate::Kinds::CONTAINER
    };
    (embedded) => {
        ::core::compile_error!("export_plugin!: an embedded task is never routed to a runner")
    };
    ($other:ident) => {
        ::core::compile_error!(::core::concat!(
            "export_plugin!: `",
            ::core::stringify!($other),
            "` is no task kind; the kinds are subprocess, wasm and container"
        ))
    };
}

/// Whether a runner has a constructor of its own.
#[doc(hidden)]
#[macro_export]
macro_rules! __takes_config {
    () => { false };
    (new: $($rest:tt)*) => { true };
    ($first:tt $($rest:tt)*) => { $crate::__takes_config!($($rest)*) };
}

/// Constructs a runner.
#[doc(hidden)]
#[macro_export]
macro_rules! __construct {
    ($runner:ident, $config:ident, $takes:ident, ) => {
        $crate::__private::construct_default::<$runner>($config, !$takes)
    };
    ($runner:ident, $config:ident, $takes:ident, new: $new:expr $(, $($rest:tt)*)?) => {
        $crate::__private::construct_with::<$runner, _, _>($config, $new)
    };
    ($runner:ident, $config:ident, $takes:ident, $first:tt $($rest:tt)*) => {
        $crate::__construct!($runner, $config, $takes, $($rest)*)
    };
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Export for Nothing {
        const DECL: PluginDecl = PluginDecl {
            name: "nothing",
            version: "0.0.0",
            panic: "unwind",
            runners: &[],
        };

        fn construct(_: &str) -> Runners {
            Ok(Vec::new())
        }
    }

    #[test]
    fn the_header_has_nothing_that_changes_with_the_version_of_this_crate() {
        let header = header::<Nothing>();
        assert_eq!(header.version_strings().to_string(), "1.0.0");
        assert!(header.layout().is_none());
    }
}
