//! What a library asks of the system's loader, in its dynamic table.

use object::elf;
use solti_plugin_abi::text::escape_bytes;

use super::dynamic::Image;
use super::{symbols, thread_locals, versions};
use crate::loader::inspect::glibc::GlibcVersion;
use crate::loader::inspect::requirements::Requirements;

/// The longest name or path that is read, in bytes. The system takes no longer one.
const MAX_TEXT_BYTES: usize = 4_096;

/// Reads the requirements as far as they can be read: no file is refused for what is unreadable of
/// them.
pub(super) fn read(image: &Image<'_>) -> Requirements {
    let mut requirements = Requirements::default();
    let Some(strings) = image
        .value(elf::DT_STRTAB)
        .and_then(|address| image.bytes_from(address))
    else {
        return requirements;
    };
    for (tag, value) in &image.entries {
        let text = || text_at(strings, *value).map(|text| escape_bytes(text).into_owned());
        let plain = || text_at(strings, *value).map(<[u8]>::to_vec);
        let named = || plain().filter(|name| name.contains(&b'/'));
        match *tag {
            elf::DT_NEEDED => {
                requirements.libraries.extend(text());
                requirements.named.extend(named());
            }
            // Libraries that are loaded beside it.
            elf::DT_FILTER | elf::DT_AUXILIARY => requirements.named.extend(named()),
            elf::DT_SONAME => requirements.soname = text(),
            elf::DT_RUNPATH | elf::DT_RPATH => {
                requirements.runpath = text();
                requirements.searched.extend(plain());
            }
            elf::DT_FLAGS => requirements.static_tls = value & elf::DF_STATIC_TLS.0 != 0,
            _ => {}
        }
    }
    let versions = versions::needed(image).unwrap_or_default();
    let versions = versions.iter().filter_map(|version| {
        let name = text_at(strings, version.vna_name.get(image.endian).into())?;
        GlibcVersion::parse(str::from_utf8(name).ok()?.strip_prefix("GLIBC_")?)
    });
    requirements.glibc = versions.max();
    requirements.static_tls_bytes = thread_locals::static_len(image);
    requirements.tls_align = thread_locals::align(image);
    let exported = symbols::exported(image).into_iter();
    let exported = exported.filter_map(|name| text_at(strings, name.into()));
    requirements.exported = exported
        .map(|name| escape_bytes(name).into_owned())
        .collect();
    let unique = symbols::unique(image).into_iter();
    let unique = unique.filter_map(|name| text_at(strings, name.into()));
    requirements.unique = unique.map(|name| escape_bytes(name).into_owned()).collect();
    requirements
}

/// The text at an offset of the table of strings.
fn text_at(strings: &[u8], offset: u64) -> Option<&[u8]> {
    let text = strings.get(usize::try_from(offset).ok()?..)?;
    let text = &text[..text.len().min(MAX_TEXT_BYTES)];
    let end = text.iter().position(|byte| *byte == 0)?;
    Some(&text[..end])
}
