//! The directories in which a task's files may be.

use std::fs;
use std::path::{Path, PathBuf};

/// The real path of a file that is in one of `directories`, whatever links lead to it. The file itself
/// need not be there.
///
/// # Errors
///
/// Why it may not be used, as the end of a sentence.
pub(crate) fn within(path: &Path, directories: &[PathBuf], field: &str) -> Result<PathBuf, String> {
    let outside = || format!("{path:?} is in no directory that config.{field} of the plugin names");
    let (Some(parent), Some(name), true) = (path.parent(), path.file_name(), path.is_absolute())
    else {
        return Err(format!("{path:?} is no absolute path of a file"));
    };
    let real = match fs::canonicalize(path) {
        Ok(real) => real,
        // A link that leads nowhere would be made a file of, wherever that is.
        Err(_) if path.is_symlink() => return Err(outside()),
        Err(_) => fs::canonicalize(parent).map_err(|_| outside())?.join(name),
    };
    let is_allowed = directories.iter().any(|directory| {
        fs::canonicalize(directory).is_ok_and(|directory| real.starts_with(directory))
    });
    if is_allowed { Ok(real) } else { Err(outside()) }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_path_that_only_looks_like_an_allowed_one_is_refused() {
        let (inside, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let allowed = [inside.path().to_owned()];
        let real = fs::canonicalize(inside.path()).unwrap();
        fs::write(outside.path().join("a.db"), "").unwrap();
        let at = |name: &str| inside.path().join(name);
        symlink(outside.path().join("a.db"), at("link.db")).unwrap();
        symlink(outside.path().join("new.db"), at("dangling.db")).unwrap();
        symlink(outside.path(), at("dir")).unwrap();
        assert_eq!(
            within(&at("new.db"), &allowed, "databases"),
            Ok(real.join("new.db"))
        );
        for name in [
            "link.db",
            "dangling.db",
            "dir/a.db",
            "dir/new.db",
            "../x.db",
            "no/x.db",
        ] {
            let path = at(name);
            assert_eq!(
                within(&path, &allowed, "databases"),
                Err(format!(
                    "{path:?} is in no directory that config.databases of the plugin names"
                ))
            );
        }
        assert_eq!(
            within(Path::new("x.db"), &allowed, "databases"),
            Err("\"x.db\" is no absolute path of a file".to_owned())
        );
    }
}
