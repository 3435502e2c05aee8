//! What is known of a file, as lines of text.

use solti_plugin_host::LoadError;
use solti_plugin_host::inspect::{Examination, Requirements, Signature, static_tls_room};
use solti_plugin_host::refusal::VouchError;
use solti_plugin_host::stamp::{Stamp, StampedRunner};
use solti_plugin_host::text::one_line;

use super::examined::ExaminedFile;
use crate::present::settings;

/// The lines of one file.
pub(super) fn lines(file: &ExaminedFile) -> String {
    let mut lines = vec![file.path.clone()];
    // Most of it is what the file says, which is any text at all.
    let mut line = |name: &str, value: &str| {
        lines.push(format!("  {name:<10} {}", one_line(value)));
    };
    if let Some(examination) = &file.examination {
        of_examination(examination, &mut line);
    }
    if file.problems.is_empty() {
        line("problems", "none");
    }
    for problem in &file.problems {
        line("problem", problem);
    }
    lines.join("\n")
}

fn of_examination(examination: &Examination, line: &mut impl FnMut(&str, &str)) {
    line("size", &format!("{} bytes", examination.size));
    line("sha256", &examination.sha256.to_string());
    if let Some(stamp) = &examination.inspection.stamp {
        of_stamp(stamp, line);
    }
    of_requirements(&examination.inspection.requirements, line);
    line(
        "signature",
        &match &examination.signature {
            Signature::Absent => "none".to_owned(),
            Signature::Unchecked => "present; give --public-key to check it".to_owned(),
            Signature::Good { comment } => format!("valid: {comment}"),
            _ => "invalid".to_owned(),
        },
    );
    line(
        "SHA256SUMS",
        match examination.listed {
            None => "none in its directory",
            Some(_) if unusable_sums(examination) => "cannot be used",
            Some(true) => "lists the file",
            Some(false) => "does not list the file",
        },
    );
}

fn unusable_sums(examination: &Examination) -> bool {
    examination
        .refusals
        .iter()
        .any(|err| matches!(err, LoadError::Vouch(VouchError::SumsUnusable { .. })))
}

fn of_stamp(stamp: &Stamp, line: &mut impl FnMut(&str, &str)) {
    line("plugin", &format!("{} {}", stamp.plugin, stamp.version));
    for runner in &stamp.runners {
        line("runner", &of_runner(runner));
    }
    if let Some(schema) = &stamp.config {
        if schema.is_empty() {
            line("config", "none");
        }
        for setting in settings::all(schema) {
            line("config", &setting.to_string());
        }
    }
    line("abi", &format!("{} (sdk {})", stamp.abi, stamp.sdk));
    line(
        "built",
        &format!(
            "for {} by {}, opt-level {}, panic {}",
            stamp.target, stamp.rustc, stamp.opt_level, stamp.panic
        ),
    );
}

fn of_runner(runner: &StampedRunner) -> String {
    let mut text = format!("{} ({}", runner.name, runner.kinds);
    for (key, value) in runner.labels.iter() {
        text.push_str(&format!(", {key}={value}"));
    }
    text + ")"
}

fn of_requirements(requirements: &Requirements, line: &mut impl FnMut(&str, &str)) {
    if let Some(glibc) = requirements.glibc {
        line("glibc", &format!("{glibc} or later"));
    }
    if !requirements.libraries.is_empty() {
        line("needs", &requirements.libraries.join(", "));
    }
    for (name, value) in [
        ("soname", &requirements.soname),
        ("runpath", &requirements.runpath),
    ] {
        if let Some(value) = value {
            line(name, value);
        }
    }
    match (requirements.static_tls_bytes, static_tls_room()) {
        (Some(needs), Some(room)) => line(
            "static TLS",
            &format!("{needs} bytes: a process has about {room} for all such libraries"),
        ),
        _ if requirements.static_tls => line(
            "static TLS",
            "yes: a process has room for only a few such libraries",
        ),
        _ => {}
    }
}
