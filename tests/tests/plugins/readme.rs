//! The README's plugin is what a newcomer types first, its host what comes next: they must build,
//! load and run as they stand.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use assert_cmd::assert::OutputAssertExt as _;
use e2e::{PLUGIN_SUFFIX, Profile};
use solti_plugin_host::PluginLoader;

use crate::support::{self, Host, command, texts};

/// The first block of a README in this language after a heading.
fn block(readme: &str, heading: &str, language: &str) -> String {
    let readme = fs::read_to_string(e2e::workspace().join(readme)).unwrap();
    let (_, section) = readme.split_once(&format!("\n## {heading}\n")).unwrap();
    let (_, block) = section.split_once(&format!("```{language}\n")).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

/// Builds a plugin outside of the workspace and returns its file. The manifest names the SDK as
/// `named`.
fn built_alone(package: &str, manifest: &str, named: &str, source: &str) -> PathBuf {
    let folder = e2e::target_dir().join(package);
    fs::create_dir_all(folder.join("src")).unwrap();
    let sdk = format!("{{ path = {:?} }}", e2e::workspace().join("plugin-abi"));
    assert!(manifest.contains(named), "{manifest}");
    let manifest = format!(
        "{}\n[workspace]\n[profile.dev]\nopt-level = 1\ndebug = \"line-tables-only\"\n",
        manifest.replace(named, &sdk)
    );
    fs::write(folder.join("Cargo.toml"), manifest).unwrap();
    fs::write(folder.join("src/lib.rs"), source).unwrap();
    // The same versions of everything, so that nothing is fetched.
    fs::copy(
        e2e::workspace().join("Cargo.lock"),
        folder.join("Cargo.lock"),
    )
    .unwrap();
    let target = e2e::target_dir();
    let mut built = e2e::build(&[], Profile::Dev, &target, |cargo| {
        cargo.current_dir(&folder);
    });
    built.plugins.remove(package).unwrap()
}

#[tokio::test]
async fn the_readmes_plugin_builds_loads_and_runs() {
    let manifest = format!(
        "[package]\nname = \"readme-plugin\"\nversion = \"0.0.0\"\nedition = \"2024\"\n{}",
        block("README.md", "Write a plugin", "toml")
    );
    let source = block("README.md", "Write a plugin", "rust");
    let built = built_alone("readme-plugin", &manifest, "\"0.1\"", &source);

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(format!("hello.{PLUGIN_SUFFIX}"));
    fs::copy(built, file).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    let task = host.build(&command("s", "anything", &[]));
    for attempt in 1..=2 {
        let (end, lines) = host.attempt(&task, Default::default()).await;
        end.unwrap();
        assert_eq!(texts(&lines), ["hello"]);
        assert_eq!(lines[0].attempt, attempt, "a retry has a number of its own");
    }
}

#[test]
fn the_smallest_example_is_a_template_that_builds_outside_of_the_workspace() {
    let manifest = block("example-plugins/hello/README.md", "As a template", "toml");
    let source = e2e::workspace().join("example-plugins/hello/src/lib.rs");
    let source = fs::read_to_string(source).unwrap();
    let named = "{ path = \"../plugin-host/plugin-abi\" }";
    let built = built_alone("my-plugin", &manifest, named, &source);
    let inspection = solti_plugin_host::inspect::inspect(&fs::read(built).unwrap());
    assert_eq!(inspection.stamp.unwrap().plugin, "my-plugin");
}

#[test]
fn the_readmes_host_is_the_beginning_of_an_example_that_runs_a_task() {
    let source = e2e::workspace().join("host/examples/embed.rs");
    let readmes = block(
        "README.md",
        "Load plugins into a program of your own",
        "rust",
    );
    let example = fs::read_to_string(source).unwrap();
    assert!(example.contains(&readmes), "README.md has:\n{readmes}");

    // As `cargo test` has built it already, if it was that which has run this.
    let built = e2e::build(&[], Profile::Dev, &e2e::target_dir(), |cargo| {
        cargo.args(["--workspace", "--example", "embed"]);
    });
    let embed = || Command::new(&built.programs["embed"]);
    let directory = support::directory_with(&["hello"]);
    let run = embed()
        .arg(directory.path())
        .args(["hello", "you"])
        .assert();
    let printed = String::from_utf8(run.success().get_output().stdout.clone()).unwrap();
    assert!(
        printed.ends_with("1 loaded, 0 rejected, 0 skipped\nhello, you\n"),
        "{printed}"
    );

    // Neither a runner that is dropped slowly nor a sink that is kept holds it up for long.
    let slow = support::directory_with(&["specimen"]);
    let sidecar = slow.path().join("specimen.toml");
    fs::write(sidecar, "[config]\ndrop_ms = 60000\n").unwrap();
    for word in ["ready", "keep-sink"] {
        let began = Instant::now();
        embed().arg(slow.path()).arg(word).assert().success();
        assert!(began.elapsed() < Duration::from_secs(25), "{word}");
    }

    // What goes wrong is said as text, not as the structure of an error.
    let missing = directory.path().join("missing");
    let run = embed().arg(&missing).arg("hello").assert().code(1);
    let said = String::from_utf8_lossy(&run.get_output().stderr);
    let missing = missing.display();
    let expected = format!(
        "plugin directory {missing}: cannot be read: No such file or directory (os error 2); name the \
         directory that holds the plugins\n"
    );
    assert_eq!(said, expected);
}
