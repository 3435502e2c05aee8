//! What is read from the bytes of a plugin: the true cause of each refusal, and no refusal of what
//! is only unusual.

use std::fs;
use std::time::Instant;

use solti_plugin_host::PluginLoader;
use solti_plugin_host::inspect::{Inspection, inspect};
use solti_plugin_host::refusal::{method, sentence};

use crate::elf::{DF_STATIC_TLS, DT_FLAGS, DT_RELACOUNT, Elf, PT_DYNAMIC};
use crate::support::{self, Host, SOON, command, replaced, texts};

fn hello() -> Vec<u8> {
    fs::read(e2e::plugin("hello")).unwrap()
}

fn problems(bytes: &[u8]) -> Vec<String> {
    let Inspection { problems, .. } = inspect(bytes);
    problems.iter().map(|it| sentence(it, method)).collect()
}

#[test]
fn a_good_plugin_has_no_problems_and_says_what_it_needs() {
    let inspection = inspect(&hello());
    assert_eq!(inspection.problems, []);
    assert_eq!(inspection.stamp.unwrap().plugin, "hello");
    let needs = inspection.requirements;
    assert!(needs.libraries.iter().any(|name| name.starts_with("libc.")));
    assert_eq!((needs.soname, needs.static_tls), (None, false));
    assert!(!cfg!(target_env = "gnu") || needs.glibc.is_some());
}

#[test]
fn every_beginning_of_a_plugin_is_refused_as_cut_off() {
    let good = hello();
    let steps = 200;
    for step in 0..steps {
        let len = good.len() * step / steps;
        let problems = problems(&good[..len]);
        let said = problems.join("; ");
        let expected = if len == 0 {
            "not a shared library: the file is empty"
        } else {
            "truncated: the file has "
        };
        assert!(said.starts_with(expected), "{len} bytes: {said}");
    }
    // Cut in the header itself.
    assert_eq!(
        problems(&good[..63]),
        ["truncated: the file has 63 bytes, but its header ends at 64; copy it again"]
    );
    assert_eq!(
        problems(&good[..3]),
        ["not a shared library: it begins with \"\\x7fEL\"; move it out of the plugin directory"]
    );
    assert!(problems(&good[..good.len() - 1])[0].starts_with("truncated: "));
}

#[test]
fn files_of_another_kind_are_named() {
    let header = |at: usize, value: u8| {
        let mut bytes = hello();
        bytes[at] = value;
        problems(&bytes).join("; ")
    };
    let machine = std::env::consts::ARCH;
    assert_eq!(
        header(4, 1),
        format!("built for a 32-bit machine, but this host is {machine}: build it for {machine}")
    );
    let order = if cfg!(target_endian = "little") { 2 } else { 1 };
    assert_eq!(
        header(5, order),
        format!(
            "built for a big-endian machine, but this host is {machine}: build it for {machine}"
        )
    );
    #[cfg(target_os = "linux")]
    {
        assert_eq!(
            header(7, 9),
            "built for FreeBSD, but this host runs Linux: build it for Linux"
        );
        assert_eq!(
            header(7, 97),
            "built for system number 97, but this host runs Linux: build it for Linux"
        );
        assert_eq!(header(7, 3), "");
    }
    assert_eq!(
        header(16, 2),
        "not a shared library but a program: build it with crate-type = [\"cdylib\"]"
    );
    assert_eq!(
        header(16, 1),
        "not a shared library but an object file (.o): build it with crate-type = [\"cdylib\"]"
    );
    assert_eq!(
        problems(b"!<arch>\nlibfoo.o/"),
        [
            "not a shared library: it is a static library (.a), not an ELF file; \
          move it out of the plugin directory"
        ]
    );
    assert_eq!(
        problems(b"/* GNU ld script */ INPUT(libfoo.so)"),
        [
            "not a shared library: it begins with \"/* GNU ld script\"; \
          move it out of the plugin directory"
        ]
    );
    let program = fs::read("/proc/self/exe").unwrap();
    assert_eq!(
        problems(&program),
        [
            "not a solti plugin: it has no stamp; build it with export_plugin! or move it out of the \
          plugin directory"
        ]
    );
}

