//! A plugin with C++ inside.

#[path = "../../runner.rs"]
mod runner;

use runner::Unlike;

unsafe extern "C" {
    fn unlike_throw(text: *const u8, length: usize, into: *mut u8, room: usize) -> usize;
}

/// What the C++ has caught of the text.
fn own(text: &str) -> Result<String, String> {
    let mut caught = vec![0; 256];
    // SAFETY: the C++ reads as many bytes of the one and writes as many of the other as it is told.
    let length =
        unsafe { unlike_throw(text.as_ptr(), text.len(), caught.as_mut_ptr(), caught.len()) };
    caught.truncate(length);
    if caught.is_empty() {
        return Err("the C++ has caught nothing".to_owned());
    }
    String::from_utf8(caught).map_err(|err| err.to_string())
}

solti_plugin_abi::export_plugin!(Unlike {
    name: "unlike",
    kinds: [subprocess]
});
