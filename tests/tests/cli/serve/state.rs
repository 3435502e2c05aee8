//! The state directory, and what a service does with one that it cannot use.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Serving, settings, state_of};
use crate::{Place, end, shown};

/// What `serve` says of a state directory that it cannot use, without its path.
fn said(place: &Place, words: &[&str]) -> String {
    let state = shown(state_of(place));
    let ended = end(place.command("serve", words).args(["--state", &state]));
    assert_eq!(ended.code, Some(2), "{ended:?}");
    ended.stderr.replace(&state, "STATE")
}

#[test]
fn a_second_service_is_refused_unless_it_is_to_take_over() {
    let place = Place::with(&["subprocess"]);
    let first = Serving::start(&place, &[]);
    let pid = first.running.child.id();
    assert_eq!(
        said(&place, &[]),
        format!(
            "error: state directory STATE: another service works in it (process {pid}): stop that one first, \
             or say --take-over to have it stop\n"
        )
    );
    assert_eq!(first.get("/readyz").status, 200, "the first one goes on");
    let second = Serving::start(&place, &["--take-over"]);
    assert_eq!(second.get("/readyz").status, 200);
    assert_eq!(first.running.end().0, Some(0));
}

#[test]
fn a_directory_that_cannot_be_used_is_refused_with_what_to_do() {
    let place = Place::with(&["subprocess"]);
    let state = state_of(&place);
    fs::create_dir(&state).unwrap();
    fs::set_permissions(&state, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        said(&place, &[]),
        "error: state directory STATE: has mode 0755, expected 0700: others could read output and the \
         token; run `chmod 700` on it\n"
    );
    fs::set_permissions(&state, fs::Permissions::from_mode(0o700)).unwrap();
    fs::write(state.join("VERSION"), "solti-host state 9\n").unwrap();
    assert_eq!(
        said(&place, &[]),
        "error: state directory STATE: has the layout \"solti-host state 9\", this program's is \
         \"solti-host state 1\": use the program that made it, or another directory\n"
    );
    fs::remove_file(state.join("VERSION")).unwrap();
    fs::write(state.join("tasks.redb"), "no database").unwrap();
    let text = said(&place, &[]);
    assert!(text.starts_with("error: the store of tasks: "), "{text}");
    fs::remove_file(state.join("tasks.redb")).unwrap();
    Serving::start(&place, &[]);
}

#[test]
fn an_address_in_use_is_named() {
    let place = Place::with(&["subprocess"]);
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    assert_eq!(
        said(&place, &["--listen", &address]),
        format!("error: cannot listen on http://{address}: Address already in use (os error 98)\n")
    );
}

#[test]
fn a_service_is_not_ready_without_a_plugin_that_is_required() {
    let place = Place::with(&["subprocess"]);
    let config = settings(&place, "require = ['wasm']\n");
    let serving = Serving::start(&place, &["--config", &config]);
    let answer = serving.get("/readyz");
    assert_eq!(answer.status, 503);
    assert_eq!(
        answer.json()["reasons"][0],
        "plugin wasm, which is required, is not loaded"
    );
    assert_eq!(serving.get("/livez").status, 200);
    let checked = end(&mut place.command("serve", &["--config", &config, "--check"]));
    assert_eq!(checked.code, Some(2));
    assert_eq!(
        checked.stderr,
        format!(
            "error: require: plugin wasm is not loaded from {}\n",
            place.plugins().display()
        )
    );
}

#[test]
fn the_settings_are_checked_without_a_service() {
    let place = Place::with(&["subprocess"]);
    let state = shown(state_of(&place));
    let good = end(&mut place.command("serve", &["--state", &state, "--check"]));
    assert_eq!(
        (good.code, &*good.stdout),
        (Some(0), "the settings are good; 1 plugin\n")
    );
    assert!(!state_of(&place).exists(), "nothing was made");
    let config = place.file("serve.toml", "plugins = 'p'\nstate = 's'\ngrace = 5\n");
    let bad = end(&mut place.command("serve", &["--config", &config, "--check"]));
    assert_eq!(bad.code, Some(2));
    assert_eq!(
        bad.stderr,
        format!(
            "error: {config}: grace: invalid type: integer `5`, expected a time such as \"10s\"\n"
        )
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_directory_that_cannot_be_written_to_is_refused() {
    if !e2e::may_mount() {
        return;
    }
    let place = Place::with(&["subprocess"]);
    Serving::start(&place, &[]).terminate();
    let state = shown(state_of(&place));
    let script = "mount --bind \"$0\" \"$0\" && mount -o remount,ro,bind \"$0\" && exec \"$@\"";
    let mut command = std::process::Command::new("unshare");
    command
        .args(["-m", "sh", "-c", script, &state])
        .arg(e2e::solti_host())
        .args(["serve", "--plugins"])
        .arg(place.plugins())
        .args(["--state", &state])
        .env_remove("RUST_LOG");
    let ended = end(&mut command);
    assert_eq!(ended.code, Some(2), "{ended:?}");
    assert_eq!(
        ended.stderr.replace(&state, "STATE"),
        "error: state directory STATE/lock: cannot lock it: Read-only file system (os error 30)\n"
    );
}
