//! A service that systemd starts: what it is told, and the sockets that it gives.

use std::os::fd::AsRawFd as _;
use std::os::unix::net::UnixDatagram;
use std::time::Duration;

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
    assert!(ready.contains("STATUS=1 plugins, 0 refused"), "{ready}");
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

/// The socket is opened before the service is there, and stays when it has gone.
#[test]
fn sockets_of_systemd_are_listened_on_and_who_connects_before_is_answered() {
    let place = Place::with(&["subprocess"]);
    let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let early = std::thread::spawn(move || {
        e2e::http::Client::Tcp(address)
            .send("GET", "/livez", &[], b"")
            .status
    });
    std::thread::sleep(Duration::from_millis(50));
    for _ in 0..2 {
        // As systemd does it: the third descriptor, and the number of the process that it is for.
        let mut shell = std::process::Command::new("bash");
        let number = socket.as_raw_fd();
        let program = e2e::solti_host();
        let line = format!(
            "exec 3<&{number}; LISTEN_PID=$$ LISTEN_FDS=1 LISTEN_FDNAMES=http exec \"$@\"",
        );
        shell
            .arg("-c")
            .arg(line)
            .arg("sh")
            .arg(program)
            .arg("serve");
        shell
            .arg("--plugins")
            .arg(place.plugins())
            .arg("--state")
            .arg(state_of(&place));
        rustix::io::fcntl_setfd(&socket, rustix::io::FdFlags::empty()).unwrap();
        let running = Running::start(&mut shell);
        let ready = running.line();
        assert!(ready.contains(&format!("http://{address}")), "{ready}");
        let livez = e2e::http::Client::Tcp(address).send("GET", "/livez", &[], b"");
        assert_eq!(livez.status, 200);
        // It asks for the token all the same.
        let tasks = e2e::http::Client::Tcp(address).send("GET", "/v1/tasks", &[], b"");
        assert_eq!(tasks.status, 401);
        running.signal(Signal::TERM);
        let (code, stderr) = running.end();
        assert_eq!(code, Some(0), "{stderr}");
    }
    assert_eq!(early.join().unwrap(), 200);
}
