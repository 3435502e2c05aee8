//! Plugins that come, change and go while a service runs.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use e2e::http::Client;
use e2e::{hostile, plugin};
use rustix::process::Signal;
use serde_json::{Value, json};

use super::{Serving, settings, state_of};
use crate::{Place, SOON, command, shell, with};

/// Puts a file in its place as a careful operator does: whole, by a rename.
pub(super) fn put(place: &Place, name: &str, bytes: &[u8]) -> PathBuf {
    let path = place.plugins().join(name);
    put_at(&path, bytes);
    path
}

fn put_at(path: &Path, bytes: &[u8]) {
    let unfinished = path.with_extension("part");
    fs::write(&unfinished, bytes).unwrap();
    fs::set_permissions(&unfinished, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(unfinished, path).unwrap();
}

/// A plugin of the fixtures with other bytes, which say nothing.
pub(super) fn version(package: &str, number: u32) -> Vec<u8> {
    let mut bytes = fs::read(plugin(package)).unwrap();
    bytes.extend(number.to_le_bytes());
    bytes
}

fn digest(bytes: &[u8]) -> String {
    use sha2::Digest as _;
    let digest = sha2::Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

impl Serving {
    pub(super) fn plugins(&self) -> Value {
        self.get("/v1/plugins").json()
    }

    /// Waits until the plugins are as `is` accepts.
    pub(super) fn until_plugins(&self, is: impl Fn(&Value) -> bool) -> Value {
        let began = Instant::now();
        loop {
            let plugins = self.plugins();
            if is(&plugins) {
                return plugins;
            }
            assert!(began.elapsed() < SOON, "{plugins:#}");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until a plugin of this name has other bytes than these.
    pub(super) fn until_other(&self, name: &str, before: &Value) -> Value {
        let plugins = self
            .until_plugins(|it| of(it, name).is_some_and(|it| it["sha256"] != before["sha256"]));
        of(&plugins, name).unwrap().clone()
    }

    pub(crate) fn reload(&self) -> Value {
        let answer = self.post("/v1/plugins/reload", &Value::Null);
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }
}

/// The plugin of this name that is in service.
pub(super) fn of<'a>(plugins: &'a Value, name: &str) -> Option<&'a Value> {
    let mut all = plugins["plugins"].as_array().unwrap().iter();
    all.find(|it| it["name"] == name)
}

/// The state of the plugin of this name that departed last.
fn departed<'a>(plugins: &'a Value, name: &str) -> Option<&'a Value> {
    let mut all = plugins["departed"].as_array().unwrap().iter().rev();
    all.find(|it| it["name"] == name)
}

#[test]
fn a_file_that_is_dropped_in_takes_the_next_task_and_one_that_is_removed_takes_none() {
    let place = Place::with(&[]);
    let serving = Serving::start(&place, &[]);
    let refused = serving.post("/v1/tasks", &shell("a", "echo one"));
    assert_eq!(refused.status, 422);
    put(&place, "subprocess.toml", b"labels = { zone = \"eu\" }");
    let file = put(&place, "subprocess.so", &version("subprocess", 0));
    serving.until_plugins(|it| of(it, "subprocess").is_some());
    let selected = with(
        shell("a", "echo two"),
        json!({ "runnerSelector": { "matchLabels": { "zone": "eu" } } }),
    );
    let name = serving.submit(&selected);
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    // The routes of 0.0.8 show what was asked for, though no router knew of it before.
    let task = serving
        .get(&format!("/apis/solti.io/v1/tasks/{name}"))
        .json();
    assert_eq!(
        task["spec"]["runnerSelector"]["matchLabels"]["zone"], "eu",
        "{task:#}"
    );
    assert_eq!(task["spec"]["workload"]["kind"], "Subprocess");
    let runs = serving
        .get(&format!("/apis/solti.io/v1/tasks/{name}/runs"))
        .json();
    assert_eq!(
        runs["runs"][0]["workload"]["kind"], "Subprocess",
        "{runs:#}"
    );

    fs::remove_file(file).unwrap();
    let plugins = serving.until_plugins(|it| of(it, "subprocess").is_none());
    assert_eq!(departed(&plugins, "subprocess").unwrap()["active"], 0);
    let refused = serving.post("/v1/tasks", &selected);
    assert_eq!(refused.error().1, "no_runner");
    let (_, stderr) = serving.terminate();
    for line in ["added plugin subprocess", "retired plugin subprocess"] {
        assert!(stderr.contains(line), "{line}: {stderr}");
    }
}

