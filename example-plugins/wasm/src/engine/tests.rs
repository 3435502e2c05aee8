//! What every engine of this build has to do alike. The rest is tested from outside, through a
//! host, with the default one.

use std::thread;

use solti_plugin_abi::solti_model::{StreamKind, TaskId};
use solti_plugin_abi::{LineWriter, OutputRegistry};

use super::*;
use crate::module::Fault;
use crate::stop::Stop;
use crate::wasi::{Invocation, world};

/// The engines of this build, each with the same configuration.
fn engines(set: impl Fn(&mut Config)) -> Vec<(Config, Arc<dyn Engine>)> {
    let named = [
        config::Engine::Wasmi,
        #[cfg(feature = "wasmtime")]
        config::Engine::Wasmtime,
    ];
    named
        .into_iter()
        .map(|named| {
            let mut config = Config {
                engine: named,
                ..Config::default()
            };
            set(&mut config);
            let engine = new(&config).unwrap();
            (config, engine)
        })
        .collect()
}

fn run(config: &Config, program: &dyn Program, stop: &Arc<Stop>) -> Result<i32, Failure> {
    let registry = OutputRegistry::default();
    let lines = [StreamKind::Stdout, StreamKind::Stderr]
        .map(|stream| LineWriter::new(registry.sink_for(TaskId::from("task"), 1), stream));
    let invocation = Invocation {
        args: vec!["program".to_owned()],
        env: Default::default(),
    };
    program.run(world(&invocation, config, lines, stop).unwrap(), stop)
}

fn failure(config: &Config, engine: &dyn Engine, text: &str) -> String {
    let program = engine.compile(&wat::parse_str(text).unwrap()).unwrap();
    run(config, &*program, &Arc::default())
        .unwrap_err()
        .to_string()
}

const EXIT: &str = r#"(module
    (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
    (memory (export "memory") 1)
    (func (export "_start") (call $exit (i32.const 200))))"#;

const TRAP: &str = r#"(module
    (func $inner (unreachable))
    (func $outer (call $inner))
    (func (export "_start") (call $outer)))"#;

const ENDLESS: &str = r#"(module (func (export "_start") (loop $again (br $again))))"#;

#[test]
fn an_exit_code_beyond_125_is_no_trap() {
    for (config, engine) in engines(|_| {}) {
        let program = engine.compile(&wat::parse_str(EXIT).unwrap()).unwrap();
        assert_eq!(run(&config, &*program, &Arc::default()).unwrap(), 200);
    }
}

#[test]
fn a_trap_names_its_functions_where_the_engine_knows_them() {
    for (config, engine) in engines(|_| {}) {
        let expected = match config.engine {
            config::Engine::Wasmi => "module trapped: wasm `unreachable` instruction executed",
            config::Engine::Wasmtime => {
                "module trapped: wasm `unreachable` instruction executed\n    \
                 at inner\n    at outer\n    at function 2"
            }
        };
        assert_eq!(failure(&config, &*engine, TRAP), expected);
    }
}

#[test]
fn fuel_and_memory_have_their_limits() {
    let grow = r#"(module (memory 1) (func (export "_start")
        (if (i32.eq (memory.grow (i32.const 2)) (i32.const -1)) (then (unreachable)))))"#;
    let limited = engines(|config| {
        config.max_fuel = Some(30_000_000);
        config.max_memory_bytes = 128 << 10;
    });
    for (config, engine) in limited {
        assert_eq!(
            failure(&config, &*engine, ENDLESS),
            "module used up its fuel limit of 30000000 (max_fuel)"
        );
        let text = failure(&config, &*engine, grow);
        assert!(
            text.contains("(it had been refused memory beyond its limit of 131072 bytes"),
            "{text}"
        );
    }
}

#[test]
fn an_endless_guest_stops_when_it_is_asked_and_only_then() {
    for (config, engine) in engines(|_| {}) {
        let program = engine.compile(&wat::parse_str(ENDLESS).unwrap()).unwrap();
        let [stop, other] = [(); 2].map(|()| Arc::new(Stop::default()));
        thread::scope(|scope| {
            let stopped = scope.spawn(|| run(&config, &*program, &stop));
            let lasting = scope.spawn(|| run(&config, &*program, &other));
            stop.set();
            engine.interrupt();
            assert!(matches!(stopped.join().unwrap(), Err(Failure::Stopped)));
            assert!(!lasting.is_finished());
            other.set();
            engine.interrupt();
            assert!(matches!(lasting.join().unwrap(), Err(Failure::Stopped)));
        });
    }
}

#[test]
fn an_import_that_nobody_provides_is_named() {
    let text = r#"(module (import "env" "frobnicate" (func)) (func (export "_start")))"#;
    for (_, engine) in engines(|_| {}) {
        let fault = engine
            .compile(&wat::parse_str(text).unwrap())
            .err()
            .unwrap();
        assert_eq!(fault, Fault::Imports("env::frobnicate".to_owned()));
    }
}

#[test]
fn what_keeps_a_module_from_starting_is_the_modules_fault_and_no_trap() {
    let cases = [
        (
            r#"(module (memory 2000) (func (export "_start")))"#,
            "module needs 131072000 bytes of memory to start, the limit is 67108864 \
             (max_memory_bytes)",
        ),
        (
            r#"(module (table 2000000 funcref) (func (export "_start")))"#,
            "module needs a table of 2000000 elements to start, the limit is 1048576",
        ),
    ];
    for (config, engine) in engines(|_| {}) {
        for (text, message) in cases {
            let program = engine.compile(&wat::parse_str(text).unwrap()).unwrap();
            let failure = run(&config, &*program, &Arc::default()).unwrap_err();
            assert!(matches!(failure, Failure::Module(_)), "{failure}");
            assert_eq!(failure.to_string(), message);
        }
        let trap = r#"(module (func $init (unreachable)) (start $init) (func (export "_start")))"#;
        let program = engine.compile(&wat::parse_str(trap).unwrap()).unwrap();
        let failure = run(&config, &*program, &Arc::default()).unwrap_err();
        assert!(matches!(failure, Failure::Trap(_)), "{failure}");
    }
}

#[test]
fn an_import_of_another_kind_is_named() {
    let text = r#"(module (import "wasi_snapshot_preview1" "proc_exit" (global i32))
        (func (export "_start")))"#;
    for (_, engine) in engines(|_| {}) {
        let fault = engine
            .compile(&wat::parse_str(text).unwrap())
            .err()
            .unwrap();
        assert_eq!(
            fault.to_string(),
            "imports wasi_snapshot_preview1::proc_exit as a global, but it is provided as a function"
        );
    }
}