#[test]
fn all_that_is_wrong_is_said_at_once() {
    let bytes = replaced(&hello(), b"panic=unwind\n", b"panic=aborts\n");
    let bytes = replaced(&bytes, b"GLIBC_2.", b"GLIBC_9.");
    let said = problems(&bytes);
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].starts_with("needs glibc 9."), "{said:?}");
    assert!(
        said[1].starts_with("built with panic = \"abort\""),
        "{said:?}"
    );
}

#[test]
fn a_plugin_for_a_newer_system_names_both_versions() {
    let good = hello();
    let needed = inspect(&good).requirements.glibc.unwrap().to_string();
    let from = format!("GLIBC_{needed}\0");
    // The last digits become nines: as long as before, and newer than any.
    let nines = "9".repeat(needed.len() - 2);
    let to = format!("GLIBC_2.{nines}\0");
    let bytes = replaced(&good, from.as_bytes(), to.as_bytes());
    let said = problems(&bytes);
    assert!(
        said[0].starts_with(&format!("needs glibc 2.{nines}, but this host has 2."))
            && said[0].ends_with(": build it on an older system"),
        "{said:?}"
    );
}

#[test]
fn a_plugin_that_takes_the_place_of_another_library_is_refused() {
    // A name of a symbol that need not be there becomes a path.
    let bytes = replaced(
        &hello(),
        b"\0_ITM_deregisterTMClone",
        b"\0/ITM_deregisterTMClone",
    );
    let bytes = Elf(bytes).with_soname("/ITM_deregisterTMCloneTable").0;
    assert_eq!(
        problems(&bytes),
        [
            "its SONAME is the path /ITM_deregisterTMCloneTable, so the system would take it for the \
             file there: build it without a SONAME"
        ]
    );

    let directory = support::directory_with(&[]);
    let bytes = Elf(hello()).with_soname("libc.so.6").0;
    fs::write(directory.path().join("hello.so"), bytes).unwrap();
    assert_eq!(
        support::complaints(&PluginLoader::new(), directory.path()),
        [
            "hello.so: rejected at inspect: its SONAME libc.so.6 is the name of a library that this \
             host uses: build it without a SONAME"
        ]
    );
}

#[test]
fn a_table_that_leads_the_systems_loader_out_of_the_library_is_refused() {
    const DT_SYMTAB: u64 = 6;
    const DT_RELA: u64 = 7;
    const DT_FINI_ARRAYSZ: u64 = 28;
    const DT_VERSYM: u64 = 0x6fff_fff0;
    // What the loader would read, or jump to, depends on what else is in the process.
    for (tag, at, len, value, what) in [
        (
            DT_SYMTAB,
            24,
            4,
            0xffff_fff0,
            "its symbol table is incomplete",
        ),
        (
            DT_RELA,
            12,
            4,
            0xffff,
            "a relocation points outside its segments",
        ),
        (
            DT_RELA,
            0,
            8,
            1 << 40,
            "a relocation points outside its segments",
        ),
        (
            DT_VERSYM,
            2,
            2,
            0x7ff0,
            "a symbol has a version that is not in its version tables",
        ),
    ] {
        let mut elf = Elf(hello());
        // In the first segment, a table is where its address says.
        let table = elf.number(elf.dynamic(tag).unwrap() + 8, 8) as usize;
        elf.set(table + at, len, value);
        let expected = format!("malformed: {what}; copy or build it again");
        assert_eq!(problems(&elf.0), [expected], "{tag}");
    }
    let outside = "malformed: a constructor or destructor lies outside its segments; copy or \
                   build it again";
    let mut elf = Elf(hello());
    let entry = elf.dynamic(DT_FINI_ARRAYSZ).unwrap();
    elf.set(entry + 8, 8, 1 << 30);
    assert_eq!(problems(&elf.0), [outside]);
    // Of two entries with one tag the loader takes the last.
    let mut elf = Elf(hello());
    let entries = [DT_FINI_ARRAYSZ, DT_RELACOUNT].map(|tag| elf.dynamic(tag).unwrap());
    let len = elf.number(entries[0] + 8, 8);
    for (entry, value) in [(entries.iter().min(), len), (entries.iter().max(), 1 << 30)] {
        elf.set(*entry.unwrap(), 8, DT_FINI_ARRAYSZ);
        elf.set(*entry.unwrap() + 8, 8, value);
    }
    assert_eq!(problems(&elf.0), [outside]);
}

/// The fields of a program header.
const FLAGS: usize = 4;
const ADDRESS: usize = 16;
const FILE_LEN: usize = 32;
const LEN: usize = 40;
const ALIGN: usize = 48;