#[test]
fn a_plugin_that_is_replaced_finishes_what_it_began_and_the_next_attempt_is_of_the_new_one() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let gate = place.directory.path().join("gate");
    let long = serving.submit(&shell(
        "long",
        &format!(
            "while ! [ -e {} ]; do sleep 0.02; done; echo done",
            gate.display()
        ),
    ));
    serving.until(&long, |task| task["phase"] == "running");
    let again = serving.submit(&with(
        shell("again", "sleep 0.05"),
        json!({ "restart": { "type": "always", "intervalMs": 1 } }),
    ));
    let before = of(&serving.plugins(), "subprocess").unwrap().clone();
    put(&place, "subprocess.so", &version("subprocess", 1));
    serving.until_other("subprocess", &before);
    let plugins =
        serving.until_plugins(|it| departed(it, "subprocess").is_some_and(|it| it["active"] == 1));
    assert_eq!(
        departed(&plugins, "subprocess").unwrap()["state"],
        "draining"
    );
    // What makes attempts goes on, by the new one.
    let so_far = serving.get(&format!("/v1/tasks/{again}")).json()["attempts"].as_u64();
    serving.until(&again, |task| {
        task["attempts"].as_u64() > so_far.map(|it| it + 3)
    });
    let short = serving.submit(&shell("short", "echo short"));
    assert_eq!(serving.ended(&short)["phase"], "succeeded");
    fs::write(&gate, "").unwrap();
    assert_eq!(serving.ended(&long)["phase"], "succeeded");
    serving.until_plugins(|it| departed(it, "subprocess").unwrap()["state"] == "ended");
    let task = serving.get(&format!("/v1/tasks/{again}")).json();
    for run in task["runs"].as_array().unwrap() {
        assert_ne!(run["phase"], "failed", "{task:#}");
    }
    let all = serving.plugins();
    let now = of(&all, "subprocess").unwrap();
    assert!(
        now["attempts"]["succeeded"].as_u64().unwrap() > 3,
        "{now:#}"
    );
    assert_eq!(now["attempts"]["failed"], 0, "{now:#}");
}

#[test]
fn a_replacement_that_is_refused_leaves_the_old_one_in_service_and_says_why() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &["--probe-time", "2s"]);
    let good = fs::read(plugin("subprocess")).unwrap();
    let aborts = hostile("abort");
    let hangs = hostile("sleep");
    for (bytes, code, said) in [
        (&good[..good.len() / 2], "truncated", "subprocess stays"),
        (
            b"not a library".as_slice(),
            "not_a_library",
            "subprocess stays",
        ),
        (&aborts, "killed", "subprocess stays"),
        (&hangs, "timed_out", "subprocess stays"),
    ] {
        put(&place, "subprocess.so", bytes);
        let plugins = serving.until_plugins(|it| {
            it["rejected"]
                .as_array()
                .unwrap()
                .iter()
                .any(|it| it["code"] == code)
        });
        assert!(
            of(&plugins, "subprocess").is_some(),
            "{code} {said}: {plugins:#}"
        );
        let name = serving.submit(&shell("a", "true"));
        assert_eq!(serving.ended(&name)["phase"], "succeeded", "{code}");
    }
    let changes = serving.reload();
    assert_eq!(changes["refused"][0]["stays"], "subprocess", "{changes:#}");
    // A roll-back is what was there before: nothing is opened for it.
    put(&place, "subprocess.so", &good);
    let plugins = serving.until_plugins(|it| it["rejected"].as_array().unwrap().is_empty());
    assert_eq!(plugins["images"]["open"], 1, "{plugins:#}");
    assert_eq!(departed(&plugins, "subprocess"), None);
    let (_, stderr) = serving.terminate();
    assert!(
        stderr.contains("refused subprocess.so, and plugin 'subprocess' stays as it is: "),
        "{stderr}"
    );
}

