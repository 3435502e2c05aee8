//! The tokens that TCP asks for.

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::error::ServiceError;
use crate::access::{Role, TokenError, Tokens};
use crate::config::{Config, ConfigError};
use crate::server::Listener;
use crate::state::StateDir;

/// The tokens, and the file of the one that lets do all; none where nothing listens on TCP, or none is asked for.
pub(super) fn of(
    config: &Config,
    state: &StateDir,
    listeners: &[Listener],
) -> Result<(Option<Tokens>, Option<PathBuf>), ServiceError> {
    let tcp = || listeners.iter().filter_map(Listener::tcp);
    if let Some(open) = config.open_to_all(tcp()) {
        // One that was asked for is refused before.
        return Err(ServiceError::Config(ConfigError::Unusable {
            field: "no_auth",
            reason: format!(
                "{open}, a socket that was given, is no loopback address, and others can reach it: \
                 leave no_auth out"
            ),
        }));
    }
    if tcp().next().is_none() || config.no_auth {
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
    let others = config.tokens.iter().map(|it| (it.file.clone(), it.role));
    let tokens = Tokens::read([(path.clone(), Role::Admin)].into_iter().chain(others));
    let tokens =
        tokens.map_err(|TokenError { path, reason }| ServiceError::Token { path, reason })?;
    Ok((Some(tokens), Some(path)))
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
