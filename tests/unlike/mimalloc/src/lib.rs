//! A plugin with an allocator of its own.

#[path = "../../runner.rs"]
mod runner;

use runner::Unlike;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Gives the text back, from memory that must be its allocator's.
fn own(text: &str) -> Result<String, String> {
    let text = text.to_owned();
    // SAFETY: the function looks at the address only.
    if unsafe { libmimalloc_sys::mi_is_in_heap_region(text.as_ptr().cast()) } {
        Ok(text)
    } else {
        Err("the system's allocator was used".to_owned())
    }
}

solti_plugin_abi::export_plugin!(Unlike {
    name: "unlike",
    kinds: [subprocess]
});
