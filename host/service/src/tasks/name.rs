//! Names for tasks that were given none.

/// How many letters and digits make a name unlike the others.
const UNLIKE: usize = 10;

/// How much of the slot's name stands before them.
const MOST_OF_SLOT: usize = 40;

/// A name that begins as the slot does, of what names may have.
pub(super) fn made_of(slot: &str) -> String {
    format!("{}-{}", beginning(slot), unlike())
}

/// The same, with a key in place of chance.
#[cfg(feature = "queue")]
pub(super) fn made_of_key(slot: &str, key: &str) -> String {
    // FNV-1a: the same in every version of this program.
    let hash = key.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("{}-{hash:016x}", beginning(slot))
}

fn beginning(slot: &str) -> String {
    let letters = slot.chars().map(|c| match c.to_ascii_lowercase() {
        c if c.is_ascii_alphanumeric() => c,
        _ => '-',
    });
    let slot: String = letters.take(MOST_OF_SLOT).collect();
    let slot = slot.trim_matches('-');
    let slot = if slot.is_empty() { "task" } else { slot };
    slot.to_owned()
}

fn unlike() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    let mut bytes = [0; UNLIKE];
    getrandom::fill(&mut bytes).expect("the system has random bytes");
    bytes
        .iter()
        .map(|byte| char::from(LETTERS[usize::from(byte % 32)]))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_is_made_is_one_that_the_model_takes() {
        for slot in [
            "night",
            "Night_Shift.7",
            "---",
            "\u{e4}\u{f6}",
            &"x".repeat(64),
        ] {
            let name = made_of(slot);
            let taken = solti_model_published::TaskManifest::new(
                &name,
                solti_model_published::TaskSpec::builder(
                    "s",
                    solti_model_published::TaskWorkload::Embedded(
                        solti_model_published::EmbeddedSpec::new("v").expect("not empty"),
                    ),
                    1_u64,
                )
                .build()
                .expect("valid"),
            );
            assert!(taken.is_ok(), "{name}: {taken:?}");
        }
    }
}
