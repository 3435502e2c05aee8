//! Reports as lines of text.

use std::fmt;

use solti_plugin_abi::text::one_line;

use super::directory::{Accepted, Report};

impl<T: Accepted> fmt::Display for Report<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = T::OUTCOME;
        let files = self.accepted.iter().map(Accepted::file);
        let width = files
            .chain(self.rejected.iter().map(|rejected| &*rejected.file))
            .chain(self.skipped.iter().map(|skipped| &*skipped.file))
            .map(|file| file.chars().count())
            .max()
            .unwrap_or(0);
        for accepted in &self.accepted {
            let summary = accepted.summary();
            let (file, summary) = (accepted.file(), one_line(&summary));
            writeln!(f, "{file:width$}  {outcome:8}  {summary}")?;
        }
        for rejected in &self.rejected {
            let (file, stage) = (&rejected.file, rejected.error.stage());
            let reason = rejected.reason();
            writeln!(f, "{file:width$}  rejected  at {stage}: {reason}")?;
        }
        for skipped in &self.skipped {
            let (file, reason) = (&skipped.file, skipped.reason.sentence(self.names));
            writeln!(f, "{file:width$}  skipped   {reason}")?;
        }
        write!(
            f,
            "{} {outcome}, {} rejected, {} skipped",
            self.accepted.len(),
            self.rejected.len(),
            self.skipped.len()
        )
    }
}

#[cfg(test)]
mod tests {
    use crate::loader::connect::ConnectError;
    use crate::loader::measure::Measurements;
    use crate::loader::refusal::method;
    use crate::loader::report::{LoadReport, Rejected};
    use crate::loader::skip::{SkipReason, Skipped};

    #[test]
    fn a_report_that_is_printed_has_a_line_for_each_file_whatever_plugins_say() {
        let mut report = LoadReport::new("/".into(), method);
        let reason = "no\n\u{1b}[2Jpath".to_owned();
        report.add_rejected(Rejected {
            file: "a.so".to_owned(),
            path: "/a.so".into(),
            error: ConnectError::Refused {
                reason,
                place: None,
            }
            .into(),
            measurements: Measurements::default(),
            names: method,
        });
        report.add_skipped(Skipped {
            file: "b.so".to_owned(),
            path: "/b.so".into(),
            reason: SkipReason::NotAllowed {
                plugin: "x\u{1b}[2J".to_owned(),
            },
        });
        assert_eq!(
            report.to_string(),
            "a.so  rejected  at connect: no / \\u{1b}[2Jpath: correct its configuration, or provide \
             what it says is missing\n\
             b.so  skipped   plugin 'x\\u{1b}[2J' is not in the host's allow-list: add its name to \
             load it (PluginLoader::allow)\n\
             0 loaded, 1 rejected, 1 skipped"
        );
    }
}
