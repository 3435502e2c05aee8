//! How a module ends.

use super::*;

#[tokio::test]
async fn an_exit_code_is_the_tasks_whatever_its_size() {
    let wasm = Wasm::new();
    wasm.run(&exiter(0)).await.0.unwrap();
    for code in [1, 125, 126, 255, -1] {
        let err = wasm.failure(&wasm.spec(&exiter(code))).await;
        assert_eq!(
            err.to_string(),
            format!("execution failed: module exited with non-zero code: {code}")
        );
        assert_eq!(err.exit_code(), Some(code));
        assert!(err.is_retryable());
    }
    let failed = [STARTED, completed(TaskOutcome::Failure)];
    assert_eq!(wasm.host.metrics.all()[2..4], failed);
}

#[tokio::test]
async fn a_trap_is_a_failure_that_says_which() {
    let wasm = Wasm::new();
    let cases = [
        ("(unreachable)", "wasm `unreachable` instruction executed"),
        (
            "(drop (i32.div_u (i32.const 1) (i32.const 0)))",
            "integer divide by zero",
        ),
        (
            "(drop (i32.load (i32.const 65536)))",
            "out of bounds memory access",
        ),
        (
            "(call $deeper)) (func $deeper (call $deeper)",
            "call stack exhausted",
        ),
    ];
    for (work, message) in cases {
        let (end, lines) = wasm.run(&worker(work)).await;
        let err = end.unwrap_err();
        assert_eq!(
            err.to_string(),
            format!("execution failed: module trapped: {message}")
        );
        assert_eq!(err.exit_code(), None);
        // What it said before is not lost.
        assert_eq!(texts(&lines), ["ready"]);
    }
}

#[tokio::test]
async fn calls_may_nest_as_deep_as_real_programs_do() {
    let wasm = Wasm::new();
    let work = "(call $down (i32.const 9000)))
  (func $down (param $left i32)
    (if (local.get $left) (then
      (call $down (i32.sub (local.get $left) (i32.const 1)))))";
    wasm.run(&worker(work)).await.0.unwrap();
}

#[tokio::test]
async fn memory_beyond_the_limit_is_refused_and_named_in_the_trap_that_follows() {
    let wasm = Wasm::with("max_memory_bytes = 131072");
    let grow = |pages: u32| {
        worker(&format!(
            "(if (i32.eq (memory.grow (i32.const {pages})) (i32.const -1)) (then (unreachable)))"
        ))
    };
    wasm.run(&grow(1)).await.0.unwrap();
    let err = wasm.failure(&wasm.spec(&grow(2))).await;
    assert_eq!(
        err.to_string(),
        "execution failed: module trapped: wasm `unreachable` instruction executed \
         (it had been refused memory beyond its limit of 131072 bytes, max_memory_bytes)"
    );
    let big = r#"(module (memory (export "memory") 3) (func (export "_start")))"#;
    let err = wasm.failure(&wasm.spec(big)).await;
    assert_eq!(
        wasm.path(&err.to_string()),
        "fatal error (no retry): module DIR/program.wasm needs 196608 bytes of memory to start, \
         the limit is 131072 (max_memory_bytes)"
    );
}

#[tokio::test]
async fn a_guest_ends_with_its_fuel_and_not_before() {
    let wasm = Wasm::with("max_fuel = 20000000");
    let err = wasm.failure(&wasm.spec(&worker(ENDLESS))).await;
    assert_eq!(
        err.to_string(),
        "execution failed: module used up its fuel limit of 20000000 (max_fuel)"
    );
    // 16 MiB are filled 40 times, which takes 10 million of fuel and so several slices.
    let fill = program(
        r#"(func (export "_start")
    (local $left i32)
    (drop (memory.grow (i32.const 256)))
    (local.set $left (i32.const 40))
    (loop $again
      (memory.fill (i32.const 65536) (local.get $left) (i32.const 16777216))
      (br_if $again
        (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (if (i32.ne (i32.load8_u (i32.const 70000)) (i32.const 1)) (then (unreachable))))"#,
    );
    wasm.run(&fill).await.0.unwrap();
}

#[tokio::test]
async fn the_first_call_of_a_function_is_not_charged_for_its_translation() {
    // Translating all of them would take more than a slice of fuel, and cannot be suspended.
    let functions: String = (0..300)
        .map(|index| format!("(func $f{index} {})\n", "(nop)".repeat(1000)))
        .collect();
    let calls: String = (0..300)
        .map(|index| format!("(call $f{index})\n"))
        .collect();
    let wasm = Wasm::with("max_fuel = 100000");
    let text = program(&format!(r#"{functions}(func (export "_start") {calls})"#));
    wasm.run(&text).await.0.unwrap();
}

#[tokio::test]
async fn a_start_function_cannot_hold_the_plugin_up() {
    let wasm = Wasm::new();
    let text = r#"(module (func $init (loop $again (br $again))) (start $init)
        (func (export "_start")))"#;
    let err = wasm.failure(&wasm.spec(text)).await;
    assert_eq!(
        err.to_string(),
        "execution failed: module trapped: its start function took more than 10000000 fuel: \
         move the work to _start"
    );
}

#[tokio::test]
async fn tables_keep_their_size() {
    let wasm = Wasm::new();
    let text = r#"(module (table $table 1 10 funcref) (func (export "_start")
        (if (i32.ne (table.grow $table (ref.null func) (i32.const 1)) (i32.const -1))
          (then (unreachable)))))"#;
    wasm.run(text).await.0.unwrap();
}
