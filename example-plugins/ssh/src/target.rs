//! Whom a task asks: a host, a user there, a port.
//!
//! Both names become words of a command line, and perhaps parts of one that ssh's own configuration makes
//! of them for a shell (`ProxyCommand`). So what could be an option or more than a word is refused,
//! whatever would become of it.

use std::fmt;
use std::num::NonZeroU16;

/// The longest name, in bytes: that of a host in the domain name system.
const MOST_BYTES: usize = 253;

/// Whom a task asks, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) user: Option<String>,
    pub(crate) port: Option<NonZeroU16>,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(user) = &self.user {
            write!(f, "{user}@")?;
        }
        f.write_str(&self.host)?;
        match self.port {
            Some(port) => write!(f, " port {port}"),
            None => Ok(()),
        }
    }
}

/// Why something is no host, as the end of a sentence.
pub(crate) fn fault_of_host(host: &str) -> Option<&'static str> {
    // An alias of ssh's configuration, a name, an address; `%` precedes the interface of an address.
    fault(host, |letter| "._-:%".contains(letter)).or_else(|| {
        host.ends_with('%')
            .then_some("ends with %, which precedes the interface of an address")
    })
}

/// Why something is no user, as the end of a sentence.
pub(crate) fn fault_of_user(user: &str) -> Option<&'static str> {
    fault(user, |letter| "._-+@".contains(letter))
}

fn fault(name: &str, may_have: impl Fn(char) -> bool) -> Option<&'static str> {
    if name.is_empty() {
        return Some("is empty");
    }
    if name.starts_with('-') {
        return Some("begins with a hyphen, as options of ssh do");
    }
    if name.len() > MOST_BYTES {
        return Some("is longer than any name can be");
    }
    name.contains(|letter: char| !letter.is_ascii_alphanumeric() && !may_have(letter))
        .then_some("has a character that no name has")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_could_be_an_option_or_more_than_a_word_is_refused() {
        for (host, what) in [
            ("", "is empty"),
            (
                "-oProxyCommand=id",
                "begins with a hyphen, as options of ssh do",
            ),
            ("-", "begins with a hyphen, as options of ssh do"),
            ("a b", "has a character that no name has"),
            ("a;id", "has a character that no name has"),
            ("$(id)", "has a character that no name has"),
            ("a\n", "has a character that no name has"),
            ("ssh://a", "has a character that no name has"),
            ("root@a", "has a character that no name has"),
            (
                "fe80::1%",
                "ends with %, which precedes the interface of an address",
            ),
        ] {
            assert_eq!(fault_of_host(host), Some(what), "{host:?}");
        }
        assert_eq!(
            fault_of_user("-oProxyCommand=id"),
            Some("begins with a hyphen, as options of ssh do")
        );
        assert_eq!(
            fault_of_user("a`id`"),
            Some("has a character that no name has")
        );
        assert_eq!(
            fault_of_host(&"a".repeat(254)),
            Some("is longer than any name can be")
        );
    }

    #[test]
    fn names_addresses_and_aliases_are_taken() {
        for host in [
            "web1",
            "web-1.example.com",
            "10.0.0.1",
            "::1",
            "fe80::1%eth0",
            "db_old",
        ] {
            assert_eq!(fault_of_host(host), None, "{host:?}");
        }
        for user in ["deploy", "ada@example.com", "a.b-c_d+e"] {
            assert_eq!(fault_of_user(user), None, "{user:?}");
        }
    }

    #[test]
    fn a_person_reads_what_was_asked_for() {
        let mut target = Target {
            host: "web1".to_owned(),
            user: None,
            port: None,
        };
        assert_eq!(target.to_string(), "web1");
        target.user = Some("deploy".to_owned());
        target.port = NonZeroU16::new(2222);
        assert_eq!(target.to_string(), "deploy@web1 port 2222");
    }
}
