//! The stamp that `export_plugin!` put into the binary of this very test.

use std::{env, fs};

use solti_plugin_abi::stamp::Stamp;

/// Finds the note by how its text begins: behind the note's header of five 32-bit words, of which
/// the second is the length of the text.
pub(crate) fn of_this_binary() -> Stamp {
    let path = env::current_exe().expect("a test has a path");
    let bytes = fs::read(path).expect("and can be read");
    let begin = b"abi=1\nplugin=solti-plugin-abi\n";
    let at = bytes
        .windows(begin.len())
        .position(|window| window == begin)
        .expect("the stamp is in the binary");
    let length = u32::from_le_bytes(bytes[at - 16..at - 12].try_into().expect("four bytes"));
    Stamp::read(&bytes[at..at + length as usize]).expect("the stamp can be read")
}
