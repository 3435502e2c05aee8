//! Modules that cannot be run, configurations that cannot be used, and the cache.

use solti_plugin_host::{ErrorDetails, Spawn};

use super::*;

#[tokio::test]
async fn a_module_that_cannot_be_loaded_says_what_is_wrong_and_is_counted() {
    let wasm = Wasm::with("max_module_bytes = 4000");
    let whole = wat::parse_str(greeter()).unwrap();
    let missing_import = r#"(module
        (import "env" "frobnicate" (func))
        (import "wasi_snapshot_preview1" "sock_open" (func))
        (import "wasi_snapshot_preview1" "sched_yield" (func (result i32)))
        (memory (export "memory") 1) (func (export "_start")))"#;
    let wrong_type = r#"(module
        (import "wasi_snapshot_preview1" "sched_yield" (func (param i64)))
        (memory (export "memory") 1) (func (export "_start")))"#;
    let no_function = r#"(module
        (import "wasi_snapshot_preview1" "proc_exit" (global i32))
        (memory (export "memory") 1) (func (export "_start")))"#;
    let hostile_imports: String = (0..20)
        .map(|index| format!(r#"(import "\1b[2J{index}\n" "{}" (func))"#, "x".repeat(100)))
        .collect();
    let hostile_imports = format!(r#"(module {hostile_imports} (func (export "_start")))"#);
    let half = "x".repeat(37);
    let named = |index| format!("\\u{{1b}}[2J{index}\\n::{half} … {half}");
    let hostile_names = (0..8).map(named).collect::<Vec<_>>().join(", ");
    let hostile_message = format!("imports what is not provided: {hostile_names} and 12 more; ");
    let hidden_memory = r#"(module (memory 2000) (func (export "_start")))"#;
    let big_table = r#"(module (table 20000000 funcref) (func (export "_start")))"#;
    let cases: [(Vec<u8>, &str, &str); 13] = [
        (
            whole[..300].to_vec(),
            "execution failed: ",
            "is truncated: it needs at least ",
        ),
        (
            Vec::new(),
            "execution failed: ",
            "is truncated: it needs at least 4 bytes, the file has 0",
        ),
        (
            b"#!/bin/sh\necho hello\n".to_vec(),
            "fatal error (no retry): ",
            "is not a WebAssembly binary: it begins with \"#!/b\", expected \"\\x00asm\"",
        ),
        (
            b"\0asm\x0d\0\x01\0".to_vec(),
            "fatal error (no retry): ",
            "is a component, not a core module: build it for wasm32-wasip1",
        ),
        (
            // A type section of one entry that is no type.
            b"\0asm\x01\0\0\0\x01\x02\x01\x00".to_vec(),
            "fatal error (no retry): ",
            "is not valid: ",
        ),
        (
            wat::parse_str(missing_import).unwrap(),
            "fatal error (no retry): ",
            "imports what is not provided: env::frobnicate, wasi_snapshot_preview1::sock_open; \
             build it for wasm32-wasip1, which needs only the functions of wasi_snapshot_preview1",
        ),
        (
            wat::parse_str(wrong_type).unwrap(),
            "fatal error (no retry): ",
            "imports wasi_snapshot_preview1::sched_yield as (i64) -> (), but it is provided as \
             () -> (i32)",
        ),
        (
            wat::parse_str(no_function).unwrap(),
            "fatal error (no retry): ",
            "imports wasi_snapshot_preview1::proc_exit as a global, but it is provided as a function",
        ),
        (
            wat::parse_str(hostile_imports).unwrap(),
            "fatal error (no retry): ",
            &hostile_message,
        ),
        (
            wat::parse_str(hidden_memory).unwrap(),
            "fatal error (no retry): ",
            "needs 131072000 bytes of memory to start, the limit is 67108864 (max_memory_bytes)",
        ),
        (
            wat::parse_str(big_table).unwrap(),
            "fatal error (no retry): ",
            "needs a table of 20000000 elements to start, the limit is 1048576",
        ),
        (
            wat::parse_str(r#"(module (func (export "run")))"#).unwrap(),
            "fatal error (no retry): ",
            "exports no function _start without parameters, so it is not a program",
        ),
        (
            [b"\0asm\x01\0\0\0".as_slice(), &[0; 4000]].concat(),
            "fatal error (no retry): ",
            "has 4008 bytes, the limit is 4000 (max_module_bytes)",
        ),
    ];
    for (bytes, class, message) in cases {
        let seen = wasm.host.metrics.all().len();
        let err = wasm.failure(&wasm.raw(&bytes)).await;
        let text = wasm.path(&err.to_string());
        let expected = format!("{class}module DIR/raw.wasm {message}");
        assert!(text.starts_with(&expected), "{text}\n{expected}");
        assert_eq!(
            wasm.host.metrics.all()[seen..],
            [STARTED, LOAD_FAILED, completed(TaskOutcome::Failure)]
        );
    }
}

#[tokio::test]
async fn a_module_that_is_no_file_is_counted_and_a_retry_finds_one_that_has_come() {
    let wasm = Wasm::new();
    let module = wasm.file("late.wasm");
    let task = wasm.host.build(&spec(&module));
    let (end, _) = wasm.host.attempt(&task, CancellationToken::new()).await;
    let err = end.unwrap_err();
    assert!(err.is_retryable());
    assert_eq!(
        wasm.path(&err.to_string()),
        "execution failed: module DIR/late.wasm could not be read: \
         No such file or directory (os error 2)"
    );
    let not_loaded = [STARTED, LOAD_FAILED, completed(TaskOutcome::Failure)];
    assert_eq!(wasm.host.metrics.all(), not_loaded);
    fs::write(&module, wat::parse_str(greeter()).unwrap()).unwrap();
    let (end, lines) = wasm.host.attempt(&task, CancellationToken::new()).await;
    end.unwrap();
    assert_eq!(lines.len(), 5);

    let seen = wasm.host.metrics.all().len();
    let err = wasm.failure(&spec(wasm.host.directory.path())).await;
    assert_eq!(
        wasm.path(&err.to_string()),
        "execution failed: module DIR is not a regular file"
    );
    assert_eq!(wasm.host.metrics.all()[seen..], not_loaded);
}

#[test]
fn a_spec_that_no_file_can_mend_is_refused_when_the_task_is_built() {
    let wasm = Wasm::new();
    let build = |spec: &TaskSpec| wasm.host.router.build(spec).map(|_| ()).unwrap_err();
    let module = wasm.file("program.wasm");
    let err = build(&spec_with(&module, &["a\0b"], TaskEnv::new(), 60_000));
    assert!(matches!(err, RunnerError::InvalidSpec(_)));
    assert_eq!(
        err.to_string(),
        "invalid specification: argument \"a\\0b\" contains a NUL byte"
    );
}

#[test]
fn a_wrong_configuration_is_refused_at_load_with_its_field() {
    let rejected = |config: &str| {
        let directory = directory_with(&["wasm"]);
        fs::write(
            directory.path().join("wasm.toml"),
            format!("[config]\n{config}"),
        )
        .unwrap();
        let host = Host::load(directory, PluginLoader::new());
        assert_eq!(host.report.rejected().len(), 1, "{}", host.report);
        host.report.rejected()[0].error.to_string()
    };
    let cases = [
        (
            "memory = 5",
            "config.memory: unknown field, expected engine, max_memory_bytes, ",
        ),
        (
            "engine = 'wasmtime'",
            "config.engine: this build of the plugin has no wasmtime: build it with \
             `--features wasmtime`, or use wasmi",
        ),
        (
            "clock = 'broken'",
            "config.clock: expected real or virtual, found \"broken\"",
        ),
        (
            "directories = [{ host = '/no/such/place', guest = '/' }]",
            "config.directories[0].host: /no/such/place cannot be used: \
             No such file or directory (os error 2)",
        ),
        (
            "directories = [{ host = '/dev/null', guest = '/' }]",
            "config.directories[0].host: /dev/null is not a directory",
        ),
        (
            "directories = [{ host = '/', guest = '' }]",
            "config.directories[0].guest: found \"\", expected a path, such as \"/data\", \
             without NUL",
        ),
        (
            "directories = [{ host = '/', guest = \"/a\\u0000b\" }]",
            "config.directories[0].guest: found \"/a\\0b\", expected a path",
        ),
        (
            "directories = [{ host = '/', guest = '/b' }, { host = '/', guest = '/a/' }, \
             { host = '/tmp', guest = '/a' }]",
            "config.directories[2].guest: found \"/a\", which directories[1] has already, \
             expected a path of its own",
        ),
        (
            "inherit_env = ['HOME', 'A=B']",
            "config.inherit_env[1]: found \"A=B\", expected the name of a variable, without a \
             value, `=` or NUL",
        ),
        (
            "inherit_env = ['']",
            "config.inherit_env[0]: found \"\", expected the name",
        ),
        (
            "inherit_env = [\"A\\u0000\"]",
            "config.inherit_env[0]: found \"A\\0\", expected the name",
        ),
    ];
    for (config, message) in cases {
        let text = rejected(config);
        assert!(text.contains(message), "{text}\n{message}");
    }
}

#[tokio::test]
async fn a_content_is_compiled_once_however_often_and_from_wherever_it_is_run() {
    let log = Arc::new(Kept::of("wasm::cache"));
    let wasm = Wasm {
        host: Host::load(
            directory_with(&["wasm"]),
            PluginLoader::new().log(Arc::clone(&log) as _),
        ),
    };
    let bytes = wat::parse_str(greeter()).unwrap();
    let [one, two] = ["one.wasm", "two.wasm"].map(|name| {
        let module = wasm.file(name);
        fs::write(&module, &bytes).unwrap();
        wasm.host.build(&spec(&module))
    });
    let run = |task: &TaskRef| soon(task.spawn(CancellationToken::new()));
    let (first, second) = tokio::join!(run(&one), run(&two));
    first.unwrap();
    second.unwrap();
    run(&one).await.unwrap();
    let compiling = |bytes: &[u8]| format!("compiling a module bytes={}", bytes.len());
    assert_eq!(log.events(), [compiling(&bytes)]);

    // Another content under the same name is another module.
    let other = wat::parse_str(exiter(0)).unwrap();
    fs::write(wasm.file("one.wasm"), &other).unwrap();
    run(&one).await.unwrap();
    assert_eq!(log.events(), [compiling(&bytes), compiling(&other)]);
}

#[tokio::test]
async fn what_is_wrong_with_a_module_or_its_spec_has_a_word_for_programs() {
    let wasm = Wasm::new();
    let task = wasm.host.build(&wasm.raw(b"#!/bin/sh\n"));
    let attempt = Spawn::new(1).begin(&task, CancellationToken::new());
    assert!(soon(attempt.future).await.is_err());
    assert_eq!(attempt.control.outcome().details["error"], "not_wasm");

    let details = ErrorDetails::new();
    let context = wasm.host.router.context().clone();
    let context = context.with_error_details(details.clone());
    let args = ["fine", "not\0fine"];
    let spec = spec_with(&wasm.file("program.wasm"), &args, TaskEnv::new(), 60_000);
    let refused = wasm.host.router.build_async_in(&spec, context).await;
    assert!(matches!(refused, Err(RunnerError::InvalidSpec(_))));
    assert_eq!(details.get()["field"], "args[1]");
}

/// A module whose compilation takes a while: a program of many functions, no two modules alike.
fn large_module(number: u32) -> Vec<u8> {
    const FUNCTIONS: u32 = 4_000;
    let body =
        "(local.set 0 (i32.mul (i32.xor (local.get 0) (i32.const 77)) (i32.const 31)))".repeat(40);
    let mut text = format!("(module (func (export \"_start\")) (func (drop (i32.const {number})))");
    for _ in 0..FUNCTIONS {
        text.push_str("(func (param i32)");
        text.push_str(&body);
        text.push(')');
    }
    text.push(')');
    wat::parse_str(text).unwrap()
}

#[tokio::test]
async fn builds_that_are_given_up_while_they_compile_end_at_once_and_do_not_pile_up() {
    const BUILDS: u32 = 12;
    const AT_ONCE: usize = 4;
    let directory = directory_with(&["wasm"]);
    let kept = Arc::new(Kept::of("wasm::cache"));
    let loader = PluginLoader::new().log(Arc::clone(&kept) as _);
    let Host {
        router, directory, ..
    } = Host::load(directory, loader);
    let router = Arc::new(router);
    let specs: Vec<_> = (0..BUILDS)
        .map(|number| {
            let module = directory.path().join(format!("{number}.wasm"));
            fs::write(&module, large_module(number)).unwrap();
            spec(&module)
        })
        .collect();
    let cancel = CancellationToken::new();
    let context = router.context().clone();
    let context = context.with_cancellation(cancel.clone());
    let builds: Vec<_> = specs
        .into_iter()
        .map(|spec| {
            let (router, context) = (Arc::clone(&router), context.clone());
            tokio::spawn(async move { router.build_async_in(&spec, context).await.map(drop) })
        })
        .collect();
    soon(async {
        while kept.events().len() < AT_ONCE {
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    })
    .await;
    let began = Instant::now();
    cancel.cancel();
    for build in builds {
        let built = soon(build).await.unwrap();
        // One or the other may have been done by then.
        if let Err(err) = built {
            assert_eq!(err.to_string(), "internal error: the build was cancelled");
        }
    }
    let took = began.elapsed();
    assert!(took < Duration::from_millis(500), "{took:?}");
    // The next has its turn when one of those is done, which goes on to its end; the others never begin.
    let small = directory.path().join("small.wasm");
    fs::write(&small, wat::parse_str(greeter()).unwrap()).unwrap();
    soon(router.build_async(&spec(&small))).await.unwrap();
    tokio::time::sleep(Duration::from_millis(200)).await;
    let begun = kept.events().len();
    assert_eq!(begun, AT_ONCE + 1, "{:?}", kept.events());
}
