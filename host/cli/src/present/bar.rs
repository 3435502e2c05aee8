//! A bar on a terminal, where something takes long.

use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::charset;

/// How long something goes on before a bar is worth showing.
const LONG: Duration = Duration::from_millis(300);

/// A bar on standard error; nothing where that is no terminal.
#[derive(Debug, Clone)]
pub(crate) struct Bar {
    bar: ProgressBar,
    began: Instant,
}

impl Bar {
    /// A bar behind these words, which is not shown yet.
    pub(crate) fn of(words: &str) -> Self {
        let template = format!("{words} {{bar:30}} {{pos}}/{{len}} {{msg}}");
        let style = ProgressStyle::with_template(&template)
            .expect("the template is well formed")
            .progress_chars(charset::or_ascii("█░", "#-"));
        let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::hidden());
        Self {
            bar: bar.with_style(style),
            began: Instant::now(),
        }
    }

    /// Shows how much is done, and what is being done.
    pub(crate) fn show(&self, done: usize, total: usize, what: &str) {
        self.bar.set_length(total as u64);
        self.bar.set_position(done as u64);
        self.bar.set_message(what.to_owned());
        if self.bar.is_hidden() && self.began.elapsed() > LONG {
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
    }

    /// Takes it away.
    pub(crate) fn clear(&self) {
        self.bar.finish_and_clear();
    }
}
