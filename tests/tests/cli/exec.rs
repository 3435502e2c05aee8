//! `solti-host exec`.

use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::json;

use crate::{Place, Running, end, objects};

#[test]
fn an_empty_name_is_no_command() {
    let place = Place::with(&["subprocess"]);
    for name in ["", " "] {
        let ended = end(&mut place.exec(&["--", name]));
        let error = "error: the name of the command is empty: name a program\n";
        assert_eq!((&*ended.stderr, ended.code), (error, Some(125)));
    }
}

#[test]
fn the_lines_of_a_command_come_out_as_they_are_each_stream_on_its_own() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "sh", "-c", "echo out; echo '  err' >&2"]));
    assert_eq!(ended.stdout, "out\n");
    let (first, second) = ended.stderr.split_once('\n').unwrap();
    assert_eq!(first, "  err");
    assert!(
        second.starts_with("exec: succeeded (") && second.ends_with(", 2 lines)\n"),
        "{second}"
    );
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_command_that_fails_ends_the_program_with_its_own_exit_code() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "sh", "-c", "exit 7"]));
    assert!(
        ended
            .stderr
            .starts_with("exec: failed: process exited with non-zero code: 7 ("),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(7));
}

#[test]
fn a_command_ends_at_its_timeout() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--timeout", "300ms", "--", "sleep", "60"]));
    assert!(
        ended.stderr.starts_with("exec: timed out after 300ms ("),
        "{}",
        ended.stderr
    );
    assert_eq!(ended.code, Some(124));
}

#[test]
fn an_argument_that_looks_like_an_option_belongs_to_the_command() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "echo", "--json", "--", "-v"]));
    assert_eq!(ended.stdout, "--json -- -v\n");
}

#[test]
fn a_burst_of_a_million_lines_arrives_whole() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--", "seq", "1000000"]));
    let mut expected = 0;
    for line in ended.stdout.lines() {
        expected += 1;
        assert_eq!(line.parse(), Ok(expected));
    }
    assert_eq!(expected, 1_000_000);
    assert!(
        ended.stderr.ends_with(", 1,000,000 lines)\n"),
        "{}",
        ended.stderr
    );
}

#[test]
fn a_burst_of_a_million_lines_arrives_whole_as_json() {
    let place = Place::with(&["subprocess"]);
    let ended = end(&mut place.exec(&["--json", "--", "seq", "1000000"]));
    let (events, summary) = objects(&ended.stdout);
    let mut lines = 0;
    for event in events.iter().filter(|event| event["type"] == "chunk") {
        assert_eq!(event["seq"], lines);
        lines += 1;
        assert_eq!(event["line"], lines.to_string());
    }
    assert_eq!(lines, 1_000_000);
    assert_eq!(summary["lost"], 0);
}

