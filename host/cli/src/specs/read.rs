//! Finds the specs in a file or in standard input, one after the other.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde_json::{Deserializer, Value};

use super::parse::parse;
use super::placed::{SpecError, SpecResult};

/// The argument that means standard input.
pub(crate) const STDIN_ARGUMENT: &str = "-";

/// What standard input is called in messages.
const STDIN: &str = "stdin";

/// Reads the specs of a file, each into `take`.
pub(crate) fn read_file(path: &Path, take: &mut dyn FnMut(SpecResult)) {
    let place = path.display().to_string();
    match File::open(path) {
        Ok(file) => read(&place, BufReader::new(file), take),
        Err(err) => take(Err(SpecError::Unreadable { place, err })),
    }
}

/// Reads the specs of standard input, each into `take`.
pub(crate) fn read_stdin(take: &mut dyn FnMut(SpecResult)) {
    read(STDIN, io::stdin().lock(), take);
}

/// Reads specs and arrays of specs, one after the other, each into `take` as soon as it is whole.
fn read(name: &str, source: impl Read, take: &mut dyn FnMut(SpecResult)) {
    let values = Deserializer::from_reader(source).into_iter::<Value>();
    let mut position = 0;
    let mut found_any = false;
    let mut place_of_next = |several: bool| {
        let place = if several {
            format!("{name}[{position}]")
        } else {
            name.to_owned()
        };
        position += 1;
        place
    };
    for value in values {
        match value {
            Ok(Value::Array(specs)) => {
                for spec in specs {
                    take(parse(place_of_next(true), spec));
                }
            }
            Ok(spec) => take(parse(place_of_next(found_any || name == STDIN), spec)),
            // What comes after a place that is not JSON cannot be told apart from it.
            Err(err) => return take(Err(not_json(name, err))),
        }
        found_any = true;
    }
    if !found_any {
        take(Err(SpecError::Empty { place: name.into() }));
    }
}

fn not_json(name: &str, err: serde_json::Error) -> SpecError {
    let place = name.to_owned();
    if err.is_io() {
        let err = err.into();
        return SpecError::Unreadable { place, err };
    }
    SpecError::NotJson { place, err }
}
