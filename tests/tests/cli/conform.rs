//! `solti-host conform`: plugins that keep every rule pass, and each rule finds the one that breaks it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::elf::{DF_STATIC_TLS, DT_FLAGS, DT_RUNPATH, Elf};
use crate::{Ended, end, solti_host};

/// The tag of a library that is needed, and that of the table of symbols.
const DT_NEEDED: u64 = 1;
const DT_SYMTAB: u64 = 6;

/// What a task of the specimen can do.
const DOES: [&str; 6] = ["quick", "long", "failing", "chatty", "text", "panicking"];

/// A plugin file and its tasks, in a directory in which nothing else is.
struct Subject {
    directory: TempDir,
    file: PathBuf,
}

impl Subject {
    fn of(package: &str) -> Self {
        Self::with(fs::read(e2e::plugin(package)).unwrap(), package)
    }

    fn with(bytes: Vec<u8>, name: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join(name).with_extension("so");
        fs::write(&file, bytes).unwrap();
        fs::create_dir(directory.path().join("tmp")).unwrap();
        Self { directory, file }
    }

    fn written(&self, name: &str, content: impl ToString) -> PathBuf {
        let path = self.directory.path().join(name);
        fs::write(&path, content.to_string()).unwrap();
        path
    }

    fn conform(&self, words: &[&str]) -> Ended {
        let mut command = solti_host();
        command.arg("conform").arg(&self.file).args(words);
        // What the suite makes is seen here.
        command.env("TMPDIR", self.tmp());
        end(&mut command)
    }

    fn tmp(&self) -> PathBuf {
        self.directory.path().join("tmp")
    }

    /// Tries the rules, which leaves nothing, and answers what came of each.
    fn report(&self, tasks: &Path, words: &[&str]) -> (Value, Option<i32>) {
        let tasks = tasks.display().to_string();
        let ended = self.conform(&[&["--json", "--tasks", &tasks], words].concat());
        let report = serde_json::from_str(&ended.stdout);
        let report = report.unwrap_or_else(|err| panic!("{err}: {ended:?}"));
        assert_eq!(fs::read_dir(self.tmp()).unwrap().count(), 0);
        assert_eq!(marked(&self.tmp()), Vec::<String>::new());
        (report, ended.code)
    }
}

/// The processes that were started by rules whose directories are below this one.
fn marked(tmp: &Path) -> Vec<String> {
    let mark = format!("SOLTI_CONFORM={}", tmp.display());
    let processes = fs::read_dir("/proc").unwrap().flatten();
    let of_rules = processes.filter(|process| {
        // One that has been killed and not been reaped has no environment any more.
        let environment = fs::read(process.path().join("environ")).unwrap_or_default();
        let mut variables = environment.split(|byte| *byte == 0);
        variables.any(|variable| variable.starts_with(mark.as_bytes()))
    });
    of_rules
        .map(|process| process.file_name().display().to_string())
        .collect()
}

/// The tasks of the specimen, of which those that are named do something wrong.
fn tasks(wrong: &[(&str, &str)]) -> Value {
    let task = |does: &str| {
        let wrong = wrong.iter().filter(|(of, _)| *of == does);
        let args: Vec<_> = [does].into_iter().chain(wrong.map(|it| it.1)).collect();
        json!({
            "slot": format!("conform-{does}"),
            "timeout": 600_000,
            "kind": { "subprocess": {
                "mode": { "command": { "command": "conform", "args": args } }
            } },
        })
    };
    DOES.iter()
        .map(|does| ((*does).to_owned(), task(does)))
        .collect()
}

/// The facts of the rules that failed.
fn failed(report: &Value) -> BTreeMap<String, String> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .filter(|rule| rule["verdict"] == "failed")
        .map(|rule| {
            let text = |field: &str| rule[field].as_str().unwrap().to_owned();
            assert!(!text("advice").is_empty());
            assert_eq!(
                text("page"),
                format!("docs/conformance.md#{}", text("rule"))
            );
            (text("rule"), text("fact"))
        })
        .collect()
}

