//! Finds the specs in a file or in standard input, one after the other.

use std::fmt;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

use serde::de::{self, DeserializeSeed, SeqAccess, Visitor};
use serde_json::Deserializer;

use super::parse::parse;
use super::placed::{SpecError, SpecResult};
use super::source::{Encoding, Place, Source};
use super::syntax::in_plain_words;
use super::tree::Tree;

/// The argument that means standard input.
pub const STDIN_ARGUMENT: &str = "-";

/// What standard input is called in messages.
const STDIN: &str = "stdin";

/// What is looked at of a line that begins neither an object nor an array.
const MOST_OF_A_LINE: usize = 4096;

/// What a shared library of this system begins with.
const LIBRARY: &[u8] = b"\x7fELF";

/// Reads the specs of a file, each into `take`. None of an array that is not whole is taken.
pub fn read_file(path: &Path, take: &mut dyn FnMut(SpecResult)) {
    let place = path.display().to_string();
    match File::open(path) {
        Ok(file) => Reading::new(&place, BufReader::new(file), true, &[], take).all(),
        Err(err) => take(Err(SpecError::Unreadable { place, err })),
    }
}

/// Reads the specs of standard input, each into `take` as soon as it has arrived.
pub fn read_stdin(take: &mut dyn FnMut(SpecResult)) {
    Reading::new(STDIN, io::stdin().lock(), false, &[], take).all();
}

/// Reads the specs in `bytes`, each into `take`, as those of a file that is called `name`. Beside the fields
/// of a spec each may have texts with the names of `beside`.
pub fn read_bytes(
    name: &str,
    bytes: &[u8],
    beside: &'static [&'static str],
    take: &mut dyn FnMut(SpecResult),
) {
    Reading::new(name, bytes, true, beside, take).all();
}

/// Whether a file holds specs, by its first byte that is no blank: no plugin begins so.
pub fn are_in(file: &Path) -> bool {
    // A pipe could be read but once.
    let Ok(true) = file.metadata().map(|found| found.is_file()) else {
        return false;
    };
    let Ok(file) = File::open(file) else {
        return false;
    };
    let mut source = Source::new(BufReader::new(file).take(MOST_OF_A_LINE as u64));
    let first = source.begin().and_then(|_| source.peek());
    matches!(first, Ok(Some(b'{' | b'[')))
}

/// The reading of specs and arrays of specs, one after the other.
struct Reading<'a, R> {
    name: &'a str,
    source: Source<R>,
    /// Whether the elements of an array are taken once it is whole, not each as it comes.
    whole: bool,
    beside: &'static [&'static str],
    take: &'a mut dyn FnMut(SpecResult),
    /// Specs so far, good ones and others.
    position: usize,
    found_any: bool,
}

