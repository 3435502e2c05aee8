//! Reports how a run went: to the person or program that waits for it, and to the files it names.

mod json;
mod table;

use std::io::{self, Write as _};
use std::path::Path;

use anyhow::Context as _;
use solti_plugin_host::atomic;
use solti_plugin_host::report::Warning;

use super::screen::Written;
use super::summary::{Row, Summary};
use crate::args::SessionArgs;
use crate::exit::Exit;
use crate::metrics;
use crate::output::Format;
use crate::present::message;
use crate::stdio::Stdout;

/// The end of a task as an event: an object on a line.
///
/// # Errors
///
/// When a part of it has no form in JSON, which none is known to do.
pub(super) fn task_finished(row: &Row) -> serde_json::Result<String> {
    json::task_line(row)
}

/// Prints the summary, writes it and the metrics where `args` asks for them, and says how the
/// program ends. What cannot be written is an error that hinders nothing else.
pub(super) fn report(
    summary: &Summary<'_>,
    prometheus: &str,
    args: &SessionArgs,
    format: Format,
    written: Written,
) -> Exit {
    let not_taken = (!written.was_taken).then(|| {
        let text = "output was not taken: the reader of standard output takes nothing any more";
        Warning::new("output_not_taken", text)
    });
    // It is told last, and stands in the summary all the same.
    not_taken.clone().into_iter().for_each(message::keep);
    let takes_no_more = !written.was_taken || written.result.is_err();
    let printed = if written.reader_left || takes_no_more && format == Format::Json {
        Ok(())
    } else {
        print(summary, format, args.quiet)
    };
    let results = [
        written.result.context("standard output"),
        printed.context("the summary cannot be printed"),
        args.summary
            .as_ref()
            .map_or(Ok(()), |file| write(summary, file)),
        args.metrics
            .as_ref()
            .map_or(Ok(()), |file| metrics::write(file, prometheus)),
    ];
    for err in results.iter().filter_map(|result| result.as_ref().err()) {
        message::error(format_args!("{err:#}"));
    }
    if let Some(warning) = not_taken {
        message::only_print_warning(warning);
    }
    if written.was_taken && results.iter().all(Result::is_ok) {
        return summary.exit();
    }
    match summary.exit() {
        // What failed first is what is told.
        failed @ Exit::Command(_) => failed,
        _ if summary.is_command => Exit::HostFailed,
        _ => Exit::NotWritten,
    }
}

/// Prints the summary: as the last object on standard output, or for people on standard error, where it
/// has nothing to tell when it is to be `quiet` and all is well.
fn print(summary: &Summary<'_>, format: Format, quiet: bool) -> io::Result<()> {
    let printed = match format {
        Format::Json => Stdout.write_all(format!("{}\n", json::line(summary)?).as_bytes()),
        _ if quiet && summary.is_clean() => return Ok(()),
        // Nobody is left to be told when standard error is gone, and it decides nothing.
        Format::Slots => {
            table::print(summary, quiet).ok();
            return Ok(());
        }
        Format::Plain => {
            table::print_line(summary).ok();
            return Ok(());
        }
    };
    match printed {
        Err(err) if err.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        printed => printed,
    }
}

/// Writes the summary to a file, as JSON: a reader sees all of it or what was there before. A pipe, or a
/// device like /dev/stderr, is written to.
fn write(summary: &Summary<'_>, file: &Path) -> anyhow::Result<()> {
    let json = json::line(summary)? + "\n";
    atomic::write(file, json)
        .with_context(|| format!("the summary cannot be written to {}", file.display()))
}
