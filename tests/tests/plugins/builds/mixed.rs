//! Plugins of unlike builds in one host.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use e2e::{PLUGIN_SUFFIX, Profile};
use solti_plugin_host::PluginLoader;
use solti_plugin_host::taskvisor::TaskError;
use tokio::sync::Semaphore;

use super::{built_with, other_toolchain, specimen_built_by};
use crate::support::{self, Host, command, texts};

/// A build of which the host loads several copies.
struct Unlike {
    what: &'static str,
    file: PathBuf,
    /// The command of the plugin's that does what only this build can do.
    own: &'static str,
    /// What it says then; the number of the call may follow.
    says: &'static str,
}

/// How many copies of each are loaded.
const COPIES: usize = 2;

/// How many rounds of one plugin run at the same time.
const AT_ONCE: usize = 4;

/// Copies share no static, threads of one runtime wake no task of another, memory goes back to the
/// allocator it came from, and nothing that is thrown in one is caught in another.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn plugins_of_unlike_builds_work_side_by_side_in_one_host() {
    let built = tempfile::tempdir().unwrap();
    let builds = all_builds(built.path());
    let directory = support::directory_with(&[]);
    let mut plugins = Vec::new();
    for build in &builds {
        for copy in 1..=COPIES {
            let name = format!("{}-{copy}", build.what);
            let file = directory.path().join(format!("{name}.{PLUGIN_SUFFIX}"));
            fs::copy(&build.file, file).unwrap();
            let sidecar = format!("name = \"{name}\"\n[labels]\ncopy = \"{name}\"\n");
            fs::write(directory.path().join(format!("{name}.toml")), sidecar).unwrap();
            plugins.push((name, build));
        }
    }
    let host = Arc::new(Host::load_with_rings(directory, PluginLoader::new(), 64));
    assert_eq!(host.report.loaded().len(), plugins.len(), "{}", host.report);

    // All plugins at once, and of each several rounds at the same time.
    let rounds = e2e::times(4, 100);
    let mut running = Vec::new();
    for (name, build) in &plugins {
        let room = Arc::new(Semaphore::new(AT_ONCE));
        for _ in 0..rounds {
            let one = one_round(Arc::clone(&host), name.clone(), build.own);
            let room = Arc::clone(&room);
            let round = async move {
                let _place = room.acquire_owned().await.unwrap();
                one.await
            };
            running.push((name.clone(), build.says, tokio::spawn(round)));
        }
    }
    let mut counted = HashMap::<_, Vec<_>>::new();
    for (name, says, round) in running {
        let (count, own) = round.await.unwrap();
        let call = own.strip_prefix(says);
        let call = call.unwrap_or_else(|| panic!("{name} says {own:?}"));
        counted
            .entry(name)
            .or_default()
            .push((count, call.to_owned()));
    }
    for loaded in host.report.loaded() {
        let name = &loaded.plugin;
        let expected: BTreeSet<_> = (0..rounds).map(|n| n.to_string()).collect();
        let counts = counted[name].iter().map(|(count, _)| count.clone());
        assert_eq!(counts.collect::<BTreeSet<_>>(), expected, "{name}");
        if name.starts_with("cpp") {
            // A static of C++, which a library may share with others in ways that Rust's have not.
            let calls = counted[name].iter().map(|(_, n)| n.trim().to_owned());
            assert_eq!(calls.collect::<BTreeSet<_>>(), expected, "{name}");
        }
        assert_eq!(loaded.handle.panics(), rounds as u64, "{name}");
        assert_eq!(loaded.handle.active_tasks(), 0, "{name}");
        let handle = loaded.handle.clone();
        let ended =
            tokio::task::spawn_blocking(move || handle.shutdown(Duration::from_secs(5))).await;
        assert_eq!(ended.unwrap().unfinished, 0, "{name}");
    }
}

/// Runs every behaviour once on the plugin of this name. Returns its count of the rounds, and what it
/// says of its own.
async fn one_round(host: Arc<Host>, plugin: String, own: &str) -> (String, String) {
    let run = async |word: &str, args: &[&str]| {
        let spec = support::selecting(command("s", word, args), "copy", &plugin);
        let (end, lines) = host.run(&spec).await;
        (end, texts(&lines).join("\n"))
    };
    let fine = async |word: &str, args: &[&str]| {
        let (end, said) = run(word, args).await;
        end.unwrap_or_else(|err| panic!("{plugin}, {word}: {err}"));
        said
    };
    let (lines, net, panicked, count, own) = tokio::join!(
        fine("lines", &["3"]),
        fine("net", &[]),
        run("panic-after-await", &[]),
        fine("count", &[]),
        fine(own, &["thrown"]),
    );
    assert_eq!(lines, "line 0\nline 1\nline 2", "{plugin}");
    assert_eq!(net, "over the network", "{plugin}");
    let Err(TaskError::Fatal { reason, .. }) = &panicked.0 else {
        panic!("{plugin}: {panicked:?}");
    };
    let told = "told to panic after the first await";
    assert!(reason.contains(told), "{plugin}: {reason}");
    (count, own)
}

