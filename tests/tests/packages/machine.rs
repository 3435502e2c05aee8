//! A copy of this machine's system, to which anything may be done: what is written goes into memory, and is
//! gone with it. It has its own processes, its own network with nobody in it, and sees the kernel's settings
//! without being able to change them.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use super::{SOON, run, until};

/// What process 1 of the copy is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Init {
    /// Nothing that starts anything, as in a container.
    Nothing,
    /// systemd, with no unit but those that are started by name.
    Systemd,
}

/// The copy; it ends when this is dropped.
pub(crate) struct Machine {
    unshare: Child,
    /// Closed, it ends what is process 1 where that is not systemd.
    _stdin: ChildStdin,
    /// Its process 1, by the number that it has here.
    first: String,
    /// Removed behind all others: what is mounted there goes with the processes.
    _groups: Option<Groups>,
    _directory: TempDir,
}

/// Where systemd keeps its groups of processes.
struct Groups(PathBuf);

/// Mounts the copy in `$1`. All units that would be started by themselves are gone, and so is what would
/// make some.
const SET_UP: &str = r#"
set -e
mount -t tmpfs tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
cd "$1/root"
rm -rf usr/lib/systemd/system/*.wants usr/lib/systemd/system/*.requires etc/systemd/system/*.wants
rm -rf usr/lib/systemd/system-generators etc/fstab etc/systemd/system-generators
mount -t proc proc proc
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t tmpfs tmpfs dev
for device in null zero full random urandom tty; do
    touch dev/$device
    mount --bind /dev/$device dev/$device
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs run
set -- "$2" cat
if [ "$1" = systemd ]; then
    mount -t cgroup2 cgroup sys/fs/cgroup
    mkdir -p run/systemd/system
    printf '[Unit]\nDefaultDependencies=no\n' >run/systemd/system/nothing.target
    # It would have packages start nothing.
    rm -f usr/sbin/policy-rc.d
    export container=copy
    set -- /lib/systemd/systemd --system --unit=nothing.target --show-status=no --log-level=err
else
    shift
fi
# Not by chroot alone: within one, nobody gets users of their own.
pivot_root . mnt
cd /
umount -l mnt
echo ready
exec "$@"
"#;

impl Machine {
    /// Starts a copy; `None` where this user may not, or there is no systemd, which is said.
    #[track_caller]
    pub(crate) fn start(init: Init) -> Option<Self> {
        if !e2e::may_mount() {
            return None;
        }
        let groups = match init {
            Init::Nothing => None,
            Init::Systemd => match Groups::make() {
                Ok(groups) => Some(groups),
                Err(reason) => {
                    e2e::skip(&format!("no systemd: {reason}"));
                    return None;
                }
            },
        };
        let directory = tempfile::tempdir().unwrap();
        let mut unshare = Command::new("sh");
        // Ends with this thread at the latest. Into its group first, which is the root of all that it sees then.
        unshare.args([
            "-c",
            "[ -z \"$3\" ] || echo $$ >\"$3/cgroup.procs\"
             exec setpriv --pdeathsig KILL unshare --mount --pid --fork --kill-child --uts --ipc --net \
             --cgroup sh -c \"$4\" sh \"$1\" \"$2\"",
            "sh",
        ]);
        unshare.arg(directory.path());
        unshare.arg(match init {
            Init::Nothing => "nothing",
            Init::Systemd => "systemd",
        });
        unshare.arg(groups.as_ref().map_or(Path::new(""), |groups| &groups.0));
        unshare.arg(SET_UP);
        unshare.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut unshare = unshare.spawn().unwrap();
        let stdin = unshare.stdin.take().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(unshare.stdout.take().unwrap());
        stdout.read_line(&mut line).unwrap();
        // What is printed behind it has somewhere to go.
        std::thread::spawn(move || std::io::copy(&mut stdout, &mut std::io::sink()));
        let id = unshare.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let machine = Self {
            first: children.unwrap_or_default().trim().to_owned(),
            unshare,
            _stdin: stdin,
            _groups: groups,
            _directory: directory,
        };
        assert_eq!(line, "ready\n", "the copy cannot be made");
        until("the copy is up", || machine.is_up(init).then_some(()));
        Some(machine)
    }

    fn is_up(&self, init: Init) -> bool {
        match init {
            Init::Nothing => self.try_run("true").is_ok(),
            Init::Systemd => self.try_run("systemctl is-system-running").is_ok(),
        }
    }

    /// Runs a script in it, which must end with 0, and returns what it prints.
    #[track_caller]
    pub(crate) fn run(&self, script: &str) -> String {
        self.try_run(script).unwrap_or_else(|err| panic!("{err}"))
    }

    /// Runs a script in it.
    pub(crate) fn try_run(&self, script: &str) -> Result<String, String> {
        run(self.command(script))
    }

    /// A command that runs a script in it.
    pub(crate) fn command(&self, script: &str) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--target={}", self.first)).args([
            "--mount", "--pid", "--uts", "--ipc", "--net", "--cgroup", "--root", "env", "-i",
        ]);
        command.args([
            "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND=noninteractive",
            "LC_ALL=C.UTF-8",
        ]);
        command.args(["sh", "-ec"]);
        command.arg(format!("cd /; umask 022; {script}"));
        command
    }

    /// A path in it, by which it is reached from here.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        format!("/proc/{}/root{path}", self.first).into()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Its process 1 ends with it, and all others with that one.
        self.unshare.kill().ok();
        self.unshare.wait().ok();
    }
}

impl Groups {
    /// Makes a group that is nobody else's.
    fn make() -> Result<Self, String> {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        if !Path::new("/lib/systemd/systemd").exists() {
            return Err("it is not installed".to_owned());
        }
        let mounts = fs::read_to_string("/proc/self/mounts").map_err(|err| err.to_string())?;
        let mounts = mounts.lines().map(|line| line.split(' '));
        let mut mounts = mounts.filter_map(|mut fields| Some((fields.nth(1)?, fields.next()?)));
        let (at, _) = mounts
            .find(|(_, kind)| *kind == "cgroup2")
            .ok_or("there is no cgroup2")?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let path = Path::new(at).join(format!("packages-{}-{number}", std::process::id()));
        fs::create_dir(&path).map_err(|err| format!("{}: {err}", path.display()))?;
        Ok(Self(path))
    }
}

impl Drop for Groups {
    fn drop(&mut self) {
        let began = Instant::now();
        // Those who have just ended are still in them for a moment.
        while remove(&self.0).is_err() && began.elapsed() < SOON {
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}

/// Removes a group and those below it.
fn remove(group: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(group)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove(&entry.path())?;
        }
    }
    fs::remove_dir(group)
}