fn not_applicable(report: &Value) -> BTreeSet<&str> {
    let rules = report["rules"].as_array().unwrap().iter();
    rules
        .filter(|rule| rule["verdict"] == "notApplicable")
        .map(|rule| rule["rule"].as_str().unwrap())
        .collect()
}

#[test]
fn the_example_plugins_keep_every_rule() {
    for package in e2e::EXAMPLES {
        let subject = Subject::of(package);
        let tasks = e2e::workspace().join(format!("example-plugins/{package}/conform.json"));
        let tasks = match *package {
            // Where a server is depends on the run.
            "httpcheck" => checks_of(&subject, serve()),
            _ => tasks,
        };
        let (report, code) = subject.report(&tasks, &[]);
        assert_eq!(
            (failed(&report), code),
            (BTreeMap::new(), Some(0)),
            "{package}"
        );
        let left = not_applicable(&report);
        match *package {
            // It has one task, which succeeds; and an image may not be there.
            "hello" => assert_eq!(left.len(), 9, "{left:?}"),
            "container" => {}
            _ => assert_eq!(left, BTreeSet::from(["panics-contained"])),
        }
    }
}

/// A server whose answers are what tasks of the suite have to print; it ends with the test.
fn serve() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let stream = stream.unwrap();
            thread::spawn(move || answer(stream));
        }
    });
    port
}

/// Answers one request. Who asks may go away at any moment.
fn answer(mut stream: TcpStream) -> Option<()> {
    let mut request = String::new();
    let mut lines = BufReader::new(stream.try_clone().ok()?);
    while !request.ends_with("\r\n\r\n") {
        if lines.read_line(&mut request).ok()? == 0 {
            return None;
        }
    }
    let path = request.split(' ').nth(1)?;
    let status = if path == "/failing" {
        "404 Not Found"
    } else {
        "200 OK"
    };
    let head = format!("HTTP/1.1 {status}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).ok()?;
    let body = match path {
        "/chatty" => format!("{}\n", "x".repeat(99)).repeat(100_000),
        "/text" => format!("Grüße, 世界 🦀\n{}\nend\n", "x".repeat(100_000)),
        _ => "begun\n".to_owned(),
    };
    stream.write_all(body.as_bytes()).ok()?;
    if path == "/long" {
        // Until who asked goes away.
        lines.read_line(&mut request).ok()?;
    }
    Some(())
}

/// A file of tasks that ask a server at this port.
fn checks_of(subject: &Subject, port: u16) -> PathBuf {
    let tasks = ["quick", "long", "failing", "chatty", "text"].map(|name| {
        let url = format!("http://127.0.0.1:{port}/{name}");
        let task = json!({
            "slot": format!("conform-{name}"), "timeout": 600_000, "kind": "example.com/v1/HttpCheck",
            "spec": { "url": url, "maxTime": 600_000 },
        });
        (name.to_owned(), task)
    });
    let tasks: serde_json::Map<_, _> = tasks.into_iter().collect();
    subject.written("conform.json", Value::Object(tasks))
}

#[test]
fn the_suite_has_tasks_of_its_own_for_the_kinds_that_mean_the_same_everywhere() {
    for package in ["subprocess", "wasm"] {
        let ended = Subject::of(package).conform(&[]);
        let summary = ended.stdout.lines().last().unwrap();
        let expected = "30 rules: 29 passed, 0 failed, 1 not applicable, 0 skipped";
        assert!(summary.ends_with(expected), "{ended:?}");
        assert_eq!(ended.code, Some(0));
    }
}

/// What breaks a rule: a file, what its tasks do wrong, words of the command line; and what is said of it.
struct Breach {
    bytes: Option<Vec<u8>>,
    wrong: &'static [(&'static str, &'static str)],
    words: &'static [&'static str],
    failed: &'static [(&'static str, &'static str)],
}

fn task(
    wrong: &'static [(&'static str, &'static str)],
    failed: &'static [(&'static str, &'static str)],
) -> Breach {
    Breach {
        bytes: None,
        wrong,
        words: &[],
        failed,
    }
}

fn told(words: &'static [&'static str], failed: &'static [(&'static str, &'static str)]) -> Breach {
    Breach {
        words,
        ..task(&[], failed)
    }
}