#[test]
fn a_reader_that_goes_away_ends_the_command_quietly() {
    let place = Place::with(&["subprocess"]);
    let mut child = place
        .exec(&["--", "yes"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "y\n");
    drop(stdout);
    let running = Running {
        stdin: None,
        child,
        lines: std::sync::mpsc::channel().1,
    };
    assert_eq!(running.end(), (Some(141), String::new()));
}

#[test]
fn a_plugin_takes_its_configuration_from_the_command_line() {
    let place = Place::with(&["subprocess"]);
    let words = ["--config", "subprocess.no_such_field=1", "--", "true"];
    let ended = end(&mut place.exec(&words));
    let warning = "warning: subprocess.so: rejected at connect: ";
    assert!(ended.stderr.starts_with(warning), "{}", ended.stderr);
    assert!(ended.stderr.contains("no_such_field"), "{}", ended.stderr);
    assert_eq!(ended.code, Some(125));
}

#[test]
fn what_a_plugin_logs_goes_to_standard_error_when_it_is_asked_for() {
    let place = Place::with(&["subprocess"]);
    let quiet = end(&mut place.exec(&["--", "echo", "x"]));
    assert_eq!(quiet.stderr.lines().count(), 1, "{}", quiet.stderr);
    let told = end(place
        .exec(&["--", "echo", "x"])
        .env("RUST_LOG", "solti_plugin_host=debug"));
    assert!(told.stderr.contains("built a task"), "{}", told.stderr);
    assert_eq!(told.stdout, "x\n");
    assert_eq!(json!(told.code), 0);
}

/// Runs a shell pipeline in which `$HOST` is the program, and what to tell it to execute `$EXEC`.
fn pipeline(place: &Place, script: &str) -> std::process::Output {
    Command::new("bash")
        .args(["-c", &format!("set -o pipefail; {script}")])
        .env("HOST", e2e::solti_host())
        .env("SOLTI_PLUGINS", place.plugins())
        .env("RUST_LOG", "off")
        .current_dir(place.directory.path())
        .output()
        .unwrap()
}

#[test]
fn what_a_command_writes_comes_out_byte_for_byte_whatever_it_is() {
    let place = Place::with(&["subprocess"]);
    let directory = place.directory.path();
    let random: Vec<u8> = (0..5_000_000_u64)
        .map(|at| (at.wrapping_mul(6_364_136_223_846_793_005).rotate_left(17) >> 32) as u8)
        .collect();
    let mut long = vec![b'x'; 20_000_000];
    long.extend_from_slice(b"\nend");
    for (name, bytes) in [
        ("random", &random[..]),
        ("crlf", b"a\r\nb\r\n"),
        ("no-end", b"no end"),
        ("odd", b"\0\x1b[2J\xff\n\n\r"),
        ("long", &long),
        ("empty", b""),
    ] {
        std::fs::write(directory.join(name), bytes).unwrap();
        // On standard error the summary follows.
        let len = bytes.len();
        for script in [
            format!("$HOST exec -- cat {name} 2>/dev/null | cmp - {name}"),
            format!(
                "$HOST exec -- sh -c 'cat {name} >&2' 2>&1 >/dev/null | head -c {len} | cmp - {name}"
            ),
        ] {
            let compared = Command::new("bash")
                .args(["-c", &script])
                .env("HOST", e2e::solti_host())
                .env("SOLTI_PLUGINS", place.plugins())
                .current_dir(directory)
                .output()
                .unwrap();
            assert!(compared.status.success(), "{name}: {script}: {compared:?}");
        }
    }
}

#[test]
fn no_line_is_lost_to_a_reader_that_sleeps_first() {
    let place = Place::with(&["subprocess"]);
    let read = pipeline(
        &place,
        "$HOST exec -- seq 300000 2>/dev/null | (sleep 1; cat) | cmp - <(seq 300000)",
    );
    assert!(read.status.success(), "{read:?}");
    let json = pipeline(
        &place,
        "$HOST exec --json -- seq 100000 | (sleep 1; cat) | grep -c '\"type\":\"chunk\"'",
    );
    assert_eq!(String::from_utf8_lossy(&json.stdout), "100000\n");
}

#[test]
fn a_command_reads_what_the_program_is_given() {
    let place = Place::with(&["subprocess"]);
    let read = pipeline(
        &place,
        "echo foo | $HOST exec -- cat; $HOST exec -- wc -c < /dev/null",
    );
    assert_eq!(String::from_utf8_lossy(&read.stdout), "foo\n0\n");
}

#[test]
fn the_programs_own_failures_have_codes_that_no_command_is_told_for() {
    let place = Place::with(&["subprocess"]);
    for (words, code) in [
        (&["sh", "-c", "kill -KILL $$"][..], 137),
        (&["sh", "-c", "exit 255"], 255),
        (&["/no/such/command"], 127),
        (&["/etc/passwd"], 126),
    ] {
        let mut all = vec!["--"];
        all.extend(words);
        assert_eq!(end(&mut place.exec(&all)).code, Some(code), "{words:?}");
    }
}

#[test]
fn an_output_that_does_not_block_or_is_gone_ends_no_task_and_panics_nowhere() {
    let place = Place::with(&["subprocess"]);
    // Python sets its end of the pipe not to block, and reads late.
    let script = "python3 -c 'import os,subprocess,sys,time\n\
                  r,w=os.pipe(); os.set_blocking(w,False)\n\
                  p=subprocess.Popen([sys.argv[1],\"exec\",\"--\",\"seq\",\"200000\"],stdout=w,stderr=subprocess.DEVNULL)\n\
                  os.close(w); time.sleep(0.5); data=b\"\"\n\
                  while True:\n  part=os.read(r,65536)\n  if not part: break\n  data+=part\n\
                  print(len(data.splitlines()),p.wait())' $HOST";
    let read = pipeline(&place, script);
    assert_eq!(
        String::from_utf8_lossy(&read.stdout),
        "200000 0\n",
        "{read:?}"
    );
    for (closed, code) in [("2>&-", 0), (">&-", 0), ("2>/dev/full", 0)] {
        let script = format!("$HOST exec -- sh -c 'echo out; echo err >&2' {closed}");
        let ended = pipeline(&place, &script);
        assert_eq!(ended.status.code(), Some(code), "{closed}: {ended:?}");
    }
}

/// Whoever starts the program may ignore and block signals, and so may a plugin: a command begins as
/// everywhere, and how it ends is learnt.
#[cfg(target_os = "linux")]
#[test]
fn a_command_ends_as_it_does_whoever_ignores_signals() {
    let place = Place::with(&["subprocess"]);
    let hostile = place.plugins().join("z-hostile.so");
    std::fs::write(hostile, e2e::hostile("ignore-children")).unwrap();
    let host = crate::shown(e2e::solti_host());
    let plugins = crate::shown(place.plugins());
    let mut env = std::process::Command::new("env");
    env.args([
        "--ignore-signal=CHLD,TERM,USR1",
        "--block-signal=USR2,INT",
        &host,
    ])
    .args(["exec", "--allow", "subprocess", "--allow", "hostile"])
    .args(["--plugins", &plugins, "--", "sh", "-c"])
    .arg("grep Sig[BI] /proc/self/status; exit 7");
    let ended = end(&mut env);
    assert_eq!(ended.code, Some(7), "{ended:?}");
    let signals = |name: &str| {
        let mut lines = ended.stdout.lines();
        let line = lines.find_map(|line| line.strip_prefix(name)).unwrap();
        u64::from_str_radix(line.trim(), 16).unwrap()
    };
    // SIGCHLD is the seventeenth, SIGTERM the fifteenth, SIGUSR1 the tenth.
    assert_eq!(
        signals("SigIgn:") & (1 << 16 | 1 << 14 | 1 << 9),
        0,
        "{}",
        ended.stdout
    );
    assert_eq!(signals("SigBlk:"), 0, "{}", ended.stdout);
}

#[test]
fn the_environment_and_the_directory_of_the_command_can_be_given() {
    let place = Place::with(&["subprocess"]);
    let script = "echo \"$A|$B|$KEPT\"; pwd";
    let mut exec = place.exec(&[
        "-e", "A=1=2", "--env", "B=", "--cwd", "/", "--", "sh", "-c", script,
    ]);
    let ended = end(exec.env("KEPT", "yes").env("B", "other"));
    assert_eq!(ended.stdout, "1=2||yes\n/\n");
    assert_eq!(ended.code, Some(0));
}

#[test]
fn a_runner_with_a_label_can_be_asked_for() {
    let place = Place::with(&["hello", "subprocess"]);
    let sidecar = "[labels]\nzone = \"eu\"\ntier = \"fast\"\n";
    std::fs::write(place.plugins().join("subprocess.toml"), sidecar).unwrap();
    let hello = ["--", "hello", "you"];
    let plain = end(&mut place.exec(&hello));
    assert_eq!(plain.stdout, "hello, you\n");
    // The other runner has no such program.
    let labels = ["-l", "zone=eu", "--label", "tier=fast"];
    let labelled = end(place.exec(&labels).args(hello));
    assert_eq!(labelled.code, Some(127), "{labelled:?}");
    let ended = end(place.exec(&["--label", "zone=us"]).args(hello));
    assert_eq!(
        ended.stderr,
        "exec: failed: no runner matches the selector (zone=us): the runners for subprocess tasks are \
         hello without labels; subprocess with tier=fast, zone=eu\n"
    );
    assert_eq!(ended.code, Some(125));
}

#[test]
fn a_variable_or_label_that_is_none_is_refused_with_what_was_expected() {
    let place = Place::with(&[]);
    for (option, value, said) in [
        ("--env", "A", "expected NAME=VALUE, found no '='"),
        ("--env", "=x", "the name is empty"),
        ("--label", "zone", "expected KEY=VALUE, found no '='"),
        ("--label", "=eu", "expected KEY=VALUE, found no key"),
    ] {
        let ended = end(&mut place.exec(&[option, value, "--", "true"]));
        let error = format!("error: invalid value '{value}' for '{option} <");
        assert!(ended.stderr.starts_with(&error), "{}", ended.stderr);
        assert!(
            ended.stderr.contains(&format!("': {said}\n"))
                || ended.stderr.contains(&format!(">': {said}\n")),
            "{}",
            ended.stderr
        );
        assert_eq!(ended.code, Some(2));
    }
}
