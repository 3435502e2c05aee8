//! The demo's own directory of plugins. `target/plugins` is the operator's, who may have written
//! sidecars there, and would find the demo's.

use std::fs::{self, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

/// Where it is.
pub(crate) fn directory() -> PathBuf {
    e2e::target_dir().join("demo/plugins")
}

/// Makes `directory` anew, with copies of these files in it and nothing else.
pub(crate) fn install(plugins: &[PathBuf], directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(err) if err.kind() != io::ErrorKind::NotFound => return Err(err),
        _ => {}
    }
    fs::create_dir_all(directory)?;
    // A host refuses what others can change, and a umask may let them.
    for made in directory.ancestors().take(2) {
        fs::set_permissions(made, Permissions::from_mode(0o755))?;
    }
    for plugin in plugins {
        let name = plugin.file_name().ok_or(io::ErrorKind::InvalidInput)?;
        let copy = directory.join(name);
        fs::copy(plugin, &copy)?;
        fs::set_permissions(&copy, Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Writes a sidecar, which others cannot change either.
pub(crate) fn write_sidecar(file: &Path, text: &str) -> io::Result<()> {
    fs::write(file, text)?;
    fs::set_permissions(file, Permissions::from_mode(0o644))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "they are tests")]

    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn the_demo_leaves_the_operators_plugins_alone() {
        let operators = e2e::target_dir().join("plugins");
        assert!(!directory().starts_with(&operators) && !operators.starts_with(directory()));
    }

    #[test]
    fn nothing_of_an_earlier_demo_stays_and_nobody_else_can_change_what_is_new() {
        let scratch = tempfile::tempdir().unwrap();
        let scratch = scratch.path();
        let directory = scratch.join("demo/plugins");
        fs::create_dir_all(&directory).unwrap();
        fs::write(directory.join("zone-old.so"), "").unwrap();
        fs::set_permissions(&directory, Permissions::from_mode(0o777)).unwrap();
        let plugin = scratch.join("hello.so");
        fs::write(&plugin, "plugin").unwrap();
        fs::set_permissions(&plugin, Permissions::from_mode(0o777)).unwrap();

        install(&[plugin], &directory).unwrap();
        let sidecar = directory.join("hello.toml");
        write_sidecar(&sidecar, "name = \"x\"").unwrap();
        let found: Vec<_> = fs::read_dir(&directory).unwrap().collect();
        let copy = directory.join("hello.so");
        assert_eq!(found.len(), 2, "{found:?}");
        assert_eq!(fs::read(&copy).unwrap(), b"plugin");
        let modes = [directory.parent().unwrap(), &directory, &copy, &sidecar].map(mode);
        assert_eq!(modes, [0o755, 0o755, 0o755, 0o644]);
    }
}