impl<'a, R: Read> Reading<'a, R> {
    fn new(
        name: &'a str,
        source: R,
        whole: bool,
        beside: &'static [&'static str],
        take: &'a mut dyn FnMut(SpecResult),
    ) -> Self {
        Self {
            name,
            source: Source::new(source),
            whole,
            beside,
            take,
            position: 0,
            found_any: false,
        }
    }

    fn all(mut self) {
        let read = self.read_all();
        let place = self.name.to_owned();
        match read {
            Err(err) => (self.take)(Err(SpecError::Unreadable { place, err })),
            Ok(()) if !self.found_any => (self.take)(Err(SpecError::Empty { place })),
            Ok(()) => {}
        }
    }

    fn read_all(&mut self) -> io::Result<()> {
        if self.source.begin()? == Encoding::Utf16 {
            let place = self.name.to_owned();
            (self.take)(Err(SpecError::Utf16 { place }));
            self.found_any = true;
            return Ok(());
        }
        while let Some(first) = self.source.peek()? {
            let start = self.source.place();
            let read = match first {
                b'{' => self.object(),
                b'[' => self.array(),
                _ => self.line(start),
            };
            self.found_any = true;
            let Err(err) = read else { continue };
            if err.is_io() {
                return Err(err.into());
            }
            let broken = self.not_json(&err, start);
            (self.take)(Err(broken));
            self.position += 1;
            self.skip_broken(first, start)?;
        }
        Ok(())
    }

    /// One spec.
    fn object(&mut self) -> serde_json::Result<()> {
        self.source.mark(false);
        let tree = de::Deserialize::deserialize(&mut Deserializer::from_reader(&mut self.source))?;
        self.source.forget();
        let place = self.place();
        (self.take)(parse(place, tree, self.beside));
        self.position += 1;
        Ok(())
    }

    /// Specs in an array.
    fn array(&mut self) -> serde_json::Result<()> {
        self.source.mark(true);
        let mut kept = Vec::new();
        let (name, position) = (self.name, &mut self.position);
        let before = *position;
        let (take, whole, beside) = (&mut *self.take, self.whole, self.beside);
        let each = Each(|tree| {
            let spec = parse(format!("{name}[{position}]"), tree, beside);
            *position += 1;
            if whole {
                kept.push(spec);
            } else {
                take(spec);
            }
        });
        let read = each.deserialize(&mut Deserializer::from_reader(&mut self.source));
        if read.is_err() && whole {
            *position = before;
        }
        read?;
        self.source.forget();
        kept.into_iter().for_each(&mut *self.take);
        Ok(())
    }

    /// What is neither: a word or a number, or no JSON at all. The rest of its line goes with it.
    fn line(&mut self, start: Place) -> serde_json::Result<()> {
        let line = self.source.rest_of_line(MOST_OF_A_LINE);
        let line = line.map_err(serde_json::Error::io)?;
        if line.starts_with(LIBRARY) && start.line == 0 {
            let place = self.name.to_owned();
            (self.take)(Err(SpecError::Library { place }));
            // There is nothing to be found in the rest of it.
            return io::copy(&mut self.source, &mut io::sink())
                .map(drop)
                .map_err(serde_json::Error::io);
        }
        let tree = serde_json::from_slice(&line)?;
        let place = self.place();
        (self.take)(parse(place, tree, self.beside));
        self.position += 1;
        Ok(())
    }

    /// Where the next spec stands.
    fn place(&self) -> String {
        if self.found_any || self.name == STDIN {
            format!("{}[{}]", self.name, self.position)
        } else {
            self.name.to_owned()
        }
    }

    /// Goes on behind a value that is broken: with one that follows on its line, or else with the next line
    /// that begins an object or an array, and is indented no further than the broken one was.
    ///
    /// What was read of the lines behind its first is looked at again, for it may be whole. An array
    /// that was clearly to go on there is skipped up to the line that closes it instead: none of its
    /// elements is for itself.
    fn skip_broken(&mut self, first: u8, start: Place) -> io::Result<()> {
        match first {
            b'{' if self.source.skip_object_in_line()? => return Ok(()),
            b'{' => self.source.skip_to_the_line_after()?,
            b'[' if self.source.is_marked() => self.source.skip_to_the_line_after()?,
            b'[' => self.skip_array(start)?,
            // Its line was taken as a whole.
            _ => {}
        }
        loop {
            match self.source.peek()? {
                None => return Ok(()),
                Some(b'{' | b'[') if self.begins_a_line(start) => return Ok(()),
                Some(_) => self.source.skip_to_the_line_after()?,
            }
        }
    }

    fn skip_array(&mut self, start: Place) -> io::Result<()> {
        loop {
            let here = self.source.place();
            let closes = here.first == Some(b']') && here.indent <= start.indent;
            self.source.skip_to_the_line_after()?;
            if closes || self.source.peek()?.is_none() {
                return Ok(());
            }
        }
    }

    /// Whether the next byte is the first of its line, and not further in than `start`.
    fn begins_a_line(&self, start: Place) -> bool {
        let here = self.source.place();
        here.column == here.indent && here.indent <= start.indent
    }

    /// An error of the reader with its place in the whole of the source.
    fn not_json(&self, err: &serde_json::Error, start: Place) -> SpecError {
        let text = err.to_string();
        let place = format!(" at line {} column {}", err.line(), err.column());
        let reason = in_plain_words(text.strip_suffix(&place).unwrap_or(&text)).to_owned();
        let before = if err.line() == 1 { start.column } else { 0 };
        SpecError::NotJson {
            place: self.name.to_owned(),
            reason,
            line: start.line + err.line(),
            column: before + err.column(),
        }
    }
}

/// Hands over each element of an array: an array of many specs is never there as a whole.
struct Each<F>(F);

impl<'de, F: FnMut(Tree)> DeserializeSeed<'de> for Each<F> {
    type Value = ();

    fn deserialize<D: de::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(Tree)> Visitor<'de> for Each<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of task specs")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(tree) = seq.next_element()? {
            (self.0)(tree);
        }
        Ok(())
    }
}
