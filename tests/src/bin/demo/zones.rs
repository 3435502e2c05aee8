//! One plugin in two zones: what an operator writes beside a file decides which tasks reach it, and
//! how it treats them.

use std::fs;
use std::io;
use std::path::Path;

use crate::plugins::write_sidecar;

/// The zones, and how many milliseconds a cancelled task has there to say goodbye.
pub(crate) const ZONES: [(&str, u32); 2] = [("eu", 3000), ("us", 0)];

/// Installs the subprocess plugin once more for each zone, and prints what it writes beside it.
pub(crate) fn install(plugins: &Path) -> io::Result<()> {
    let plugin = |stem: &str| plugins.join(format!("{stem}.{}", e2e::PLUGIN_SUFFIX));
    for (zone, grace) in ZONES {
        let stem = format!("zone-{zone}");
        let sidecar = format!(
            "name = \"subprocess-{zone}\"\nlabels.zone = \"{zone}\"\nconfig.stop_grace_ms = {grace}\n"
        );
        fs::copy(plugin("subprocess"), plugin(&stem))?;
        write_sidecar(&plugins.join(format!("{stem}.toml")), &sidecar)?;
        println!("{stem}.toml: {}", sidecar.trim_end().replace('\n', ", "));
    }
    Ok(())
}
