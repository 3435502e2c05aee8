//! The tokens of a service, in files that may change while it runs.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use solti_model_published::Token;
use thiserror::Error;
use tracing::{info, warn};

use super::role::Role;
use crate::renewed::Seen;

/// The shortest token that is taken: shorter ones can be guessed.
const SHORTEST: usize = 16;

/// How often it is looked whether a file is another one.
const LOOK: Duration = Duration::from_millis(500);

/// Why the file of a token cannot be used.
#[derive(Debug, Error)]
#[error("token file {}: {reason}", path.display())]
pub(crate) struct TokenError {
    pub(crate) path: PathBuf,
    pub(crate) reason: String,
}

/// The tokens of a service.
pub(crate) struct Tokens(Mutex<Known>);

struct Known {
    files: Vec<TokenFile>,
    looked: Instant,
}

struct TokenFile {
    path: PathBuf,
    role: Role,
    /// Each line is one, so that the next is known before the last is not any more.
    tokens: Vec<Token>,
    seen: Seen,
}

impl Tokens {
    /// Reads the files of tokens.
    pub(crate) fn read(
        files: impl IntoIterator<Item = (PathBuf, Role)>,
    ) -> Result<Self, TokenError> {
        let read = |(path, role): (PathBuf, Role)| {
            let seen = Seen::of(&path);
            let tokens = read(&path).map_err(|reason| TokenError {
                path: path.clone(),
                reason,
            })?;
            Ok(TokenFile {
                path,
                role,
                tokens,
                seen,
            })
        };
        let files = files.into_iter().map(read).collect::<Result<_, _>>()?;
        let looked = Instant::now();
        Ok(Self(Mutex::new(Known { files, looked })))
    }

    /// What a token lets its holder do; `None` where it is none of the service's.
    pub(crate) fn role_of(&self, given: &str) -> Option<Role> {
        let mut known = self.0.lock();
        if known.looked.elapsed() >= LOOK {
            known.looked = Instant::now();
            known.files.iter_mut().for_each(TokenFile::renew);
        }
        // All of them, each in constant time: how long it takes tells nothing.
        let matching = known.files.iter().map(|file| {
            let count = file
                .tokens
                .iter()
                .filter(|token| token.verify(given))
                .count();
            (count > 0).then_some(file.role)
        });
        matching.fold(None, Ord::max)
    }
}

impl TokenFile {
    /// Reads it again where it is another one; what cannot be used changes nothing.
    fn renew(&mut self) {
        let now = Seen::of(&self.path);
        if now == self.seen {
            return;
        }
        self.seen = now;
        let path = self.path.display();
        match read(&self.path) {
            Ok(tokens) => {
                self.tokens = tokens;
                info!("token file {path}: read again");
            }
            Err(reason) => warn!("token file {path}: {reason}; the tokens before it stay"),
        }
    }
}

fn read(path: &Path) -> Result<Vec<Token>, String> {
    let unreadable = |err: io::Error| format!("cannot be read: {err}");
    let mode = fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "has mode {mode:04o}, expected 0600: others could read it; run `chmod 600` on it"
        ));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let lines = text.lines().map(str::trim);
    let lines: Vec<_> = lines
        .filter(|it| !it.is_empty() && !it.starts_with('#'))
        .collect();
    let Some(shortest) = lines.iter().map(|line| line.len()).min() else {
        return Err("has no token, expected one on each line".to_owned());
    };
    if shortest < SHORTEST {
        return Err(format!(
            "has a token of {shortest} characters, expected {SHORTEST} or more"
        ));
    }
    let token = |line: &str| Token::new(line).map_err(|err| err.to_string());
    lines.into_iter().map(token).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "all of it is tests")]

    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    fn write(path: &Path, text: &str) {
        fs::write(path, text).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o600)).unwrap();
    }

    #[test]
    fn tokens_change_with_their_files_and_a_file_that_cannot_be_used_changes_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let (read, admin) = (
            directory.path().join("read"),
            directory.path().join("admin"),
        );
        write(
            &read,
            "reader-reader-reader\n# the next one\nreader-reader-2nd---\n",
        );
        write(&admin, "admin-admin-admin-admin");
        let files = [(read.clone(), Role::Read), (admin, Role::Admin)];
        let tokens = Tokens::read(files).unwrap();
        let later = |given| {
            std::thread::sleep(LOOK);
            tokens.role_of(given)
        };
        assert_eq!(tokens.role_of("reader-reader-reader"), Some(Role::Read));
        assert_eq!(tokens.role_of("reader-reader-2nd---"), Some(Role::Read));
        assert_eq!(tokens.role_of("admin-admin-admin-admin"), Some(Role::Admin));
        assert_eq!(tokens.role_of("admin-admin-admin-admi"), None);
        write(&read, "reader-reader-2nd---\nreader-reader-3rd---");
        assert_eq!(later("reader-reader-reader"), None);
        assert_eq!(tokens.role_of("reader-reader-3rd---"), Some(Role::Read));
        write(&read, "short");
        assert_eq!(later("reader-reader-3rd---"), Some(Role::Read));
        fs::remove_file(&read).unwrap();
        assert_eq!(later("reader-reader-3rd---"), Some(Role::Read));
        write(&read, "reader-reader-4th---");
        assert_eq!(later("reader-reader-4th---"), Some(Role::Read));
        assert_eq!(tokens.role_of("reader-reader-3rd---"), None);
    }
}
