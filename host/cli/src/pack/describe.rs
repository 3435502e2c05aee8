//! What is written for a plugin that brings no texts of its own.

use solti_plugin_host::stamp::Stamp;

use super::format;

/// A sidecar to begin with: all of it is commented out, so that it changes nothing as it stands.
pub(crate) fn sidecar_example(stamp: &Stamp) -> String {
    let Stamp {
        plugin, version, ..
    } = stamp;
    let mut text = format!(
        "# {plugin} {version}: copy this to {plugin}.toml beside {library}, and uncomment what you change.\n\
         \n\
         # enabled = true         # false leaves the plugin alone\n\
         # name = {name:?}        # another name, so that one plugin can be there twice\n\
         \n\
         # [labels]               # what a task's runnerSelector can ask for\n",
        library = format::library(plugin),
        name = format!("{plugin}-2"),
    );
    for runner in &stamp.runners {
        for (key, value) in runner.labels.iter() {
            text.push_str(&format!("# {key:?} = {value:?}\n"));
        }
    }
    text.push_str("\n# [config]               # what the plugin's README documents\n");
    text
}

/// A README of what the stamp says.
pub(crate) fn readme(stamp: &Stamp) -> String {
    let Stamp {
        plugin,
        version,
        target,
        abi,
        sdk,
        ..
    } = stamp;
    let mut text = format!(
        "# {plugin} {version}\n\
         \n\
         A plugin for solti-host, built for {target}, ABI {abi}, SDK {sdk}.\n\
         \n\
         | runner | kinds |\n\
         |---|---|\n"
    );
    for runner in &stamp.runners {
        let kinds = runner.kinds.to_string().replace('|', "\\|");
        text.push_str(&format!("| {} | {kinds} |\n", runner.name));
    }
    text.push_str(&format!(
        "\nPut it in place with `solti-host install PACK DIR`. `{}` is a sidecar to begin with.\n",
        format::example(plugin)
    ));
    text
}
