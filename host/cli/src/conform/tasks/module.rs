//! Small WebAssembly modules, as bytes: a program that writes something, so and so often, and ends.

/// What a module does once it has written.
#[derive(Debug, Clone, Copy)]
pub(super) enum Then {
    Return,
    Exit(u8),
    /// Runs until it is stopped.
    GoOn,
}

/// Where the text lies in the module's memory; before it is the list of one buffer.
const TEXT_AT: u32 = 1024;

/// The bytes of a page of memory.
const PAGE: usize = 1 << 16;

/// A module of WASI preview 1 that writes `text` to standard output `times` times, and ends so.
pub(super) fn writing(text: &[u8], times: u32, then: Then) -> Vec<u8> {
    let mut module = b"\0asm\x01\0\0\0".to_vec();
    // Its own function, `fd_write` and `proc_exit`.
    section(
        &mut module,
        1,
        &[
            3, 0x60, 0, 0, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 0x60, 1, 0x7f, 0,
        ],
    );
    let mut imports = vec![2];
    for (name, of_type) in [("fd_write", 1), ("proc_exit", 2)] {
        named(&mut imports, "wasi_snapshot_preview1");
        named(&mut imports, name);
        imports.extend([0, of_type]);
    }
    section(&mut module, 2, &imports);
    section(&mut module, 3, &[1, 0]);
    let pages = (TEXT_AT as usize + text.len()).div_ceil(PAGE);
    let mut memory = vec![1, 0];
    unsigned(&mut memory, pages as u64);
    section(&mut module, 5, &memory);
    let mut exports = vec![2];
    named(&mut exports, "memory");
    exports.extend([2, 0]);
    named(&mut exports, "_start");
    exports.extend([0, 2]);
    section(&mut module, 7, &exports);
    let body = body(times, then);
    let mut code = vec![1];
    unsigned(&mut code, body.len() as u64);
    code.extend(body);
    section(&mut module, 10, &code);
    let length = u32::try_from(text.len()).expect("what tasks write is short");
    let buffer = [TEXT_AT.to_le_bytes(), length.to_le_bytes()].concat();
    let mut data = vec![2];
    for (at, bytes) in [(0, &buffer[..]), (TEXT_AT, text)] {
        data.push(0);
        constant(&mut data, at);
        data.push(END);
        unsigned(&mut data, bytes.len() as u64);
        data.extend_from_slice(bytes);
    }
    section(&mut module, 11, &data);
    module
}

const LOOP: [u8; 2] = [0x03, 0x40];
const END: u8 = 0x0b;
const BRANCH: [u8; 2] = [0x0c, 0];
const BRANCH_IF: [u8; 2] = [0x0d, 0];
const CALL: u8 = 0x10;
const DROP: u8 = 0x1a;
const LOCAL_GET: [u8; 2] = [0x20, 0];
const LOCAL_SET: [u8; 2] = [0x21, 0];
const LOCAL_TEE: [u8; 2] = [0x22, 0];
const SUBTRACT: u8 = 0x6b;

fn body(times: u32, then: Then) -> Vec<u8> {
    // One local, which counts down.
    let mut body = vec![1, 1, 0x7f];
    constant(&mut body, times);
    body.extend(LOCAL_SET);
    body.extend(LOOP);
    // Descriptor 1, one buffer, whose list is at 0; how much was written goes behind it.
    for argument in [1, 0, 1, 16] {
        constant(&mut body, argument);
    }
    body.extend([CALL, 0, DROP]);
    body.extend(LOCAL_GET);
    constant(&mut body, 1);
    body.push(SUBTRACT);
    body.extend(LOCAL_TEE);
    body.extend(BRANCH_IF);
    body.push(END);
    match then {
        Then::Return => {}
        Then::Exit(code) => {
            constant(&mut body, code.into());
            body.extend([CALL, 1]);
        }
        Then::GoOn => {
            body.extend(LOOP);
            body.extend(BRANCH);
            body.push(END);
        }
    }
    body.push(END);
    body
}

fn section(module: &mut Vec<u8>, number: u8, content: &[u8]) {
    module.push(number);
    unsigned(module, content.len() as u64);
    module.extend_from_slice(content);
}

fn named(bytes: &mut Vec<u8>, name: &str) {
    unsigned(bytes, name.len() as u64);
    bytes.extend_from_slice(name.as_bytes());
}

/// A number as the format has it: seven bits a byte, the lowest first.
fn unsigned(bytes: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        bytes.push(number as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

/// The instruction that has this number, which is below 2^31: it has a sign in the format.
fn constant(bytes: &mut Vec<u8>, mut number: u32) {
    bytes.push(0x41);
    while number >= 0x40 {
        bytes.push(number as u8 & 0x7f | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}
