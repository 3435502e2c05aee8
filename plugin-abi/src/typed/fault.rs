//! What is wrong with a value, in the words of who has written it.

use std::fmt;

use serde::de::{self, Expected, Unexpected};

use crate::config::between;
use crate::text::mismatch::{expected, one_of, quoted, unknown_field};

/// What is wrong with a value.
#[derive(Debug)]
pub(super) struct Fault {
    /// The field of the value that it is about, where it is not about the value itself.
    pub(super) field: Option<String>,
    what: What,
}

/// What there is to say.
#[derive(Debug)]
enum What {
    /// This.
    Told(String),
    /// That one thing was expected and another found.
    Other { wanted: Form, found: Form },
}

/// What a value is, or is to be.
#[derive(Debug)]
enum Form {
    /// A number of fields together, for which each format has a word of its own.
    Table,
    Called(String),
}

impl std::error::Error for Fault {}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.said("a table"))
    }
}

impl Form {
    fn words<'a>(&'a self, table: &'a str) -> &'a str {
        match self {
            Self::Table => table,
            Self::Called(words) => words,
        }
    }
}

impl Fault {
    /// What is wrong, where a number of fields together is called `table`.
    pub(super) fn said(&self, table: &str) -> String {
        match &self.what {
            What::Told(said) => said.clone(),
            What::Other { wanted, found } => expected(wanted.words(table), found.words(table)),
        }
    }

    fn of_value(said: String) -> Self {
        let what = What::Told(said);
        Self { field: None, what }
    }

    fn other(wanted: Form, found: Form) -> Self {
        let what = What::Other { wanted, found };
        Self { field: None, what }
    }

    fn of_field(field: &str, said: String) -> Self {
        let field = Some(field.to_owned());
        let what = What::Told(said);
        Self { field, what }
    }

    /// Something that is no word, where one of these is expected.
    pub(super) fn no_variant(found: &Unexpected<'_>, variants: &[&str]) -> Self {
        Self::other(Form::Called(one_of(variants)), described(found))
    }
}

impl de::Error for Fault {
    fn custom<T: fmt::Display>(message: T) -> Self {
        let message = message.to_string();
        Self::of_value(match message.starts_with(NO_FORM) {
            true => "has none of the forms that the plugin takes".to_owned(),
            false => message,
        })
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::other(in_plain_words(&wanted.to_string()), described(&found))
    }

    fn invalid_value(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Self::invalid_type(found, wanted)
    }

    fn invalid_length(len: usize, wanted: &dyn Expected) -> Self {
        let wanted = wanted.to_string();
        match values(&wanted) {
            Some(most) => Self::other(
                Form::Called(format!("an array of {most}")),
                Form::Called(format!("one of {len}")),
            ),
            None => Self::other(
                in_plain_words(&wanted),
                Form::Called(format!("a length of {len}")),
            ),
        }
    }

    fn unknown_variant(found: &str, variants: &'static [&'static str]) -> Self {
        Self::no_variant(&Unexpected::Str(found), variants)
    }

    fn unknown_field(field: &str, known: &'static [&'static str]) -> Self {
        Self::of_field(field, unknown_field(known))
    }

    fn missing_field(field: &'static str) -> Self {
        Self::of_field(field, "missing, and it has no default".to_owned())
    }

    fn duplicate_field(field: &'static str) -> Self {
        // Under one name it is not there twice: the file would have been refused.
        Self::of_field(field, "given twice, under two names".to_owned())
    }
}

/// What serde says of a type that may have several forms.
const NO_FORM: &str = "data did not match any variant of untagged enum ";

fn described(found: &Unexpected<'_>) -> Form {
    Form::Called(match found {
        Unexpected::Bool(flag) => flag.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        // With a fraction, so that it does not look like a whole number.
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Char(char) => quoted(&char.to_string()),
        Unexpected::Str(text) => quoted(text),
        Unexpected::Bytes(_) => "bytes".to_owned(),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::NewtypeStruct => "a value".to_owned(),
        Unexpected::Seq => "an array".to_owned(),
        Unexpected::Map
        | Unexpected::NewtypeVariant
        | Unexpected::TupleVariant
        | Unexpected::StructVariant => return Form::Table,
        Unexpected::Enum | Unexpected::UnitVariant => "the word alone".to_owned(),
        Unexpected::Other(what) => (*what).to_owned(),
    })
}

/// What a type expects, without the words of a programming language.
fn in_plain_words(wanted: &str) -> Form {
    if let Some(range) = range(wanted) {
        return Form::Called(range);
    }
    let plain = match wanted {
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "os string" | "variant identifier"
        | "field identifier" => "text",
        "path string" => "a path",
        "a character" => "a single character",
        "a sequence" | "a tuple" => "an array",
        "unit" => "null",
        "newtype variant" => "a value of its own",
        "tuple variant" => "an array",
        "a map" | "struct variant" => return Form::Table,
        "unit variant" => "the word alone",
        other => return by_its_beginning(other),
    };
    Form::Called(plain.to_owned())
}

fn by_its_beginning(wanted: &str) -> Form {
    let begins = |beginning| wanted.starts_with(beginning);
    if let Some(values) = values(wanted) {
        return Form::Called(format!("an array of {values}"));
    }
    if begins("struct ") || begins("internally tagged enum ") || begins("adjacently tagged enum ") {
        return Form::Table;
    }
    let plain = if begins("tuple struct ") || begins("tuple variant ") {
        "an array"
    } else if begins("unit struct ") {
        "null"
    } else {
        wanted
    };
    Form::Called(plain.to_owned())
}

/// How many values an array has to have which serde expects in these words.
fn values(wanted: &str) -> Option<String> {
    let count = if let Some(count) = wanted.strip_prefix("an array of length ") {
        count
    } else if let Some(count) = wanted.strip_prefix("a tuple of size ") {
        count
    } else if let Some(rest) = wanted.strip_suffix(" in sequence") {
        rest.split(' ').next()?
    } else if wanted.starts_with("struct ") || wanted.starts_with("tuple ") {
        let (_, rest) = wanted.rsplit_once(" with ")?;
        rest.split(' ').next()?
    } else {
        return None;
    };
    let count: usize = count.parse().ok()?;
    Some(match count {
        1 => "1 value".to_owned(),
        count => format!("{count} values"),
    })
}

/// Which whole numbers a type of this name has.
fn range(wanted: &str) -> Option<String> {
    macro_rules! ranges {
        ($($type:ident)+) => {
            match wanted {
                $(stringify!($type) => Some(in_words($type::MIN.into(), $type::MAX.into(), false)),
                concat!("a nonzero ", stringify!($type)) => {
                    Some(in_words($type::MIN.into(), $type::MAX.into(), true))
                })+
                _ => None,
            }
        };
    }
    match wanted {
        "usize" => return range("u64"),
        "isize" => return range("i64"),
        "a nonzero usize" => return range("a nonzero u64"),
        "a nonzero isize" => return range("a nonzero i64"),
        // No number in a file is larger than a u64.
        "u128" => return range("u64"),
        "i128" => return Some("a whole number".to_owned()),
        "a nonzero u128" => return range("a nonzero u64"),
        _ => {}
    }
    ranges! { u8 u16 u32 u64 i8 i16 i32 i64 }
}

fn in_words(least: i128, most: i128, not_zero: bool) -> String {
    match (least, not_zero) {
        (0, true) => between(1, most),
        (least, false) => between(least, most),
        (least, true) => format!("{}, but not 0", between(least, most)),
    }
}
