//! Ports of loopback.

use std::io;
use std::net::{Ipv4Addr, TcpListener};

/// A port that nobody listens on at the moment.
///
/// # Errors
///
/// When the machine has none.
pub fn free() -> io::Result<u16> {
    let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    Ok(free.local_addr()?.port())
}