/// What can be built on this machine. Copies go to `directory` where the next build would replace
/// them.
fn all_builds(directory: &Path) -> Vec<Unlike> {
    let specimen = |what, file| Unlike {
        what,
        file,
        own: "process",
        says: "child",
    };
    let mut builds = vec![specimen("release", built_with("specimen", directory, &[]))];
    match other_toolchain() {
        Some(toolchain) => builds.push(specimen(
            "compiler",
            specimen_built_by(&toolchain, "fixtures-other-rustc"),
        )),
        None => e2e::skip("no second toolchain is installed beside this one"),
    }
    // Of all plugins only this one is built by it, with everything that it depends on.
    if e2e::is_thorough() && has_nightly() {
        builds.push(specimen(
            "nightly",
            specimen_built_by("nightly", "fixtures-nightly"),
        ));
    }
    let says = [
        ("older-tokio", "thrown"),
        ("mimalloc", "thrown"),
        (
            "cpp",
            "caught: a string that is too long to be kept without the heap: thrown",
        ),
    ];
    let mut unlike = built_unlike();
    builds.extend(says.into_iter().filter_map(|(what, says)| {
        Some(Unlike {
            what,
            file: unlike.remove(&format!("unlike-{what}"))?,
            own: "own",
            says,
        })
    }));
    builds
}

fn has_nightly() -> bool {
    let version = Command::new("rustup")
        .args(["run", "nightly", "cargo", "--version"])
        .output();
    version.is_ok_and(|output| output.status.success())
}

/// Builds the workspace `tests/unlike`, as far as its tools are there.
fn built_unlike() -> HashMap<String, PathBuf> {
    let copy = e2e::target_dir().join("unlike");
    copy_unlike(&copy);
    // These crates are not among those of the other workspace, which are there already.
    let target = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let fetched = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["fetch", "--quiet", "--target", &target])
        .current_dir(&copy)
        .output()
        .unwrap();
    if !fetched.status.success() {
        let said = String::from_utf8_lossy(&fetched.stderr);
        e2e::skip(&format!(
            "the crates of tests/unlike cannot be fetched: {said}"
        ));
        return HashMap::new();
    }
    let mut packages = vec!["unlike-older-tokio", "unlike-mimalloc"];
    let compiler = std::env::var_os("CXX").unwrap_or_else(|| "c++".into());
    if Command::new(&compiler).arg("--version").output().is_ok() {
        packages.push("unlike-cpp");
    } else {
        e2e::skip(&format!("there is no C++ compiler {}", compiler.display()));
    }
    let built = e2e::build(&packages, Profile::Dev, &e2e::target_dir(), |cargo| {
        cargo.current_dir(&copy);
    });
    let lock = |directory: &Path| fs::read_to_string(directory.join("Cargo.lock")).unwrap();
    let older = "name = \"tokio\"\nversion = \"1.47.1\"\n";
    assert!(lock(&copy).contains(older));
    assert!(!lock(e2e::workspace()).contains(older));
    built.plugins
}

/// Copies the workspace to where it is built. A file that is there already is left alone, so that what was
/// built of it still is.
fn copy_unlike(copy: &Path) {
    let from = e2e::workspace().join("tests/unlike");
    for file in [
        "Cargo.toml",
        "runner.rs",
        "older-tokio/Cargo.toml",
        "older-tokio/src/lib.rs",
        "mimalloc/Cargo.toml",
        "mimalloc/src/lib.rs",
        "cpp/Cargo.toml",
        "cpp/build.rs",
        "cpp/src/lib.rs",
        "cpp/src/throwing.cc",
    ] {
        let mut content = fs::read_to_string(from.join(file)).unwrap();
        if file == "Cargo.toml" {
            let sdk = e2e::workspace().join("plugin-abi");
            let told = format!("path = {:?}", sdk.to_str().unwrap());
            assert!(content.contains("path = \"../../plugin-abi\""));
            content = content.replace("path = \"../../plugin-abi\"", &told);
        }
        let to = copy.join(file);
        if fs::read_to_string(&to).ok().as_ref() != Some(&content) {
            fs::create_dir_all(to.parent().unwrap()).unwrap();
            fs::write(&to, content).unwrap();
        }
    }
    // Other versions than those of the host only where this workspace asks for them.
    let (seed, lock) = (copy.join("seed.lock"), copy.join("Cargo.lock"));
    let hosts = fs::read(e2e::workspace().join("Cargo.lock")).unwrap();
    if fs::read(&seed).ok().as_ref() != Some(&hosts) || !lock.exists() {
        fs::write(&lock, &hosts).unwrap();
        fs::write(&seed, hosts).unwrap();
    }
}
