//! The token that TCP asks for.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use solti_model_published::Token;

use super::error::ServiceError;
use crate::config::{Config, ConfigError};
use crate::server::Listener;
use crate::state::StateDir;

/// The token, and the file it is in; none where nothing listens on TCP, or none is asked for.
pub(super) fn of(
    config: &Config,
    state: &StateDir,
    listeners: &[Listener],
) -> Result<(Option<Token>, Option<PathBuf>), ServiceError> {
    let mut tcp = listeners.iter().filter_map(Listener::tcp).peekable();
    if config.no_auth
        && let Some(open) = tcp.find(|it| !it.ip().is_loopback())
    {
        // One that was asked for is refused before.
        return Err(ServiceError::Config(ConfigError::Unusable {
            field: "no_auth",
            reason: format!(
                "{open}, a socket that was given, is no loopback address, and others can reach it: \
                 leave no_auth out"
            ),
        }));
    }
    if tcp.peek().is_none() || config.no_auth {
        return Ok((None, None));
    }
    let path = match &config.token_file {
        Some(path) => path.clone(),
        None => {
            let path = state.path().join("token");
            make(&path).map_err(|err| ServiceError::Token {
                path: path.clone(),
                reason: format!("cannot be made: {err}"),
            })?;
            path
        }
    };
    let token = read(&path).map_err(|reason| ServiceError::Token {
        path: path.clone(),
        reason,
    })?;
    Ok((Some(token), Some(path)))
}

/// Makes the file of a token, unless it is there.
fn make(path: &Path) -> io::Result<()> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(|err| io::Error::other(err.to_string()))?;
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match file {
        Err(err) if err.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(err) => Err(err),
        Ok(mut file) => writeln!(file, "{}", URL_SAFE_NO_PAD.encode(bytes)),
    }
}

fn read(path: &Path) -> Result<Token, String> {
    let unreadable = |err: io::Error| format!("cannot be read: {err}");
    let mode = fs::metadata(path).map_err(unreadable)?.mode() & 0o777;
    if mode & 0o077 != 0 {
        return Err(format!(
            "has mode {mode:04o}, expected 0600: others could read it; run `chmod 600` on it"
        ));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let text = text.trim();
    if text.len() < SHORTEST {
        return Err(format!(
            "has a token of {} characters, expected {SHORTEST} or more",
            text.len()
        ));
    }
    Token::new(text).map_err(|err| err.to_string())
}

/// The shortest token that is taken: shorter ones can be guessed.
const SHORTEST: usize = 16;
