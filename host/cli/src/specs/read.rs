//! Finds the specs in a file or in standard input, one after the other.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::Deserialize as _;
use serde::de::value::MapAccessDeserializer;
use serde::de::{self, DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::{Deserializer, Value};

use super::parse::parse;
use super::placed::{SpecError, SpecResult};

/// The argument that means standard input.
pub(crate) const STDIN_ARGUMENT: &str = "-";

/// What standard input is called in messages.
const STDIN: &str = "stdin";

/// Reads the specs of a file, each into `take`. None of an array that is not whole is taken.
pub(crate) fn read_file(path: &Path, take: &mut dyn FnMut(SpecResult)) {
    let place = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(&place, BufReader::new(file), true, take),
        Err(err) => take(Err(SpecError::Unreadable { place, err })),
    }
}

/// Reads the specs of standard input, each into `take` as soon as it has arrived.
pub(crate) fn read_stdin(take: &mut dyn FnMut(SpecResult)) {
    read(STDIN, io::stdin().lock(), false, take);
}

/// Reads specs and arrays of specs, one after the other, each into `take`: the elements of an array once
/// it is `whole`, or each as it comes.
fn read(name: &str, source: impl Read, whole: bool, take: &mut dyn FnMut(SpecResult)) {
    let mut values = Deserializer::from_reader(source);
    let mut position = 0;
    let mut found_any = false;
    while values.end().is_err() {
        let mut kept = Vec::new();
        let several_before = found_any || name == STDIN;
        let each = &mut |value, of_array| {
            let place = if of_array || several_before {
                format!("{name}[{position}]")
            } else {
                name.to_owned()
            };
            position += 1;
            let spec = parse(place, value);
            if whole {
                kept.push(spec);
            } else {
                take(spec);
            }
        };
        let read = Each(each).deserialize(&mut values);
        if let Err(err) = read {
            // What comes after a place that is not JSON cannot be told apart from it.
            return take(Err(not_json(name, err)));
        }
        kept.into_iter().for_each(&mut *take);
        found_any = true;
    }
    if !found_any {
        take(Err(SpecError::Empty { place: name.into() }));
    }
}

/// Hands over a value, or each element of an array, `true` beside it: an array of many specs is never
/// there as a whole.
struct Each<'a>(&'a mut dyn FnMut(Value, bool));

impl<'de> DeserializeSeed<'de> for Each<'_> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

/// A visitor of anything: what is no array is read as a value.
macro_rules! visit_scalars {
    ($( $visit:ident: $type:ty ),+) => {
        $( fn $visit<E: de::Error>(self, value: $type) -> Result<(), E> {
            (self.0)(Value::from(value), false);
            Ok(())
        } )+
    };
}

impl<'de> Visitor<'de> for Each<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a task spec or an array of task specs")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(value) = seq.next_element()? {
            (self.0)(value, true);
        }
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        let value = Value::deserialize(MapAccessDeserializer::new(map))?;
        (self.0)(value, false);
        Ok(())
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        (self.0)(Value::Null, false);
        Ok(())
    }

    visit_scalars!(visit_bool: bool, visit_i64: i64, visit_u64: u64, visit_f64: f64, visit_str: &str);
}

fn not_json(name: &str, err: serde_json::Error) -> SpecError {
    let place = name.to_owned();
    if err.is_io() {
        let err = err.into();
        return SpecError::Unreadable { place, err };
    }
    SpecError::NotJson { place, err }
}