#[test]
fn a_roll_back_opens_nothing_whether_the_version_before_has_ended_or_not() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let (one, two) = (
        fs::read(plugin("subprocess")).unwrap(),
        version("subprocess", 2),
    );
    let gate = place.directory.path().join("gate");
    let script = format!("while ! [ -e {} ]; do sleep 0.02; done", gate.display());
    let long = serving.submit(&shell("long", &script));
    serving.until(&long, |task| task["phase"] == "running");
    for round in 0..6 {
        let before = of(&serving.plugins(), "subprocess").unwrap().clone();
        if round == 3 {
            fs::write(&gate, "").unwrap();
            assert_eq!(serving.ended(&long)["phase"], "succeeded");
        }
        if round > 3 {
            // It has neither a thread nor a runtime any more.
            serving.until_plugins(|it| departed(it, "subprocess").unwrap()["state"] == "ended");
        }
        put(
            &place,
            "subprocess.so",
            if round % 2 == 0 { &two } else { &one },
        );
        serving.until_other("subprocess", &before);
        let name = serving.submit(&shell("a", "echo here"));
        assert_eq!(serving.ended(&name)["phase"], "succeeded");
    }
    let plugins = serving.plugins();
    assert_eq!(plugins["images"]["open"], 2, "{plugins:#}");
    assert_eq!(
        plugins["departed"].as_array().unwrap().len(),
        1,
        "{plugins:#}"
    );
    let (code, stderr) = serving.terminate();
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn a_file_with_another_plugin_takes_the_place_of_the_one_before() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    put(&place, "subprocess.so", &version("hello", 0));
    let plugins = serving.until_plugins(|it| of(it, "hello").is_some());
    assert!(of(&plugins, "subprocess").is_none(), "{plugins:#}");
    let refused = serving.post("/v1/tasks", &shell("a", "true"));
    assert_eq!(refused.error().1, "no_runner", "{}", refused.text());
    let name = serving.submit(&command("a", "hello", &["you"]));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
}

#[test]
fn labels_and_names_of_files_change_without_another_image() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let wants = with(
        shell("a", "true"),
        json!({ "runnerSelector": { "matchLabels": { "zone": "eu" } } }),
    );
    assert_eq!(serving.post("/v1/tasks", &wants).status, 422);
    put(&place, "subprocess.toml", b"labels = { zone = \"eu\" }");
    let changes = serving.reload();
    assert!(
        changes["refused"].as_array().unwrap().is_empty(),
        "{changes:#}"
    );
    let name = serving.submit(&wants);
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    let from = place.plugins().join("subprocess.so");
    fs::remove_file(place.plugins().join("subprocess.toml")).unwrap();
    fs::rename(from, place.plugins().join("other.so")).unwrap();
    let plugins =
        serving.until_plugins(|it| of(it, "subprocess").is_some_and(|it| it["file"] == "other.so"));
    assert_eq!(plugins["images"]["open"], 1, "{plugins:#}");
    serving.until_plugins(|_| serving.post("/v1/tasks", &wants).status == 422);
    // Another configuration is another plugin.
    put(&place, "other.toml", b"[config]\nmax_line_bytes = 4096\n");
    let plugins = serving.until_plugins(|it| it["images"]["open"] == 2);
    assert!(of(&plugins, "subprocess").is_some(), "{plugins:#}");
}

#[test]
fn a_directory_that_vanishes_or_cannot_be_read_takes_no_plugin_out_of_service() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let aside = place.directory.path().join("aside");
    fs::rename(place.plugins(), &aside).unwrap();
    let answer = serving.post("/v1/plugins/reload", &Value::Null);
    let (status, code, message) = answer.error();
    assert_eq!((status, code.as_str()), (422, "plugin_directory"));
    assert!(
        message.ends_with("; the plugins stay as they are"),
        "{message}"
    );
    let name = serving.submit(&shell("a", "true"));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    // Back again, as another directory, which a link leads to; then the link leads elsewhere.
    let before = of(&serving.plugins(), "subprocess").unwrap().clone();
    symlink(&aside, place.plugins()).unwrap();
    let changes = serving.reload();
    assert_eq!(changes["unchanged"], 1, "{changes:#}");
    let second = place.directory.path().join("second");
    fs::create_dir(&second).unwrap();
    put_at(&second.join("subprocess.so"), &version("subprocess", 2));
    let link = place.directory.path().join("link");
    symlink(&second, &link).unwrap();
    fs::rename(link, place.plugins()).unwrap();
    serving.until_other("subprocess", &before);
}

