//! A plugin that runs WebAssembly modules as WASI programs.
//!
//! | module | owns |
//! |---|---|
//! | `config` | what the operator decides, with safe defaults |
//! | `runner` | from a spec to a task |
//! | `shared` | what all tasks share: the configuration, the engine, its compiled modules |
//! | `attempt` | one run of a task: its thread, its end, its metrics |
//! | `module` | a module file, and what can be wrong with it |
//! | `cache` | compiled modules, by content; how many are compiled at a time |
//! | `engine` | compiling and running a module within its limits |
//! | `wasi` | what a guest sees of the world: arguments, environment, files, output, time |
//! | `stop` | ending a guest from outside |

#![forbid(unsafe_code)]

mod attempt;
mod cache;
mod config;
mod engine;
mod module;
mod runner;
mod shared;
mod stop;
mod wasi;

use runner::WasmRunner;

solti_plugin_abi::export_plugin!(config: config::Config, WasmRunner {
    name: "wasm",
    kinds: [wasm],
    supports: by_kind,
    new: WasmRunner::new
});
