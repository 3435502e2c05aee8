//! Runs modules with the interpreter wasmi.
//!
//! A guest gets its fuel in slices. When one is used up its call is suspended, which is when it is
//! stopped if it was asked to, and charged for what it used.

use std::sync::Arc;

use ::wasmi;
use wasi_common::WasiCtx;
use wasmi::errors::{ErrorKind, InstantiationError};
use wasmi::{
    CompilationMode, Config, Error, ExternType, FuncType, Linker, ResourceLimiter, ResumableCall,
    Store, TrapCode, ValType,
};
use wasmi_core::LimiterError;

use super::Failure;
use crate::config;
use crate::module::Fault;
use crate::stop::Stop;

pub(crate) use wasmi::Module;

/// Fuel of one slice: a few milliseconds of work.
const SLICE: u64 = 1_000_000;
/// Fuel for what runs before the program proper, which cannot be suspended: a start function.
const START_FUEL: u64 = 10 * SLICE;
/// How deep calls may nest. The stack is the interpreter's own, on the heap.
const MAX_CALL_DEPTH: usize = 10_000;
const MAX_STACK_BYTES: usize = 8 << 20;
/// The most elements a table of functions may have.
const MAX_TABLE_ELEMENTS: usize = 1 << 20;
/// A page of memory; other sizes are a proposal that is not enabled.
const PAGE_BYTES: u64 = 64 << 10;
/// Tables of a guest.
const MAX_TABLES: usize = 16;

const WASI: &str = "wasi_snapshot_preview1";

/// An engine with its limits, and the functions it provides to guests.
pub(crate) struct Engine {
    engine: wasmi::Engine,
    linker: Linker<Guest>,
    max_memory_bytes: usize,
    max_fuel: Option<u64>,
}

impl Engine {
    pub(crate) fn new(config: &config::Config) -> Self {
        let mut settings = Config::default();
        settings
            .consume_fuel(true)
            // Translating on first use would be charged to whichever run comes first.
            .compilation_mode(CompilationMode::Eager)
            // The memory limit is one of each memory.
            .wasm_multi_memory(false)
            .set_max_recursion_depth(MAX_CALL_DEPTH)
            .set_max_stack_height(MAX_STACK_BYTES);
        let engine = wasmi::Engine::new(&settings);
        let mut linker = Linker::new(&engine);
        wasmi_wasi::add_to_linker(&mut linker, |guest: &mut Guest| &mut guest.wasi)
            .expect("an empty linker takes every definition");
        // The library's own refuses codes from 126 on, which Rust and C programs may well use.
        linker.allow_shadowing(true);
        linker
            .func_wrap(WASI, "proc_exit", |code: i32| -> Result<(), Error> {
                Err(Error::i32_exit(code))
            })
            .expect("shadowing is allowed");
        linker.allow_shadowing(false);
        Self {
            engine,
            linker,
            max_memory_bytes: config.max_memory_bytes,
            max_fuel: config.max_fuel,
        }
    }

    /// Compiles a module and checks that it is a program this engine can run.
    pub(crate) fn compile(&self, bytes: &[u8]) -> Result<Module, Fault> {
        let module =
            Module::new(&self.engine, bytes).map_err(|err| Fault::Invalid(err.to_string()))?;
        self.check_imports(&module)?;
        match module.get_export("_start") {
            Some(ExternType::Func(ty)) if ty.params().is_empty() && ty.results().is_empty() => {}
            _ => return Err(Fault::NoStart),
        }
        match module.get_export("memory") {
            Some(ExternType::Memory(ty)) => {
                let needed = ty.minimum().saturating_mul(PAGE_BYTES);
                let limit = self.max_memory_bytes as u64;
                if needed > limit {
                    return Err(Fault::Memory { needed, limit });
                }
            }
            _ if module.imports().len() > 0 => return Err(Fault::NoMemory),
            _ => {}
        }
        Ok(module)
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
            .map(|import| format!("{}::{}", import.module(), import.name()))
            .collect();
        if missing.is_empty() {
            Ok(())
        } else {
            Err(Fault::Imports(missing))
        }
    }

    /// Runs a module to its end on the calling thread and returns its exit code.
    pub(crate) fn run(
        &self,
        module: &Module,
        wasi: WasiCtx,
        stop: &Arc<Stop>,
    ) -> Result<i32, Failure> {
        let guest = Guest {
            wasi,
            limiter: Limiter {
                max_memory_bytes: self.max_memory_bytes,
                refused_memory: false,
                running: false,
            },
        };
        let mut store = Store::new(&self.engine, guest);
        store.limiter(|guest| &mut guest.limiter);
        // Fuel does not tell how long a WASI function takes, so each call of one asks as well.
        let asked = Arc::clone(stop);
        store.call_hook(move |_, _| {
            if asked.is_set() {
                return Err(Error::new("stopped"));
            }
            Ok(())
        });
        let ended = self.drive(&mut store, module, stop);
        if stop.is_set() {
            return Err(Failure::Stopped);
        }
        ended.or_else(|stopped| match stopped {
            Interrupted::Failure(failure) => Err(failure),
            Interrupted::Error(err) => match err.i32_exit_status() {
                Some(code) => Ok(code),
                None => Err(self.failure(&err, store.data())),
            },
        })
    }

