//! The way into a plugin, which `export_plugin!` opens: its header, its root module, its connecting.

use std::path::PathBuf;
use std::time::Duration;

use abi_stable::erased_types::TD_Opaque;
use abi_stable::library::{
    __call_root_module_loader, CheckTypeLayout, LibHeader, RootModuleResult,
};
use abi_stable::prefix_type::PrefixTypeTrait;
use abi_stable::std_types::{RErr, ROk, RResult, RStr, RString};

use super::control::Control;
use super::guard::{guard, install_hook};
use super::host::HOST;
use super::{remote, runner, runtime, trace};
use crate::host::Host;
use crate::instruments;
use crate::run_id;
use crate::runner::Runner;
use crate::stamp::{Note, PluginDecl, render};
use crate::v1::call::{DESCRIBE, HEALTH};
use crate::v1::error::{CONNECT, FfiError};
use crate::v1::host::FfiHost;
use crate::v1::module::{
    ConnectDetails, FfiConnect, LAYOUTS_DIGEST, PluginModule, PluginModuleFields,
};
use crate::v1::plugin::{FfiPlugin, PluginAbi_TO};

/// What a plugin of this version can do beyond the functions of version 1, by name.
const FEATURES: [&str; 2] = [DESCRIBE, HEALTH];

/// The runners a plugin constructs, or why it could not.
pub type Runners = Result<Vec<Box<dyn Runner>>, String>;

/// A plugin, as the macro describes it.
pub trait Export: 'static {
    /// The declaration, as the stamp has it.
    const DECL: PluginDecl;

    /// Constructs the runners, in the order of the declaration.
    fn construct(config: &str) -> Runners;
}

/// The note that holds the stamp of `decl`.
#[must_use]
pub const fn note_of<const N: usize>(decl: &PluginDecl) -> Note<N> {
    Note::new(render(decl))
}

/// The header that the loader looks for.
///
/// It carries no layout for abi_stable to compare: that comparison includes the version of this
/// crate, so a host of the next release would refuse every plugin of this one. The digest in the
/// root module says the same of the layouts alone.
#[must_use]
pub const fn header<E: Export>() -> LibHeader {
    #[expect(
        unsafe_code,
        reason = "the one constructor abi_stable has for a header in a static"
    )]
    // SAFETY: `root_module` returns a `PluginModule`, which is the type named here.
    unsafe {
        LibHeader::from_constructor::<PluginModule>(root_module::<E>, CheckTypeLayout::No)
    }
}

extern "C" fn root_module<E: Export>() -> RootModuleResult {
    __call_root_module_loader(|| {
        PluginModuleFields {
            layouts: LAYOUTS_DIGEST,
            connect: connect::<E>,
        }
        .leak_into_prefix()
    })
}

/// Connects the plugin `E`.
extern "C" fn connect<E: Export>(
    host: FfiHost,
    args: FfiConnect<'_>,
) -> RResult<FfiPlugin, FfiError> {
    match guard(|| connect_inner::<E>(host, args)) {
        Ok(Ok(plugin)) => ROk(plugin),
        Ok(Err(reason)) => RErr(FfiError::new(CONNECT, reason)),
        Err(panicked) => RErr(panicked.into()),
    }
}

fn connect_inner<E: Export>(host: FfiHost, args: FfiConnect<'_>) -> Result<FfiPlugin, String> {
    if HOST.set(host).is_ok() {
        let host = HOST.get().expect("it was set just now and is never taken");
        install_hook(E::DECL.name);
        run_id::draw_from(|| host.next_run_seq());
        trace::install(host);
        runtime::configure(args.worker_threads, E::DECL.workers);
        instruments::receive_with(|measured| remote::measure(host, measured));
        crate::host::set(host_of(&args));
    }
    let runners = E::construct(&args.config)?;
    for (runner, declared) in runners.iter().zip(E::DECL.runners) {
        if runner.name() != declared.name {
            return Err(format!(
                "export_plugin! declares a runner named {:?}, but its name() returns {:?}: \
                 make the two agree",
                declared.name,
                runner.name(),
            ));
        }
    }
    let (shared, runners): (Vec<_>, Vec<_>) = runners.into_iter().map(runner::export).unzip();
    let control = Control::of(&shared, E::DECL.config);
    Ok(FfiPlugin {
        name: RStr::from_str(E::DECL.name),
        version: RStr::from_str(E::DECL.version),
        features: FEATURES.into_iter().map(RString::from).collect(),
        runners: runners.into(),
        control: PluginAbi_TO::from_value(control, TD_Opaque),
        details: RString::new(),
    })
}

/// What the host says of itself.
fn host_of(args: &FfiConnect<'_>) -> Host {
    Host {
        name: args.host_name.to_string(),
        version: args.host_version.to_string(),
        features: args.features.iter().map(ToString::to_string).collect(),
        instance: args.instance.to_string(),
        state_dir: Some(args.state_dir.as_str())
            .filter(|dir| !dir.is_empty())
            .map(PathBuf::from),
        grace: (args.grace_ms > 0).then(|| Duration::from_millis(args.grace_ms)),
        open_files: ConnectDetails::read(&args.details).open_files,
        call: super::host::call,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nothing;

    impl Export for Nothing {
        const DECL: PluginDecl = PluginDecl {
            name: "nothing",
            version: "0.0.0",
            panic: "unwind",
            workers: None,
            config: None,
            runners: &[],
        };

        fn construct(_: &str) -> Runners {
            Ok(Vec::new())
        }
    }

    #[test]
    fn the_header_has_nothing_that_changes_with_the_version_of_this_crate() {
        let header = header::<Nothing>();
        assert_eq!(header.version_strings().to_string(), "1.0.0");
        assert!(header.layout().is_none());
    }
}
