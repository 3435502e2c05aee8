//! The fields of an event or a span, as text.

use std::fmt::{self, Write as _};

use tracing::field::{Field, Visit};

/// The message and the other fields.
#[derive(Default)]
pub(super) struct Fields {
    pub(super) message: String,
    /// As `name=value`, separated by spaces.
    pub(super) others: String,
}

impl Fields {
    fn put(&mut self, field: &Field, value: fmt::Arguments<'_>) {
        let (name, text) = (field.name(), &mut self.others);
        if name == "message" {
            let _ = self.message.write_fmt(value);
            return;
        }
        // What tracing-log adds to carry a record's metadata is not a field of the record.
        if name.starts_with("log.") {
            return;
        }
        if !text.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{name}={value}");
    }
}

impl Visit for Fields {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "message" {
            self.put(field, format_args!("{value}"));
        } else {
            self.put(field, format_args!("{value:?}"));
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format_args!("{value:?}"));
    }
}
