//! The process of one rule, from the inside.

use std::io::BufRead as _;
use std::{env, fs, io};

use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use super::child::{ARGUMENT, become_subreaper, end_with_standard_input};
use super::request::Request;
use super::rule::Check;
use super::table::RULES;
use super::verdict::Verdict;

/// Tries a rule, where this process was started for that, and ends it then.
pub(crate) fn serve() {
    if env::args_os().nth(1).is_none_or(|role| role != ARGUMENT) {
        return;
    }
    let tried = try_rule();
    // Not by returning: that would run the destructors of the plugin.
    solti_plugin_host::exit_now(u8::from(tried.is_err()));
}

fn try_rule() -> io::Result<()> {
    // A core of a process that a plugin has ended is of no use.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    become_subreaper();
    let mut text = String::new();
    io::stdin().lock().read_line(&mut text)?;
    let request: Request = serde_json::from_str(&text)?;
    end_with_standard_input();
    let rule = RULES.iter().find(|rule| rule.name == request.rule);
    let check = rule.map(|rule| rule.check);
    let (Some(Check::In(check)) | Some(Check::InProbe(check))) = check else {
        return Err(io::Error::other("no rule of a process has this name"));
    };
    let verdict = Verdict::from(check(&request));
    let text = serde_json::to_vec(&verdict)?;
    // Whole or not at all: the plugin may end the process at any moment.
    let (file, part) = (request.verdict(), request.own.join("verdict.part"));
    fs::write(&part, text)?;
    fs::rename(part, file)
}