/// As Kubernetes changes a volume: the files are links through a link that is swapped.
#[test]
fn a_volume_whose_data_is_swapped_is_one_change() {
    let place = Place::with(&[]);
    let plugins = place.plugins();
    for (data, number) in [("..1", 1), ("..2", 2)] {
        fs::create_dir(plugins.join(data)).unwrap();
        put_at(
            &plugins.join(data).join("subprocess.so"),
            &version("subprocess", number),
        );
    }
    symlink("..1", plugins.join("..data")).unwrap();
    symlink("..data/subprocess.so", plugins.join("subprocess.so")).unwrap();
    let serving = Serving::start(&place, &[]);
    let before = of(&serving.plugins(), "subprocess").unwrap().clone();
    symlink("..2", plugins.join("..data_tmp")).unwrap();
    fs::rename(plugins.join("..data_tmp"), plugins.join("..data")).unwrap();
    serving.until_other("subprocess", &before);
    let plugins = serving.plugins();
    assert_eq!(
        plugins["departed"].as_array().unwrap().len(),
        1,
        "{plugins:#}"
    );
}

/// As on a network file system that somebody else writes to: here the system gives the service no events at
/// all.
#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_tells_of_no_change_is_looked_at_all_the_same() {
    let unshare = |then: &str| {
        let mut command = Command::new("unshare");
        command.args(["--user", "--map-root-user", "sh", "-c", then, "sh"]);
        command
    };
    let without = "echo 0 > /proc/sys/user/max_inotify_instances";
    let may = unshare(without).output();
    if !may.is_ok_and(|output| output.status.success()) {
        return e2e::skip("this user may have no namespace of its own");
    }
    let place = Place::with(&["subprocess"]);
    let serve = place.command("serve", &[]);
    let mut command = unshare(&format!("{without} && exec \"$@\""));
    command.arg(serve.get_program()).args(serve.get_args());
    command.arg("--state").arg(state_of(&place));
    let serving = Serving::start_by(&place, &mut command);
    let before = of(&serving.plugins(), "subprocess").unwrap().clone();
    let file = put(&place, "subprocess.so", &version("subprocess", 1));
    serving.until_other("subprocess", &before);
    fs::remove_file(file).unwrap();
    serving.until_plugins(|it| of(it, "subprocess").is_none());
}

#[test]
fn a_file_that_is_still_written_is_taken_when_it_is_whole() {
    let place = Place::with(&[]);
    let serving = Serving::start(&place, &[]);
    let bytes = version("subprocess", 0);
    let path = place.plugins().join("subprocess.so");
    let mut file = fs::File::create(&path).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    for part in bytes.chunks(bytes.len() / 20) {
        file.write_all(part).unwrap();
        std::thread::sleep(Duration::from_millis(30));
    }
    drop(file);
    let plugins = serving.until_plugins(|it| of(it, "subprocess").is_some());
    assert_eq!(plugins["images"]["open"], 1);
    serving.until_plugins(|it| it["rejected"].as_array().unwrap().is_empty());
}

#[test]
fn a_file_that_is_replaced_ten_times_at_once_ends_as_the_last() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    for number in 1..=10 {
        put(&place, "subprocess.so", &version("subprocess", number));
        std::thread::sleep(Duration::from_millis(20));
    }
    let last = digest(&version("subprocess", 10));
    serving.until_plugins(|it| of(it, "subprocess").unwrap()["sha256"] == last.as_str());
    let name = serving.submit(&shell("a", "true"));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
}

