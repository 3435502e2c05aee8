//! Rules about the bytes of the file.

use solti_plugin_host::inspect::static_tls_room;

use crate::conform::rule::FileFacts;
use crate::conform::verdict::{Tried, broken};

/// The largest file: a quarter of what a host takes unless it is told otherwise.
const MOST_BYTES: u64 = 64 << 20;

/// The libraries that every system with glibc has, and what the compiler's own code needs.
const OF_THE_SYSTEM: [&str; 9] = [
    "ld-linux",
    "libc.so.",
    "libdl.so.",
    "libgcc_s.so.",
    "libm.so.",
    "libpthread.so.",
    "libresolv.so.",
    "librt.so.",
    "libutil.so.",
];

/// Symbols that linkers define in every library.
const OF_THE_LINKER: [&str; 5] = ["__bss_start", "_edata", "_end", "_fini", "_init"];

/// How many names are told of many.
const TOLD: usize = 3;

pub(in crate::conform) fn size(file: &FileFacts<'_>) -> Tried {
    if file.bytes <= MOST_BYTES {
        return Ok(());
    }
    let (bytes, most) = (file.bytes, MOST_BYTES);
    Err(broken(
        format!("the file has {bytes} bytes, expected {most} at most"),
        "build it as it is shipped: without debug information, and with `lto = \"thin\"`",
    ))
}

pub(in crate::conform) fn needed_libraries(file: &FileFacts<'_>) -> Tried {
    let libraries = file.inspection.requirements.libraries.iter();
    let others: Vec<_> = libraries
        .filter(|name| !OF_THE_SYSTEM.iter().any(|of| name.starts_with(of)))
        .cloned()
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(broken(
        format!("it needs {}", named(&others)),
        "link that statically: a machine may not have it, or have another version",
    ))
}

pub(in crate::conform) fn glibc(file: &FileFacts<'_>) -> Tried {
    let (Some(needs), oldest) = (file.inspection.requirements.glibc, file.glibc) else {
        return Ok(());
    };
    if needs <= oldest {
        return Ok(());
    }
    Err(broken(
        format!("it needs glibc {needs}, expected {oldest} or an older one"),
        "build it on the oldest system that it is to run on, or say by --glibc which that is",
    ))
}

pub(in crate::conform) fn exported_symbols(file: &FileFacts<'_>) -> Tried {
    let exported = file.inspection.requirements.exported.iter();
    let others: Vec<_> = exported
        .filter(|name| !OF_THE_LINKER.contains(&name.as_str()))
        .cloned()
        .collect();
    if others.is_empty() {
        return Ok(());
    }
    Err(broken(
        format!("it exports {} beside its entry", named(&others)),
        "remove `#[no_mangle]`, or hide what is linked in with a version script",
    ))
}

pub(in crate::conform) fn run_path(file: &FileFacts<'_>) -> Tried {
    match &file.inspection.requirements.runpath {
        None => Ok(()),
        Some(path) => Err(broken(
            format!("it has libraries looked for in {path} (RUNPATH)"),
            "link without `-rpath`: whoever can write there runs code in the host",
        )),
    }
}

pub(in crate::conform) fn static_tls(file: &FileFacts<'_>) -> Tried {
    let requirements = &file.inspection.requirements;
    // A fourth of what there is, so that a few plugins that want some have room beside each other.
    let most = static_tls_room().map_or(0, |room| room / 4);
    let fact = match requirements.static_tls_bytes {
        Some(bytes) if bytes <= most => return Ok(()),
        Some(bytes) => format!("it takes {bytes} bytes of static TLS, expected {most} at most"),
        None if requirements.static_tls => "it takes static TLS, nobody knows how much".to_owned(),
        None => return Ok(()),
    };
    Err(broken(
        fact,
        "leave out an allocator of its own, or build that for libraries (mimalloc: \
         `local_dynamic_tls`)",
    ))
}

/// The first of several names, and how many others there are.
fn named(names: &[String]) -> String {
    let told = names.iter().take(TOLD).map(|name| format!("`{name}`"));
    let told = told.collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(TOLD) {
        0 => told,
        more => format!("{told} and {more} more"),
    }
}
