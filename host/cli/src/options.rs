//! The options of the loader that the command line sets.

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZero;
use std::path::Path;

use anyhow::Context as _;
use serde_json::Map;
use solti_plugin_host::PluginLoader;

use crate::args::{ConfigField, LoadArgs, TrustArgs};
use crate::flags::flag;
use crate::open_files;

/// The loader that the arguments describe.
///
/// # Errors
///
/// When a public key cannot be used.
pub(crate) fn loader(args: &LoadArgs) -> anyhow::Result<PluginLoader> {
    let probing = &args.probing;
    let mut loader = trusting(&args.trust)?
        .probe_time(probing.probe_time.into())
        .probe_memory(probing.memory_bytes());
    if let Some(given) = open_files::given() {
        loader = loader.open_files_of_children(given);
    }
    if let Some(threads) = args.workers {
        loader = loader.worker_threads(threads);
    }
    if let Some(panics) = NonZero::new(args.max_panics) {
        loader = loader.max_panics(panics);
    }
    if probing.no_probe {
        loader = loader.without_probe();
    }
    if let Some(state) = &probing.state {
        loader = loader.state_dir(state);
    }
    if !args.allow.is_empty() {
        loader = loader.allow(args.allow.iter().cloned());
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
    for key in &args.public_key {
        let (text, name) = if Path::new(key).exists() {
            let name = format!("public key {key}");
            let text = fs::read_to_string(key).with_context(|| name.clone())?;
            (text, name)
        } else {
            (key.clone(), format!("public key {key} (no such file)"))
        };
        loader = loader.public_key(&text).context(name)?;
    }
    if let Some(directory) = &args.stage_in {
        loader = loader.stage_in(directory);
    }
    Ok(loader)
}
