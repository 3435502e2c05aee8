//! A file for a collector that may read it at any moment, such as the textfile collector of
//! Prometheus' node exporter.

use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use anyhow::Context as _;

/// Writes `text` to `file`, under another name first: a reader sees all of it or what was there
/// before.
///
/// # Errors
///
/// When it cannot be written; the error names the file.
pub(crate) fn write(file: &Path, text: &str) -> anyhow::Result<()> {
    replace(file, text)
        .with_context(|| format!("the metrics cannot be written to {}", file.display()))
}

fn replace(file: &Path, text: &str) -> io::Result<()> {
    // A link is not replaced, but what it leads to.
    let target = fs::canonicalize(file).unwrap_or_else(|_| file.to_owned());
    if fs::metadata(&target).is_ok_and(|found| !found.is_file()) {
        // Something like /dev/null would be a file from then on.
        return Err(io::Error::other("not a regular file"));
    }
    let directory = match target.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let mut temporary = tempfile::Builder::new()
        .prefix(".solti-metrics-")
        // The collector is another user; the umask still counts.
        .permissions(Permissions::from_mode(0o644))
        .tempfile_in(directory)?;
    temporary.write_all(text.as_bytes())?;
    temporary.as_file().sync_data()?;
    temporary.persist(&target)?;
    Ok(())
}
