//! The interpreter wasmi.
//!
//! A guest gets its fuel in slices. When one is used up its call is suspended, which is when it is
//! stopped if it was asked to, and charged for what it used.

mod fuel;
mod guest;
mod linker;

use std::sync::Arc;

use ::wasmi::errors::{ErrorKind, InstantiationError};
use ::wasmi::{
    CompilationMode, Config, Engine, Error, ExternType, FuncType, Linker, Module, ResumableCall,
    Store, TrapCode, ValType,
};
use wasi_common::WasiCtx;

use self::fuel::{SLICE, START_FUEL, Tank};
use self::guest::Guest;
use super::limits::{Growth, Limits};
use super::program::{self, Failure, Program};
use crate::config;
use crate::module::Fault;
use crate::stop::Stop;

/// How deep calls may nest, and how much stack they may take. It is the interpreter's own, on the
/// heap.
const MAX_CALL_DEPTH: usize = 10_000;
const MAX_STACK_BYTES: usize = 8 << 20;

/// The engine, its limits, and the functions it provides.
#[derive(Clone)]
pub(super) struct Wasmi {
    engine: Engine,
    linker: Arc<Linker<Guest>>,
    limits: Limits,
}

/// A module, and the engine that compiled it.
struct Interpreted {
    wasmi: Wasmi,
    module: Module,
}

impl Wasmi {
    pub(super) fn new(config: &config::Config) -> Self {
        let mut settings = Config::default();
        settings
            .consume_fuel(true)
            // Translating on first use would be charged to whichever run comes first.
            .compilation_mode(CompilationMode::Eager)
            // The limit is one of each memory.
            .wasm_multi_memory(false)
            .set_max_recursion_depth(MAX_CALL_DEPTH)
            .set_max_stack_height(MAX_STACK_BYTES);
        let engine = Engine::new(&settings);
        Self {
            linker: Arc::new(linker::linker(&engine)),
            engine,
            limits: Limits::of(config),
        }
    }

    fn check_imports(&self, module: &Module) -> Result<(), Fault> {
        // What a linker has can only be found out by defining it again.
        let mut probe = Linker::clone(&self.linker);
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
            };
            let name = (import.module(), import.name());
            return Err(Fault::import_type(name, wanted, "a function"));
        }
        Ok(())
    }
}

impl program::Engine for Wasmi {
    fn compile(&self, bytes: &[u8]) -> Result<Arc<dyn Program>, Fault> {
        let module = Module::new(&self.engine, bytes).map_err(Fault::invalid)?;
        self.check_imports(&module)?;
        match module.get_export("_start") {
            Some(ExternType::Func(ty)) if ty.params().is_empty() && ty.results().is_empty() => {}
            _ => return Err(Fault::NoStart),
        }
        match module.get_export("memory") {
            Some(ExternType::Memory(_)) => {}
            _ if module.imports().len() > 0 => return Err(Fault::NoMemory),
            _ => {}
        }
        Ok(Arc::new(Interpreted {
            wasmi: self.clone(),
            module,
        }))
    }
}

impl Program for Interpreted {
    fn run(&self, world: WasiCtx, stop: &Arc<Stop>) -> Result<i32, Failure> {
        let guest = Guest {
            wasi: world,
            growth: Growth::within(&self.wasmi.limits),
        };
        let mut store = Store::new(&self.wasmi.engine, guest);
        store.limiter(|guest| guest);
        // Fuel does not tell how long a WASI function takes, so each call of one asks as well.
        let asked = Arc::clone(stop);
        store.call_hook(move |_, _| {
            if asked.is_set() {
                return Err(Error::new("stopped"));
            }
            Ok(())
        });
        let ended = self.drive(&mut store, stop);
        if stop.is_set() {
            return Err(Failure::Stopped);
        }
        ended.or_else(|interrupted| match interrupted {
            Interrupted::Failure(failure) => Err(failure),
            Interrupted::Error(err) => match err.i32_exit_status() {
                Some(code) => Ok(code),
                None => Err(self.failure(&err, &store.data().growth)),
            },
        })
    }
}

impl Interpreted {
    fn drive(&self, store: &mut Store<Guest>, stop: &Stop) -> Result<i32, Interrupted> {
        let mut tank = Tank::new(self.wasmi.limits.max_fuel);
        tank.fill(store, START_FUEL)?;
        let instance = self
            .wasmi
            .linker
            .instantiate_and_start(&mut *store, &self.module)?;
        tank.charge(store)?;
        store.data_mut().growth.running = true;
        let start = instance
            .get_func(&*store, "_start")
            .expect("compiling has checked for it");
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
            // A single instruction that fills much memory may need more than a slice.
            let needed = suspended.required_fuel();
            if needed > tank.left {
                return Err(Failure::OutOfFuel(tank.limit).into());
            }
            tank.fill(store, needed.max(SLICE))?;
            call = suspended.resume(&mut *store, &mut [])?;
        }
    }

    /// The failure behind an error that is not an exit.
    fn failure(&self, err: &Error, growth: &Growth) -> Failure {
        match err.kind() {
            ErrorKind::Instantiation(InstantiationError::FuncTypeMismatch {
                name,
                expected,
                actual,
            }) => {
                let name = (name.module(), name.name());
                let fault = Fault::import_type(name, signature(expected), signature(actual));
                return Failure::Module(fault);
            }
            ErrorKind::Instantiation(_) | ErrorKind::Linker(_) => {
                return Failure::Module(growth.fault(err));
            }
            _ => {}
        }
        // Only a start function meets the end of its fuel here.
        if err.as_trap_code() == Some(TrapCode::OutOfFuel) {
            return match self.wasmi.limits.max_fuel {
                Some(limit) if limit <= START_FUEL => Failure::OutOfFuel(limit),
                _ => Failure::Trap(format!(
                    "its start function took more than {START_FUEL} fuel: move the work to _start"
                )),
            };
        }
        Failure::Trap(growth.explain(err.to_string()))
    }
}

/// A function's type, as `(i32, i64) -> (i32)`.
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
