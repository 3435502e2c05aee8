//! What happens in the other process: it hears what to do, limits itself, and rehearses what the
//! host would do with the plugin.
//!
//! Nothing here trusts the plugin to return, or to leave anything as it was.

mod between;
mod descriptors;
mod limits;
mod rehearsal;
#[cfg(target_os = "linux")]
mod scope;
mod socket;

use std::io::{self, Read as _, Write as _};

use super::wire::{ANSWERED, Answer, HOST, NO_HOST, Request};
use crate::exit::exit_now;
use rehearsal::Rehearsal;
use socket::Socket;

/// Does what the host at the other end of standard output asks for, and ends the process.
pub(super) fn run() -> ! {
    let code = match serve() {
        Ok(()) => ANSWERED,
        Err(_) => NO_HOST,
    };
    exit_now(code)
}

fn serve() -> io::Result<()> {
    limits::end_with_parent();
    between::step_aside();
    let mut socket = Socket::at_stdout();
    let mut request = Vec::new();
    socket.read_to_end(&mut request)?;
    let request: Request = serde_json::from_slice(&request)?;
    match prepare(&mut socket, &request) {
        Ok(rehearsal) => {
            let host = HOST.to_owned();
            tell(&mut socket, &request, &Answer::Ready { host })?;
            tell(&mut socket, &request, &rehearsal.perform(&request))
        }
        Err(err) => {
            let errno = err.raw_os_error().unwrap_or_default();
            tell(&mut socket, &request, &Answer::Unable { errno })
        }
    }
}

/// What can fail before anything of the plugin runs.
fn prepare(socket: &mut Socket, request: &Request) -> io::Result<Rehearsal> {
    socket.leave_stdout()?;
    let rehearsal = Rehearsal::of_stdin()?;
    limits::set(request)?;
    #[cfg(target_os = "linux")]
    scope::enter();
    Ok(rehearsal)
}

fn tell(socket: &mut Socket, request: &Request, answer: &Answer) -> io::Result<()> {
    socket.write_all(answer.to_line(&request.nonce).as_bytes())
}
