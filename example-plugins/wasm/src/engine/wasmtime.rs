//! The compiler wasmtime.
//!
//! It makes machine code of a module, which takes longer than wasmi's translation and runs many
//! times faster, and it knows where in a module a trap happened. A guest looks at the engine's
//! epoch at every loop and call; asking a guest to stop begins a new epoch.

use std::sync::Arc;

use ::wasmtime::{
    Config, Engine, Error, ExternType, InstancePre, Linker, Module, ResourceLimiter, Store, Trap,
    UpdateDeadline, WasmBacktrace,
};
use solti_plugin_abi::text::escape;
use wasi_common::sync::snapshots::preview_1::add_wasi_snapshot_preview1_to_linker;
use wasi_common::{I32Exit, WasiCtx};

use super::limits::{Growth, Limits, MAX_TABLES};
use super::program::{self, Failure, Program};
use crate::config;
use crate::module::Fault;
use crate::stop::Stop;
use crate::wasi::PREVIEW_1;

/// The engine, its limits, and the functions it provides.
pub(super) struct Wasmtime {
    engine: Engine,
    linker: Linker<Guest>,
    limits: Limits,
}

/// A module of machine code, its imports resolved.
struct Compiled {
    engine: Engine,
    program: InstancePre<Guest>,
    limits: Limits,
}

impl Wasmtime {
    pub(super) fn new(config: &config::Config) -> Result<Self, String> {
        let limits = Limits::of(config);
        let mut settings = Config::new();
        settings
            .epoch_interruption(true)
            .consume_fuel(limits.max_fuel.is_some())
            .wasm_multi_memory(false)
            // The signal handlers of the process are the host's, not a plugin's.
            .signals_based_traps(false)
            // Without them a reservation of address space buys nothing.
            .memory_reservation(0)
            .memory_guard_size(0)
            .memory_init_cow(false);
        let failed = |err: Error| format!("the engine wasmtime could not be made: {err:#}");
        let engine = Engine::new(&settings).map_err(failed)?;
        let mut linker = Linker::new(&engine);
        add_wasi_snapshot_preview1_to_linker(&mut linker, |guest: &mut Guest| &mut guest.wasi)
            .map_err(failed)?;
        // The library's own refuses codes from 126 on, which programs may well use.
        linker.allow_shadowing(true);
        linker
            .func_wrap(PREVIEW_1, "proc_exit", |code: i32| -> Result<(), Error> {
                Err(I32Exit(code).into())
            })
            .map_err(failed)?;
        linker.allow_shadowing(false);
        Ok(Self {
            engine,
            linker,
            limits,
        })
    }

    fn check_imports(&self, module: &Module) -> Result<(), Fault> {
        // What a linker has can only be found out by defining it again.
        let mut probe = self.linker.clone();
        let missing: Vec<_> = module
            .imports()
            .filter(|import| {
                probe
                    .func_wrap(import.module(), import.name(), || {})
                    .is_ok()
            })
            .map(|import| (import.module(), import.name()))
            .collect();
        if !missing.is_empty() {
            return Err(Fault::imports(&missing));
        }
        for import in module.imports() {
            let wanted = match import.ty() {
                ExternType::Func(_) => continue,
                ExternType::Global(_) => "a global",
                ExternType::Table(_) => "a table",
                ExternType::Memory(_) => "a memory",
                ExternType::Tag(_) => "a tag",
            };
            let name = (import.module(), import.name());
            return Err(Fault::import_type(name, wanted, "a function"));
        }
        Ok(())
    }
}

impl program::Engine for Wasmtime {
    fn compile(&self, bytes: &[u8]) -> Result<Arc<dyn Program>, Fault> {
        let module = Module::from_binary(&self.engine, bytes)
            .map_err(|err| Fault::invalid(format!("{err:#}")))?;
        self.check_imports(&module)?;
        match module.get_export("_start") {
            Some(ExternType::Func(ty)) if ty.params().len() == 0 && ty.results().len() == 0 => {}
            _ => return Err(Fault::NoStart),
        }
        match module.get_export("memory") {
            Some(ExternType::Memory(_)) => {}
            _ if module.imports().len() > 0 => return Err(Fault::NoMemory),
            _ => {}
        }
        let program = self
            .linker
            .instantiate_pre(&module)
            .map_err(|err| Fault::instantiation(format!("{err:#}")))?;
        Ok(Arc::new(Compiled {
            engine: self.engine.clone(),
            program,
            limits: self.limits,
        }))
    }

    fn interrupt(&self) {
        self.engine.increment_epoch();
    }
}

impl Program for Compiled {
    fn run(&self, world: WasiCtx, stop: &Arc<Stop>) -> Result<i32, Failure> {
        let guest = Guest {
            wasi: world,
            growth: Growth::within(&self.limits),
        };
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| guest);
        // An epoch ends whenever any guest is asked to stop; each looks whether it was itself.
        store.set_epoch_deadline(1);
        let asked = Arc::clone(stop);
        store.epoch_deadline_callback(move |_| {
            if asked.is_set() {
                return Err(Trap::Interrupt.into());
            }
            Ok(UpdateDeadline::Continue(1))
        });
        // One that was asked before its deadline was set has missed the end of that epoch.
        if stop.is_set() {
            return Err(Failure::Stopped);
        }
        let ended = self.drive(&mut store);
        if stop.is_set() {
            return Err(Failure::Stopped);
        }
        ended.or_else(|err| match err.downcast_ref::<I32Exit>() {
            Some(I32Exit(code)) => Ok(*code),
            None => Err(self.failure(&err, &store.data().growth)),
        })
    }
}

impl Compiled {
    fn drive(&self, store: &mut Store<Guest>) -> Result<i32, Error> {
        if let Some(fuel) = self.limits.max_fuel {
            store.set_fuel(fuel)?;
        }
        let instance = self.program.instantiate(&mut *store)?;
        store.data_mut().growth.running = true;
        let start = instance.get_typed_func::<(), ()>(&mut *store, "_start")?;
        start.call(&mut *store, ())?;
        Ok(0)
    }

    /// The failure behind an error that is not an exit.
    fn failure(&self, err: &Error, growth: &Growth) -> Failure {
        let trap = err.downcast_ref::<Trap>();
        if let (Some(Trap::OutOfFuel), Some(limit)) = (trap, self.limits.max_fuel) {
            return Failure::OutOfFuel(limit);
        }
        let backtrace = err.downcast_ref::<WasmBacktrace>();
        // Nothing of the module has run, not even a start function.
        if !growth.running && trap.is_none() && backtrace.is_none() {
            return Failure::Module(growth.fault(format!("{err:#}")));
        }
        let message = match trap {
            Some(trap) => trap.to_string(),
            None => err.root_cause().to_string(),
        };
        let message = message.trim_start_matches("wasm trap: ").to_owned();
        let mut message = growth.explain(message);
        if let Some(backtrace) = backtrace {
            for frame in backtrace.frames() {
                let place = match frame.func_name() {
                    Some(name) => {
                        let name = format!("{:#}", rustc_demangle::demangle(name));
                        escape(&name).into_owned()
                    }
                    None => format!("function {}", frame.func_index()),
                };
                message.push_str(&format!("\n    at {place}"));
            }
        }
        Failure::Trap(message)
    }
}

/// What a store holds.
struct Guest {
    wasi: WasiCtx,
    growth: Growth,
}

impl ResourceLimiter for Guest {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, Error> {
        Ok(self.growth.allows_memory(desired))
    }

    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, Error> {
        Ok(self.growth.allows_table(desired))
    }

    fn instances(&self) -> usize {
        1
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        1
    }
}