fn file(bytes: Vec<u8>, failed: &'static [(&'static str, &'static str)]) -> Breach {
    Breach {
        bytes: Some(bytes),
        ..task(&[], failed)
    }
}

/// A library that defines a symbol which it only asked for: one that nothing calls.
fn exporting(bytes: Vec<u8>) -> Vec<u8> {
    let name = b"_ITM_registerTMCloneTable\0";
    let mut elf = Elf(bytes);
    let value = |elf: &Elf, tag| {
        let entry = elf.dynamic(tag).unwrap();
        elf.number(entry + 8, 8) as usize
    };
    let strings = value(&elf, 5);
    let mut symbol = value(&elf, DT_SYMTAB);
    loop {
        let text = strings + elf.number(symbol, 4) as usize;
        if elf.0[text..].starts_with(name) {
            // It is in the first section.
            elf.set(symbol + 6, 2, 1);
            return elf.0;
        }
        symbol += 24;
    }
}

fn breaches() -> Vec<Breach> {
    let specimen = || fs::read(e2e::plugin("specimen")).unwrap();
    let mut large = specimen();
    large.resize((64 << 20) + 1, 0);
    let needing = Elf(specimen()).with_entry(DT_NEEDED, "getrandom");
    let searching = Elf(specimen()).with_entry(DT_RUNPATH, "getrandom");
    let static_tls = Elf(specimen()).with_flags(DT_FLAGS, DF_STATIC_TLS);
    vec![
        file(
            large,
            &[(
                "file-size",
                "the file has 67108865 bytes, expected 67108864 at most",
            )],
        ),
        file(
            needing.0,
            &[
                ("needed-libraries", "it needs `getrandom`"),
                (
                    "loads",
                    "the system cannot load it: getrandom: cannot open shared object file: No such \
                     file or directory",
                ),
            ],
        ),
        told(
            &["--glibc", "2.17"],
            &[(
                "glibc",
                "it needs glibc 2.34, expected 2.17 or an older one",
            )],
        ),
        file(
            exporting(specimen()),
            &[(
                "exported-symbols",
                "it exports `_ITM_registerTMCloneTable` beside its entry",
            )],
        ),
        file(
            searching.0,
            &[(
                "run-path",
                "it has libraries looked for in getrandom (RUNPATH)",
            )],
        ),
        file(
            static_tls.0,
            &[("static-tls", "it takes static TLS, nobody knows how much")],
        ),
        told(
            &["--config", "specimen.panic=true"],
            &[(
                "loads",
                "plugin 'specimen' panicked while it was constructed: the constructor was told to \
                 panic (at …",
            )],
        ),
        told(
            &["--config", "specimen.leave_file=true"],
            &[(
                "probe-leaves-nothing",
                "a probe leaves the file left-by-specimen",
            )],
        ),
        told(
            &[
                "--config",
                "specimen.spawn_in_constructor=true",
                "--workers",
                "1",
            ],
            &[(
                "no-threads-before-work",
                "it has 1 thread before its first task, of which one is named plugin-worker",
            )],
        ),
        told(
            &["--config", "specimen.exclusive=true"],
            &[(
                "loads-twice",
                "it does not load beside itself: another specimen is here",
            )],
        ),
        told(
            &["--config", "specimen.drop_ms=60000"],
            &[(
                "destructors-bounded",
                "destructors of the plugin's still ran after 5 seconds",
            )],
        ),
        task(
            &[("quick", "same-id")],
            &[(
                "run-ids-unique",
                "two tasks have the same run id, 'chameleon-always-the-same'",
            )],
        ),
        task(
            &[("quick", "same-number")],
            &[(
                "attempts-numbered",
                "the attempts 1, 2 and 3 of a task wrote as [1, 1, 1]",
            )],
        ),
        task(
            &[("quick", "alone")],
            &[(
                "hundred-at-once",
                "one of 100 tasks at once failed: another works",
            )],
        ),
        task(
            &[("text", "cut")],
            &[(
                "text-as-written",
                "a text did not come as it was written: line 2 has 1000 bytes, expected 100000 bytes",
            )],
        ),
        task(
            &[("chatty", "deaf")],
            &[(
                "pressure-respected",
                "an attempt wrote more than 1048576 bytes after it was told to wait",
            )],
        ),
        task(
            &[("quick", "write-late")],
            &[(
                "nothing-after-the-end",
                "something was written when its attempt had ended",
            )],
        ),
        task(
            &[("quick", "unrecorded")],
            &[(
                "metrics-of-success",
                "of one attempt 0 were recorded as started and as ended: none; expected 1 success",
            )],
        ),
        task(
            &[("failing", "unrecorded")],
            &[(
                "metrics-of-failure",
                "of one attempt 0 were recorded as started and as ended: none; expected 1 failure",
            )],
        ),
        task(
            &[("long", "unrecorded-end")],
            &[(
                "metrics-of-cancel",
                "of one attempt 1 were recorded as started and as ended: none; expected 1 canceled",
            )],
        ),
        task(
            &[("long", "unrecorded-drop")],
            &[(
                "metrics-of-timeout",
                "of one attempt 1 were recorded as started and as ended: none; expected 1 timeout",
            )],
        ),
        task(
            &[("failing", "panic")],
            &[(
                "no-panics",
                "it panicked in the task 'failing': told to panic and not to fail (at …",
            )],
        ),
        task(
            &[("panicking", "abort")],
            &[(
                "panics-contained",
                "the process that tried it ended by signal 6",
            )],
        ),
        task(
            &[("long", "deaf")],
            &[
                (
                    "cancel-is-honoured",
                    "an attempt had not ended 5 seconds after it was cancelled",
                ),
                (
                    "shutdown-in-time",
                    "an attempt had not ended when a shutdown of 5 seconds was over",
                ),
            ],
        ),
        task(
            &[("long", "succeed")],
            &[
                ("cancel-is-honoured", "a cancelled attempt succeeded"),
                (
                    "metrics-of-cancel",
                    "of one attempt 1 were recorded as started and as ended: 1 success; expected 1 canceled",
                ),
            ],
        ),
        task(
            &[("long", "linger")],
            &[(
                "shutdown-in-time",
                "an attempt had not ended when a shutdown of 5 seconds was over",
            )],
        ),
        task(
            &[("long", "go-on")],
            &[(
                "drop-is-honoured",
                "something still had the output of an attempt 5 seconds after that was dropped",
            )],
        ),
        task(
            &[("quick", "spin")],
            &[("idle-costs-nothing", "with nothing to do it takes …")],
        ),
        task(
            &[("quick", "leave-descriptor")],
            &[(
                "no-descriptor-left",
                "after its shutdown it has open '/dev/null' and 3 others",
            )],
        ),
        task(
            &[("quick", "leave-thread")],
            &[(
                "no-thread-left",
                "after its shutdown it has the thread 'plugin-worker' and 1 other",
            )],
        ),
        task(
            &[("quick", "leave-child")],
            &[(
                "no-child-left",
                "after its shutdown it has the child 'sleep' and 1 other",
            )],
        ),
    ]
}

