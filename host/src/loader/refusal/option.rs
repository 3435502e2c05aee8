//! The options that advice speaks of.

use std::fmt;

/// What a host application can set so that a file passes. It displays as the method that sets it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LoaderOption {
    /// [`PluginLoader::allow`](crate::PluginLoader::allow).
    Allow,
    /// [`PluginLoader::config`](crate::PluginLoader::config), or another method about one plugin.
    Config,
    /// [`PluginLoader::trust_owner`](crate::PluginLoader::trust_owner) with this user.
    TrustOwner(u32),
    /// [`PluginLoader::trust_writable`](crate::PluginLoader::trust_writable).
    TrustWritable,
    /// [`PluginLoader::allow_noexec`](crate::PluginLoader::allow_noexec).
    AllowNoexec,
    /// [`PluginLoader::allow_links_outside`](crate::PluginLoader::allow_links_outside).
    AllowLinksOutside,
    /// [`PluginLoader::max_file_bytes`](crate::PluginLoader::max_file_bytes).
    MaxFileBytes,
    /// [`PluginLoader::require_sums`](crate::PluginLoader::require_sums).
    RequireSums,
    /// [`PluginLoader::stage_in`](crate::PluginLoader::stage_in).
    StageIn,
    /// [`PluginLoader::probe_with`](crate::PluginLoader::probe_with).
    ProbeWith,
    /// [`PluginLoader::probe_time`](crate::PluginLoader::probe_time).
    ProbeTime,
    /// [`PluginLoader::probe_memory`](crate::PluginLoader::probe_memory).
    ProbeMemory,
    /// [`PluginLoader::probe_env`](crate::PluginLoader::probe_env).
    ProbeEnv,
    /// [`PluginLoader::without_probe`](crate::PluginLoader::without_probe).
    WithoutProbe,
    /// [`PluginLoader::max_images`](crate::PluginLoader::max_images).
    MaxImages,
    /// [`forget_probes`](crate::probe::forget_probes), which is a call of its own.
    ForgetProbes,
}

/// What a program calls the options of the loader, such as the flags of its command line; `None` for
/// one that its users cannot set.
pub type OptionNames = fn(&LoaderOption) -> Option<String>;

/// The library's own name of an option: the method that sets it.
#[must_use]
pub fn method(option: &LoaderOption) -> Option<String> {
    Some(option.to_string())
}

impl fmt::Display for LoaderOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Allow => "PluginLoader::allow",
            Self::Config => "PluginLoader::config",
            Self::TrustOwner(uid) => return write!(f, "PluginLoader::trust_owner({uid})"),
            Self::TrustWritable => "PluginLoader::trust_writable",
            Self::AllowNoexec => "PluginLoader::allow_noexec",
            Self::AllowLinksOutside => "PluginLoader::allow_links_outside",
            Self::MaxFileBytes => "PluginLoader::max_file_bytes",
            Self::RequireSums => "PluginLoader::require_sums",
            Self::StageIn => "PluginLoader::stage_in",
            Self::ProbeWith => "PluginLoader::probe_with",
            Self::ProbeTime => "PluginLoader::probe_time",
            Self::ProbeMemory => "PluginLoader::probe_memory",
            Self::ProbeEnv => "PluginLoader::probe_env",
            Self::WithoutProbe => "PluginLoader::without_probe",
            Self::MaxImages => "PluginLoader::max_images",
            Self::ForgetProbes => "probe::forget_probes",
        })
    }
}
