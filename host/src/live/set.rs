//! The plugins in service, and how a look at the directory changes them.

use std::fs;
use std::mem;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;
use solti_model::Labels;

use super::change::{Change, Changes, RefusedFile, Replacement, Version};
use super::departing::Departing;
use super::member::Member;
use super::routes::Routes;
use super::runner::LiveRunner;
use crate::loader::PluginLoader;
use crate::loader::discover::{DirectoryError, DirectoryRole};
use crate::loader::error::LoadDirError;
use crate::loader::pipeline::{Identity, InService, Outcome, Probed};
use crate::loader::report::{LoadReport, LoadedPlugin, Rejected};

/// The plugins in service, in routing order.
#[derive(Default)]
pub(super) struct Set {
    plugins: Vec<Member>,
    /// The file system that the directory is on; `None` before the first look.
    device: Option<u64>,
}

/// What came of a look.
pub(super) struct Looked {
    pub(super) report: LoadReport,
    pub(super) changes: Changes,
    /// What is no longer in service.
    pub(super) departing: Vec<Member>,
}

impl Set {
    /// The runners in service, with their labels.
    pub(super) fn runners(&self, routes: &Routes) -> Vec<(Arc<LiveRunner>, Labels)> {
        let again = routes.again();
        let all = self.plugins.iter();
        all.flat_map(|member| member.runners(&again)).collect()
    }

    /// Looks at the directory, and takes what has come, changed and gone.
    pub(super) fn look(
        &mut self,
        loader: &PluginLoader,
        directory: &Path,
        departing: &Departing,
    ) -> Result<Looked, LoadDirError> {
        let is_first = self.device.is_none();
        let device = fs::metadata(directory).map(|it| it.dev()).ok();
        let back = Mutex::new(Vec::new());
        let is_in_service = |identity: &Identity| {
            if self.has(identity) {
                return true;
            }
            let found = departing.take_back(identity);
            let is_back = found.is_some();
            back.lock().extend(found);
            is_back
        };
        let renewed = loader.look_again(directory, &is_in_service)?;
        if renewed.outcomes.is_empty() && !self.plugins.is_empty() && device != self.device {
            return Err(unmounted(directory));
        }
        self.device = device.or(Some(0));
        let mut look = Look {
            loader,
            is_first,
            before: mem::take(&mut self.plugins),
            back: back.into_inner(),
            now: Vec::new(),
            report: renewed.report,
            changes: Changes::default(),
            departing: Vec::new(),
        };
        look.take(renewed.outcomes);
        self.plugins = look.now;
        Ok(Looked {
            report: look.report,
            changes: look.changes,
            departing: look.departing,
        })
    }

    /// Whether a plugin runs, and is given tasks.
    fn has(&self, identity: &Identity) -> bool {
        let mut plugins = self.plugins.iter();
        plugins.any(|one| one.identity == *identity && !one.plugin.handle.is_draining())
    }
}

/// What was mounted in the place of a directory is there no more: its plugins are not gone.
fn unmounted(directory: &Path) -> LoadDirError {
    let role = DirectoryRole::Plugins;
    LoadDirError::Unusable {
        role,
        path: directory.to_owned(),
        refusal: DirectoryError::Unmounted { role },
    }
}

/// A look under way.
struct Look<'a> {
    loader: &'a PluginLoader,
    is_first: bool,
    /// What was in service and has not been found so far.
    before: Vec<Member>,
    /// What was in service before and runs again.
    back: Vec<Member>,
    now: Vec<Member>,
    report: LoadReport,
    changes: Changes,
    departing: Vec<Member>,
}