/// What is wrong with what came of a breach.
fn fault_of(breach: &Breach) -> Option<String> {
    let subject = match &breach.bytes {
        None => Subject::of("specimen"),
        Some(bytes) => Subject::with(bytes.clone(), "specimen"),
    };
    let tasks = subject.written("tasks.json", tasks(breach.wrong));
    let (report, code) = subject.report(&tasks, breach.words);
    let found = failed(&report);
    let is_expected = found.len() == breach.failed.len()
        && breach.failed.iter().all(|(rule, fact)| {
            let found = found.get(*rule);
            // What is different each time is left out at the end.
            found.is_some_and(|found| match fact.strip_suffix('…') {
                Some(beginning) => found.starts_with(beginning),
                None => found == fact,
            })
        });
    let what = (breach.wrong, breach.words);
    (!is_expected || code != Some(1)).then(|| format!("{what:?}: {code:?} {found:#?}"))
}

#[test]
fn each_rule_finds_the_plugin_that_breaks_it_and_no_other_does() {
    let subject = Subject::of("specimen");
    let good = subject.written("tasks.json", tasks(&[]));
    let (report, code) = subject.report(&good, &["--strict"]);
    assert_eq!((failed(&report), code), (BTreeMap::new(), Some(0)));
    assert_eq!(report["passed"], 30);

    // A few at a time: most of a rule is waiting.
    let (left, faults) = (Mutex::new(breaches()), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some(breach) = { left.lock().unwrap().pop() } {
                    faults.lock().unwrap().extend(fault_of(&breach));
                }
            });
        }
    });
    let faults = faults.into_inner().unwrap();
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_rule_is_broken_by_a_test_and_has_a_section_on_its_page() {
    let listed = end(solti_host().args(["conform", "--list", "--json"]));
    let listed: Value = serde_json::from_str(&listed.stdout).unwrap();
    let names = |rule: &Value| rule["rule"].as_str().unwrap().to_owned();
    let rules: BTreeSet<_> = listed.as_array().unwrap().iter().map(names).collect();
    let breaches = breaches();
    let broken = breaches.iter().flat_map(|breach| breach.failed);
    let broken: BTreeSet<_> = broken.map(|(rule, _)| (*rule).to_owned()).collect();
    assert_eq!(rules, broken);
    let page = fs::read_to_string(e2e::workspace().join("docs/conformance.md")).unwrap();
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let headings: BTreeSet<_> = headings.map(str::to_owned).collect();
    assert_eq!(rules, headings);
}

