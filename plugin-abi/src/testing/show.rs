//! All that became of a task, as a person reads it below a failed assertion.

use std::fmt;

use solti_model::StreamKind;

use super::event::Event;
use super::failure::Failure;
use super::ran::Ran;

impl fmt::Debug for Ran {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let id = self.id.as_deref().unwrap_or("the task");
        writeln!(f, "{id} {}", Said(&self.result))?;
        for event in &self.events {
            match event {
                Event::Built => writeln!(f, "  · built")?,
                Event::Started { attempt } => writeln!(f, "  · attempt {attempt} begins")?,
                Event::Cancelled => writeln!(f, "  · cancelled by the test")?,
                Event::Line(line) if line.stream == StreamKind::Stderr => {
                    writeln!(f, "  ! {}", line.text)?;
                }
                Event::Line(line) => writeln!(f, "  │ {}", line.text)?,
                Event::Ended { attempt, result } => {
                    writeln!(f, "  · attempt {attempt} {}", Said(result))?;
                }
            }
        }
        for log in &self.logs {
            writeln!(f, "  log: {log}")?;
        }
        for sample in &self.metrics.instruments {
            writeln!(
                f,
                "  {} {:?} = {}",
                sample.name, sample.labels, sample.value
            )?;
        }
        Ok(())
    }
}

/// A result in words.
struct Said<'a>(&'a Result<(), Failure>);

impl fmt::Display for Said<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Ok(()) => f.write_str("succeeded"),
            Err(failure) => failure.fmt(f),
        }
    }
}