#[test]
fn looks_at_the_same_time_are_made_one_after_the_other_and_a_signal_asks_for_one() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    put(&place, "hello.so", &version("hello", 0));
    let socket = state_of(&place).join("service.sock");
    let reload = || {
        let client = Client::Unix(socket.clone());
        let answer = client.send("POST", "/v1/plugins/reload", &[], b"null");
        answer.json()
    };
    std::thread::scope(|scope| {
        let all: Vec<_> = (0..8).map(|_| scope.spawn(reload)).collect();
        let added: usize = all
            .into_iter()
            .map(|it| it.join().unwrap()["added"].as_array().unwrap().len())
            .sum();
        // Or the service itself has seen it.
        assert!(added <= 1);
    });
    assert!(of(&serving.plugins(), "hello").is_some());
    fs::remove_file(place.plugins().join("hello.so")).unwrap();
    serving.running.signal(Signal::HUP);
    serving.until_plugins(|it| of(it, "hello").is_none());
    let name = serving.submit(&shell("a", "true"));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
}

#[test]
fn a_plugin_that_never_drains_holds_up_neither_the_next_one_nor_the_end() {
    let place = Place::with(&[]);
    put(&place, "hostile.so", &hostile("in-drain:sleep"));
    let serving = Serving::start(&place, &["--grace", "1s", "--no-probe"]);
    put(&place, "hostile.so", &version("hello", 0));
    serving.until_plugins(|it| of(it, "hello").is_some());
    put(&place, "hostile.so", &hostile("in-drain:panic"));
    serving.until_plugins(|it| of(it, "hostile").is_some());
    fs::remove_file(place.plugins().join("hostile.so")).unwrap();
    let plugins = serving.until_plugins(|it| it["plugins"].as_array().unwrap().is_empty());
    assert_eq!(
        plugins["departed"].as_array().unwrap().len(),
        3,
        "{plugins:#}"
    );
    serving.until_plugins(|it| departed(it, "hostile").unwrap()["state"] == "ended");
    let began = Instant::now();
    let (code, stderr) = serving.terminate();
    assert_eq!(code, Some(0), "{stderr}");
    assert!(began.elapsed() < Duration::from_secs(12));
}

#[test]
fn a_plugin_that_has_panicked_too_often_is_put_back() {
    let place = Place::with(&["specimen"]);
    let settings = settings(&place, "max_panics = 2\n");
    let serving = Serving::start(&place, &["--config", &settings]);
    let panics = command("a", "panic-before-await", &[]);
    for _ in 0..2 {
        let name = serving.submit(&panics);
        assert_eq!(serving.ended(&name)["phase"], "failed");
    }
    let refused = serving.post("/v1/tasks", &panics);
    assert_eq!(refused.error().1, "no_runner");
    let plugin = of(&serving.plugins(), "specimen").unwrap().clone();
    assert_eq!(
        (&plugin["state"], &plugin["panics"]),
        (&json!("retired"), &json!(2))
    );
    let last = plugin["lastError"]["text"].as_str().unwrap();
    assert!(
        last.contains("told to panic before the first await"),
        "{last}"
    );
    let back = serving.post("/v1/plugins/specimen/reinstate", &Value::Null);
    assert_eq!(back.json()["state"], "active", "{}", back.text());
    let name = serving.submit(&command("a", "ready", &[]));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    let nobody = serving.post("/v1/plugins/nobody/reinstate", &Value::Null);
    assert_eq!(
        nobody.error().2,
        "no plugin in service is called nobody; /v1/plugins has those that are"
    );
}

#[test]
fn a_plugin_tells_of_itself_and_of_what_it_takes() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let name = serving.submit(&shell("a", "true"));
    serving.ended(&name);
    let plugin = serving.get("/v1/plugins/subprocess").json();
    assert_eq!(plugin["attempts"]["succeeded"], 1, "{plugin:#}");
    assert_eq!(plugin["health"]["status"], "ok");
    assert!(
        plugin["description"]["runners"]["subprocess"].is_object(),
        "{plugin:#}"
    );
    assert_eq!(plugin["memory"]["images"], 1);
    assert!(plugin["memory"]["residentBytes"].as_u64().unwrap() > 10_000);
    assert_eq!(serving.get("/v1/plugins/nobody").error().0, 404);
    let metrics = serving.get("/metrics").text();
    for line in [
        "solti_plugin_attempts_total{plugin=\"subprocess\",outcome=\"succeeded\"} 1",
        "solti_plugin_changes_total{change=\"added\"} 1",
        "solti_plugin_images 1",
        "solti_plugin_panics_total{plugin=\"subprocess\"} 0",
    ] {
        assert!(metrics.lines().any(|it| it == line), "{line} in\n{metrics}");
    }
}

