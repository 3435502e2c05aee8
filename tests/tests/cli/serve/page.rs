//! The page in a browser: the flows of `tests/page`, which node runs.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::FlockOperation;
use rustix::process::{Pid, Signal};

use super::{Serving, settings, state_of};
use crate::Place;
use crate::fleet::dead::put;
use crate::fleet::said;

/// How long all flows may take; two minutes on a machine that does nothing else.
const LIMIT: Duration = Duration::from_secs(20 * 60);

/// The oldest node that has what the flows use.
const NODE: u32 = 20;

/// The flows.
fn flows() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("page")
}

/// What a program says of its version; nothing when it is not there.
fn version(program: &str) -> Option<String> {
    let output = Command::new(program).arg("--version").output().ok()?;
    let is_good = output.status.success();
    is_good.then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// What is missing on this machine, if anything is.
fn missing() -> Option<String> {
    let browser = std::env::var("PAGE_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
    for (program, package) in [("node", "nodejs"), ("npm", "npm"), (&*browser, "chromium")] {
        let Some(version) = version(program) else {
            return Some(format!("{program} is not installed (Debian: {package})"));
        };
        let major = version.trim_start_matches('v').split('.').next();
        let major = major.and_then(|it| it.parse::<u32>().ok());
        if program == "node" && major.is_none_or(|it| it < NODE) {
            return Some(format!("node {version} is older than {NODE}"));
        }
    }
    None
}

/// Installs what the flows need below the target directory, once for each lock file. The error is why it
/// cannot be fetched.
fn installed() -> Result<PathBuf, String> {
    let directory = e2e::target_dir().join("page");
    fs::create_dir_all(&directory).unwrap();
    // Held until the end: npm removes what is there before it installs.
    let lock = File::create(directory.join("in-use")).unwrap();
    rustix::fs::flock(&lock, FlockOperation::LockExclusive).unwrap();
    let wanted = fs::read_to_string(flows().join("package-lock.json")).unwrap();
    let done = directory.join("installed");
    if fs::read_to_string(&done).is_ok_and(|it| it == wanted) {
        return Ok(directory);
    }
    for file in ["package.json", "package-lock.json"] {
        fs::copy(flows().join(file), directory.join(file)).unwrap();
    }
    let installing = Command::new("npm")
        .args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"])
        .current_dir(&directory)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    if !installing.status.success() {
        return Err(String::from_utf8_lossy(&installing.stderr).into_owned());
    }
    fs::write(done, wanted).unwrap();
    Ok(directory)
}

/// Waits for its end; nothing when it takes too long, and then it and what it started are ended.
fn end_of(child: &mut Child) -> Option<ExitStatus> {
    let began = Instant::now();
    let ended_within = |child: &mut Child, limit: Duration| {
        while began.elapsed() < limit {
            if let Some(status) = child.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        None
    };
    let status = ended_within(child, LIMIT);
    let group = Pid::from_child(child);
    if status.is_none() {
        // The browser, which is in a group of its own, is ended by node.
        rustix::process::kill_process_group(group, Signal::TERM).ok();
        ended_within(child, LIMIT + Duration::from_secs(20));
        rustix::process::kill_process_group(group, Signal::KILL).ok();
        child.wait().unwrap();
    }
    status
}

#[test]
fn a_browser_sees_and_does_on_the_page_what_an_operator_needs() {
    if let Some(missing) = missing() {
        return e2e::skip(&missing);
    }
    let modules = match installed() {
        Ok(modules) => modules,
        Err(said) => return e2e::skip(&format!("npm cannot install the browser tests: {said}")),
    };
    let place = Place::with(&["subprocess", "hello"]);
    let tokens = place.directory.path().join("read.token");
    fs::write(&tokens, "reader-reader-reader\n").unwrap();
    fs::set_permissions(&tokens, fs::Permissions::from_mode(0o600)).unwrap();
    let settings = settings(
        &place,
        &format!("[[tokens]]\nfile = {tokens:?}\nrole = 'read'\n"),
    );
    let tcp = ["--listen", "127.0.0.1:0"];
    let Some(server) = e2e::nats::Server::start(&[]) else {
        return;
    };
    let (code, _, stderr) = said(&server.url(), &["queue", "init"]);
    assert_eq!(code, 0, "{stderr}");
    let words = ["--config", &settings, "--queue", &server.url()];
    let serving = Serving::start(
        &place,
        &[words, ["--queue-name", "north", tcp[0], tcp[1]]].concat(),
    );
    // Something that is tried no more.
    put(&server.url(), "broken", "no task");
    let token = fs::read_to_string(state_of(&place).join("token")).unwrap();
    let unlocked = Place::with(&["subprocess", "hello"]);
    let open = Serving::start(&unlocked, &["--no-auth", tcp[0], tcp[1]]);

    // Whatever node and the browser leave in their temporary directory goes with it.
    let scratch = tempfile::tempdir().unwrap();
    let path = scratch.path().join("said");
    let said = File::create(&path).unwrap();
    let mut node = Command::new("node")
        .args(["--test", "--test-reporter=spec", "all.test.mjs"])
        .current_dir(flows())
        .env("PAGE_URL", format!("http://{}", serving.address("http")))
        .env("PAGE_TOKEN", token.trim())
        .env("PAGE_TOKENS", &tokens)
        .env("PAGE_OPEN_URL", format!("http://{}", open.address("http")))
        .env("PAGE_QUEUE", server.url())
        .env("PAGE_PROGRAM", e2e::solti_host())
        .env("PAGE_PLUGINS", place.plugins())
        .env("PAGE_FAILURES", modules.join("failures"))
        .env("PAGE_MODULES", modules)
        .env_remove("PAGE_FILES")
        .env("TMPDIR", scratch.path())
        .stdin(Stdio::null())
        .stdout(said.try_clone().unwrap())
        .stderr(said)
        .process_group(0)
        .spawn()
        .unwrap();
    let status = end_of(&mut node);
    let said = fs::read(path).unwrap();
    let said = String::from_utf8_lossy(&said);
    let status = status.unwrap_or_else(|| panic!("it takes longer than {LIMIT:?}: {said}"));
    assert!(status.success(), "{status}: {said}");
    // That it was all of them, and that none was left out.
    assert!(said.contains("skipped 0"), "{said}");
    serving.kill();
    open.kill();
}