#[cfg(target_os = "linux")]
#[test]
fn a_program_header_that_the_systems_loader_would_trust_is_refused() {
    use crate::elf::{PT_GNU_EH_FRAME, PT_GNU_RELRO, PT_LOAD, PT_NOTE, PT_TLS};

    let good = Elf(hello());
    let last_load = good
        .segments()
        .filter(|at| good.number(*at, 4) == PT_LOAD)
        .last()
        .unwrap();
    let tls = good.segment(PT_TLS).unwrap();
    let begins = good.number(tls + FILE_LEN, 8);
    let of = |kind| good.segment(kind).unwrap();
    let many = "its thread-locals have more beginnings than memory, or none in the file";
    let outside = "a thread-local lies outside the memory that is asked for them";
    let size =
        "its thread-locals take more than 64 MiB in each thread, or an alignment of over 2 MiB";
    let order = "its segments overlap or are out of order";
    let protected = "a region to be write-protected lies outside its segments";
    let notes = "notes, or the table for unwinding, are not where it says";
    let dynamic = "its dynamic table is not where it says";
    let power = "the alignment of a segment is no power of two";
    for (header, field, value, what) in [
        (tls, FILE_LEN, good.number(tls + LEN, 8) + 8, many),
        (tls, FILE_LEN, u64::MAX, "truncated"),
        (tls, LEN, begins, outside),
        (tls, LEN, 1 << 40, size),
        (tls, ALIGN, 1 << 30, size),
        (tls, ALIGN, 24, power),
        (tls, 0, 0, outside),
        (
            last_load,
            LEN,
            good.number(last_load + FILE_LEN, 8) - 1,
            "a segment has more bytes in the file than in memory",
        ),
        (last_load, LEN, u64::MAX - 0x1000, order),
        (last_load, ADDRESS, 0, order),
        (last_load, ALIGN, 0x3000, power),
        (
            of(PT_DYNAMIC),
            ADDRESS,
            good.number(of(PT_DYNAMIC) + ADDRESS, 8) + 16,
            dynamic,
        ),
        (of(PT_DYNAMIC), ADDRESS, 1 << 40, dynamic),
        (of(PT_DYNAMIC), FILE_LEN, 16, "its dynamic table has no end"),
        (of(PT_GNU_RELRO), ADDRESS, 0, protected),
        (of(PT_GNU_RELRO), LEN, 1 << 40, protected),
        (of(PT_NOTE), ADDRESS, 1 << 40, notes),
        (of(PT_NOTE), LEN, 1 << 40, notes),
        (of(PT_GNU_EH_FRAME), ADDRESS, 1 << 40, notes),
    ] {
        let len = if field == 0 || field == FLAGS { 4 } else { 8 };
        let mut elf = Elf(hello());
        elf.set(header + field, len, value);
        let said = problems(&elf.0).join("; ");
        if what == "truncated" {
            assert!(said.starts_with("truncated: "), "{said}");
            continue;
        }
        let expected = format!("malformed: {what}; copy or build it again");
        assert_eq!(said, expected, "{field} = {value:#x}");
    }
}

