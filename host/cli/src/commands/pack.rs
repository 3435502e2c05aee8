//! `solti-host pack`: what an operator installs, in one file.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use serde_json::json;
use solti_plugin_host::atomic;
use solti_plugin_host::inspect::{Digest, Problem, inspect};
use solti_plugin_host::options::DEFAULT_MAX_FILE_BYTES;
use solti_plugin_host::refusal::sentence;
use solti_plugin_host::stamp::Stamp;

use crate::args::PackArgs;
use crate::exit::Exit;
use crate::flags::flag;
use crate::pack::format::{self, FORMAT, MANIFEST, Manifest, Members, PackedPlugin, SUFFIX, SUMS};
use crate::pack::sign::Signer;
use crate::pack::{describe, strip, sums, write};
use crate::present::message;
use crate::present::phrase::{counted, path};
use crate::present::{sidecar, tables};

/// Makes a pack and says how the program ends.
///
/// # Errors
///
/// When a file cannot be read or written, or a key not be used.
pub(super) fn pack(args: &PackArgs) -> anyhow::Result<Exit> {
    if args.readme.is_some() && args.files.len() > 1 {
        bail!(
            "--readme is for one plugin, and {} are packed",
            args.files.len()
        );
    }
    let signer = args
        .key
        .as_ref()
        .map(|key| Signer::read(key, args.password_file.as_deref()));
    let signer = signer.transpose()?;
    let mut packed = BTreeMap::new();
    let mut refused = 0;
    for file in &args.files {
        let bytes = read(file)?;
        match library(&bytes) {
            Ok((stamp, library)) => {
                let plugin = Packed {
                    from: file,
                    before: bytes.len(),
                    stamp,
                    library,
                };
                if let Some(first) = packed.get(&plugin.stamp.plugin) {
                    let Packed { from, .. } = first;
                    bail!(
                        "{} and {} are both the plugin {}",
                        path(from),
                        path(file),
                        plugin.stamp.plugin
                    );
                }
                packed.insert(plugin.stamp.plugin.clone(), plugin);
            }
            Err(reason) => {
                message::error(format_args!("{}: {reason}", path(file)));
                refused += 1;
            }
        }
    }
    if refused > 0 {
        return Ok(Exit::of_files(refused));
    }
    let output = output(args, packed.values().next().map(|it| &it.stamp))?;
    let members = members(&packed, args.readme.as_deref(), signer.as_ref())?;
    let bytes = write::write(&members).context("the pack")?;
    let written = atomic::write(&output, &bytes);
    written.with_context(|| format!("{} cannot be written", path(&output)))?;
    // It is made, whoever hears of it.
    Ok(Exit::of_printing(print(args, &output, &bytes, &packed)))
}

/// A library on its way into a pack.
struct Packed<'a> {
    from: &'a Path,
    /// Its length before it was stripped.
    before: usize,
    stamp: Stamp,
    library: Vec<u8>,
}

/// What is wrong with a library, and what to do about that where it is not in a directory of plugins.
fn sentence_of(problem: &Problem) -> String {
    match problem {
        Problem::NotALibrary { .. } => {
            format!("{problem}; name what cargo builds of a crate with crate-type = [\"cdylib\"]")
        }
        Problem::NoStamp => format!("{problem}; build it with export_plugin!"),
        other => sentence(other, flag),
    }
}

/// A library as it is packed, with what it says of itself.
fn library(bytes: &[u8]) -> Result<(Stamp, Vec<u8>), String> {
    let examine = |bytes: &[u8]| {
        let inspection = inspect(bytes);
        let problems = inspection.problems.iter();
        let problems: Vec<_> = problems.map(sentence_of).collect();
        match inspection.stamp {
            Some(stamp) if problems.is_empty() => Ok(stamp),
            _ => Err(problems.join("; ")),
        }
    };
    let stamp = examine(bytes)?;
    if let Some(fault) = format::fault_of_name(&format::readme(&stamp.plugin)) {
        return Err(format!(
            "the plugin {:?} {fault}, and its files are named after it: name it otherwise in export_plugin!",
            stamp.plugin
        ));
    }
    let stripped = strip::strip(bytes).map_err(|err| format!("it cannot be stripped: {err}"))?;
    // What is shipped is what was looked at.
    examine(&stripped).map_err(|problems| format!("stripped, it would be refused: {problems}"))?;
    Ok((stamp, stripped.into_owned()))
}

