//! A file for a collector that may read it at any moment, such as the textfile collector of
//! Prometheus' node exporter.

use std::path::Path;

use anyhow::Context as _;
use solti_plugin_host::atomic;

/// Writes `text` to `file`: a reader sees all of it or what was there before. A pipe, or a device like
/// /dev/stderr, is written to.
///
/// # Errors
///
/// When it cannot be written; the error names the file.
pub(crate) fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    atomic::write(file, text)
        .with_context(|| format!("the metrics cannot be written to {}", file.display()))
}
