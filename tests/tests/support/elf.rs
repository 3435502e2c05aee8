//! Edits ELF files in place: faults that no compiler makes on request.

#![allow(dead_code, reason = "each test program uses a part of it")]

use std::ops::Range;

/// The dynamic tag of the number of relative relocations, which nothing needs.
pub(crate) const DT_RELACOUNT: u64 = 0x6fff_fff9;
const DT_STRTAB: u64 = 5;
const DT_STRSZ: u64 = 10;
pub(crate) const DT_SONAME: u64 = 14;
pub(crate) const DT_RUNPATH: u64 = 29;
pub(crate) const DT_FLAGS: u64 = 30;
/// The flag of a library with thread-locals of the kind that little memory is kept for.
pub(crate) const DF_STATIC_TLS: u64 = 16;
pub(crate) const PT_LOAD: u64 = 1;
pub(crate) const PT_DYNAMIC: u64 = 2;
pub(crate) const PT_NOTE: u64 = 4;
pub(crate) const PT_PHDR: u64 = 6;
pub(crate) const PT_TLS: u64 = 7;
pub(crate) const PT_GNU_EH_FRAME: u64 = 0x6474_e550;
pub(crate) const PT_GNU_STACK: u64 = 0x6474_e551;
pub(crate) const PT_GNU_RELRO: u64 = 0x6474_e552;

/// A 64-bit little-endian ELF file.
pub(crate) struct Elf(pub(crate) Vec<u8>);

impl Elf {
    pub(crate) fn number(&self, at: usize, size: usize) -> u64 {
        let mut bytes = [0; 8];
        bytes[..size].copy_from_slice(&self.0[at..at + size]);
        u64::from_le_bytes(bytes)
    }

    pub(crate) fn set(&mut self, at: usize, size: usize, value: u64) {
        self.0[at..at + size].copy_from_slice(&value.to_le_bytes()[..size]);
    }

    /// Forgets the section headers, as some packers do.
    pub(crate) fn without_sections(mut self) -> Self {
        self.set(0x28, 8, 0);
        self.set(0x3c, 2, 0);
        self.set(0x3e, 2, 0);
        self
    }

    /// As `strip` leaves it, or smaller: only what is loaded.
    pub(crate) fn stripped(self) -> Self {
        let mut elf = self.without_sections();
        let end = elf
            .segments()
            .map(|at| elf.number(at + 8, 8) + elf.number(at + 32, 8))
            .max()
            .unwrap();
        elf.0.truncate(end as usize);
        elf
    }

    /// Where the program headers are.
    pub(crate) fn segments(&self) -> impl Iterator<Item = usize> {
        let headers = self.number(0x20, 8) as usize;
        (0..self.number(0x38, 2) as usize).map(move |index| headers + index * 56)
    }

    /// Where the first program header of this type is.
    pub(crate) fn segment(&self, kind: u64) -> Option<usize> {
        self.segments().find(|at| self.number(*at, 4) == kind)
    }

    /// Where the section headers are.
    pub(crate) fn sections(&self) -> Range<usize> {
        let start = self.number(0x28, 8) as usize;
        start..start + (self.number(0x3a, 2) * self.number(0x3c, 2)) as usize
    }

    /// Where the dynamic entries of this tag are.
    pub(crate) fn dynamic(&self, tag: u64) -> Option<usize> {
        let segment = self.segment(PT_DYNAMIC)?;
        let start = self.number(segment + 8, 8) as usize;
        let end = start + self.number(segment + 32, 8) as usize;
        (start..end)
            .step_by(16)
            .find(|at| self.number(*at, 8) == tag)
    }

    /// The strings of the dynamic symbols. They are where their address says in the libraries that
    /// these tests edit.
    fn strings(&self) -> Range<usize> {
        let start = self.number(self.dynamic(DT_STRTAB).unwrap() + 8, 8) as usize;
        start..start + self.number(self.dynamic(DT_STRSZ).unwrap() + 8, 8) as usize
    }

    /// Gives it a SONAME, one that stands among its strings.
    pub(crate) fn with_soname(self, name: &str) -> Self {
        self.with_entry(DT_SONAME, name)
    }

    /// Gives it a dynamic entry whose value is a text that stands among its strings.
    pub(crate) fn with_entry(mut self, tag: u64, name: &str) -> Self {
        let strings = self.strings();
        let bytes = format!("{name}\0").into_bytes();
        let at = self.0[strings]
            .windows(bytes.len())
            .position(|window| window == bytes)
            .expect("the name stands among the strings");
        let entry = self.dynamic(DT_RELACOUNT).unwrap();
        self.set(entry, 8, tag);
        self.set(entry + 8, 8, at as u64);
        self
    }

    /// Sets bits of a dynamic entry.
    pub(crate) fn with_flags(mut self, tag: u64, bits: u64) -> Self {
        let entry = self.dynamic(tag).unwrap();
        let value = self.number(entry + 8, 8);
        self.set(entry + 8, 8, value | bits);
        self
    }
}
