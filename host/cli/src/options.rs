//! The options of the loader that the command line sets.

use std::collections::BTreeMap;
use std::fs;
use std::num::{NonZeroU32, NonZeroU64};

use anyhow::{Context as _, anyhow};
use serde_json::Map;
use solti_plugin_host::PluginLoader;

use crate::args::{ConfigField, LoadArgs, ProbeArgs, TrustArgs};
use crate::flags::flag;
use crate::open_files;

/// The loader that the arguments describe.
///
/// # Errors
///
/// When a public key cannot be used.
pub(crate) fn loader(args: &LoadArgs) -> anyhow::Result<PluginLoader> {
    let mut loader = basic(&args.trust, &args.probing, args.workers, &args.allow)?;
    if let Some(panics) = NonZeroU64::new(args.max_panics) {
        loader = loader.max_panics(panics);
    }
    if let Some(state) = &args.probing.state {
        loader = loader.state_dir(state);
    }
    let mut by_plugin = BTreeMap::<_, Map<_, _>>::new();
    for ConfigField {
        plugin,
        field,
        value,
    } in &args.config
    {
        let config = by_plugin.entry(plugin).or_default();
        config.insert(field.clone(), value.clone());
    }
    for (plugin, config) in by_plugin {
        loader = loader.config(plugin, config)?;
    }
    Ok(loader)
}

/// A loader with what every command that loads plugins is told.
///
/// # Errors
///
/// When a public key cannot be used.
pub(crate) fn basic(
    trust: &TrustArgs,
    probing: &ProbeArgs,
    workers: Option<u32>,
    allow: &[String],
) -> anyhow::Result<PluginLoader> {
    let mut loader = trusting(trust)?
        .probe_time(probing.probe_time.into())
        .probe_memory(probing.memory_bytes())
        .probe_env(probing.probe_env.iter().cloned());
    if let Some(given) = open_files::given() {
        loader = loader.open_files_of_children(given);
    }
    if let Some(threads) = workers.and_then(NonZeroU32::new) {
        loader = loader.worker_threads(threads);
    }
    if probing.no_probe {
        loader = loader.without_probe();
    }
    if !allow.is_empty() {
        loader = loader.allow(allow.iter().cloned());
    }
    Ok(loader)
}

/// A loader with the default options, and this trust in files.
///
/// # Errors
///
/// When a public key cannot be used.
pub(crate) fn trusting(args: &TrustArgs) -> anyhow::Result<PluginLoader> {
    let mut loader = PluginLoader::new()
        .option_names(flag)
        .max_file_bytes(args.max_file_bytes);
    for uid in &args.trust_owner {
        loader = loader.trust_owner(*uid);
    }
    if args.trust_any_owner {
        loader = loader.trust_any_owner();
    }
    if args.trust_writable {
        loader = loader.trust_writable();
    }
    if args.allow_noexec {
        loader = loader.allow_noexec();
    }
    if args.allow_links_outside {
        loader = loader.allow_links_outside();
    }
    if args.require_sums {
        loader = loader.require_sums();
    }
    // The last: a file is trusted as all of these say.
    for key in &args.public_key {
        loader = if fs::symlink_metadata(key).is_ok() {
            let read = loader.public_key_file(key);
            read.map_err(|err| anyhow!("public key {key}: {}", err.sentence(flag)))?
        } else {
            let name = || format!("public key {key} (no such file)");
            loader.public_key(key).with_context(name)?
        };
    }
    if let Some(directory) = &args.stage_in {
        loader = loader.stage_in(directory);
    }
    Ok(loader)
}