    fn drive(
        &self,
        store: &mut Store<Guest>,
        module: &Module,
        stop: &Stop,
    ) -> Result<i32, Interrupted> {
        let mut tank = Tank::new(self.max_fuel);
        tank.fill(store, START_FUEL)?;
        let instance = self.linker.instantiate_and_start(&mut *store, module)?;
        tank.charge(store)?;
        store.data_mut().limiter.running = true;
        let start = instance
            .get_func(&*store, "_start")
            .expect("the module was compiled with a check for it");
        tank.fill(store, SLICE)?;
        let mut call = start.call_resumable(&mut *store, &[], &mut [])?;
        loop {
            let suspended = match call {
                ResumableCall::Finished => return Ok(0),
                ResumableCall::HostTrap(trap) => return Err(trap.into_host_error().into()),
                ResumableCall::OutOfFuel(suspended) => suspended,
            };
            if stop.is_set() {
                return Err(Failure::Stopped.into());
            }
            tank.charge(store)?;
            tank.fill(store, suspended.required_fuel().max(SLICE))?;
            if store.get_fuel()? < suspended.required_fuel() {
                return Err(Failure::OutOfFuel(tank.limit).into());
            }
            call = suspended.resume(&mut *store, &mut [])?;
        }
    }

    /// Words for a run's error that is no exit.
    fn failure(&self, err: &Error, guest: &Guest) -> Failure {
        match err.kind() {
            ErrorKind::Instantiation(InstantiationError::FuncTypeMismatch {
                name,
                expected,
                actual,
            }) => {
                return Fault::ImportType {
                    name: format!("{}::{}", name.module(), name.name()),
                    wanted: signature(expected),
                    provided: signature(actual),
                }
                .into();
            }
            ErrorKind::Instantiation(_) => {
                return Fault::Instantiation(err.to_string()).into();
            }
            _ => {}
        }
        // Only a start function meets the end of its fuel here.
        if err.as_trap_code() == Some(TrapCode::OutOfFuel) {
            return match self.max_fuel {
                Some(limit) if limit <= START_FUEL => Failure::OutOfFuel(limit),
                _ => Failure::Trap(format!(
                    "its start function took more than {START_FUEL} fuel: move the work to _start"
                )),
            };
        }
        let mut message = err.to_string();
        if guest.limiter.refused_memory {
            message.push_str(&format!(
                " (it had been refused memory beyond its limit of {} bytes, max_memory_bytes)",
                self.max_memory_bytes
            ));
        }
        Failure::Trap(message)
    }
}

/// A function's type, as the text form of WebAssembly orders it.
fn signature(ty: &FuncType) -> String {
    let list = |types: &[ValType]| {
        let names: Vec<_> = types
            .iter()
            .map(|ty| format!("{ty:?}").to_lowercase())
            .collect();
        format!("({})", names.join(", "))
    };
    format!("{} -> {}", list(ty.params()), list(ty.results()))
}

/// Why `drive` came back without an exit code of its own.
enum Interrupted {
    Failure(Failure),
    Error(Error),
}

impl From<Failure> for Interrupted {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<Error> for Interrupted {
    fn from(err: Error) -> Self {
        Self::Error(err)
    }
}

/// What one guest may still use, and what of it the store has now.
struct Tank {
    limit: u64,
    left: u64,
    granted: u64,
}

impl Tank {
    fn new(limit: Option<u64>) -> Self {
        let limit = limit.unwrap_or(u64::MAX);
        Self {
            limit,
            left: limit,
            granted: 0,
        }
    }

    /// Gives the store `wanted`, or what is left.
    fn fill(&mut self, store: &mut Store<Guest>, wanted: u64) -> Result<(), Error> {
        self.granted = wanted.min(self.left);
        store.set_fuel(self.granted)
    }

    /// Takes what the store used off what is left.
    fn charge(&mut self, store: &Store<Guest>) -> Result<(), Error> {
        self.left -= self.granted.saturating_sub(store.get_fuel()?);
        Ok(())
    }
}

/// What a store holds.
struct Guest {
    wasi: WasiCtx,
    limiter: Limiter,
}

/// Says how far a guest's memory and tables may grow.
///
/// It keeps no account: a growth that runs out of fuel is asked for again.
struct Limiter {
    max_memory_bytes: usize,
    /// Whether a growth was refused: most programs end soon after, in a trap that does not say why.
    refused_memory: bool,
    /// Whether the program has started.
    running: bool,
}

impl ResourceLimiter for Limiter {
    fn memory_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        let allowed = desired <= self.max_memory_bytes;
        self.refused_memory |= !allowed;
        Ok(allowed)
    }

    /// Tables keep the size they start with. No program of a C or Rust compiler asks for more, and
    /// wasmi 2.0.0 does not keep its place when a `table.grow` runs out of fuel, so a suspended one
    /// could not be resumed.
    fn table_growing(
        &mut self,
        _current: usize,
        desired: usize,
        _maximum: Option<usize>,
    ) -> Result<bool, LimiterError> {
        Ok(!self.running && desired <= MAX_TABLE_ELEMENTS)
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
