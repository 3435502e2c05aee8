//! The functions that guests of the interpreter are provided with.

use ::wasmi::{Caller, Engine, Error, Linker};
use wasi_common::WasiCtx;
use wasi_common::snapshots::preview_1::types::Errno;
use wasmi_wasi::sync::snapshots::preview_1::wrapped;

use super::guest::Guest;
use crate::wasi::PREVIEW_1;

/// The most buffers that one call reads into or writes from; POSIX has the same limit. WASI lets a
/// call do less than it was asked to.
const MAX_BUFFERS: i32 = 1024;
/// The most subscriptions of one `poll_oneoff`.
const MAX_SUBSCRIPTIONS: i32 = 4096;

/// Makes a linker that has WASI.
///
/// The library keeps a list of its own of all buffers and subscriptions of a call, so that a guest
/// could make the host take several times the memory that it may take itself.
pub(super) fn linker(engine: &Engine) -> Linker<Guest> {
    let mut linker = Linker::new(engine);
    wasmi_wasi::add_to_linker(&mut linker, wasi).expect("an empty linker takes every definition");
    linker.allow_shadowing(true);
    define_bounded(&mut linker).expect("shadowing is allowed");
    linker.allow_shadowing(false);
    linker
}

fn define_bounded(linker: &mut Linker<Guest>) -> Result<(), Error> {
    type Call<'a> = Caller<'a, Guest>;

    // The library's own refuses codes from 126 on, which programs may well use.
    linker.func_wrap(PREVIEW_1, "proc_exit", |code: i32| -> Result<(), Error> {
        Err(Error::i32_exit(code))
    })?;
    let read = wrapped::fd_read(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "fd_read",
        move |call: Call<'_>, fd, buffers, count, read_count| {
            read(call, fd, buffers, at_most(MAX_BUFFERS, count), read_count)
        },
    )?;
    let pread = wrapped::fd_pread(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "fd_pread",
        move |call: Call<'_>, fd, buffers, count, at, read_count| {
            pread(
                call,
                fd,
                buffers,
                at_most(MAX_BUFFERS, count),
                at,
                read_count,
            )
        },
    )?;
    let write = wrapped::fd_write(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "fd_write",
        move |call: Call<'_>, fd, buffers, count, written| {
            write(call, fd, buffers, at_most(MAX_BUFFERS, count), written)
        },
    )?;
    let pwrite = wrapped::fd_pwrite(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "fd_pwrite",
        move |call: Call<'_>, fd, buffers, count, at, written| {
            pwrite(call, fd, buffers, at_most(MAX_BUFFERS, count), at, written)
        },
    )?;
    let receive = wrapped::sock_recv(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "sock_recv",
        move |call: Call<'_>, fd, buffers, count, flags, read, out| {
            receive(
                call,
                fd,
                buffers,
                at_most(MAX_BUFFERS, count),
                flags,
                read,
                out,
            )
        },
    )?;
    let send = wrapped::sock_send(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "sock_send",
        move |call: Call<'_>, fd, buffers, count, flags, sent| {
            send(call, fd, buffers, at_most(MAX_BUFFERS, count), flags, sent)
        },
    )?;
    let poll = wrapped::poll_oneoff(wasi);
    linker.func_wrap(
        PREVIEW_1,
        "poll_oneoff",
        move |call: Call<'_>, subscriptions, events, count, ready| {
            // An event less would be missed, so this is refused, as `poll` of POSIX does.
            if at_most(MAX_SUBSCRIPTIONS, count) != count {
                return Ok(Errno::Inval as i32);
            }
            poll(call, subscriptions, events, count, ready)
        },
    )?;
    Ok(())
}

fn wasi(guest: &mut Guest) -> &mut WasiCtx {
    &mut guest.wasi
}

/// `count`, which WASI has unsigned, or `limit`.
fn at_most(limit: i32, count: i32) -> i32 {
    if (0..=limit).contains(&count) {
        count
    } else {
        limit
    }
}