fn members(
    packed: &BTreeMap<String, Packed<'_>>,
    readme: Option<&Path>,
    signer: Option<&Signer>,
) -> anyhow::Result<Members> {
    let mut members = Members::new();
    let mut plugins = Vec::new();
    for (name, it) in packed {
        let stamp = &it.stamp;
        let own = [
            (format::library(name), it.library.clone()),
            (format::example(name), sidecar::of(stamp).into_bytes()),
            (format::readme(name), readme_of(it, readme)?),
        ];
        let digests = own
            .iter()
            .map(|(name, bytes)| (name.clone(), Digest::of(bytes).to_string()));
        plugins.push(PackedPlugin {
            name: name.clone(),
            version: stamp.version.clone(),
            target: stamp.target.clone(),
            abi: stamp.abi,
            sdk: stamp.sdk.clone(),
            files: digests.collect(),
        });
        members.extend(own);
    }
    let manifest = Manifest {
        format: FORMAT,
        plugins,
    };
    let manifest = serde_json::to_string_pretty(&manifest)? + "\n";
    let digest = Digest::of(manifest.as_bytes()).to_string();
    members.insert(MANIFEST.to_owned(), manifest.into_bytes());
    if let Some(signer) = signer {
        for (name, it) in packed {
            let signature = signer.sign(&it.library, name, &it.stamp.version, &digest)?;
            members.insert(
                format::signature(&format::library(name)),
                signature.into_bytes(),
            );
        }
    }
    let lines = members
        .iter()
        .map(|(name, bytes)| sums::line(name, &Digest::of(bytes).to_string()));
    let lines: String = lines.collect();
    members.insert(SUMS.to_owned(), lines.into_bytes());
    Ok(members)
}

/// The README that was named, the one beside the library, or one of what the library says.
fn readme_of(it: &Packed<'_>, named: Option<&Path>) -> anyhow::Result<Vec<u8>> {
    if let Some(named) = named {
        return read(named);
    }
    let beside = it.from.with_file_name("README.md");
    match beside.is_file() {
        true => read(&beside),
        false => Ok(describe::readme(&it.stamp).into_bytes()),
    }
}

fn output(args: &PackArgs, first: Option<&Stamp>) -> anyhow::Result<PathBuf> {
    match (&args.output, first) {
        (Some(output), _) => Ok(output.clone()),
        (None, Some(stamp)) if args.files.len() == 1 => {
            let Stamp {
                plugin,
                version,
                target,
                ..
            } = stamp;
            Ok(PathBuf::from(
                format!("{plugin}-{version}-{target}{SUFFIX}").replace('/', "_"),
            ))
        }
        _ => bail!(
            "{} plugins have no name for their pack: give one with --output",
            args.files.len()
        ),
    }
}

fn read(file: &Path) -> anyhow::Result<Vec<u8>> {
    let cannot_be_read = || format!("{} cannot be read", path(file));
    let metadata = fs::metadata(file).with_context(cannot_be_read)?;
    if !metadata.is_file() {
        bail!("{}: not a regular file", path(file));
    }
    if metadata.len() > DEFAULT_MAX_FILE_BYTES {
        bail!(
            "{}: the file has {} bytes, and no plugin has more than {DEFAULT_MAX_FILE_BYTES}",
            path(file),
            metadata.len()
        );
    }
    fs::read(file).with_context(cannot_be_read)
}

fn print(
    args: &PackArgs,
    output: &Path,
    bytes: &[u8],
    packed: &BTreeMap<String, Packed<'_>>,
) -> anyhow::Result<()> {
    let sha256 = Digest::of(bytes).to_string();
    if args.json {
        let plugins = packed.values().map(|it| {
            json!({
                "plugin": it.stamp.plugin,
                "version": it.stamp.version,
                "target": it.stamp.target,
                "from": it.from.display().to_string(),
                "size_before": it.before,
                "size": it.library.len(),
                "sha256": Digest::of(&it.library),
            })
        });
        let report = json!({
            "pack": output.display().to_string(),
            "size": bytes.len(),
            "sha256": sha256,
            "signed": args.key.is_some(),
            "plugins": plugins.collect::<Vec<_>>(),
        });
        return tables::print(&serde_json::to_string_pretty(&report)?);
    }
    let mut lines: Vec<_> = packed
        .values()
        .map(|it| {
            format!(
                "{} {} for {}: {}, {} before it was stripped",
                it.stamp.plugin,
                it.stamp.version,
                it.stamp.target,
                counted(it.library.len() as u64, "byte"),
                counted(it.before as u64, "byte"),
            )
        })
        .collect();
    lines.push(format!(
        "{}: {}, sha256 {sha256}",
        path(output),
        counted(bytes.len() as u64, "byte")
    ));
    tables::print(&lines.join("\n"))
}
