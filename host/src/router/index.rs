//! Which runners are worth asking about a spec, known when they are registered.

use std::collections::HashMap;

use solti_model::{Labels, RunnerSelector, TaskKind};
use solti_plugin_abi::Kinds;

/// Up to so many runners, comparing the labels of each is faster than looking a label up.
const FEW: usize = 8;

/// The positions of the runners that may take each kind or have each label, in registration order.
#[derive(Default)]
pub(super) struct Index {
    subprocess: Vec<usize>,
    wasm: Vec<usize>,
    container: Vec<usize>,
    /// For every other kind: the runners that have not said which kinds they take.
    undeclared: Vec<usize>,
    by_label: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl Index {
    pub(super) fn add(&mut self, kinds: Kinds, labels: &Labels, position: usize) {
        for (kind, positions) in [
            (Kinds::SUBPROCESS, &mut self.subprocess),
            (Kinds::WASM, &mut self.wasm),
            (Kinds::CONTAINER, &mut self.container),
            (Kinds::ANY, &mut self.undeclared),
        ] {
            if kinds.contains(kind) {
                positions.push(position);
            }
        }
        for (key, value) in labels.iter() {
            let values = self.by_label.entry(key.to_owned()).or_default();
            values.entry(value.to_owned()).or_default().push(position);
        }
    }

    /// The runners that may take the kind and satisfy the selector: none that does is left out.
    pub(super) fn candidates(
        &self,
        kind: &TaskKind,
        selector: Option<&RunnerSelector>,
    ) -> impl Iterator<Item = usize> {
        let of_kind = self.of_kind(kind);
        let shortest = selector
            .filter(|_| of_kind.len() > FEW)
            .into_iter()
            .flat_map(|selector| selector.match_labels.iter())
            .map(|(key, value)| self.with_label(key, value))
            .min_by_key(|positions| positions.len())
            .filter(|positions| positions.len() < of_kind.len());
        shortest
            .unwrap_or(of_kind)
            .iter()
            .copied()
            .filter(move |position| shortest.is_none() || of_kind.binary_search(position).is_ok())
    }

    fn of_kind(&self, kind: &TaskKind) -> &[usize] {
        match kind {
            TaskKind::Subprocess(_) => &self.subprocess,
            TaskKind::Wasm(_) => &self.wasm,
            TaskKind::Container(_) => &self.container,
            _ => &self.undeclared,
        }
    }

    fn with_label(&self, key: &str, value: &str) -> &[usize] {
        let values = self.by_label.get(key);
        values
            .and_then(|values| values.get(value))
            .map_or(&[], Vec::as_slice)
    }
}
