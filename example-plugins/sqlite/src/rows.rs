//! Lines of rows.

use std::fmt::Write as _;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rusqlite::Row;
use rusqlite::types::ValueRef;
use serde_json::Value;

use crate::spec::Format;

/// Makes lines of the rows of one statement.
pub(crate) struct Lines {
    format: Format,
    /// The names of the columns, as JSON.
    names: Vec<String>,
    line: String,
}

impl Lines {
    /// For a statement with these columns. A name that comes again gets a number: `a`, `a:1`.
    pub(crate) fn new<'a>(format: Format, columns: impl Iterator<Item = &'a str>) -> Self {
        let mut unique: Vec<String> = Vec::new();
        for column in columns {
            let mut name = column.to_owned();
            let mut number = 1;
            while unique.contains(&name) {
                name = format!("{column}:{number}");
                number += 1;
            }
            unique.push(name);
        }
        let names = unique.into_iter().map(|name| Value::from(name).to_string());
        Self {
            format,
            names: names.collect(),
            line: String::new(),
        }
    }

    /// The line of a row.
    ///
    /// # Errors
    ///
    /// SQLite's, when a value cannot be had.
    pub(crate) fn of(&mut self, row: &Row<'_>) -> rusqlite::Result<&str> {
        self.line.clear();
        for (at, name) in self.names.iter().enumerate() {
            let value = row.get_ref(at)?;
            match self.format {
                Format::Json => {
                    self.line.push(if at == 0 { '{' } else { ',' });
                    self.line.push_str(name);
                    self.line.push(':');
                    json(&mut self.line, value);
                }
                Format::Tsv => {
                    if at > 0 {
                        self.line.push('\t');
                    }
                    tsv(&mut self.line, value);
                }
            }
        }
        if self.format == Format::Json {
            self.line.push('}');
        }
        Ok(&self.line)
    }
}

fn json(line: &mut String, value: ValueRef<'_>) {
    let value = match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(integer) => integer.into(),
        // JSON has no infinity.
        ValueRef::Real(real) if !real.is_finite() => real.to_string().into(),
        ValueRef::Real(real) => real.into(),
        ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
        ValueRef::Blob(bytes) => serde_json::json!({ "base64": STANDARD.encode(bytes) }),
    };
    let _ = write!(line, "{value}");
}

fn tsv(line: &mut String, value: ValueRef<'_>) {
    let _ = match value {
        ValueRef::Null => Ok(()),
        ValueRef::Integer(integer) => write!(line, "{integer}"),
        ValueRef::Real(real) => write!(line, "{real}"),
        ValueRef::Blob(bytes) => bytes.iter().try_for_each(|byte| write!(line, "{byte:02x}")),
        ValueRef::Text(text) => {
            for c in String::from_utf8_lossy(text).chars() {
                match c {
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    '\\' => line.push_str("\\\\"),
                    other => line.push(other),
                }
            }
            Ok(())
        }
    };
}

#[cfg(test)]
mod tests {
    use rusqlite::Connection;

    use super::*;

    fn line(format: Format, sql: &str) -> String {
        let connection = Connection::open_in_memory().unwrap();
        let mut statement = connection.prepare(sql).unwrap();
        let mut lines = Lines::new(format, statement.column_names());
        let mut rows = statement.raw_query();
        lines.of(rows.next().unwrap().unwrap()).unwrap().to_owned()
    }

    #[test]
    fn a_row_is_one_line_whatever_is_in_it() {
        let sql = "SELECT 1 AS a, 2.5 AS a, NULL AS \"q\"\"\", 'x' || char(10, 9, 92) AS t, \
                   x'00ff' AS b, 9e999 AS i";
        assert_eq!(
            line(Format::Json, sql),
            r#"{"a":1,"a:1":2.5,"q\"":null,"t":"x\n\t\\","b":{"base64":"AP8="},"i":"inf"}"#
        );
        assert_eq!(line(Format::Tsv, sql), "1\t2.5\t\tx\\n\\t\\\\\t00ff\tinf");
    }

    #[test]
    fn an_integer_is_never_rounded() {
        let sql = "SELECT 9223372036854775807 AS n";
        assert_eq!(line(Format::Json, sql), r#"{"n":9223372036854775807}"#);
    }
}
