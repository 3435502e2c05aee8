//! The Debian package, installed into copies of this machine's system.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use e2e::http::Client;

use super::machine::{Init, Machine};
use super::{ended, packaging, run, submit, task, until, until_ready};

/// What the unit may be exposed to at most, in tenths, as systemd measures it. It was 14 with systemd 252.
const EXPOSURE: &str = "15";

/// The package, and one that is the same but for its version: the next.
struct Packages {
    this: PathBuf,
    next: PathBuf,
}

/// The version of the next one.
const NEXT: &str = "99.0.0-1";

/// Makes both; nothing where a tool is missing, which is said.
#[track_caller]
fn packages() -> Option<&'static Packages> {
    static PACKAGES: OnceLock<Packages> = OnceLock::new();
    for tool in ["cargo-deb", "dpkg-deb", "dpkg-shlibdeps"] {
        if Command::new(tool).arg("--version").output().is_err() {
            e2e::skip(&format!("no package, as there is no {tool}"));
            return None;
        }
    }
    Some(PACKAGES.get_or_init(make))
}

fn make() -> Packages {
    let directory = e2e::target_dir().join("packages");
    fs::remove_dir_all(&directory).ok();
    fs::create_dir_all(&directory).unwrap();
    let this = directory.join("this.deb");
    run(packaging("deb", &["--fast", "--output", shown(&this)])).unwrap();
    let unpacked = directory.join("next");
    dpkg_deb(&["--raw-extract", shown(&this), shown(&unpacked)]);
    let control = unpacked.join("DEBIAN/control");
    let text = fs::read_to_string(&control).unwrap();
    let version = text.lines().find(|line| line.starts_with("Version: "));
    let text = text.replace(version.unwrap(), &format!("Version: {NEXT}"));
    fs::write(&control, text).unwrap();
    // Another text of the settings, and another plugin: what is behind the end of a library is not looked at.
    for (file, more) in [
        ("etc/solti/serve.toml", "# of the next version\n"),
        ("etc/solti/plugins/subprocess.so", "next"),
    ] {
        let path = unpacked.join(file);
        let mut bytes = fs::read(&path).unwrap();
        bytes.extend_from_slice(more.as_bytes());
        fs::write(&path, bytes).unwrap();
    }
    let next = directory.join("next.deb");
    let owner = "--root-owner-group";
    dpkg_deb(&[owner, "-Znone", "--build", shown(&unpacked), shown(&next)]);
    fs::remove_dir_all(&unpacked).unwrap();
    Packages { this, next }
}

fn shown(path: &Path) -> &str {
    path.to_str().unwrap()
}

fn dpkg_deb(args: &[&str]) -> String {
    let mut dpkg = Command::new("dpkg-deb");
    dpkg.args(args);
    run(dpkg).unwrap()
}

impl Machine {
    /// A copy with the package; `None` where there can be none, which is said.
    #[track_caller]
    fn with_package(init: Init) -> Option<(Self, &'static Packages)> {
        let packages = packages()?;
        let machine = Self::start(init)?;
        machine.install(&packages.this);
        Some((machine, packages))
    }

    /// Installs a package. What an administrator has changed stays.
    fn install(&self, package: &Path) {
        fs::copy(package, self.path("/tmp/package.deb")).unwrap();
        // Of no other package: its manual's index, for example.
        self.run("dpkg --install --no-triggers --force-confold /tmp/package.deb");
    }

    fn client(&self) -> Client {
        Client::Unix(self.path("/var/lib/solti/service.sock"))
    }

    /// Every path that has the name of the package, or is below one that has.
    fn named(&self) -> String {
        // The log of what was installed stays.
        self.run(
            "find /etc /usr /var /run /tmp -xdev -path /var/log -prune -o \
             -path '*solti*' -print | sort",
        )
    }

    /// What `stat` says of a path: type and mode, owner, group.
    fn mode(&self, path: &str) -> String {
        self.run(&format!("stat --format '%A %U %G' {path}"))
    }
}

