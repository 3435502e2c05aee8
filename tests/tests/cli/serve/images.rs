//! What a process has no room for, or has once: images are never closed.

use std::fs;
use std::path::Path;

use e2e::Profile;
use serde_json::Value;

use super::plugins::{of, put, version};
use super::{Serving, settings};
use crate::elf::Elf;
use crate::{Place, shell};

/// The dynamic tag of the symbols, and the size of one.
const DT_SYMTAB: u64 = 6;
const SYMBOL: usize = 24;

/// The binding of a symbol that a process has one of.
const STB_GNU_UNIQUE: u64 = 10;

/// The plugin `hello` with 100 bytes of thread-locals of the kind that a process has little room for.
fn hello_with_static_tls(directory: &Path) -> Vec<u8> {
    let link_arg = e2e::link_with_thread_locals(100, directory);
    let target = e2e::target_dir().join("fixtures");
    let built = e2e::build_linked("hello", Profile::Release, &target, &[link_arg]);
    fs::read(&built.plugins["hello"]).unwrap()
}

/// A library whose exported symbols are of the kind that C++ makes of inline variables.
fn with_unique_symbols(library: Vec<u8>) -> Vec<u8> {
    let mut elf = Elf(library);
    let symbols = elf.number(elf.dynamic(DT_SYMTAB).unwrap() + 8, 8) as usize;
    let mut changed = 0;
    for at in (symbols + SYMBOL..).step_by(SYMBOL).take(1000) {
        let (info, section) = (elf.number(at + 4, 1), elf.number(at + 6, 2));
        // What is defined here, and global.
        if section > 0 && section < 100 && info >> 4 == 1 {
            elf.set(at + 4, 1, STB_GNU_UNIQUE << 4 | info & 15);
            changed += 1;
            break;
        }
    }
    assert_eq!(changed, 1);
    elf.0
}

/// These bytes, as another version of them.
fn numbered(bytes: &[u8], number: u32) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes.extend(number.to_le_bytes());
    bytes
}

/// Why the file was refused, once it is; what was in service before stays, and runs tasks.
fn refused(serving: &Serving, before: &Value) -> String {
    let plugins = serving.until_plugins(|it| !it["rejected"].as_array().unwrap().is_empty());
    let stays = of(&plugins, before["name"].as_str().unwrap()).unwrap();
    assert_eq!(stays["sha256"], before["sha256"]);
    let name = serving.submit(&shell("a", "true"));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
    plugins["rejected"][0]["reason"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[test]
fn more_images_than_may_be_are_refused_and_what_is_there_stays() {
    let place = Place::with(&["subprocess"]);
    let settings = settings(&place, "max_images = 2\n");
    let serving = Serving::start(&place, &["--config", &settings]);
    let before = of(&serving.plugins(), "subprocess").unwrap().clone();
    put(&place, "subprocess.so", &version("subprocess", 1));
    serving.until_other("subprocess", &before);
    put(&place, "subprocess.so", &version("subprocess", 2));
    let plugins = serving.until_plugins(|it| !it["rejected"].as_array().unwrap().is_empty());
    assert_eq!(
        plugins["rejected"][0]["reason"],
        "2 libraries of plugins are open, and at most 2 may be, since none is ever closed: restart the \
         host to take it"
    );
    assert_eq!(plugins["images"]["limit"], 2);
    let name = serving.submit(&shell("a", "true"));
    assert_eq!(serving.ended(&name)["phase"], "succeeded");
}

#[test]
fn a_version_that_finds_no_static_tls_is_refused_and_the_one_before_stays() {
    let place = Place::with(&["subprocess"]);
    let hello = hello_with_static_tls(place.directory.path());
    put(&place, "hello.so", &hello);
    let serving = Serving::start(&place, &[]);
    let mut before = of(&serving.plugins(), "hello").unwrap().clone();
    let mut taken = 0;
    let reason = loop {
        taken += 1;
        assert!(taken < 20, "{}", serving.plugins());
        put(&place, "hello.so", &numbered(&hello, taken));
        let report = serving.reload();
        if report["refused"].as_array().unwrap().is_empty() {
            before = serving.until_other("hello", &before);
            continue;
        }
        break refused(&serving, &before);
    };
    assert!(taken > 1, "{reason}");
    let begins = "the system cannot load it beside the libraries that are open: ";
    let ends = "cannot allocate memory in static TLS block; restart the host to take it";
    assert!(
        reason.starts_with(begins) && reason.ends_with(ends),
        "{reason}"
    );
}

#[test]
fn a_version_that_would_work_on_the_data_of_the_one_before_is_refused() {
    let place = Place::with(&["subprocess"]);
    let hello = with_unique_symbols(fs::read(e2e::plugin("hello")).unwrap());
    put(&place, "hello.so", &hello);
    let serving = Serving::start(&place, &[]);
    let before = of(&serving.plugins(), "hello").unwrap().clone();
    put(&place, "hello.so", &numbered(&hello, 1));
    assert_eq!(
        refused(&serving, &before),
        "the process has one _1as_0lib_1header_0root_bmodule_bloader, and hello.so, which is open, has \
         made it: restart the host to take it"
    );
}