/// Whichever of the two comes first, the file is taken when both are there; until then what was there stays.
#[test]
fn a_signed_file_is_taken_when_its_signature_is_there_whichever_comes_first() {
    let place = Place::with(&[]);
    let key = minisign::KeyPair::generate_unencrypted_keypair().unwrap();
    let public = place.file("key.pub", key.pk.to_box().unwrap().to_string());
    let sign = |bytes: &[u8]| {
        let comment = format!("subprocess {}", env!("CARGO_PKG_VERSION"));
        let signed = minisign::sign(None, &key.sk, bytes, Some(&comment), None);
        signed.unwrap().into_string().into_bytes()
    };
    let (one, two) = (version("subprocess", 1), version("subprocess", 2));
    let serving = Serving::start(&place, &["--public-key", &public]);
    put(&place, "subprocess.so", &one);
    serving.until_plugins(|it| it["rejected"][0]["code"] == "unsigned");
    put(&place, "subprocess.so.minisig", &sign(&one));
    let plugins = serving.until_plugins(|it| of(it, "subprocess").is_some());
    let before = of(&plugins, "subprocess").unwrap().clone();
    assert_eq!(before["signature"]["state"], "good", "{before:#}");
    // The signature of the next one comes first: what is there does not fit it any more, and stays.
    put(&place, "subprocess.so.minisig", &sign(&two));
    serving.until_plugins(|it| !it["rejected"].as_array().unwrap().is_empty());
    let name = serving.submit(&shell("a", "true"));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    put(&place, "subprocess.so", &two);
    serving.until_other("subprocess", &before);
    serving.until_plugins(|it| it["rejected"].as_array().unwrap().is_empty());
}

/// Its successor is constructed while it still runs: what both want exclusively the new one does not get.
#[test]
fn a_successor_that_wants_what_the_plugin_before_owns_is_refused_with_its_own_words() {
    let place = Place::with(&["specimen"]);
    let serving = Serving::start(&place, &[]);
    let held = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = held.local_addr().unwrap().port();
    put(
        &place,
        "specimen.toml",
        format!("[config]\nfail = \"port {port} is in use\"\n").as_bytes(),
    );
    let changes = serving.until_plugins(|it| !it["rejected"].as_array().unwrap().is_empty());
    let reason = changes["rejected"][0]["reason"].as_str().unwrap();
    assert!(
        reason.contains(&format!("port {port} is in use")),
        "{reason}"
    );
    let name = serving.submit(&command("a", "ready", &[]));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    fs::remove_file(place.plugins().join("specimen.toml")).unwrap();
    let plugins = serving.until_plugins(|it| it["rejected"].as_array().unwrap().is_empty());
    assert_eq!(plugins["images"]["open"], 1, "{plugins:#}");
}

#[test]
fn a_look_that_comes_while_it_stops_is_refused_or_answered_and_nothing_hangs() {
    let place = Place::with(&["subprocess"]);
    let serving = Serving::start(&place, &[]);
    let socket = state_of(&place).join("service.sock");
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        for of in 0..2 {
            let (place, stop, socket) = (&place, &stop, &socket);
            scope.spawn(move || {
                let mut number = 0;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    number += 1;
                    put(place, &format!("{of}-{number}.so"), b"no library");
                    let client = Client::Unix(socket.clone());
                    let asked = client.try_send("POST", "/v1/plugins/reload", &[], b"null");
                    if let Ok(answer) = asked {
                        assert!(matches!(answer.status, 200 | 503), "{}", answer.text());
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(200));
        let began = Instant::now();
        let (code, stderr) = serving.terminate();
        assert_eq!(code, Some(0), "{stderr}");
        assert!(began.elapsed() < Duration::from_secs(10));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