/// Where a host refuses plugins, and dpkg forgets settings.
#[test]
fn nothing_in_the_package_can_be_changed_by_others_and_what_is_configuration_says_so() {
    let Some(packages) = packages() else { return };
    let contents = dpkg_deb(&["--contents", shown(&packages.this)]);
    let mut files = Vec::new();
    for line in contents.lines() {
        let fields: Vec<_> = line.split_whitespace().collect();
        assert!(matches!(fields[1], "root/root" | "0/0"), "{line}");
        let path = fields[5].trim_start_matches('.');
        let mode = match path {
            _ if path.ends_with('/') => "drwxr-xr-x",
            "/usr/bin/solti-host" => "-rwxr-xr-x",
            _ => "-rw-r--r--",
        };
        assert_eq!(fields[0], mode, "{line}");
        files.push(path);
    }
    for path in [
        "/etc/solti/plugins/subprocess.so",
        "/etc/solti/serve.toml",
        "/usr/lib/solti/plugins/container.so",
        "/usr/lib/solti/plugins/hello.so",
        "/usr/lib/solti/plugins/httpcheck.so",
        "/usr/lib/solti/plugins/sqlite.so",
        "/usr/lib/solti/plugins/ssh.so",
        "/usr/lib/solti/plugins/subprocess.so",
        "/usr/lib/solti/plugins/wasm.so",
        "/usr/lib/systemd/system/solti-host.service",
        "/usr/lib/systemd/system/solti-host.socket",
        "/usr/share/bash-completion/completions/solti-host",
        "/usr/share/doc/solti-host/copyright",
        "/usr/share/doc/solti-host/docs/serving.md",
        "/usr/share/fish/vendor_completions.d/solti-host.fish",
        "/usr/share/man/man1/solti-host.1.gz",
        "/usr/share/man/man1/solti-host-serve.1.gz",
        "/usr/share/zsh/vendor-completions/_solti-host",
    ] {
        assert!(files.contains(&path), "{path}: {contents}");
    }
    let conffiles = dpkg_deb(&["--info", shown(&packages.this), "conffiles"]);
    let mut conffiles: Vec<_> = conffiles.lines().collect();
    conffiles.sort_unstable();
    // One plugin is enabled, and it is the administrator's to remove.
    files.retain(|path| path.starts_with("/etc/") && !path.ends_with('/'));
    files.sort_unstable();
    assert_eq!(conffiles, files);
    let depends = dpkg_deb(&["--field", shown(&packages.this), "Depends"]);
    for package in ["adduser", "libc6 (>= "] {
        assert!(depends.contains(package), "{depends}");
    }
}

#[test]
fn systemd_understands_every_line_of_the_unit_and_what_it_is_exposed_to_does_not_grow() {
    let Some((machine, _)) = Machine::with_package(Init::Nothing) else {
        return;
    };
    if machine.try_run("command -v systemd-analyze").is_err() {
        return e2e::skip("no look at the unit, as there is no systemd-analyze");
    }
    let units =
        "/usr/lib/systemd/system/solti-host.service /usr/lib/systemd/system/solti-host.socket";
    // A line that it does not know is no error, but told; of manual pages it knows only those that `man` finds.
    let said = machine.run(&format!("systemd-analyze verify --man=no {units}"));
    assert_eq!(said, "");
    machine.run(&format!(
        "systemd-analyze security --no-pager --offline=true --threshold={EXPOSURE} \
         /usr/lib/systemd/system/solti-host.service"
    ));
}

/// The commands of the page behind the one that installs the package, of an administrator who needs no `sudo`.
fn commands_of_the_page() -> String {
    let page = fs::read_to_string(e2e::workspace().join("docs/install.md")).unwrap();
    let (_, section) = page.split_once("\n## By a Debian package\n").unwrap();
    let (_, block) = section
        .split_once("apt install ./solti-host.deb\n")
        .unwrap();
    let (block, _) = block.split_once("\n```").unwrap();
    let lines = block.lines();
    let lines = lines.filter_map(|line| {
        line.strip_prefix("$ ")
            .or(line.starts_with(' ').then_some(line))
    });
    lines.map(|line| line.replace("sudo ", "") + "\n").collect()
}

