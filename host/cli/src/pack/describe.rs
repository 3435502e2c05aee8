//! What is written for a plugin that brings no texts of its own.

use solti_plugin_host::stamp::Stamp;

use super::format;

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