impl Look<'_> {
    /// Takes the files in their order: the first of a name wins.
    fn take(&mut self, outcomes: Vec<Outcome>) {
        let wanted: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Probed(probed) => Some(probed.wanted.identity.name.clone()),
                Outcome::InService(it) => Some(it.wanted.identity.name.clone()),
                Outcome::Rejected(..) | Outcome::Skipped(_) => None,
            })
            .collect();
        for outcome in outcomes {
            match outcome {
                Outcome::Probed(probed) => self.enter(*probed),
                Outcome::InService(it) => self.renew(*it),
                Outcome::Rejected(rejected, _) => {
                    // One that another file has is no matter of this one.
                    let stays = self.before.iter().position(|one| {
                        one.plugin.path == rejected.path && !wanted.contains(&one.identity.name)
                    });
                    self.reject(*rejected, stays);
                }
                Outcome::Skipped(skipped) => self.report.add_skipped(skipped),
            }
        }
        for gone in mem::take(&mut self.before) {
            self.changes.retired.push(Change::of(&gone.plugin));
            self.departing.push(gone);
        }
        self.departing.append(&mut self.back);
    }

    /// A plugin that does not run yet, or not so.
    fn enter(&mut self, probed: Probed) {
        let before = self.before_of(&probed.wanted.identity.name);
        let replaces = before.is_some();
        match self
            .loader
            .enter(probed, self.is_first, replaces, &mut self.report)
        {
            Ok(entered) => {
                let change = Change::of(&entered.plugin);
                self.put(change, before);
                self.add(Member::of(entered));
            }
            Err(rejected) => self.reject(*rejected, before),
        }
    }

    /// A plugin that runs already, as its file has it now.
    fn renew(&mut self, it: InService) {
        let it = match it.check_name(&self.report) {
            Ok(it) => it,
            Err(rejected) => return self.reject(*rejected, None),
        };
        let same = |one: &Member| one.identity == it.wanted.identity;
        let Some(at) = self.before.iter().position(same) else {
            let back = self.back.iter().position(same);
            let at = back.expect("what runs is in service, or came back for this look");
            return self.put_back(it, at);
        };
        let mut one = self.before.remove(at);
        let before = (one.plugin.file.clone(), labels_of(&one.plugin));
        it.renew(&mut one.plugin);
        if (one.plugin.file.clone(), labels_of(&one.plugin)) == before {
            self.changes.unchanged += 1;
        } else {
            self.changes.renewed.push(Change::of(&one.plugin));
        }
        self.add(one);
    }

    /// A plugin that was in service before, runs again, and is `at` this place among those.
    fn put_back(&mut self, it: InService, at: usize) {
        let before = self.before_of(&it.wanted.identity.name);
        let mut member = self.back.remove(at);
        it.renew(&mut member.plugin);
        self.put(Change::of(&member.plugin), before);
        self.add(member);
    }

    /// Where the plugin of this name is that was in service and has not been found so far.
    fn before_of(&self, name: &str) -> Option<usize> {
        let mut before = self.before.iter();
        before.position(|one| one.identity.name == name)
    }

    /// Notes that a plugin has come, in the place of one that was there before.
    fn put(&mut self, change: Change, before: Option<usize>) {
        match before.map(|at| self.before.remove(at)) {
            Some(before) => {
                self.changes.replaced.push(Replacement {
                    now: change,
                    before: Version::of(&before.plugin),
                });
                self.departing.push(before);
            }
            None => self.changes.added.push(change),
        }
    }

    /// A file that is refused; the plugin that it was to replace stays.
    fn reject(&mut self, rejected: Rejected, stays: Option<usize>) {
        let stays = stays.map(|at| self.before.remove(at));
        let refused = RefusedFile::of(&rejected, stays.as_ref().map(|one| &one.plugin));
        self.changes.refused.push(refused);
        self.report.add_rejected(rejected);
        if let Some(one) = stays {
            self.changes.unchanged += 1;
            self.add(one);
        }
    }

    fn add(&mut self, one: Member) {
        self.report.add(one.plugin.clone());
        self.now.push(one);
    }
}

fn labels_of(plugin: &LoadedPlugin) -> Vec<Labels> {
    plugin.runners.iter().map(|it| it.labels.clone()).collect()
}