/// With systemd, as on a server: what is hardened must not be in the way of plugins and tasks.
#[test]
fn a_service_that_was_installed_works_outlives_an_upgrade_and_leaves_nothing_when_purged() {
    let Some(packages) = packages() else { return };
    let Some(machine) = Machine::start(Init::Systemd) else {
        return;
    };
    let before = machine.named();
    machine.install(&packages.this);
    let enabled = "systemctl is-enabled solti-host.service solti-host.socket || true";
    assert_eq!(machine.run(enabled), "enabled\ndisabled\n");
    // Installing has started it, and waited until it was ready.
    assert_eq!(machine.run("systemctl is-active solti-host"), "active\n");
    let client = machine.client();
    let (phase, output) = task(
        &client,
        "id -un; sed -n 's/^\\(NoNewPrivs\\|Seccomp\\):.//p' /proc/self/status; \
         touch /etc/here 2>/dev/null || echo closed",
    );
    assert_eq!(phase, "succeeded", "{output}");
    assert_eq!(output, "solti\n1\n2\nclosed\n");

    // What the page has people do next.
    let said = machine.run(&commands_of_the_page());
    assert!(said.starts_with("hello\n"), "{said}");

    // All plugins go through the probe and into the service; the one that needs an engine runs nothing here.
    machine.run("cp /usr/lib/solti/plugins/*.so /etc/solti/plugins/; systemctl reload solti-host");
    let plugins = || client.send("GET", "/v1/plugins", &[], b"").json();
    let plugins = until("all plugins are in service", || {
        Some(plugins())
            .filter(|plugins| plugins["plugins"].as_array().unwrap().len() == e2e::EXAMPLES.len())
    });
    assert_eq!(plugins["rejected"], serde_json::json!([]));
    // It would take the tasks below.
    machine.run("rm /etc/solti/plugins/hello.so");
    let looked = client.send("POST", "/v1/plugins/reload", &[], b"");
    assert_eq!(looked.status, 200, "{}", looked.text());

    // systemd listens instead, as the page has it.
    machine.run(
        "ip link set lo up; systemctl stop solti-host; \
         systemctl enable --now solti-host.socket; systemctl start solti-host",
    );
    let listens = "curl -sS -o /dev/null -w '%{http_code}' http://127.0.0.1:7480";
    assert_eq!(machine.run(&format!("{listens}/readyz")), "200");
    assert_eq!(machine.run(&format!("{listens}/v1/tasks")), "401");

    // An upgrade: another program, the settings and the state of before.
    machine.run("echo 'jobs = 7' >>/etc/solti/serve.toml");
    let kept = submit(&client, "echo kept");
    assert_eq!(ended(&client, &kept).0, "succeeded");
    let pid = "systemctl show --property MainPID solti-host";
    let pid_before = machine.run(pid);
    machine.install(&packages.next);
    assert_eq!(machine.run("systemctl is-active solti-host"), "active\n");
    assert_ne!(machine.run(pid), pid_before);
    assert!(machine.run("dpkg -s solti-host").contains(NEXT));
    let settings = machine.run("cat /etc/solti/serve.toml");
    assert!(settings.ends_with("jobs = 7\n"), "{settings}");
    assert_eq!(
        ended(&client, &kept),
        ("succeeded".into(), "kept\n".to_owned())
    );
    assert_eq!(task(&client, "echo on").0, "succeeded");
    assert_eq!(machine.run(&format!("{listens}/readyz")), "200");

    machine.run("dpkg --remove --no-triggers solti-host");
    let active = "systemctl is-active solti-host.service solti-host.socket || true";
    assert_eq!(machine.run(active), "inactive\ninactive\n");
    assert!(machine.try_run("pgrep -u solti").is_err());
    assert!(
        !machine.path("/usr/bin/solti-host").exists() && machine.path("/var/lib/solti").exists()
    );
    let settings = machine.run("cat /etc/solti/serve.toml");
    assert!(settings.ends_with("jobs = 7\n"), "{settings}");

    machine.run("dpkg --purge --no-triggers solti-host");
    assert_eq!(machine.named(), before);
    assert!(
        machine
            .try_run("getent passwd solti || getent group solti")
            .is_err()
    );
}

