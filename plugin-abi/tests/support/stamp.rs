//! The stamp that `export_plugin!` put into the binary of this very test.

use std::{env, fs};

use solti_plugin_abi::stamp::{Stamp, text_of_note};

/// Finds the note by how its text begins, behind a header of five 32-bit words.
pub(crate) fn of_this_binary() -> Stamp {
    let path = env::current_exe().expect("a test has a path");
    let bytes = fs::read(path).expect("and can be read");
    let begin = b"abi=1\nplugin=solti-plugin-abi\n";
    let at = bytes
        .windows(begin.len())
        .position(|window| window == begin)
        .expect("the stamp is in the binary");
    let text = text_of_note(&bytes[at - 20..]).expect("a note is around it");
    Stamp::read(text).expect("the stamp can be read")
}
