//! A service that systemd starts: what it is told, and the sockets that it gives.

use std::os::fd::{AsFd, AsRawFd as _};
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

use e2e::http::Client;
use rustix::process::Signal;

use super::state_of;
use crate::{Place, Running, SOON};

/// The next message that systemd would get.
fn told(systemd: &UnixDatagram) -> String {
    let mut text = [0; 4096];
    let len = systemd.recv(&mut text).expect("a message comes soon");
    String::from_utf8(text[..len].to_vec()).unwrap()
}

/// The next one that has a line.
fn until(systemd: &UnixDatagram, line: &str) -> String {
    loop {
        let told = told(systemd);
        if told.lines().any(|it| it == line) {
            return told;
        }
    }
}

#[test]
fn systemd_is_told_when_it_is_ready_looks_again_lives_and_stops() {
    let place = Place::with(&["subprocess"]);
    let path = place.directory.path().join("notify");
    let systemd = UnixDatagram::bind(&path).unwrap();
    systemd.set_read_timeout(Some(SOON)).unwrap();
    let mut command = place.command("serve", &[]);
    command
        .arg("--state")
        .arg(state_of(&place))
        .env("NOTIFY_SOCKET", &path)
        .env("WATCHDOG_USEC", "300000");
    let running = Running::start(&mut command);
    let ready = until(&systemd, "READY=1");
    assert!(ready.contains("STATUS=1 plugin, 0 refused"), "{ready}");
    until(&systemd, "WATCHDOG=1");
    until(&systemd, "WATCHDOG=1");
    running.signal(Signal::HUP);
    let reloading = until(&systemd, "RELOADING=1");
    assert!(reloading.contains("MONOTONIC_USEC="), "{reloading}");
    until(&systemd, "READY=1");
    running.signal(Signal::TERM);
    until(&systemd, "STOPPING=1");
    let (code, stderr) = running.end();
    assert_eq!(code, Some(0), "{stderr}");
}

/// A service that is given a socket as systemd does it: the third descriptor, its name, and the number of the
/// process that it is for.
fn start_with(place: &Place, socket: &impl AsFd, name: &str, more: &[&str]) -> Running {
    rustix::io::fcntl_setfd(socket, rustix::io::FdFlags::empty()).unwrap();
    let number = socket.as_fd().as_raw_fd();
    let line =
        format!("exec 3<&{number}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES={name} exec \"$@\"");
    let mut shell = std::process::Command::new("bash");
    shell.args(["-c", &line, "sh"]).arg(e2e::solti_host());
    shell.arg("serve").arg("--plugins").arg(place.plugins());
    shell.arg("--state").arg(state_of(place)).args(more);
    Running::start(&mut shell)
}

/// The socket is opened before the service is there, and stays when it has gone.
#[test]
fn sockets_of_systemd_are_listened_on_and_who_connects_before_is_answered() {
    let place = Place::with(&["subprocess"]);
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let client = Client::Tcp(address);
    let early = std::thread::spawn(move || livez(&Client::Tcp(address)));
    std::thread::sleep(Duration::from_millis(50));
    for _ in 0..2 {
        let running = start_with(&place, &socket, "http", &[]);
        let ready = running.line();
        assert!(ready.contains(&format!("http://{address}")), "{ready}");
        assert_eq!(livez(&client), 200);
        // It asks for the token all the same.
        let tasks = client.send("GET", "/v1/tasks", &[], b"");
        assert_eq!(tasks.status, 401);
        end(running);
    }
    assert_eq!(early.join().unwrap(), 200);
}

/// systemd listens on it while no service is there, also after one that has taken the place of another; who
/// removes its file makes it unreachable for ever.
#[test]
fn the_file_of_a_unix_socket_of_systemd_stays_when_the_service_ends() {
    let place = Place::with(&["subprocess"]);
    let path = place.directory.path().join("systemd.sock");
    let socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    let client = Client::Unix(path.clone());
    let at = path.to_str().unwrap();
    let running = start_with(&place, &socket, "http", &[]);
    assert!(running.line().contains(at));
    assert_eq!(livez(&client), 200);
    let mut next = place.command("serve", &["--unix", at, "--take-over", "--state"]);
    let next = Running::start(next.arg(state_of(&place)));
    assert!(next.line().contains(at));
    assert_eq!(running.end().0, Some(0));
    assert_eq!(livez(&client), 200);
    end(next);
    assert!(path.exists());
    let again = start_with(&place, &socket, "http", &[]);
    assert!(again.line().contains(at));
    assert_eq!(livez(&client), 200);
    end(again);
    assert!(path.exists());
}

fn livez(client: &Client) -> u16 {
    client.send("GET", "/livez", &[], b"").status
}

fn end(running: Running) {
    running.signal(Signal::TERM);
    let (code, stderr) = running.end();
    assert_eq!(code, Some(0), "{stderr}");
}