/// A service that a test has started in a copy; killed when the test ends before it.
struct Started(Child);

impl Drop for Started {
    fn drop(&mut self) {
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// As in a container, where nobody makes directories and nobody starts what is installed.
#[test]
fn without_systemd_the_user_and_its_directories_are_there_and_what_was_removed_stays_away() {
    let Some((machine, packages)) = Machine::with_package(Init::Nothing) else {
        return;
    };
    assert_eq!(machine.mode("/etc/solti/plugins"), "drwxr-xr-x root root\n");
    assert_eq!(
        machine.mode("/etc/solti/serve.toml"),
        "-rw-r--r-- root root\n"
    );
    assert_eq!(machine.mode("/var/lib/solti"), "drwx------ solti solti\n");
    let user = machine.run("getent passwd solti");
    assert!(
        user.ends_with(":/var/lib/solti:/usr/sbin/nologin\n"),
        "{user}"
    );

    let mut serve = machine.command(
        "exec setpriv --reuid solti --regid solti --clear-groups \
         solti-host serve --config /etc/solti/serve.toml",
    );
    let mut serve = Started(serve.stdout(Stdio::null()).spawn().unwrap());
    let client = machine.client();
    until_ready(&client);
    let (phase, output) = task(&client, "id -un");
    assert_eq!((&*phase, &*output), ("succeeded", "solti\n"));
    machine.run("pkill -TERM -u solti -x solti-host");
    assert_eq!(serve.0.wait().unwrap().code(), Some(0));

    // What an administrator has removed an upgrade does not bring back.
    machine.run("rm /etc/solti/plugins/subprocess.so");
    machine.install(&packages.next);
    assert!(!machine.path("/etc/solti/plugins/subprocess.so").exists());
    assert!(machine.path("/var/lib/solti/tasks.redb").exists());
    machine.run("dpkg --purge --no-triggers solti-host");
    assert!(!machine.path("/var/lib/solti").exists());
    assert!(machine.try_run("getent passwd solti").is_err());
}

/// The settings are what people begin with: each line that they may uncomment is one.
#[test]
fn every_example_in_the_settings_of_the_package_is_taken() {
    let path = e2e::workspace().join("packaging/debian/serve.toml");
    let text = fs::read_to_string(path).unwrap();
    let place = tempfile::tempdir().unwrap();
    let plugins = place.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    fs::set_permissions(&plugins, fs::Permissions::from_mode(0o755)).unwrap();
    e2e::install("subprocess", &plugins, "subprocess");
    let is_setting = |line: &str| line.starts_with('[') || line.contains(" = ");
    let uncommented: Vec<_> = text
        .lines()
        .map(|line| {
            let bare = line.trim_start_matches("# ");
            // A sentence begins with a capital letter.
            let is_one =
                bare.starts_with(|c: char| c == '[' || c.is_lowercase()) && is_setting(bare);
            if is_one { bare } else { line }
        })
        .collect();
    let file = place.path().join("serve.toml");
    let text = uncommented.join("\n");
    assert!(
        text.contains("\n[config.subprocess]\nstop_grace_ms"),
        "{text}"
    );
    fs::write(&file, &text).unwrap();
    let mut check = Command::new(e2e::solti_host());
    check.arg("serve").arg("--config").arg(&file);
    check.arg("--plugins").arg(&plugins);
    check.args(["--state", shown(&place.path().join("state")), "--check"]);
    let said = run(check).unwrap();
    assert_eq!(said, "the settings are good; 1 plugin\n");
}
