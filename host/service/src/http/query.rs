//! Queries, as clients write them.

/// The names and values of a query.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decoded = |text: &str| {
        let mut bytes = Vec::with_capacity(text.len());
        let mut rest = text.bytes();
        while let Some(byte) = rest.next() {
            let hex = |digit: u8| char::from(digit).to_digit(16);
            let escaped = (byte == b'%').then(|| {
                let mut ahead = rest.clone();
                let (high, low) = (hex(ahead.next()?)?, hex(ahead.next()?)?);
                rest = ahead;
                u8::try_from(high * 16 + low).ok()
            });
            bytes.push(match (escaped.flatten(), byte) {
                (Some(escaped), _) => escaped,
                (None, b'+') => b' ',
                (None, byte) => byte,
            });
        }
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, "true"));
            (decoded(name), decoded(value))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_as_clients_write_it() {
        let found = pairs("a=1&b=x%20y+z&follow&c=%zz");
        let expected = [("a", "1"), ("b", "x y z"), ("follow", "true"), ("c", "%zz")];
        let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
        assert_eq!(found, expected);
    }
}
