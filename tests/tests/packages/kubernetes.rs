//! The manifest for Kubernetes, against the published schema, and against what it runs.

use std::fs;
use std::process::Command;

use super::run;

const MANIFEST: &str = "packaging/kubernetes.yaml";
const FLEET: &str = "packaging/kubernetes-fleet.yaml";

fn read(path: &str) -> String {
    fs::read_to_string(e2e::workspace().join(path)).unwrap()
}

/// Checks a manifest strictly; `None` where there is no tool for that, which is said.
#[track_caller]
fn check(path: &str) -> Option<Result<String, String>> {
    let tool = "kubernetes-validate";
    if Command::new(tool).arg("--version").output().is_err() {
        e2e::skip(&format!("no look at the manifest, as there is no {tool}"));
        return None;
    }
    let mut check = Command::new(tool);
    check.args(["--strict", path]);
    Some(run(check))
}

#[test]
fn a_field_that_kubernetes_does_not_know_is_not_in_the_manifest() {
    let path = e2e::workspace().join(MANIFEST);
    let Some(said) = check(path.to_str().unwrap()) else {
        return;
    };
    let said = said.unwrap();
    for resource in ["configmap", "service", "statefulset"] {
        assert!(said.contains(&format!("{resource}/solti-host")), "{said}");
    }
    // The tool would tell.
    let wrong = read(MANIFEST).replace("readOnlyRootFilesystem", "readOnlyRootFileSystem");
    let file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    fs::write(&file, wrong).unwrap();
    let said = check(file.path().to_str().unwrap()).unwrap();
    assert!(said.unwrap_err().contains("readOnlyRootFileSystem"));
}

#[test]
fn a_field_that_kubernetes_does_not_know_is_not_in_the_manifest_of_a_fleet() {
    let path = e2e::workspace().join(FLEET);
    let Some(said) = check(path.to_str().unwrap()) else {
        return;
    };
    let said = said.unwrap();
    for resource in ["configmap", "daemonset"] {
        assert!(said.contains(&format!("{resource}/solti-fleet")), "{said}");
    }
}

/// The lines under `key: |`, without their indentation.
fn block(text: &str, key: &str) -> String {
    let (_, below) = text.split_once(&format!("{key}: |\n")).unwrap();
    let indentation = below.len() - below.trim_start().len();
    let lines = below.lines();
    let lines = lines.take_while(|line| line.len() - line.trim_start().len() >= indentation);
    lines
        .map(|line| line[indentation..].to_owned() + "\n")
        .collect()
}

#[test]
fn the_settings_in_the_manifests_are_good_and_a_pod_gets_more_time_than_they_take() {
    for manifest in [MANIFEST, FLEET] {
        settings_are_good(manifest);
    }
}

fn settings_are_good(manifest: &str) {
    let manifest = read(manifest);
    let settings = block(&manifest, "serve.toml");
    let place = tempfile::tempdir().unwrap();
    let plugins = place.path().join("plugins");
    fs::create_dir(&plugins).unwrap();
    e2e::install("subprocess", &plugins, "subprocess");
    let file = place.path().join("serve.toml");
    fs::write(&file, &settings).unwrap();
    let mut check = Command::new(e2e::solti_host());
    check.arg("serve").arg("--config").arg(file);
    check.arg("--plugins").arg(plugins).arg("--state");
    check.arg(place.path().join("state")).arg("--check");
    assert_eq!(run(check).unwrap(), "the settings are good; 1 plugin\n");
    let seconds = |text: &str, key: &str| -> u64 {
        let (_, behind) = text.split_once(key).unwrap();
        let digits = behind.split(|c: char| !c.is_ascii_digit()).next();
        digits.unwrap().parse().unwrap()
    };
    let takes = seconds(&settings, "drain = \"") + 2 * seconds(&settings, "grace = \"") + 8;
    assert!(takes < seconds(&manifest, "terminationGracePeriodSeconds: "));
}

/// Each of these stands in two files, and does nothing good where they differ.
#[test]
fn the_manifest_runs_the_image_as_the_image_is_made() {
    let manifest = read(MANIFEST);
    let image = read("packaging/Containerfile");
    assert!(image.contains("\nUSER 10001:10001\n"));
    for id in ["runAsUser: 10001", "runAsGroup: 10001", "fsGroup: 10001"] {
        assert!(manifest.contains(id), "{id}");
    }
    assert!(image.contains("\nEXPOSE 7480\n"));
    assert!(manifest.contains("containerPort: 7480"));
    for path in [
        "/etc/solti/plugins",
        "/var/lib/solti",
        "/etc/solti/serve.toml",
    ] {
        assert!(image.contains(path), "{path}");
        assert!(manifest.contains(&format!("mountPath: {path}\n")), "{path}");
    }
    let version = env!("CARGO_PKG_VERSION");
    assert!(manifest.contains(&format!("image: &image solti-host:{version}\n")));
    // What many have is no secret.
    assert!(!manifest.contains("kind: Secret"));
}
