//! Loading the files of a directory, to be timed in a fresh process.

use std::path::{Path, PathBuf};
use std::time::Instant;

use solti_plugin_host::{PluginLoader, RunnerRouter, Stage};

/// How long plugins took to load, in seconds.
#[derive(Debug, Clone, Copy, Default)]
pub struct LoadTimes {
    /// All of it, from the call to its return.
    pub whole: f64,
    /// Asking who may have written each file, reading it, its digest included.
    pub trust: f64,
    /// Sealing the copy that is opened.
    pub staging: f64,
}

impl LoadTimes {
    /// What is left without the stages that are there for safety alone.
    #[must_use]
    pub fn without_safety(&self) -> f64 {
        self.whole - self.trust - self.staging
    }
}

/// Loads all of `count` plugins into a router. They are not probed in another process.
///
/// # Panics
///
/// When there are not so many or one is rejected.
#[must_use]
pub fn load_all(directory: &Path, count: usize) -> LoadTimes {
    let mut router = RunnerRouter::new();
    let loader = PluginLoader::new();
    let began = Instant::now();
    let report = loader.load_dir(directory, &mut router);
    let whole = began.elapsed().as_secs_f64();
    let report = report.expect("the directory is there");
    assert!(report.rejected().is_empty(), "{report}");
    assert_eq!(report.loaded().len(), count, "all of the directory");
    let mut times = LoadTimes {
        whole,
        ..LoadTimes::default()
    };
    for plugin in report.loaded() {
        for (stage, took) in plugin.measurements.times.iter() {
            match stage {
                Stage::Admit | Stage::Vouch => times.trust += took.as_secs_f64(),
                Stage::Staging => times.staging += took.as_secs_f64(),
                _ => {}
            }
        }
    }
    times
}

/// Seconds in which all of `count` files are opened and their symbol is found.
///
/// # Panics
///
/// When there are not so many or one is no plugin.
#[must_use]
pub fn dlopen_all(directory: &Path, count: usize) -> f64 {
    let files = files_of(directory);
    assert_eq!(files.len(), count, "all of the directory");
    let began = Instant::now();
    open_all(&files);
    began.elapsed().as_secs_f64()
}

/// The files of a directory, sorted by name.
///
/// # Panics
///
/// When it is not there.
#[must_use]
pub fn files_of(directory: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(directory).expect("the directory is there");
    let mut files: Vec<_> = entries.flatten().map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// Opens each file and looks up its one symbol; none is closed.
///
/// # Panics
///
/// When one is no plugin.
#[expect(unsafe_code, reason = "this is what loading costs without a loader")]
pub fn open_all(files: &[PathBuf]) {
    use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};

    for file in files {
        // SAFETY: the files are plugins of this workspace, whose constructors do nothing.
        let library = unsafe { Library::open(Some(file), RTLD_NOW | RTLD_LOCAL) };
        let library = library.expect("a plugin can be opened");
        // SAFETY: the address is taken and never used.
        let symbol =
            unsafe { library.get::<*const ()>(b"_1as_0lib_1header_0root_bmodule_bloader\0") };
        symbol.expect("a plugin has its symbol");
        std::mem::forget(library);
    }
}
