//! The guests of the tests, in WebAssembly's text form.

/// Puts together a program: the WASI functions that the tests use, a page of memory, a function
/// `$say` that writes a text at an address to a descriptor, and `items` of the test's own.
pub(crate) fn program(items: &str) -> String {
    format!(
        r#"(module
  (import "wasi_snapshot_preview1" "fd_write"
    (func $fd_write (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "fd_read"
    (func $fd_read (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "path_open"
    (func $path_open (param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
  (import "wasi_snapshot_preview1" "args_sizes_get"
    (func $args_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "args_get" (func $args_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_sizes_get"
    (func $environ_sizes_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "environ_get" (func $environ_get (param i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "poll_oneoff"
    (func $poll (param i32 i32 i32 i32) (result i32)))
  (import "wasi_snapshot_preview1" "clock_time_get"
    (func $now (param i32 i64 i32) (result i32)))
  (import "wasi_snapshot_preview1" "random_get" (func $random (param i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func $say (param $fd i32) (param $text i32) (param $length i32)
    (i32.store (i32.const 0) (local.get $text))
    (i32.store (i32.const 4) (local.get $length))
    (drop (call $fd_write (local.get $fd) (i32.const 0) (i32.const 1) (i32.const 8))))
  {items})"#
    )
}

/// Writes to both streams: whole lines, a line in two parts, and a last one without an end.
pub(crate) fn greeter() -> String {
    program(
        r#"(data (i32.const 1024) "one\ntwo\nthr")
  (data (i32.const 1040) "ee\r\nlast")
  (data (i32.const 1060) "problem\n")
  (func (export "_start")
    (call $say (i32.const 1) (i32.const 1024) (i32.const 11))
    (call $say (i32.const 2) (i32.const 1060) (i32.const 8))
    (call $say (i32.const 1) (i32.const 1040) (i32.const 8)))"#,
    )
}

/// Writes its arguments, and then its environment, a line each.
pub(crate) fn reporter() -> String {
    program(
        r#"(func $lines (param $from i32) (param $length i32)
    (local $at i32)
    (local.set $at (local.get $from))
    (loop $next
      (if (i32.eqz (i32.load8_u (local.get $at)))
        (then (i32.store8 (local.get $at) (i32.const 10))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next
        (i32.lt_u (local.get $at) (i32.add (local.get $from) (local.get $length)))))
    (call $say (i32.const 1) (local.get $from) (local.get $length)))
  (func (export "_start")
    (drop (call $args_sizes_get (i32.const 16) (i32.const 20)))
    (drop (call $args_get (i32.const 1024) (i32.const 8192)))
    (call $lines (i32.const 8192) (i32.load (i32.const 20)))
    (drop (call $environ_sizes_get (i32.const 16) (i32.const 20)))
    (if (i32.load (i32.const 16)) (then
      (drop (call $environ_get (i32.const 1024) (i32.const 8192)))
      (call $lines (i32.const 8192) (i32.load (i32.const 20))))))"#,
    )
}

/// Ends with a code.
pub(crate) fn exiter(code: i32) -> String {
    program(&format!(
        r#"(func (export "_start") (call $exit (i32.const {code})) (unreachable))"#
    ))
}

/// Says `ready` and then does `work`.
pub(crate) fn worker(work: &str) -> String {
    program(&format!(
        r#"(data (i32.const 1024) "ready\n")
  (func (export "_start")
    (call $say (i32.const 1) (i32.const 1024) (i32.const 6))
    {work})"#
    ))
}

/// Computes for ever.
pub(crate) const ENDLESS: &str = "(loop $again (br $again))";

/// Draws random numbers for ever: far less fuel than time.
pub(crate) const ENDLESS_CALLS: &str = "(loop $again
      (drop (call $random (i32.const 4096) (i32.const 60000)))
      (br $again))";

/// Sleeps for an hour: a subscription to the clock at 2048, flags 0.
pub(crate) const SLEEP: &str = "(i32.store8 (i32.const 2056) (i32.const 0))
    (i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (i64.const 3600000000000))
    (drop (call $poll (i32.const 2048) (i32.const 3072) (i32.const 1) (i32.const 16)))";

/// Sleeps for an hour by two subscriptions, which takes another way through WASI.
pub(crate) const SLEEP_BY_TWO: &str = "(i32.store (i32.const 2064) (i32.const 1))
    (i64.store (i32.const 2072) (i64.const 3600000000000))
    (i32.store (i32.const 2112) (i32.const 1))
    (i64.store (i32.const 2120) (i64.const 7200000000000))
    (drop (call $poll (i32.const 2048) (i32.const 3072) (i32.const 2) (i32.const 16)))";

/// Opens the file `f` in the first directory, if there is one, as descriptor 4, and writes the same
/// 50 MB to a descriptor many times over in each of its calls.
pub(crate) fn repeater(descriptor: u32) -> String {
    program(&format!(
        r#"(data (i32.const 1024) "fready\n")
  (func (export "_start")
    (drop (call $path_open (i32.const 3) (i32.const 0) (i32.const 1024) (i32.const 1)
      (i32.const 1) (i64.const 64) (i64.const 64) (i32.const 0) (i32.const 16)))
    (drop (memory.grow (i32.const 900)))
    (call $buffers (i32.const 100000) (i32.const 50000000))
    (call $say (i32.const 1) (i32.const 1025) (i32.const 6))
    (loop $again
      (drop (call $fd_write (i32.const {descriptor}) (i32.const 65536) (i32.const 100000)
        (i32.const 16)))
      (br $again)))
  {BUFFERS})"#
    ))
}

/// Makes a list at 65536 of `$count` buffers, each of `$length` bytes at 1000000; without its last
/// parenthesis, as the end of a `worker`.
const BUFFERS: &str = "(func $buffers (param $count i32) (param $length i32)
    (local $at i32)
    (local.set $at (i32.const 65536))
    (loop $next
      (i32.store (local.get $at) (i32.const 1000000))
      (i32.store offset=4 (local.get $at) (local.get $length))
      (local.set $at (i32.add (local.get $at) (i32.const 8)))
      (local.set $count (i32.sub (local.get $count) (i32.const 1)))
      (br_if $next (local.get $count)))";

/// Writes 2000 buffers of a byte in one call and asks for 5000 events in another; ends with 7 if
/// the first wrote 1024 and the second said 28, which is EINVAL.
pub(crate) fn hoarder() -> String {
    worker(&format!(
        "(drop (memory.grow (i32.const 20)))
    (call $buffers (i32.const 2000) (i32.const 1))
    (drop (call $fd_write (i32.const 1) (i32.const 65536) (i32.const 2000) (i32.const 16)))
    (if (i32.and
          (i32.eq (i32.load (i32.const 16)) (i32.const 1024))
          (i32.eq (i32.const 28)
            (call $poll (i32.const 700000) (i32.const 1050000) (i32.const 5000) (i32.const 16))))
      (then (call $exit (i32.const 7)))))
  {BUFFERS}"
    ))
}

/// Opens the first directory again and again; ends with the error number of the call that fails,
/// plus 100 if it is not the one after `allowed`.
pub(crate) fn collector(allowed: u32) -> String {
    program(&format!(
        r#"(data (i32.const 1024) ".")
  (func (export "_start")
    (local $opened i32) (local $errno i32)
    (loop $again
      (local.set $errno (call $path_open (i32.const 3) (i32.const 0)
        (i32.const 1024) (i32.const 1) (i32.const 2)
        (i64.const 0) (i64.const 0) (i32.const 0) (i32.const 16)))
      (if (i32.eqz (local.get $errno)) (then
        (local.set $opened (i32.add (local.get $opened) (i32.const 1)))
        (br_if $again (i32.lt_u (local.get $opened) (i32.const 500))))))
    (if (i32.ne (local.get $opened) (i32.const {allowed}))
      (then (local.set $errno (i32.add (local.get $errno) (i32.const 100)))))
    (call $exit (local.get $errno)))"#
    ))
}

/// What a file is opened for.
#[derive(Clone, Copy)]
pub(crate) enum For {
    Reading,
    Writing,
    Creating,
}

/// Opens `path` in the first directory and writes what it reads; ends with the error number of the
/// first call that fails.
pub(crate) fn opener(path: &str, purpose: For) -> String {
    let (oflags, rights) = match purpose {
        For::Reading => (0, 2),
        For::Writing => (0, 64),
        For::Creating => (1, 64),
    };
    program(&format!(
        r#"(data (i32.const 1024) "{path}")
  (func (export "_start")
    (local $errno i32)
    (local.set $errno (call $path_open (i32.const 3) (i32.const 0)
      (i32.const 1024) (i32.const {length}) (i32.const {oflags})
      (i64.const {rights}) (i64.const {rights}) (i32.const 0) (i32.const 16)))
    (if (local.get $errno) (then (call $exit (local.get $errno))))
    (i32.store (i32.const 24) (i32.const 4096))
    (i32.store (i32.const 28) (i32.const 100))
    (if (i32.eq (i32.const {rights}) (i32.const 2)) (then
      (drop (call $fd_read (i32.load (i32.const 16)) (i32.const 24) (i32.const 1) (i32.const 32)))
      (call $say (i32.const 1) (i32.const 4096) (i32.load (i32.const 32))))))"#,
        length = path.len(),
    ))
}

/// Writes 16 letters that are random, and ends with 7 if the clock stands in the year 2000.
pub(crate) fn oracle() -> String {
    program(
        r#"(func (export "_start")
    (local $at i32)
    (drop (call $random (i32.const 1024) (i32.const 16)))
    (local.set $at (i32.const 1024))
    (loop $next
      (i32.store8 (local.get $at)
        (i32.add (i32.const 65) (i32.and (i32.const 15) (i32.load8_u (local.get $at)))))
      (local.set $at (i32.add (local.get $at) (i32.const 1)))
      (br_if $next (i32.lt_u (local.get $at) (i32.const 1040))))
    (call $say (i32.const 1) (i32.const 1024) (i32.const 16))
    (drop (call $now (i32.const 0) (i64.const 1) (i32.const 64)))
    (if (i64.eq
          (i64.div_u (i64.load (i32.const 64)) (i64.const 1000000000))
          (i64.const 946684800))
      (then (call $exit (i32.const 7)))))"#,
    )
}
