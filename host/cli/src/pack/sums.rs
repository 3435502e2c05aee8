//! Lines of `SHA256SUMS`, as `sha256sum` writes them and the loader reads them.

use std::collections::BTreeMap;

use solti_plugin_host::inspect::{Digest, listed};

/// A line for a file.
pub(crate) fn line(name: &str, digest: &str) -> String {
    format!("{digest}  {name}\n")
}

/// The digests of a list that this program wrote: a line for each name, nothing else. `None` where it is
/// another text.
pub(crate) fn read(text: &[u8]) -> Option<BTreeMap<String, String>> {
    let text = str::from_utf8(text).ok()?;
    let mut digests = BTreeMap::new();
    for line in text.strip_suffix('\n')?.split('\n') {
        let (digest, name) = line.split_once("  ")?;
        if digest.len() != 64 || digests.insert(name.to_owned(), digest.to_owned()).is_some() {
            return None;
        }
    }
    Some(digests)
}

/// A list with this digest for a file, in the place of what it had for that. All else of it stays, in its
/// order, the comments as well.
pub(crate) fn with(list: &[u8], name: &str, digest: &str) -> Vec<u8> {
    let mut new: Vec<u8> = Vec::with_capacity(list.len() + 128);
    let mut put = Some(line(name, digest));
    for old in list.split_inclusive(|byte| *byte == b'\n') {
        if digest_in(old, name).is_none() {
            new.extend_from_slice(old);
        } else if let Some(line) = put.take() {
            new.extend_from_slice(line.as_bytes());
        }
    }
    if let Some(line) = put {
        if new.last().is_some_and(|last| *last != b'\n') {
            new.push(b'\n');
        }
        new.extend_from_slice(line.as_bytes());
    }
    new
}

/// The digest that a list has for a file.
pub(crate) fn digest_of(list: &[u8], name: &str) -> Option<Digest> {
    let mut lines = list.split(|byte| *byte == b'\n');
    lines.find_map(|line| digest_in(line, name))
}

/// The digest in a line of any form that `sha256sum` writes, where it is about this file.
fn digest_in(line: &[u8], name: &str) -> Option<Digest> {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (listed, digest) = listed(line)?;
    (listed == name.as_bytes()).then_some(digest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn digest(digit: &str) -> String {
        digit.repeat(64)
    }

    #[test]
    fn the_line_of_a_file_is_replaced_and_every_other_line_stays() {
        let (a, b) = (digest("a"), digest("b"));
        for old in [
            format!("{a}  x.so\n"),
            format!("{a} *x.so\r\n"),
            format!("{a}  ./x.so\n"),
            format!("SHA256 (x.so) = {a}\n"),
        ] {
            let list = format!("# mine\n{b}  y.so\n{old}\n{b}  xx.so\n");
            let new = with(list.as_bytes(), "x.so", &b);
            let expected = format!("# mine\n{b}  y.so\n{b}  x.so\n\n{b}  xx.so\n");
            assert_eq!(String::from_utf8(new).unwrap(), expected);
            let found = digest_of(list.as_bytes(), "x.so").map(|digest| digest.to_string());
            assert_eq!(found, Some(a.clone()), "{old}");
        }
        let twice = format!("{a}  x.so\n{a}  x.so");
        let new = with(twice.as_bytes(), "x.so", &b);
        assert_eq!(String::from_utf8(new).unwrap(), line("x.so", &b));
    }

    #[test]
    fn a_line_is_put_behind_a_list_whose_last_line_is_not_ended() {
        let a = digest("a");
        let new = with(format!("{a}  y.so").as_bytes(), "x.so", &a);
        assert_eq!(
            String::from_utf8(new).unwrap(),
            format!("{a}  y.so\n{a}  x.so\n")
        );
        assert_eq!(with(b"", "x.so", &a), line("x.so", &a).into_bytes());
    }

    #[test]
    fn a_list_with_anything_else_in_it_is_not_that_of_a_pack() {
        let a = digest("a");
        assert!(read(format!("{a}  x.so\n").as_bytes()).is_some());
        for other in [
            String::new(),
            format!("{a}  x.so"),
            format!("{a}  x.so\n{a}  x.so\n"),
            format!("{a} x.so\n"),
            "abc  x.so\n".to_owned(),
        ] {
            assert!(read(other.as_bytes()).is_none(), "{other:?}");
        }
    }
}
