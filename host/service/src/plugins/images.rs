//! How much memory the images of a plugin take.

use std::collections::BTreeSet;

use serde::Serialize;

/// The images of one plugin file, those that were replaced as well.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Memory {
    /// How many there are.
    images: usize,
    /// How much of them is in memory, in bytes.
    resident_bytes: u64,
    /// How much of that is the process's own, which the file does not have.
    private_bytes: u64,
}

/// The images of the plugin file of this name; `None` where the system does not say.
pub(super) fn memory_of(file: &str) -> Option<Memory> {
    let maps = std::fs::read("/proc/self/smaps").ok()?;
    // Names of files need not be text.
    Some(memory_in(&String::from_utf8_lossy(&maps), file))
}

/// What a list of mappings says of the images of a file: a line for each mapping, and what is measured of it.
fn memory_in(maps: &str, file: &str) -> Memory {
    let name = format!("/memfd:solti:{file} (deleted)");
    let mut memory = Memory::default();
    let mut inodes = BTreeSet::new();
    let mut is_of_file = false;
    for line in maps.lines() {
        let mut fields = line.split_ascii_whitespace();
        let first = fields.next().unwrap_or_default();
        let Some(measure) = first.strip_suffix(':') else {
            is_of_file = line.ends_with(&name);
            if is_of_file {
                inodes.extend(fields.nth(3).map(str::to_owned));
            }
            continue;
        };
        if !is_of_file {
            continue;
        }
        let kib: u64 = fields.next().and_then(|it| it.parse().ok()).unwrap_or(0);
        match measure {
            "Rss" => memory.resident_bytes += kib << 10,
            "Private_Clean" | "Private_Dirty" => memory.private_bytes += kib << 10,
            _ => {}
        }
    }
    memory.images = inodes.len();
    memory
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_images_of_a_file_are_told_from_each_other_and_from_those_of_others() {
        let maps = "\
7f00-7f10 r--p 00000000 00:01 77 /memfd:solti:a.so (deleted)
Rss:                  12 kB
Private_Clean:         0 kB
7f10-7f20 r-xp 00000000 00:01 77 /memfd:solti:a.so (deleted)
Rss:                   8 kB
Private_Dirty:         4 kB
7f20-7f30 r-xp 00000000 00:01 78 /memfd:solti:a.so (deleted)
Rss:                   1 kB
7f30-7f40 r-xp 00000000 00:01 79 /memfd:solti:ba.so (deleted)
Rss:                 100 kB
";
        let memory = memory_in(maps, "a.so");
        assert_eq!((memory.images, memory.resident_bytes), (2, 21 << 10));
        assert_eq!(memory.private_bytes, 4 << 10);
    }
}
