//! The macro `export_plugin!`.

mod fields;

/// Exports runners as a plugin: the one line that turns a `cdylib` into one.
///
/// It takes the type of each runner, which may have a path and generic arguments, and in braces:
///
/// | field | | |
/// |---|---|---|
/// | `name` | required | what [`Runner::name`](crate::Runner::name) returns; no two runners may have the same |
/// | `kinds` | required | the kinds it takes: `[subprocess]`, `[wasm, container]`, and in quotes those the model has no room for: `["example.com/v1/Greeting"]`; [`Runner::kinds`](crate::Runner::kinds) is never called |
/// | `labels` | optional | default labels for routing: `{ "tier" = "fast" }` |
/// | `supports` | optional | `by_kind`: the kinds alone decide, so the host never calls [`Runner::supports`](crate::Runner::supports) |
/// | `new` | optional | the constructor; without it the type's `Default` is used |
///
/// Before the runners there may be `workers: N,`, the worker threads of the plugin's runtime where the
/// host sets none: unless given one for each processor that the process may use; and `config: Type,`, the
/// type of the plugin's configuration, which derives [`PluginConfig`](macro@crate::PluginConfig): the file
/// then says what an operator may set, and a host refuses what is wrong before the plugin runs.
///
/// The constructor takes that type, the plugin's `[config]`, and returns `Result<Self, E>` with an error
/// that can be printed. Without `config: Type,` it takes any type that implements `serde::Deserialize` and is
/// read from a map, as a struct with named fields is, an empty map where there is no `[config]`. Where there
/// are several runners, each constructor gets the whole `[config]`, so a type that denies unknown fields
/// must know those of the others.
///
/// The plugin's name and version are those of its package. They and the fields of the runners but the
/// constructor go into the file's stamp, which a host reads before it runs anything; none of them may have
/// control or invisible characters, and the stamp at most 64 KiB.
///
/// The package needs tokio among its dependencies if a task calls it, and serde to derive `Deserialize`
/// without `PluginConfig`; any version 1 of either will do:
///
/// ```toml
/// tokio = { version = "1", features = ["process", "time"] } # whatever it calls
/// ```
///
/// The package is a library of type `cdylib`, built with `panic = "unwind"`. It may forbid unsafe
/// code. What differs from a runner that is linked into its host:
///
/// - Tasks run on a tokio runtime inside the plugin, so everything in tokio works in them;
///   [`runtime_handle`](crate::runtime_handle) reaches it from a constructor, and
///   [`spawn_cleanup`](crate::spawn_cleanup) starts on it what must outlive an attempt.
/// - A panic anywhere becomes an error with its message, that of an attempt a `Fatal` one, which is not
///   tried again: a runner that wants it tried again catches it and returns `Fail`. Panicking in a destructor while another
///   panic unwinds still ends the process.
/// - What is logged with `tracing` and `log` goes to the host's log, where it cannot act on a
///   terminal or look like another record. Errors and output are not changed like that: what they
///   quote from elsewhere can go through [`text`](crate::text) first.
/// - The output registry can be written to, but not subscribed to.
/// - `println!` writes to the standard output of the host, between the lines of all tasks: a task's
///   output belongs in its [`OutputSink`](crate::OutputSink).
///
/// # Examples
///
/// ```
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
///         // The function is called for each attempt: the first, and every retry.
///         Ok(attempts(self, spec, ctx, |attempt| async move {
///             attempt.stdout("hello");
///             // One that takes longer awaits `attempt.cancelled()` beside its work. One that does
///             // not is dropped at an `.await` once the host will wait no longer.
///             if attempt.is_cancelled() {
///                 return Err(TaskError::Canceled);
///             }
///             Ok(())
///         }))
///     }
/// }
///
/// solti_plugin_abi::export_plugin!(Hello { name: "hello", kinds: [subprocess] });
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! export_plugin {
    ($( $runner:ty { $($field:tt)* } ),+ $(,)?) => {
        $crate::export_plugin!(@ [] [] $( $runner { $($field)* } ),+);
    };
    (workers: $workers:literal, config: $config:ty, $( $runner:ty { $($field:tt)* } ),+ $(,)?) => {
        $crate::export_plugin!(@ [$workers] [$config] $( $runner { $($field)* } ),+);
    };
    (config: $config:ty, workers: $workers:literal, $( $runner:ty { $($field:tt)* } ),+ $(,)?) => {
        $crate::export_plugin!(@ [$workers] [$config] $( $runner { $($field)* } ),+);
    };
    (workers: $workers:literal, $( $runner:ty { $($field:tt)* } ),+ $(,)?) => {
        $crate::export_plugin!(@ [$workers] [] $( $runner { $($field)* } ),+);
    };
    (config: $config:ty, $( $runner:ty { $($field:tt)* } ),+ $(,)?) => {
        $crate::export_plugin!(@ [] [$config] $( $runner { $($field)* } ),+);
    };
    (@ [$($workers:literal)?] $config:tt $( $runner:ty { $($field:tt)* } ),+) => {
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
                    // With any other strategy the error above ends the compilation.
                    panic: $crate::stamp::UNWIND,
                    workers: $crate::__or_none!($($workers)?),
                    config: $crate::__config_schema!($config $( [$($field)*] )+),
                    runners: &[$( $crate::__runner_decl!($($field)*) ),+],
                };

                fn construct(config: &str) -> $crate::__private::Runners {
                    const __TAKES_CONFIG: bool =
                        false $( || $crate::__takes_config!($($field)*) )+;
                    ::core::result::Result::Ok(::std::vec![
                        $( $crate::__construct!($runner, config, __TAKES_CONFIG, $config, $($field)*)? ),+
                    ])
                }
            }

            const __STAMP_LEN: usize = $crate::__private::rendered_len(
                &<__Plugin as $crate::__private::Export>::DECL,
            );

            #[used]
            #[cfg_attr(not(target_vendor = "apple"), unsafe(link_section = ".note.solti.plugin"))]
            #[cfg_attr(
                target_vendor = "apple",
                unsafe(link_section = ::core::concat!("__DATA,", $crate::__macho_section!()))
            )]
            static __STAMP: $crate::__private::Note<__STAMP_LEN> =
                $crate::__private::note_of(&<__Plugin as $crate::__private::Export>::DECL);

            // The name under which abi_stable looks for a root module.
            #[used]
            #[unsafe(export_name = "_1as_0lib_1header_0root_bmodule_bloader")]
            static __HEADER: $crate::__private::LibHeader = $crate::__private::header::<__Plugin>();
        }
    };
    (config $($other:tt)*) => {
        ::core::compile_error!(
            "export_plugin!: expected `config: Type, Type { … }`: the type that the constructors take, followed by a comma and the runners"
        );
    };
    (workers $($other:tt)*) => {
        ::core::compile_error!(
            "export_plugin!: expected `workers: 4, Type { … }`: a number, followed by a comma and the runners"
        );
    };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "export_plugin! takes one or more runners: `Type { name: \"…\", kinds: [subprocess] }`"
        );
    };
}
