//! The members of a pack: those that are listed, and as they were packed.

use std::collections::BTreeSet;

use solti_plugin_host::inspect::Digest;
use solti_plugin_host::text::one_line;

use super::error::VerifyError;
use crate::pack::format::{self, MANIFEST, Manifest, Members, SUMS};
use crate::pack::sums;

/// Every member is listed, and everything that is listed is there as it was packed.
pub(super) fn check_sums(members: &Members) -> Result<(), VerifyError> {
    let listed = sums::read(member(members, SUMS)?)
        .ok_or_else(|| VerifyError::Missing(format!("{SUMS} of lines that sha256sum writes")))?;
    for (name, listed) in &listed {
        let found = Digest::of(member(members, name)?).to_string();
        compare(name, SUMS, listed, found)?;
    }
    let mut unlisted = members.keys().filter(|name| *name != SUMS);
    match unlisted.find(|name| !listed.contains_key(*name)) {
        Some(name) => Err(VerifyError::Unlisted {
            name: name.clone(),
            list: SUMS,
        }),
        None => Ok(()),
    }
}

/// The manifest has a digest of every member of each plugin, and there is no other member.
pub(super) fn check_files(manifest: &Manifest, members: &Members) -> Result<(), VerifyError> {
    let mut known = BTreeSet::from([MANIFEST.to_owned(), SUMS.to_owned()]);
    for plugin in &manifest.plugins {
        known.insert(format::signature(&plugin.library()));
        let own = [
            plugin.library(),
            format::example(&plugin.name),
            format::readme(&plugin.name),
        ];
        for name in own {
            match (plugin.files.get(&name), members.get(&name)) {
                (Some(listed), Some(bytes)) => {
                    compare(&name, MANIFEST, listed, Digest::of(bytes).to_string())?;
                }
                (Some(_), None) => return Err(VerifyError::Missing(name)),
                // It is no member that is known.
                (None, _) => continue,
            }
            known.insert(name);
        }
    }
    match members.keys().find(|name| !known.contains(*name)) {
        Some(name) => Err(VerifyError::Unlisted {
            name: name.clone(),
            list: MANIFEST,
        }),
        None => Ok(()),
    }
}

pub(super) fn member<'a>(members: &'a Members, name: &str) -> Result<&'a [u8], VerifyError> {
    members
        .get(name)
        .map(Vec::as_slice)
        .ok_or_else(|| VerifyError::Missing(name.to_owned()))
}

fn compare(name: &str, list: &'static str, listed: &str, found: String) -> Result<(), VerifyError> {
    if *listed == found {
        return Ok(());
    }
    Err(VerifyError::OtherDigest {
        name: name.to_owned(),
        list,
        listed: one_line(listed).into_owned(),
        found,
    })
}
