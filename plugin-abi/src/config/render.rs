//! A description as JSON Schema, while the plugin compiles.
//!
//! The keywords are those of draft 2020-12, which editors know as well; `enumDescriptions` is their
//! extension.

use super::schema::{Fallback, Field, Schema, Word};
use crate::const_text::Writer;

/// The longest description that goes into a stamp, in bytes.
pub(crate) const MAX_SCHEMA_BYTES: usize = 16 << 10;

/// The description as JSON, for a program that runs.
pub(crate) fn json(schema: &Schema) -> String {
    let mut counted = Writer::new(&mut []);
    write(&mut counted, schema, true);
    let mut bytes = vec![0; counted.len()];
    write(&mut Writer::new(&mut bytes), schema, true);
    String::from_utf8(bytes).expect("it is made of texts")
}

/// Writes the description, with what its texts say or without.
pub(crate) const fn write(out: &mut Writer<'_>, schema: &Schema, with_docs: bool) {
    out.put("{");
    write_inner(out, schema, with_docs);
    out.put("}");
}

const fn write_inner(out: &mut Writer<'_>, schema: &Schema, with_docs: bool) {
    match schema {
        Schema::Any => {}
        Schema::Flag => out.put("\"type\":\"boolean\""),
        Schema::Integer(least, most) => {
            out.put("\"type\":\"integer\",\"minimum\":");
            integer(out, *least);
            out.put(",\"maximum\":");
            integer(out, *most);
        }
        Schema::Number => out.put("\"type\":\"number\""),
        Schema::Character => out.put("\"type\":\"string\",\"minLength\":1,\"maxLength\":1"),
        Schema::Text => out.put("\"type\":\"string\""),
        Schema::Path => out.put("\"type\":\"string\",\"format\":\"path\""),
        Schema::Words(words) => write_words(out, words, with_docs),
        Schema::List(items) => {
            out.put("\"type\":\"array\",\"items\":");
            write(out, items, with_docs);
        }
        Schema::Map(values) => {
            out.put("\"type\":\"object\",\"additionalProperties\":");
            write(out, values, with_docs);
        }
        Schema::Table(fields) => write_table(out, fields, with_docs),
    }
}

const fn write_words(out: &mut Writer<'_>, words: &[Word], with_docs: bool) {
    out.put("\"enum\":[");
    let mut at = 0;
    while at < words.len() {
        comma(out, at);
        text(out, words[at].name);
        at += 1;
    }
    out.put("]");
    if with_docs {
        out.put(",\"enumDescriptions\":[");
        at = 0;
        while at < words.len() {
            comma(out, at);
            text(out, words[at].doc);
            at += 1;
        }
        out.put("]");
    }
}

const fn write_table(out: &mut Writer<'_>, fields: &[Field], with_docs: bool) {
    out.put("\"type\":\"object\",\"properties\":{");
    let mut at = 0;
    while at < fields.len() {
        comma(out, at);
        write_field(out, &fields[at], with_docs);
        at += 1;
    }
    out.put("},\"required\":[");
    at = 0;
    let mut required = 0;
    while at < fields.len() {
        if let Fallback::Required = fields[at].fallback {
            comma(out, required);
            text(out, fields[at].name);
            required += 1;
        }
        at += 1;
    }
    out.put("],\"additionalProperties\":false");
}

const fn write_field(out: &mut Writer<'_>, field: &Field, with_docs: bool) {
    text(out, field.name);
    out.put(":{");
    let before = out.len();
    write_inner(out, &field.schema, with_docs);
    let mut parts = out.len() - before;
    match field.fallback {
        Fallback::Required | Fallback::Absent => {}
        Fallback::Json(json) => {
            comma(out, parts);
            out.put("\"default\":");
            out.put(json);
            parts += 1;
        }
        Fallback::Integer(number) => {
            comma(out, parts);
            out.put("\"default\":");
            integer(out, number);
            parts += 1;
        }
    }
    if with_docs && !field.doc.is_empty() {
        comma(out, parts);
        out.put("\"description\":");
        text(out, field.doc);
    }
    out.put("}");
}

/// A comma where something stands before.
const fn comma(out: &mut Writer<'_>, before: usize) {
    if before > 0 {
        out.put(",");
    }
}

const fn integer(out: &mut Writer<'_>, number: i128) {
    if number < 0 {
        out.put("-");
    }
    let mut digits = [0; 40];
    let mut left = number.unsigned_abs();
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (left % 10) as u8;
        left /= 10;
        if left == 0 {
            break;
        }
    }
    while at < digits.len() {
        out.put_byte(digits[at]);
        at += 1;
    }
}

/// A text in quotes: there are no control characters in one.
const fn text(out: &mut Writer<'_>, text: &str) {
    assert!(
        crate::text::is_plain(text),
        "PluginConfig: names, words and doc comments must not contain control or invisible characters"
    );
    out.put("\"");
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        if matches!(bytes[at], b'"' | b'\\') {
            out.put("\\");
        }
        out.put_byte(bytes[at]);
        at += 1;
    }
    out.put("\"");
}