/// What a plugin does to the process that loads it is that process's end, and not the suite's.
#[test]
fn a_plugin_that_ends_or_stops_its_process_fails_and_says_how() {
    for (harm, words, fact) in [
        (
            "exit",
            &[][..],
            "the process that tried it ended with code 0",
        ),
        ("segv", &[], "the process that tried it ended by signal 11"),
        (
            "sleep",
            &["--time", "2s"],
            "the process that tried it had not ended after 2s",
        ),
    ] {
        let subject = Subject::with(e2e::hostile(harm), "hostile");
        let tasks = subject.written("tasks.json", "{}");
        let (report, code) = subject.report(&tasks, words);
        assert_eq!(code, Some(1), "{harm}");
        assert_eq!(
            failed(&report),
            BTreeMap::from([("loads".to_owned(), fact.to_owned())])
        );
    }
}

#[test]
fn a_rule_without_a_task_is_told_and_counts_where_that_is_asked_for() {
    let subject = Subject::of("hello");
    let ended = subject.conform(&["--rule", "pressure-respected", "--rule", "loads"]);
    let table: Vec<_> = ended
        .stdout
        .lines()
        .filter(|it| it.contains(" not "))
        .collect();
    assert!(
        table[0].contains("the task 'chatty' could not be built: no suitable runner"),
        "{ended:?}"
    );
    assert!(
        ended
            .stdout
            .ends_with(": 2 rules: 1 passed, 0 failed, 1 not applicable, 0 skipped\n"),
        "{ended:?}"
    );
    assert_eq!(ended.code, Some(0));
    let strict = ["--strict", "--rule", "pressure-respected"];
    assert_eq!(subject.conform(&strict).code, Some(1));
}

/// A task that was given for this plugin does what it is said to do, or something is wrong.
#[test]
fn a_given_task_that_does_something_else_fails_the_rule() {
    let subject = Subject::of("specimen");
    let mut tasks = tasks(&[]);
    tasks["quick"] = tasks["failing"].clone();
    let tasks = subject.written("tasks.json", &tasks);
    let (report, code) = subject.report(&tasks, &["--rule", "metrics-of-success"]);
    let fact = "the task 'quick' was to succeed, and failed: told to fail";
    assert_eq!(code, Some(1));
    assert_eq!(failed(&report)["metrics-of-success"], fact);
}

