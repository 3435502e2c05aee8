//! Compares a value with what it has to look like, and makes it what the model reads.

use std::collections::HashSet;
use std::fmt::{self, Write as _};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value};
use solti_model::{MAX_SCRIPT_BODY_BYTES, Slot};
use solti_plugin_abi::environment;
use solti_plugin_abi::text::mismatch::{self, expected, one_of, quoted, unknown_field};

use super::shape::{Field, Need, Shape};
use super::time::millis;
use super::tree::Tree;

/// How much is said of one spec: the first things that are wrong, the rest counted.
const MOST_PROBLEMS: usize = 5;

/// What is wrong with a value.
#[derive(Debug, Default)]
pub(super) struct Problems {
    told: Vec<String>,
    more: usize,
}

impl Problems {
    pub(super) fn is_empty(&self) -> bool {
        self.told.is_empty()
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.told.join("; "))?;
        match self.more {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

/// The value of `tree` for the model, where it is of this shape.
///
/// # Errors
///
/// All that is wrong with it, each with its path in the file.
pub(super) fn check(shape: &Shape, tree: Tree) -> Result<Value, Problems> {
    let mut walk = Walk::default();
    let value = walk.value(shape, tree);
    if walk.problems.is_empty() {
        Ok(value)
    } else {
        Err(walk.problems)
    }
}

/// A way through a value. What is wrong is null in the result, which nobody reads then.
#[derive(Default)]
struct Walk {
    path: String,
    problems: Problems,
}

impl Walk {
    fn value(&mut self, shape: &Shape, tree: Tree) -> Value {
        match (shape, tree) {
            (Shape::Anything, tree) => self.anything(tree),
            (Shape::Flag, Tree::Flag(flag)) => Value::Bool(flag),
            (Shape::List(shape), Tree::List(items)) => self.list(shape, items),
            (Shape::Texts, Tree::Fields(fields)) => self.each(&Shape::Text, fields),
            (Shape::Fields(known), Tree::Fields(fields)) => self.fields(known, fields, None),
            (Shape::Typed(types), Tree::Fields(fields)) => self.typed(types, fields),
            (Shape::OneOf { variants, words }, Tree::Fields(fields)) if fields.len() == 1 => {
                self.one_of(variants, words, fields)
            }
            (shape @ Shape::OneOf { .. }, Tree::Fields(fields)) => {
                self.unexpected(shape, &format!("one with {}", fields.len()))
            }
            (Shape::OneOf { words, .. } | Shape::Word(words), Tree::Text(word))
                if words.contains(&word.as_str()) =>
            {
                Value::String(word)
            }
            (Shape::Time(least), tree) => self.time(*least, &tree),
            (Shape::Factor, Tree::Number(number)) if number.as_f64() >= Some(1.0) => {
                Value::Number(number)
            }
            (shape, Tree::Text(text)) => self.text(shape, text),
            (shape, other) => self.unexpected(shape, &other.described()),
        }
    }

    /// A text, for the shapes that are one.
    fn text(&mut self, shape: &Shape, text: String) -> Value {
        let fault = match shape {
            // No program can be given one.
            Shape::Text | Shape::NotBlank if text.contains('\0') => {
                Some("contains a NUL character".to_owned())
            }
            Shape::Text => None,
            Shape::NotBlank if !text.trim().is_empty() => None,
            Shape::Slot => fault_of_slot(&text),
            Shape::Script => fault_of_script(&text),
            Shape::VariableName => environment::fault_of_name(&text).map(str::to_owned),
            Shape::VariableValue => environment::fault_of_value(&text).map(str::to_owned),
            shape => {
                return self.unexpected(shape, &quoted(&text));
            }
        };
        match fault {
            None => Value::String(text),
            Some(fault) => self.wrong(&fault),
        }
    }

    /// What stands under `spec` of a kind that nobody here knows: as it was written, but for names that are
    /// given twice.
    fn anything(&mut self, tree: Tree) -> Value {
        match tree {
            Tree::Null => Value::Null,
            Tree::Flag(flag) => flag.into(),
            Tree::Number(number) => Value::Number(number),
            Tree::Text(text) => text.into(),
            Tree::List(items) => self.list(&Shape::Anything, items),
            Tree::Fields(fields) => self.each(&Shape::Anything, fields),
        }
    }

    fn time(&mut self, least: u64, tree: &Tree) -> Value {
        let millis = match tree {
            Tree::Number(number) => number.as_u64(),
            Tree::Text(text) => millis(text),
            _ => None,
        };
        match millis {
            Some(millis) if millis >= least => millis.into(),
            Some(_) => self.wrong("has to be longer than nothing"),
            None => self.unexpected(&Shape::Time(least), &tree.described()),
        }
    }

    fn list(&mut self, shape: &Shape, items: Vec<Tree>) -> Value {
        let items = items.into_iter().enumerate();
        items
            .map(|(at, item)| self.at(format_args!("[{at}]"), |walk| walk.value(shape, item)))
            .collect()
    }

    /// An object of any names, with a value of this shape each.
    fn each(&mut self, shape: &Shape, fields: Vec<(String, Tree)>) -> Value {
        self.name_repeated(&fields);
        let fields = fields.into_iter().map(|(name, tree)| {
            let value = self.field(&name, |walk| walk.value(shape, tree));
            (name, value)
        });
        Value::Object(fields.collect())
    }

    /// An object of these fields, and of one more that says which they are.
    fn fields(
        &mut self,
        known: &[Field],
        fields: Vec<(String, Tree)>,
        also: Option<&str>,
    ) -> Value {
        self.name_repeated(&fields);
        let mut values = Map::new();
        let mut given = HashSet::new();
        for (name, tree) in fields {
            if also == Some(name.as_str()) {
                continue;
            }
            let Some(field) = known.iter().find(|field| field.name == name) else {
                let known: Vec<_> = also
                    .into_iter()
                    .chain(known.iter().map(|it| it.name))
                    .collect();
                let fault = unknown_field(&known);
                self.field(&name, |walk| walk.wrong(&fault));
                continue;
            };
            given.insert(field.name);
            if matches!(tree, Tree::Null) && field.need == Need::MayBeNull {
                continue;
            }
            let value = self.field(&name, |walk| walk.value(&field.shape, tree));
            values.insert(name, value);
        }
        for field in known {
            if field.need == Need::Required && !given.contains(field.name) {
                let fault = format!("missing, expected {}", wanted(&field.shape));
                self.field(field.name, |walk| walk.wrong(&fault));
            }
        }
        Value::Object(values)
    }

    fn typed(
        &mut self,
        types: &[(&'static str, &'static [Field])],
        fields: Vec<(String, Tree)>,
    ) -> Value {
        const TYPE: &str = "type";
        let words: Vec<_> = types.iter().map(|(word, _)| *word).collect();
        let Some((_, named)) = fields.iter().find(|(name, _)| name == TYPE) else {
            let fault = format!("missing, expected {}", one_of(&words));
            return self.field(TYPE, |walk| walk.wrong(&fault));
        };
        let found = types.iter().find(|(word, _)| match named {
            Tree::Text(text) => text == word,
            _ => false,
        });
        let Some((word, known)) = found else {
            let fault = expected(&one_of(&words), &named.described());
            return self.field(TYPE, |walk| walk.wrong(&fault));
        };
        let mut value = self.fields(known, fields, Some(TYPE));
        value[TYPE] = (*word).into();
        value
    }

    fn one_of(&mut self, variants: &[Field], words: &[&str], fields: Vec<(String, Tree)>) -> Value {
        let mut values = Map::new();
        for (name, tree) in fields {
            let Some(variant) = variants.iter().find(|variant| variant.name == name) else {
                let fault = format!("unknown, expected {}", one_of(&names(variants, words)));
                return self.field(&name, |walk| walk.wrong(&fault));
            };
            let value = self.field(&name, |walk| walk.value(&variant.shape, tree));
            values.insert(name, value);
        }
        Value::Object(values)
    }

    /// Tells of each name that an object has twice: which of the two is meant nobody knows.
    fn name_repeated(&mut self, fields: &[(String, Tree)]) {
        let mut seen = HashSet::new();
        for (name, _) in fields {
            if !seen.insert(name.as_str()) {
                self.field(name, |walk| walk.wrong("given twice"));
            }
        }
    }

    fn unexpected(&mut self, shape: &Shape, found: &str) -> Value {
        self.wrong(&expected(&wanted(shape), found))
    }

    fn wrong(&mut self, fault: &str) -> Value {
        if self.problems.told.len() < MOST_PROBLEMS {
            self.problems.told.push(format!("{}: {fault}", self.path));
        } else {
            self.problems.more += 1;
        }
        Value::Null
    }

    fn field<T>(&mut self, name: &str, walk: impl FnOnce(&mut Self) -> T) -> T {
        let dot = if self.path.is_empty() { "" } else { "." };
        self.at(format_args!("{dot}{}", mismatch::name(name)), walk)
    }

    fn at<T>(&mut self, step: fmt::Arguments<'_>, walk: impl FnOnce(&mut Self) -> T) -> T {
        let here = self.path.len();
        // Writing into a String cannot fail.
        let _ = self.path.write_fmt(step);
        let walked = walk(self);
        self.path.truncate(here);
        walked
    }
}

/// What a shape is, as part of a sentence.
fn wanted(shape: &Shape) -> String {
    let wanted = match shape {
        Shape::Anything => "a value",
        Shape::Text | Shape::VariableValue => "text",
        Shape::NotBlank => "text that is not blank",
        Shape::Slot => "a name",
        Shape::Script => "a script in base64",
        Shape::VariableName => "the name of a variable",
        Shape::Flag => "true or false",
        Shape::Time(_) => "milliseconds or a time such as \"5s\"",
        Shape::Factor => "a number, 1 or more",
        Shape::List(_) => "an array",
        Shape::Texts => "an object of texts",
        Shape::Fields(_) => "an object",
        Shape::Word(words) => return one_of(words),
        Shape::OneOf {
            variants,
            words: [],
        } => {
            return format!(
                "an object with one field: {}",
                one_of(&names(variants, &[]))
            );
        }
        Shape::OneOf { variants, words } => return one_of(&names(variants, words)),
        Shape::Typed(_) => "an object with a field type",
    };
    wanted.to_owned()
}

fn names<'a>(variants: &'a [Field], words: &[&'a str]) -> Vec<&'a str> {
    let variants = variants.iter().map(|variant| variant.name);
    words.iter().copied().chain(variants).collect()
}

/// The model's reason without its own prefix.
pub(super) fn reason_of_model(err: impl fmt::Display) -> String {
    err.to_string().replacen("invalid model: ", "", 1)
}

fn fault_of_slot(text: &str) -> Option<String> {
    let fault = Slot::from(text).validate_format().err()?;
    let reason = reason_of_model(fault);
    Some(reason.replacen("slot ", "", 1))
}

fn fault_of_script(text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("is empty".to_owned());
    }
    let script = match BASE64.decode(text) {
        Ok(script) => script,
        Err(err) => return Some(format!("is not base64: {err}")),
    };
    if script.len() > MAX_SCRIPT_BODY_BYTES {
        let found = script.len();
        return Some(format!(
            "has {found} bytes when decoded, more than {MAX_SCRIPT_BODY_BYTES}"
        ));
    }
    let fault = str::from_utf8(&script).err()?;
    Some(format!("is not UTF-8 when decoded: {fault}"))
}
