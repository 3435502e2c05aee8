//! The arguments of every command.

/// What every command takes.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct OfAll {
    /// Log more to standard error: -v for info, -vv for debug, -vvv for trace; RUST_LOG overrides it
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,

    /// Put the time, in UTC, before each line of `run`, each message and each record of the log
    #[arg(long, global = true)]
    pub(crate) timestamps: bool,

    /// Write messages and the log as text, or as JSON, an object on each line
    #[arg(
        long,
        global = true,
        value_name = "FORMAT",
        value_enum,
        default_value_t
    )]
    pub(crate) log_format: LogFormat,
}

/// How messages and the log are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

impl OfAll {
    /// The words that say the same to another of this program.
    #[cfg(feature = "dev")]
    pub(crate) fn words(&self) -> Vec<&'static str> {
        let mut words = vec!["--verbose"; self.verbose.into()];
        if self.timestamps {
            words.push("--timestamps");
        }
        if self.log_format == LogFormat::Json {
            words.push("--log-format=json");
        }
        words
    }
}

#[cfg(all(test, feature = "dev"))]
mod tests {
    use clap::Parser as _;

    #[test]
    fn what_is_handed_on_is_what_was_said() {
        let args = |words: &[&str]| {
            let words = ["solti-host"].iter().chain(words);
            crate::args::Args::parse_from(words).of_all
        };
        let said = args(&["man", "x", "-vv", "--timestamps", "--log-format", "json"]);
        let words = said.words();
        assert_eq!(
            words,
            [
                "--verbose",
                "--verbose",
                "--timestamps",
                "--log-format=json"
            ]
        );
        let again = args(&[&words[..], &["man", "x"]].concat());
        assert_eq!(again.words(), words);
        assert_eq!(args(&["man", "x"]).words(), [""; 0]);
    }
}
