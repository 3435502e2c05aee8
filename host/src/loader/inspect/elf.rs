//! ELF files: Linux and its relatives.
//!
//! Everything is found as the system's loader finds it, by way of the segments: section headers need
//! not be there, and need not tell the truth.

mod check;
mod dynamic;
mod file;
mod relocations;
mod requirements;
mod segments;
mod stamp;
mod symbols;
mod tables;
mod thread_locals;
mod versions;

use check::{Check, first_that_fails};
use dynamic::Image;
use file::File;

use super::library::Library;
use super::problem::Problem;

/// What must hold once all that the others check does.
const LAST: [Check; 1] = [(
    thread_locals::are_inside,
    "a thread-local lies outside the memory that is asked for them",
)];

/// Reads a library of this machine, or says what keeps the file from being one.
pub(super) fn read(bytes: &[u8]) -> Result<Library<'_>, Vec<Problem>> {
    let file = File::parse(bytes).map_err(|problem| vec![problem])?;
    let problems = file.problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    read_tables(&file).map_err(|problem| vec![problem])
}

fn read_tables<'data>(file: &File<'data>) -> Result<Library<'data>, Problem> {
    let image = Image::of(file)?;
    for checks in [&segments::CHECKS[..], &tables::CHECKS, &LAST] {
        if let Some(what) = first_that_fails(checks, &image) {
            return Err(Problem::malformed(what));
        }
    }
    Ok(Library {
        stamp: stamp::find(file).map_err(Problem::malformed)?,
        requirements: requirements::read(&image),
        lacks_root: !symbols::has_root(&image),
        has_executable_stack: segments::stack_is_executable(&image),
    })
}
