//! All that a report warns of.

use super::directory::{Accepted, Report};
use super::warning::Warning;

impl<T: Accepted> Report<T> {
    /// What a person should know though it refuses no file: options that no plugin has, runners that get
    /// no task, plugins without a directory of their own.
    #[must_use]
    pub fn warnings(&self) -> Vec<Warning> {
        let unused = self.unused_options().iter().map(|unused| {
            let text = unused.sentence(self.names);
            Warning::new("unused_option", text).about_plugin(&unused.name)
        });
        let shadowed = self.shadowed().into_iter().map(|shadowed| {
            let warning = Warning::new("shadowed_runner", shadowed.to_string());
            let plugin = self.accepted.iter().find(|it| it.file() == shadowed.file);
            let warning = warning.about_file(shadowed.file);
            match plugin {
                Some(plugin) => warning.about_plugin(plugin.plugin()),
                None => warning,
            }
        });
        let noted = self.noted.iter().cloned();
        unused.chain(shadowed).chain(noted).collect()
    }
}