#[test]
fn what_cannot_be_tried_is_named_with_what_to_do() {
    let subject = Subject::of("hello");
    let tasks = |content: &str| subject.written("t.json", content).display().to_string();
    let place = subject.directory.path().display().to_string();
    let library = format!("{place}/hello.so");
    for (content, error) in [
        (
            r#"{"quik": {}}"#,
            "{place}/t.json: unknown name 'quik', expected one of quick, long, failing, chatty, \
             text, panicking",
        ),
        (
            "[]",
            "{place}/t.json: expected an object that names tasks by what they do (quick, long, \
             failing, chatty, text, panicking), found an array",
        ),
        (
            "{",
            "{place}/t.json: not JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            r#"{"quick": {"slot": "a", "timeout": 5}}"#,
            "{place}/t.json.quick: kind: missing, expected an object with one field: subprocess, \
             wasm or container",
        ),
        (
            r#"{"quick": {"slot": "a", "kind": "a/v1/B", "timeout": 5, "specs": 1}}"#,
            "{place}/t.json.quick: specs: unknown field, expected slot, kind, spec, timeout, \
             admission, restart, backoff, runnerSelector or labels",
        ),
        (
            r#"{"panicking": "built-in"}"#,
            "{place}/t.json.panicking: the suite has no task of its own that does this for a \
             plugin of this kind; give a spec, or leave it out",
        ),
    ] {
        let ended = subject.conform(&["--tasks", &tasks(content)]);
        let error = error.replace("{place}", &place);
        assert_eq!(ended.stderr, format!("error: {library}: {error}\n"));
        assert_eq!(ended.code, Some(2));
    }
    for (words, error) in [
        (
            &["--rule", "load"][..],
            "no rule is named 'load': `solti-host conform --list` prints them",
        ),
        (
            &["--rule", "loads", "--skip", "loads"],
            "every rule that --rule names is left out by --skip",
        ),
        (
            &["--config", "helo.x=1"],
            "{library}: --config helo: the plugin in this file is 'hello'",
        ),
        (
            &["--tasks", "/nonexistent"],
            "{library}: /nonexistent: cannot be read: No such file or directory (os error 2)",
        ),
    ] {
        let ended = subject.conform(words);
        let error = error.replace("{library}", &library);
        assert_eq!(ended.stderr, format!("error: {error}\n"));
        assert_eq!(ended.code, Some(2));
    }
    let nothing = end(solti_host().args(["conform", "/nonexistent.so"]));
    let error = "/nonexistent.so: it cannot be read: No such file or directory (os error 2)";
    assert_eq!(nothing.stderr, format!("error: {error}\n"));
    let specs = subject.written("specs.json", "[]").display().to_string();
    let ended = end(solti_host().args(["conform", &specs]));
    let error = format!(
        "{specs}: task specs, not a plugin; `solti-host run --check --plugins DIR {specs}` checks \
         them"
    );
    assert_eq!(ended.stderr, format!("error: {error}\n"));
}

#[test]
fn a_file_that_is_no_plugin_fails_and_nothing_else_is_said_of_it() {
    let subject = Subject::with(b"no library".to_vec(), "text");
    let (report, code) = subject.report(&subject.written("tasks.json", "{}"), &[]);
    assert_eq!(code, Some(1));
    assert_eq!(failed(&report).into_keys().collect::<Vec<_>>(), ["loads"]);
    assert_eq!(report["notApplicable"], 29);
}

/// The name in a sidecar is the plugin's name, and its configuration counts in every process.
#[test]
fn a_sidecar_counts_and_gives_the_plugin_its_name() {
    let subject = Subject::of("specimen");
    let sidecar = "name = \"renamed\" # here\n[config]\nexclusive = true\n";
    subject.written("specimen.toml", sidecar);
    let tasks = subject.written("tasks.json", tasks(&[]));
    let words = ["--rule", "loads", "--rule", "loads-twice"];
    let (report, _) = subject.report(&tasks, &words);
    let fact = "it does not load beside itself: another specimen is here";
    assert_eq!(
        failed(&report),
        BTreeMap::from([("loads-twice".to_owned(), fact.to_owned())])
    );
    let config = ["--config", "renamed.panic=false"];
    assert_eq!(
        subject.report(&tasks, &[&words[..], &config].concat()).1,
        Some(1)
    );
}
