//! Plugins that were built when ABI 1 was declared frozen: every later host runs them as they are.

use std::fs;
use std::io::Read as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::serve::Serving;
use crate::{Place, command, end, hello, shell, with};

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("frozen")
}

/// A directory with the frozen plugins, each of the digest that was written down.
fn place() -> Place {
    let place = Place::with(&[]);
    for plugin in ["hello", "subprocess"] {
        let packed = directory().join(format!("{plugin}.so.gz"));
        let unpacked = Command::new("gzip")
            .arg("-dc")
            .arg(packed)
            .output()
            .unwrap();
        assert!(unpacked.status.success(), "{unpacked:?}");
        let path = place.plugins().join(format!("{plugin}.so"));
        fs::write(&path, unpacked.stdout).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    // The loader compares them.
    fs::copy(
        directory().join("SHA256SUMS"),
        place.plugins().join("SHA256SUMS"),
    )
    .unwrap();
    place
}

#[test]
fn they_run_commands_and_scripts_and_end_by_cancellation_and_time() {
    let place = place();
    let serving = Serving::start(&place, &["--require-sums"]);
    let output = |name: &str| serving.get(&format!("/v1/tasks/{name}/output")).text();
    let greeted = serving.submit(&hello("a", "you"));
    assert_eq!(serving.ended(&greeted)["phase"], "succeeded");
    assert_eq!(output(&greeted), "hello, you\n");
    let ran = serving.submit(&command("a", "printf", &["%s\\n", "as it is"]));
    assert_eq!(serving.ended(&ran)["phase"], "succeeded");
    assert_eq!(output(&ran), "as it is\n");
    // `for i in 1 2 3; do echo $i; done; exit 4`
    let body = "Zm9yIGkgaW4gMSAyIDM7IGRvIGVjaG8gJGk7IGRvbmU7IGV4aXQgNA==";
    let script = json!({ "script": { "runtime": "bash", "body": body } });
    let mut spec = shell("b", "");
    spec["kind"]["subprocess"]["mode"] = script;
    let ran = serving.submit(&spec);
    let task = serving.ended(&ran);
    assert_eq!(
        (&task["phase"], &task["exitCode"]),
        (&json!("failed"), &json!(4))
    );
    assert_eq!(output(&ran), "1\n2\n3\n");
    let slow = serving.submit(&shell("c", "echo begun; sleep 60"));
    serving.until(&slow, |_| output(&slow) == "begun\n");
    serving.post(&format!("/v1/tasks/{slow}/cancel"), &Value::Null);
    assert_eq!(serving.ended(&slow)["phase"], "canceled");
    let late = serving.submit(&with(shell("d", "sleep 60"), json!({ "timeout": 200 })));
    assert_eq!(serving.ended(&late)["phase"], "timeout");
}

/// Who reads slowly is waited for: not a byte is missing, and the host does not keep them all.
#[test]
fn their_output_presses_back() {
    let place = place();
    let mut running = place
        .exec(&["--", "seq", "300000"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    std::thread::sleep(std::time::Duration::from_millis(300));
    let resident = e2e::process::resident(running.id()).unwrap();
    let mut written = String::new();
    let mut stdout = running.stdout.take().unwrap();
    stdout.read_to_string(&mut written).unwrap();
    assert!(running.wait().unwrap().success());
    let expected: String = (1..=300_000).map(|number| format!("{number}\n")).collect();
    assert_eq!(written.len(), expected.len());
    assert_eq!(written, expected);
    assert!(resident < 60.0, "{resident} MB");
}

#[test]
fn they_drain_for_their_successors_and_come_back() {
    let place = place();
    fs::remove_file(place.plugins().join("SHA256SUMS")).unwrap();
    let serving = Serving::start(&place, &[]);
    let frozen = fs::read(place.plugins().join("subprocess.so")).unwrap();
    let gate = place.directory.path().join("gate");
    let script = format!(
        "while ! [ -e {} ]; do sleep 0.02; done; echo done",
        gate.display()
    );
    let long = serving.submit(&shell("long", &script));
    serving.until(&long, |task| task["phase"] == "running");
    let subprocess = |serving: &Serving| {
        let plugins = serving.get("/v1/plugins").json();
        let mut all = plugins["plugins"].as_array().unwrap().iter();
        all.find(|it| it["name"] == "subprocess").unwrap()["sha256"].clone()
    };
    let before = subprocess(&serving);
    let put = |bytes: &[u8]| {
        let path = place.plugins().join("subprocess.so");
        fs::write(path.with_extension("part"), bytes).unwrap();
        fs::set_permissions(
            path.with_extension("part"),
            fs::Permissions::from_mode(0o755),
        )
        .unwrap();
        fs::rename(path.with_extension("part"), path).unwrap();
        serving.reload();
    };
    put(&fs::read(e2e::plugin("subprocess")).unwrap());
    assert_ne!(subprocess(&serving), before);
    let other = serving.submit(&shell("other", "true"));
    assert_eq!(serving.ended(&other)["phase"], "succeeded");
    put(&frozen);
    assert_eq!(subprocess(&serving), before);
    let back = serving.submit(&shell("back", "true"));
    assert_eq!(serving.ended(&back)["phase"], "succeeded");
    fs::write(gate, "").unwrap();
    assert_eq!(serving.ended(&long)["phase"], "succeeded");
    assert_eq!(serving.get("/v1/plugins").json()["images"]["open"], 3);
}

/// Who changes one of them says so here as well.
#[test]
fn they_are_those_that_were_declared() {
    let sums = fs::read_to_string(directory().join("SHA256SUMS")).unwrap();
    assert_eq!(
        sums,
        "a5629f60aa5ea748c201ba62f09ceb55ed9615ba9988b5379c4e7e8fbcf7a854  hello.so\n\
         31069ef811ae1f0baa2bd4318d9bee6b7b5ebb380197ffe98dffce4818337cba  subprocess.so\n"
    );
    let place = place();
    let ended = end(crate::solti_host().arg("list").arg(place.plugins()));
    assert_eq!(ended.code, Some(0), "{ended:?}");
}
