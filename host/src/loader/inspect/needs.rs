//! What a library asks of the system's loader.
//!
//! It is read by way of the section headers, which need not be there: then nothing is known, and
//! the system's loader will say what it lacks. Nothing here refuses a file for what it cannot read.

use abi_stable::library::ROOT_MODULE_LOADER_NAME;
use object::Endianness;
use object::elf;
use object::read::elf::{FileHeader, Sym};

use super::elf::Header;
use super::{GlibcVersion, Needs, Problem};

/// Reads the needs, as far as they can be read.
pub(super) fn read(header: &Header, endian: Endianness, bytes: &[u8], needs: &mut Needs) {
    // What was read before something failed is still true.
    let _ = read_dynamic(header, endian, bytes, needs);
    let _ = read_versions(header, endian, bytes, needs);
}

fn read_dynamic(
    header: &Header,
    endian: Endianness,
    bytes: &[u8],
    needs: &mut Needs,
) -> object::Result<()> {
    let dynamic = header
        .sections(endian, bytes)?
        .dynamic_table(endian, bytes)?;
    for entry in &dynamic {
        let text = || {
            let text = dynamic.string(entry).ok()?;
            Some(String::from_utf8_lossy(text).into_owned())
        };
        match entry.tag {
            elf::DT_NEEDED => needs.libraries.extend(text()),
            elf::DT_SONAME => needs.soname = text(),
            elf::DT_RUNPATH | elf::DT_RPATH => needs.runpath = text(),
            elf::DT_FLAGS => needs.static_tls = entry.val & elf::DF_STATIC_TLS.0 != 0,
            _ => {}
        }
    }
    Ok(())
}

fn read_versions(
    header: &Header,
    endian: Endianness,
    bytes: &[u8],
    needs: &mut Needs,
) -> object::Result<()> {
    let sections = header.sections(endian, bytes)?;
    let Some((mut libraries, strings)) = sections.gnu_verneed(endian, bytes)? else {
        return Ok(());
    };
    let strings = sections.strings(endian, bytes, strings)?;
    while let Some((_, mut versions)) = libraries.next()? {
        while let Some(version) = versions.next()? {
            let name = version.name(endian, strings)?;
            let needed = str::from_utf8(name)
                .ok()
                .and_then(|name| name.strip_prefix("GLIBC_"))
                .and_then(GlibcVersion::parse);
            needs.glibc = needs.glibc.max(needed);
        }
    }
    Ok(())
}

/// What is wrong with this version of glibc being needed.
pub(super) fn newer_glibc(needs: GlibcVersion) -> Option<Problem> {
    let host = GlibcVersion::of_this_host()?;
    (needs > host).then_some(Problem::NewerGlibc { needs, host })
}

/// Whether the symbol that a plugin is entered by is certainly not there.
pub(super) fn lacks_root(header: &Header, endian: Endianness, bytes: &[u8]) -> bool {
    let table = header
        .sections(endian, bytes)
        .and_then(|sections| sections.symbols(endian, bytes, elf::SHT_DYNSYM));
    let Ok(symbols) = table else {
        return false;
    };
    if symbols.is_empty() {
        return false;
    }
    !symbols.iter().any(|symbol| {
        !symbol.is_undefined(endian)
            && symbol.name(endian, symbols.strings()) == Ok(ROOT_MODULE_LOADER_NAME.as_bytes())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_compared_as_numbers() {
        let version = |text| GlibcVersion::parse(text).unwrap();
        assert!(version("2.9") < version("2.36"));
        assert!(version("2.2.5") < version("2.3"));
        assert_eq!(version("2.36").to_string(), "2.36");
        assert_eq!(version("2.2.5").to_string(), "2.2.5");
        for none in ["PRIVATE", "2", "2.x", "2.1.2.3", "ABI_DT_RELR"] {
            assert_eq!(GlibcVersion::parse(none), None);
        }
    }
}
