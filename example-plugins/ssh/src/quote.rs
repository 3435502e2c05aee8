//! Texts as words of a POSIX shell.

/// One word that means exactly this text, whatever is in it.
pub(crate) fn word(text: &str) -> String {
    // Inside of these quotes nothing means anything but their own end.
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A command line of a program and its arguments.
pub(crate) fn line(args: &[String]) -> String {
    let words: Vec<_> = args.iter().map(|arg| word(arg)).collect();
    words.join(" ")
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn a_shell_makes_of_a_word_the_very_text() {
        for text in [
            "",
            "a b",
            "it's",
            "''",
            "$HOME `id` \\ \" ! * ~",
            "a\nb\t",
            "Grüße 🦀",
            "-n",
        ] {
            let command = format!("printf '%s|' {}", line(&[text.to_owned(), text.to_owned()]));
            let output = Command::new("sh").args(["-c", &command]).output().unwrap();
            assert_eq!(
                String::from_utf8(output.stdout).unwrap(),
                format!("{text}|{text}|")
            );
        }
    }
}
