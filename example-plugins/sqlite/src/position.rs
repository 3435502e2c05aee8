//! Where a statement stands in a script.

/// The line and the column of a byte, from 1; columns are characters.
pub(crate) fn line_and_column(sql: &str, at: usize) -> (usize, usize) {
    let before = sql.get(..at).unwrap_or(sql);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    let line = before.bytes().filter(|byte| *byte == b'\n').count() + 1;
    (line, before[line_start..].chars().count() + 1)
}

/// The first byte at or after `at` that belongs to a statement: what is no space, no comment, and no
/// semicolon of a statement that has nothing else.
pub(crate) fn begin_of_statement(sql: &str, at: usize) -> usize {
    let mut rest = sql.get(at..).unwrap_or_default();
    loop {
        rest = rest
            .trim_start_matches(|c: char| c.is_ascii_whitespace() || c == ';' || c == '\u{feff}');
        let behind = if rest.starts_with("--") {
            rest.split_once('\n').map(|(_, behind)| behind)
        } else if rest.starts_with("/*") {
            rest.split_once("*/").map(|(_, behind)| behind)
        } else {
            return sql.len() - rest.len();
        };
        match behind {
            Some(behind) => rest = behind,
            None => return sql.len(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_statement_begins_behind_comments_and_a_column_is_a_character() {
        let sql = ";; -- one\n/* two\n */ SELECT 'ä', x;";
        let begin = begin_of_statement(sql, 0);
        assert!(sql[begin..].starts_with("SELECT"));
        assert_eq!(line_and_column(sql, begin), (3, 5));
        assert_eq!(line_and_column(sql, sql.find('x').unwrap()), (3, 17));
        assert_eq!(begin_of_statement("-- open", 0), 7);
        assert_eq!(begin_of_statement("/* open", 0), 7);
        assert_eq!(line_and_column("a", 99), (1, 2));
    }
}
