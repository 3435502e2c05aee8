//! What is known of a file, as lines of text.

use solti_plugin_host::LoadError;
use solti_plugin_host::inspect::{Examination, Requirements, Signature};
use solti_plugin_host::refusal::VouchError;
use solti_plugin_host::stamp::{Stamp, StampedRunner};
use solti_plugin_host::text::one_line;

use super::problems::problems;

/// The lines of one file.
pub(super) fn shown((path, examination): &(String, Result<Examination, LoadError>)) -> String {
    let mut lines = vec![path.clone()];
    // Most of it is what the file says, which is any text at all.
    let mut line = |name: &str, value: &str| {
        lines.push(format!("  {name:<10} {}", one_line(value)));
    };
    if let Ok(examination) = examination {
        facts(examination, &mut line);
    }
    let problems = problems(examination);
    if problems.is_empty() {
        line("problems", "none");
    }
    for problem in &problems {
        line("problem", problem);
    }
    lines.join("\n")
}

fn facts(examination: &Examination, line: &mut impl FnMut(&str, &str)) {
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
            Signature::Unchecked => "there is one; give --public-key to check it".to_owned(),
            Signature::Good { comment } => format!("good: {comment}"),
            _ => "does not hold".to_owned(),
        },
    );
    line(
        "SHA256SUMS",
        match examination.listed {
            None => "none here",
            Some(_) if unusable_sums(examination) => "cannot be used",
            Some(true) => "lists it",
            Some(false) => "does not list it",
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
    if requirements.static_tls {
        line(
            "static TLS",
            "yes: few libraries like this fit into a process",
        );
    }
}