/// The unwinder reads them there, in any panic of the process; not every linker names the place.
#[cfg(target_os = "linux")]
#[test]
fn program_headers_that_are_not_where_they_say_are_refused() {
    use crate::elf::{PT_GNU_STACK, PT_PHDR};

    let mut elf = Elf(hello());
    let stack = elf.segment(PT_GNU_STACK).unwrap();
    let header = elf.segment(PT_PHDR).unwrap_or(stack);
    elf.set(header, 4, PT_PHDR);
    elf.set(header + ADDRESS, 8, 1 << 40);
    assert_eq!(
        problems(&elf.0)[0],
        "malformed: its program header table is not where it says; copy or build it again"
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_plugin_that_would_make_every_stack_executable_is_refused() {
    use crate::elf::PT_GNU_STACK;

    // The system does the same where nothing is said.
    for (field, value) in [(FLAGS, 7), (0, 0)] {
        let mut elf = Elf(hello());
        let header = elf.segment(PT_GNU_STACK).unwrap();
        elf.set(header + field, 4, value);
        assert_eq!(
            problems(&elf.0),
            [
                "it would make the stacks of all threads of this host executable: link it with -z \
                 noexecstack"
            ]
        );
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_dynamic_entry_that_the_systems_loader_asserts_is_refused() {
    const DT_NEEDED: u64 = 1;
    const DT_RELAENT: u64 = 9;
    const DT_VERNEED: u64 = 0x6fff_fffe;
    let form = "its dynamic table lacks an entry, or has one of a form that the system's loader does \
                not know";
    let set = |tag, field: usize, value| {
        let mut elf = Elf(hello());
        let entry = elf.dynamic(tag).unwrap();
        elf.set(entry + field, 8, value);
        problems(&elf.0).join("; ")
    };
    let malformed = |what: &str| format!("malformed: {what}; copy or build it again");
    assert_eq!(set(DT_RELAENT, 8, 16), malformed(form));
    assert_eq!(set(DT_RELAENT, 0, DT_RELACOUNT), malformed(form));
    assert_eq!(
        set(DT_RELACOUNT, 8, 1 << 20),
        malformed("a relocation points outside its segments")
    );
    assert_eq!(
        set(DT_NEEDED, 8, 1 << 40),
        malformed(
            "the name of a library that it needs, or its own, lies outside its table of names"
        )
    );
    // A version of a library that it does not ask for.
    let mut elf = Elf(hello());
    let table = elf.number(elf.dynamic(DT_VERNEED).unwrap() + 8, 8) as usize;
    elf.set(table + 4, 4, 1);
    assert_eq!(
        problems(&elf.0),
        [malformed(
            "it needs a version of a library that it does not name"
        )]
    );
}

#[test]
fn a_dynamic_table_that_ends_within_an_entry_is_refused() {
    let mut elf = Elf(hello());
    let segment = elf.segment(PT_DYNAMIC).unwrap();
    let len = elf.number(segment + 32, 8);
    elf.set(segment + 32, 8, len - 1);
    assert_eq!(
        problems(&elf.0),
        ["malformed: Invalid ELF dynamic segment offset or size; copy or build it again"]
    );
}

#[test]
fn damaged_section_headers_change_nothing_of_what_a_plugin_says() {
    let mut elf = Elf(hello());
    let good = inspect(&elf.0);
    let mut state = 7_u64;
    let mut random = |limit: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % limit
    };
    for case in 0..300 {
        let table = elf.sections();
        for _ in 0..8 {
            let at = table.start + random(table.len());
            elf.set(at, 1, random(256) as u64);
        }
        let damaged = inspect(&elf.0);
        assert_eq!(damaged.problems, [], "case {case}");
        assert_eq!(damaged.stamp, good.stamp, "case {case}");
        assert_eq!(damaged.requirements, good.requirements, "case {case}");
    }
}

/// A library that is made up: 60,000 segments of one kind, each with the same place in the file.
fn with_segments_of(kind: u64, body: &[u8]) -> Vec<u8> {
    const COUNT: u16 = 60_000;
    let start = 64 + u64::from(COUNT) * 56;
    let mut bytes = hello()[..64].to_vec();
    let place = [start; 3];
    // Program headers behind the header, and no section headers.
    bytes[0x20..][..8].copy_from_slice(&64_u64.to_le_bytes());
    bytes[0x28..][..8].fill(0);
    bytes[0x38..][..2].copy_from_slice(&COUNT.to_le_bytes());
    bytes[0x3c..0x40].fill(0);
    for _ in 0..COUNT {
        bytes.extend((kind as u32).to_le_bytes());
        bytes.extend(4_u32.to_le_bytes());
        bytes.extend(place.map(u64::to_le_bytes).concat());
        let len = (body.len() as u64).to_le_bytes();
        bytes.extend([len, len, 8_u64.to_le_bytes()].concat());
    }
    bytes.extend(body);
    bytes
}

#[test]
fn a_file_of_a_few_megabytes_neither_fills_the_hosts_memory_nor_keeps_it_busy() {
    const PT_LOAD: u64 = 1;
    const PT_NOTE: u64 = 4;
    const DT_STRTAB: u64 = 5;
    // Read for each of the segments, they would be 250 GB.
    let entry = [DT_STRTAB, 0x1000].map(u64::to_le_bytes).concat();
    assert_eq!(
        problems(&with_segments_of(PT_DYNAMIC, &entry.repeat(1 << 18))),
        ["malformed: it has more than one dynamic table; copy or build it again"]
    );
    assert_eq!(
        problems(&with_segments_of(PT_LOAD, &[0; 4096])),
        ["malformed: it has more segments than any library; copy or build it again"]
    );
    // Each has 100,000 notes of nothing.
    let mut notes = with_segments_of(PT_NOTE, &[0; 12 * 100_000]);
    // The last one is where they are in memory.
    let last = 64 + (60_000 - 1) * 56;
    notes[last] = PT_LOAD as u8;
    let began = Instant::now();
    assert_eq!(
        problems(&notes),
        [
            "not a solti plugin: it has no stamp; build it with export_plugin! or move it out of the \
          plugin directory"
        ]
    );
    assert!(began.elapsed() < SOON, "{:?}", began.elapsed());
    let mut one_table = with_segments_of(PT_DYNAMIC, &entry.repeat(1 << 18));
    one_table[0x38..][..2].copy_from_slice(&1_u16.to_le_bytes());
    assert_eq!(
        problems(&one_table),
        [
            "malformed: its dynamic table has more entries than that of any library; copy or build \
             it again"
        ]
    );
}

#[test]
fn a_plugin_without_its_entry_is_refused_before_it_is_opened() {
    let bytes = replaced(
        &hello(),
        b"_1as_0lib_1header_0root",
        b"_1as_0lib_1header_0r00t",
    );
    assert_eq!(
        problems(&bytes),
        ["it has a stamp but no root module: build it with export_plugin!"]
    );
}

#[tokio::test]
async fn what_is_only_unusual_loads_and_runs() {
    let plain = Elf(hello());
    let without_sections = Elf(hello()).without_sections();
    let mut damaged_sections = Elf(hello());
    let table = damaged_sections.sections();
    damaged_sections.0[table].fill(0xa5);
    let static_tls = Elf(hello()).with_flags(DT_FLAGS, DF_STATIC_TLS);
    assert!(inspect(&static_tls.0).requirements.static_tls);
    assert!(!inspect(&plain.0).requirements.static_tls);
    for (what, bytes) in [
        ("no section headers", without_sections.0),
        ("damaged section headers", damaged_sections.0),
        ("static TLS", static_tls.0),
        ("bytes after the end", [plain.0, vec![0; 100]].concat()),
    ] {
        let directory = support::directory_with(&[]);
        fs::write(directory.path().join("hello.so"), bytes).unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert_eq!(host.report.loaded().len(), 1, "{what}: {}", host.report);
        let (end, lines) = host.run(&command("s", "hello", &["you"])).await;
        end.unwrap();
        assert_eq!(texts(&lines), ["hello, you"], "{what}");
    }
}

/// A sanitizer aligns the stamp like all data, and puts something around it.
#[cfg(target_os = "linux")]
#[test]
fn a_stamp_in_notes_that_are_aligned_in_another_way_is_read() {
    use crate::elf::PT_NOTE;

    const ALIGN: usize = 48;
    let mut elf = Elf(hello());
    let notes: Vec<_> = elf
        .segments()
        .filter(|at| elf.number(*at, 4) == PT_NOTE)
        .collect();
    for align in [16, 32, 64, 4096] {
        for at in &notes {
            elf.set(at + ALIGN, 8, align);
        }
        assert_eq!(problems(&elf.0), [""; 0], "{align}");
    }
}

/// GNU ld does not say how many symbols a library imports that exports none.
#[cfg(target_os = "linux")]
#[test]
fn a_library_that_exports_nothing_is_not_called_malformed() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    let code = "int puts(const char *); int getpid(void);\n\
                static void f(void) { puts(\"x\"); getpid(); }\n\
                __attribute__((used)) static void (*const all[])(void) = { f };\n\
                static const void *const imported[] __attribute__((used)) = { puts, getpid };\n";
    std::fs::write(path("a.c"), code).unwrap();
    let built = std::process::Command::new("cc")
        .args(["-shared", "-fPIC", "-fuse-ld=bfd", "-o"])
        .args([path("a.so"), path("a.c")])
        .status();
    if !built.is_ok_and(|status| status.success()) {
        e2e::skip("there is no C compiler with GNU ld");
        return;
    }
    assert_eq!(
        problems(&std::fs::read(path("a.so")).unwrap()),
        [
            "not a solti plugin: it has no stamp; build it with export_plugin! or move it out of the \
             plugin directory"
        ]
    );
}
