//! Where runners report what they did.

use std::sync::Arc;

/// Declares a label enum: the variants with their docs, the snake-case label of each, and the
/// number it has when it crosses the plugin boundary. `as_label` takes what the published crate's
/// takes, so that `map(TaskOutcome::as_label)` over references compiles here too.
macro_rules! label_enum {
    (
        $(#[$meta:meta])*
        pub enum $name:ident labelled by $receiver:ty {
            $( $(#[$variant_meta:meta])* $variant:ident = $code:literal => $label:literal, )+
        }
    ) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum $name {
            $( $(#[$variant_meta])* $variant, )+
            /// One that this version has no variant for: of a newer version, or of an author's own.
            /// Made by `custom`.
            Custom(&'static str),
        }

        impl $name {
            /// Every variant that has a code, in the order of the codes.
            pub const ALL: &'static [Self] = &[$( Self::$variant ),+];

            /// The label value in a metric.
            #[must_use]
            pub const fn as_label(self: $receiver) -> &'static str {
                match self { $( Self::$variant => $label, )+ Self::Custom(label) => label }
            }

            /// The variant with this label; a new one for a label that none has.
            ///
            /// Labels are kept for the life of the process; past some thousands of them, all others
            /// share one.
            #[must_use]
            pub fn custom(label: &str) -> Self {
                match label {
                    $( $label => Self::$variant, )+
                    other => Self::Custom(crate::intern::intern(other)),
                }
            }

            /// The number that stands for this variant on the wire, 0 for a custom one. It never changes.
            #[doc(hidden)]
            #[must_use]
            pub const fn code(self) -> u32 {
                match self { $( Self::$variant => $code, )+ Self::Custom(_) => 0 }
            }

            /// What a number and a text from the wire stand for.
            #[doc(hidden)]
            #[must_use]
            pub fn from_wire(code: u32, label: &str) -> Self {
                Self::from_code(code).unwrap_or_else(|| Self::custom(label))
            }

            /// The variant of a number from the wire; `None` for one of a newer version.
            #[doc(hidden)]
            #[must_use]
            pub const fn from_code(code: u32) -> Option<Self> {
                match code { $( $code => Some(Self::$variant), )+ _ => None }
            }
        }
    };
}

label_enum! {
    /// What a task is run as.
    pub enum RunnerType labelled by Self {
        /// A process of the operating system.
        Subprocess = 1 => "subprocess",
        /// A container (OCI).
        Container = 2 => "container",
        /// A WebAssembly module.
        Wasm = 3 => "wasm",
    }
}

label_enum! {
    /// How an attempt at a task ended.
    pub enum TaskOutcome labelled by &Self {
        /// It succeeded.
        Success = 1 => "success",
        /// It failed.
        Failure = 2 => "failure",
        /// It was cancelled.
        Canceled = 3 => "canceled",
        /// It ran into its timeout.
        Timeout = 4 => "timeout",
    }
}

label_enum! {
    /// What failed around a task, rather than in it.
    pub enum RunnerErrorKind labelled by Self {
        /// A cgroup could not be created or written.
        CgroupPrepareFailed = 1 => "cgroup_prepare_failed",
        /// The runner's own configuration could not be applied to the task.
        BackendConfigFailed = 2 => "backend_config_failed",
        /// The process or actor could not be started.
        SpawnFailed = 3 => "spawn_failed",
        /// The module or image could not be loaded.
        ModuleLoadFailed = 4 => "module_load_failed",
    }
}

/// Collects what runners report.
///
/// Calls come from many threads and from inside of tasks, so they should not block. In a plugin
/// every call crosses to the host's backend.
pub trait MetricsBackend: Send + Sync + 'static {
    /// Counts an attempt that begins.
    fn record_task_started(&self, runner_type: RunnerType);

    /// Counts an attempt that has ended, `duration_ms` milliseconds after it began.
    fn record_task_completed(
        &self,
        runner_type: RunnerType,
        outcome: TaskOutcome,
        duration_ms: u64,
    );

    /// Counts a failure of the runner itself, before or after the task proper.
    fn record_runner_error(&self, runner_type: RunnerType, error_kind: RunnerErrorKind);
}

/// A shared metrics backend.
pub type MetricsHandle = Arc<dyn MetricsBackend>;

/// The backend that records nothing: it has no size, and its calls compile to nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoOpMetrics;

impl MetricsBackend for NoOpMetrics {
    #[inline(always)]
    fn record_task_started(&self, _: RunnerType) {}

    #[inline(always)]
    fn record_task_completed(&self, _: RunnerType, _: TaskOutcome, _: u64) {}

    #[inline(always)]
    fn record_runner_error(&self, _: RunnerType, _: RunnerErrorKind) {}
}

/// A handle to [`NoOpMetrics`].
#[must_use]
pub fn noop_metrics() -> MetricsHandle {
    Arc::new(NoOpMetrics)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_backend_that_records_nothing_has_no_size() {
        assert_eq!(size_of::<NoOpMetrics>(), 0);
    }

    #[test]
    fn every_code_leads_back_to_its_variant_and_an_unknown_one_to_none() {
        for kind in RunnerErrorKind::ALL {
            assert_eq!(RunnerErrorKind::from_code(kind.code()), Some(*kind));
        }
        for outcome in TaskOutcome::ALL {
            assert_eq!(TaskOutcome::from_code(outcome.code()), Some(*outcome));
        }
        for runner_type in RunnerType::ALL {
            assert_eq!(
                RunnerType::from_code(runner_type.code()),
                Some(*runner_type)
            );
        }
        assert_eq!(RunnerType::from_wire(99, "vm").as_label(), "vm");
        assert_eq!(RunnerType::from_wire(0, "wasm"), RunnerType::Wasm);
        assert_eq!(RunnerType::custom("vm").code(), 0);
        assert_eq!(RunnerType::from_code(0), None);
        assert_eq!(RunnerType::from_code(99), None);
    }
}
