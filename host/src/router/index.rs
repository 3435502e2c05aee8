//! Which runners are worth asking about a spec, known when they are registered.

use std::collections::HashMap;

use solti_model::{Labels, RunnerSelector};
use solti_plugin_abi::Kinds;

/// Up to so many runners, comparing the labels of each is faster than looking a label up.
const FEW: usize = 8;

/// The positions of the runners that may take each kind or have each label, in registration order.
#[derive(Clone, Default)]
pub(super) struct Index {
    subprocess: Vec<usize>,
    wasm: Vec<usize>,
    container: Vec<usize>,
    /// Kinds that the model has no room for, by name.
    others: HashMap<String, Vec<usize>>,
    /// For every other kind: the runners that have not said which kinds they take.
    undeclared: Vec<usize>,
    by_label: HashMap<String, HashMap<String, Vec<usize>>>,
}

impl Index {
    pub(super) fn add(&mut self, kinds: &Kinds, labels: &Labels, position: usize) {
        if kinds.is_any() {
            let known = [&mut self.subprocess, &mut self.wasm, &mut self.container];
            let all = known.into_iter().chain(self.others.values_mut());
            for positions in all.chain([&mut self.undeclared]) {
                positions.push(position);
            }
        }
        for kind in kinds.names() {
            self.of_name(kind).push(position);
        }
        for (key, value) in labels.iter() {
            let values = self.by_label.entry(key.to_owned()).or_default();
            values.entry(value.to_owned()).or_default().push(position);
        }
    }

    /// The runners that may take the kind and satisfy the selector: none that does is left out.
    pub(super) fn candidates(
        &self,
        kind: &str,
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

    /// The runners of a kind of this name, to be added to.
    fn of_name(&mut self, kind: &str) -> &mut Vec<usize> {
        match kind {
            "subprocess" => &mut self.subprocess,
            "wasm" => &mut self.wasm,
            "container" => &mut self.container,
            other => {
                let undeclared = &self.undeclared;
                self.others
                    .entry(other.to_owned())
                    .or_insert_with(|| undeclared.clone())
            }
        }
    }

    fn of_kind(&self, kind: &str) -> &[usize] {
        match kind {
            "subprocess" => &self.subprocess,
            "wasm" => &self.wasm,
            "container" => &self.container,
            other => self.others.get(other).unwrap_or(&self.undeclared),
        }
    }

    fn with_label(&self, key: &str, value: &str) -> &[usize] {
        let values = self.by_label.get(key);
        values
            .and_then(|values| values.get(value))
            .map_or(&[], Vec::as_slice)
    }
}
