//! The README's plugin is what a newcomer types first: it must build, load and run as it stands.

mod support;

use std::fs;

use e2e::{PLUGIN_SUFFIX, Profile};
use solti_plugin_host::PluginLoader;
use support::{Host, command, texts};

/// The first block of the README in this language.
fn block(language: &str) -> String {
    let readme = fs::read_to_string(e2e::workspace().join("README.md")).unwrap();
    let opened = format!("```{language}\n");
    let (_, block) = readme.split_once(&opened).unwrap();
    block.split_once("```").unwrap().0.to_owned()
}

#[tokio::test]
async fn the_readmes_plugin_builds_loads_and_runs() {
    let package = e2e::target_dir().join("readme-plugin");
    fs::create_dir_all(package.join("src")).unwrap();
    let sdk = e2e::workspace().join("plugin-abi");
    let manifest = format!(
        "[package]\nname = \"readme-plugin\"\nversion = \"0.0.0\"\nedition = \"2024\"\n[workspace]\n{}",
        block("toml").replace("\"0.1\"", &format!("{{ path = {sdk:?} }}"))
    );
    fs::write(package.join("Cargo.toml"), manifest).unwrap();
    fs::write(package.join("src/lib.rs"), block("rust")).unwrap();
    // The same versions of everything, so that nothing is fetched.
    fs::copy(
        e2e::workspace().join("Cargo.lock"),
        package.join("Cargo.lock"),
    )
    .unwrap();
    let target = e2e::target_dir().join("fixtures");
    let built = e2e::build(&[], Profile::Dev, &target, |cargo| {
        cargo.current_dir(&package);
    });

    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join(format!("hello.{PLUGIN_SUFFIX}"));
    fs::copy(&built.plugins["readme-plugin"], file).unwrap();
    let host = Host::load(directory, PluginLoader::new());
    assert_eq!(host.report.loaded().len(), 1, "{}", host.report);
    let task = host.build(&command("s", "anything", &[]));
    let (end, lines) = host.attempt(&task, Default::default()).await;
    end.unwrap();
    assert_eq!(texts(&lines), ["hello"]);
}
