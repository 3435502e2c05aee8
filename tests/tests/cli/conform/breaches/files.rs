//! Breaches of the rules of the file.

use std::fs;

use crate::conform::breach::{Breach, file, told};
use crate::elf::{DF_STATIC_TLS, DT_FLAGS, DT_RUNPATH, Elf};

/// The tag of a library that is needed, and that of the table of symbols.
const DT_NEEDED: u64 = 1;
const DT_SYMTAB: u64 = 6;

/// A library that defines a symbol which it only asked for: one that nothing calls.
fn exporting(bytes: Vec<u8>) -> Vec<u8> {
    let name = b"_ITM_registerTMCloneTable\0";
    let mut elf = Elf(bytes);
    let value = |elf: &Elf, tag| {
        let entry = elf.dynamic(tag).unwrap();
        elf.number(entry + 8, 8) as usize
    };
    let strings = value(&elf, 5);
    let mut symbol = value(&elf, DT_SYMTAB);
    loop {
        let text = strings + elf.number(symbol, 4) as usize;
        if elf.0[text..].starts_with(name) {
            // It is in the first section.
            elf.set(symbol + 6, 2, 1);
            return elf.0;
        }
        symbol += 24;
    }
}

pub(super) fn all() -> Vec<Breach> {
    let specimen = || fs::read(e2e::plugin("specimen")).unwrap();
    let mut large = specimen();
    large.resize((64 << 20) + 1, 0);
    let needing = Elf(specimen()).with_entry(DT_NEEDED, "getrandom");
    let searching = Elf(specimen()).with_entry(DT_RUNPATH, "getrandom");
    let static_tls = Elf(specimen()).with_flags(DT_FLAGS, DF_STATIC_TLS);
    vec![
        file(
            large,
            &[(
                "file-size",
                "the file has 67108865 bytes, expected 67108864 at most",
            )],
        ),
        file(
            needing.0,
            &[
                ("needed-libraries", "it needs `getrandom`"),
                (
                    "loads",
                    "the system cannot load it: getrandom: cannot open shared object file: No such \
                     file or directory",
                ),
            ],
        ),
        told(
            &["--glibc", "2.17"],
            &[(
                "glibc",
                "it needs glibc 2.34, expected 2.17 or an older one",
            )],
        ),
        file(
            exporting(specimen()),
            &[(
                "exported-symbols",
                "it exports `_ITM_registerTMCloneTable` beside its entry",
            )],
        ),
        file(
            searching.0,
            &[(
                "run-path",
                "it has libraries looked for in getrandom (RUNPATH)",
            )],
        ),
        file(
            static_tls.0,
            &[("static-tls", "it takes static TLS, nobody knows how much")],
        ),
    ]
}
