//! A way between hosts and servers that can be held back and cut.

use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// A way to a server: what comes to its port goes there and back, while it is open.
pub(super) struct Proxy {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    /// Nothing goes through, and nobody is told.
    held: AtomicBool,
    /// Nobody is let in.
    shut: AtomicBool,
    ended: AtomicBool,
    connections: Mutex<Vec<TcpStream>>,
}

impl Proxy {
    /// A way to a port of this machine.
    pub(super) fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let own = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let accepting = Arc::clone(&state);
        std::thread::spawn(move || {
            for from in listener.incoming() {
                if accepting.ended.load(Ordering::Acquire) {
                    return;
                }
                let Ok(from) = from else { continue };
                if accepting.shut.load(Ordering::Acquire) {
                    continue;
                }
                let Ok(to) = TcpStream::connect(("127.0.0.1", port)) else {
                    continue;
                };
                for (from, to) in [(&from, &to), (&to, &from)] {
                    let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
                    accepting
                        .connections
                        .lock()
                        .unwrap()
                        .push(from.try_clone().unwrap());
                    let state = Arc::clone(&accepting);
                    std::thread::spawn(move || pump(from, to, &state));
                }
            }
        });
        Self { port: own, state }
    }

    pub(super) fn url(&self) -> String {
        format!("nats://127.0.0.1:{}", self.port)
    }

    /// Lets nothing through, as a cable that was pulled out.
    pub(super) fn hold(&self, is_held: bool) {
        self.state.held.store(is_held, Ordering::Release);
    }

    /// Breaks all connections; new ones are let in.
    pub(super) fn cut(&self) {
        for connection in self.state.connections.lock().unwrap().drain(..) {
            let _ = connection.shutdown(Shutdown::Both);
        }
    }

    /// Whether anybody is let in.
    pub(super) fn shut(&self, is_shut: bool) {
        self.state.shut.store(is_shut, Ordering::Release);
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.state.ended.store(true, Ordering::Release);
        self.cut();
        // It waits for one more.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream, state: &State) {
    let mut buffer = [0; 16 << 10];
    while let Ok(read) = from.read(&mut buffer) {
        while state.held.load(Ordering::Acquire) && !state.ended.load(Ordering::Acquire) {
            std::thread::sleep(Duration::from_millis(5));
        }
        if read == 0 || to.write_all(&buffer[..read]).is_err() {
            break;
        }
    }
    let _ = from.shutdown(Shutdown::Both);
    let _ = to.shutdown(Shutdown::Both);
}
