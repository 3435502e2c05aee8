//! A container engine that needs nothing but itself: podman with a storage of its own and an image
//! made of a static busybox. Nothing is fetched, and nothing stays but what is in one directory.

use std::fs;
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The image's name.
pub const IMAGE: &str = "localhost/busybox:test";

/// What `run` needs on a machine whose limits are lower than the engine's defaults.
pub const RUN_ARGS: [&str; 2] = ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000"];

/// The programs of the image.
const PROGRAMS: [&str; 8] = ["cat", "echo", "env", "false", "id", "sh", "sleep", "true"];

/// Podman with runc, where both work: as root on Debian with nothing else set up. Dropping it removes
/// its containers.
#[derive(Debug)]
pub struct Podman {
    directory: PathBuf,
    global_args: Vec<String>,
}

impl Podman {
    /// Makes the image in a storage in `directory`, which is the caller's to remove.
    ///
    /// # Errors
    ///
    /// Why that does not work here.
    pub fn set_up(directory: &Path) -> Result<Self, String> {
        let at = |name| directory.join(name).display().to_string();
        let podman = Self {
            global_args: vec![
                format!("--root={}", at("root")),
                format!("--runroot={}", at("run")),
                format!("--tmpdir={}", at("tmp")),
                "--storage-driver=vfs".to_owned(),
                "--cgroup-manager=cgroupfs".to_owned(),
                "--events-backend=none".to_owned(),
            ],
            directory: directory.to_owned(),
        };
        podman.import()?;
        Ok(podman)
    }

    /// Makes the image of a busybox and its names.
    fn import(&self) -> Result<(), String> {
        let bin = self.directory.join("image/bin");
        let failed = |what: &'static str| move |err: io::Error| format!("{what}: {err}");
        fs::create_dir_all(&bin).map_err(failed("the image"))?;
        fs::copy("/bin/busybox", bin.join("busybox")).map_err(failed("/bin/busybox"))?;
        for name in PROGRAMS {
            symlink("busybox", bin.join(name)).map_err(failed("the image"))?;
        }
        self.import_from(&self.directory.join("image"), IMAGE)
    }

    /// Makes an image of what is in a directory.
    ///
    /// # Errors
    ///
    /// Why that does not work here.
    pub fn import_from(&self, root: &Path, name: &str) -> Result<(), String> {
        let failed = |what: &'static str| move |err: io::Error| format!("{what}: {err}");
        let mut tar = Command::new("tar")
            .args(["-c", "."])
            .current_dir(root)
            .stdout(Stdio::piped())
            .spawn()
            .map_err(failed("tar"))?;
        let text = tar.stdout.take().map_or(Stdio::null(), Stdio::from);
        let import = self.command(&["import", "-", name]).stdin(text).output();
        tar.wait().map_err(failed("tar"))?;
        answer(import).map(drop)
    }

    /// Runs a container that does nothing.
    ///
    /// # Errors
    ///
    /// Why that does not work here.
    pub fn try_run(&self) -> Result<(), String> {
        let run = ["run", "--rm", "--network=none", "--http-proxy=false"];
        self.call(&[&run[..], &RUN_ARGS, &[IMAGE, "true"]].concat())
            .map(drop)
    }

    /// Calls podman and returns what it prints.
    ///
    /// # Errors
    ///
    /// What it says when it fails.
    pub fn call(&self, args: &[&str]) -> Result<String, String> {
        answer(self.command(args).output())
    }

    /// A call of podman with this storage.
    #[must_use]
    pub fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("podman");
        command
            .args(&self.global_args)
            .arg("--runtime=runc")
            .args(args)
            .stdin(Stdio::null());
        command
    }

    /// The plugin's configuration for it: the fields under `[config]`.
    #[must_use]
    pub fn config(&self) -> String {
        format!(
            "engine = \"podman\"\nruntime = \"runc\"\nglobal_args = {:?}\nrun_args = {RUN_ARGS:?}\n\
             pull = \"never\"\n",
            self.global_args
        )
    }
}

/// Podman leaves mounts in its storage while containers are there; the directory goes with them.
impl Drop for Podman {
    fn drop(&mut self) {
        // Only what went wrong has left any.
        let _ = self.call(&["rm", "--all", "--force", "--time=0"]);
    }
}

fn answer(output: io::Result<std::process::Output>) -> Result<String, String> {
    let output = output.map_err(|err| format!("podman: {err}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(text(&output.stderr))
    }
}
