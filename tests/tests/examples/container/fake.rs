//! An engine that is a shell script.
//!
//! It notes the arguments of each call and answers as an engine does whose every call goes well. A
//! test replaces the answer to a subcommand by a piece of script. While a container of its runs
//! there is a named pipe of the container's name, from which `run` reads: `stop` and `kill` write to
//! it, which ends the container.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{configured, until};
use crate::support::Host;

/// A container that says `ready` and runs until it is stopped, as a piece of script.
pub(crate) const ENDLESS: &str = "mkfifo $here/$name; echo ready; read signal <$here/$name; \
                                  echo \"got $signal\"; exit 143";

const SCRIPT: &str = r#"#!/bin/sh
here=${0%/*}
line=
verb=
for arg; do
    line="$line$arg|"
    case $arg in
        --version) verb=version ;;
        --name=*) name=${arg#--name=} ;;
        -*) ;;
        *) test "$verb" || verb=$arg ;;
    esac
    last=$arg
done
printf '%s\n' "$line" >>$here/calls
if test -e $here/on-$verb; then . $here/on-$verb; fi
case $verb in
    version) echo "podman version 4.3.1" ;;
    inspect) echo exited ;;
    stop | kill)
        if ! test -p $here/$last; then echo "Error: no such container" >&2; exit 125; fi
        echo $verb >$here/$last
        ;;
    rm) rm -f $here/$last ;;
esac
"#;

/// The engine and what it was asked.
pub(crate) struct Fake(TempDir);

impl Fake {
    pub(crate) fn new() -> Self {
        let fake = Self(tempfile::tempdir().unwrap());
        fake.executable("engine");
        fake
    }

    /// An engine whose call `verb` runs this piece of script first. Unless that ends the script, the
    /// usual answer follows.
    pub(crate) fn on(self, verb: &str, script: &str) -> Self {
        fs::write(self.0.path().join(format!("on-{verb}")), script).unwrap();
        self
    }

    /// Its program under another name.
    pub(crate) fn executable(&self, name: &str) -> PathBuf {
        let program = self.0.path().join(name);
        fs::write(&program, SCRIPT).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    pub(crate) fn directory(&self) -> &Path {
        self.0.path()
    }

    /// A host whose plugin uses it.
    pub(crate) fn host(&self) -> Host {
        self.host_with("")
    }

    /// A host whose plugin uses it, with more configuration.
    pub(crate) fn host_with(&self, config: &str) -> Host {
        let program = self.directory().join("engine");
        let host = configured(&format!("engine = {program:?}\n{config}"));
        assert!(host.report.rejected().is_empty(), "{}", host.report);
        host
    }

    /// The arguments of all calls, each followed by a bar.
    pub(crate) fn calls(&self) -> Vec<String> {
        let calls = fs::read_to_string(self.directory().join("calls")).unwrap_or_default();
        calls.lines().map(str::to_owned).collect()
    }

    /// Those of the calls of one subcommand.
    pub(crate) fn calls_of(&self, verb: &str) -> Vec<String> {
        let mut calls = self.calls();
        calls.retain(|call| {
            let mut args = call.split('|');
            args.find(|arg| !arg.starts_with("--") || *arg == "--version") == Some(verb)
        });
        calls
    }

    /// The name of the container of the only `run`.
    pub(crate) fn container(&self) -> String {
        let runs = self.calls_of("run");
        assert_eq!(runs.len(), 1, "{runs:?}");
        let name = runs[0]
            .split('|')
            .find_map(|arg| arg.strip_prefix("--name="));
        name.unwrap().to_owned()
    }

    /// Waits until the only container has been removed.
    pub(crate) async fn removed(&self) {
        let rm = format!("rm|--force|--volumes|{}|", self.container());
        until("the container is removed", || self.calls().contains(&rm)).await;
    }
}
