//! The command line of `ssh`.

use std::ffi::OsString;
use std::time::Duration;

use solti_plugin_abi::process::Program;

use crate::config::Config;
use crate::script::REMOTE;
use crate::target::Target;

/// How many questions without an answer end a connection.
const UNANSWERED: u32 = 3;

/// The command line that asks this target. What it says here is said before ssh's own configuration is
/// read, which has the word for all else: aliases, jumps, keys, algorithms.
pub(crate) fn client(target: &Target, connect_timeout: Duration, config: &Config) -> Program {
    let mut options = vec![
        // Nobody is there to be asked for anything.
        "BatchMode=yes".to_owned(),
        // Not even where a file says otherwise: a key that nobody has compared is no key.
        "StrictHostKeyChecking=yes".to_owned(),
        format!("ConnectTimeout={}", seconds(connect_timeout).max(1)),
        format!("ServerAliveInterval={}", seconds(config.keep_alive())),
        format!("ServerAliveCountMax={UNANSWERED}"),
        // A connection that is shared is used. One that is made is shared with nobody: it would stay when
        // the attempt is over.
        "ControlMaster=no".to_owned(),
        // Two tasks at once cannot forward the same port, and no task uses one.
        "ClearAllForwardings=yes".to_owned(),
        // Why it failed is read from what it says.
        "LogLevel=INFO".to_owned(),
    ];
    if let Some(file) = &config.known_hosts {
        options.push(format!("UserKnownHostsFile={}", file.display()));
    }
    // No terminal: it would make one stream of two.
    let mut args = vec![OsString::from("-T")];
    for option in options {
        args.extend(["-o".into(), option.into()]);
    }
    let mut flag = |flag: &str, value: OsString| args.extend([flag.into(), value]);
    if let Some(file) = &config.config_file {
        flag("-F", file.into());
    }
    if let Some(file) = &config.identity_file {
        flag("-i", file.into());
    }
    if let Some(user) = &target.user {
        flag("-l", user.into());
    }
    if let Some(port) = target.port {
        flag("-p", port.to_string().into());
    }
    // Behind this nothing is an option, whatever it begins with.
    args.extend(["--".into(), (&target.host).into(), REMOTE.into()]);
    Program::new(&config.program).args(args)
}

/// What ssh counts in, rounded up: less than a second would be none.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(target: &Target, config: &str) -> String {
        let config: Config = serde_json::from_str(config).unwrap();
        let config = config.checked().unwrap();
        format!("{:?}", client(target, config.connect_timeout(), &config))
    }

    fn target(user: Option<&str>, port: Option<u16>) -> Target {
        Target {
            host: "web1".to_owned(),
            user: user.map(str::to_owned),
            port: port.and_then(|port| port.try_into().ok()),
        }
    }

    #[test]
    fn what_nobody_set_is_left_to_the_configuration_of_ssh() {
        let words = words(&target(None, None), "{}");
        for left in ["-l", "-p", "-i", "-F", "UserKnownHostsFile"] {
            assert!(!words.contains(&format!("\"{left}")), "{left}: {words}");
        }
        for set in [
            "BatchMode=yes",
            "StrictHostKeyChecking=yes",
            "ConnectTimeout=10",
        ] {
            assert!(
                words.contains(&format!("\"-o\", \"{set}\"")),
                "{set}: {words}"
            );
        }
        assert!(words.contains(r#""--", "web1", "exec sh"]"#), "{words}");
    }

    #[test]
    fn what_was_set_comes_before_the_host() {
        let words = words(
            &target(Some("deploy"), Some(2222)),
            r#"{"identity_file": "/id", "known_hosts": "/known", "config_file": "/config",
                "connect_timeout_ms": 1, "keep_alive_ms": 1500}"#,
        );
        for set in [
            "UserKnownHostsFile=/known",
            "ConnectTimeout=1",
            "ServerAliveInterval=2",
        ] {
            assert!(
                words.contains(&format!("\"-o\", \"{set}\"")),
                "{set}: {words}"
            );
        }
        let end = r#""-F", "/config", "-i", "/id", "-l", "deploy", "-p", "2222", "--", "web1", "exec sh"]"#;
        assert!(words.contains(end), "{words}");
    }
}
