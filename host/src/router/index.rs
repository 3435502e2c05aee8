//! Which runners are worth asking about a kind, known when they are registered.

use solti_model::TaskKind;
use solti_plugin_abi::Kinds;

/// The positions of the runners that may take each kind, in registration order.
#[derive(Default)]
pub(super) struct KindIndex {
    subprocess: Vec<usize>,
    wasm: Vec<usize>,
    container: Vec<usize>,
    /// For every other kind: the runners that have not said which kinds they take.
    undeclared: Vec<usize>,
}

impl KindIndex {
    pub(super) fn add(&mut self, kinds: Kinds, position: usize) {
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
    }

    pub(super) fn candidates(&self, kind: &TaskKind) -> &[usize] {
        match kind {
            TaskKind::Subprocess(_) => &self.subprocess,
            TaskKind::Wasm(_) => &self.wasm,
            TaskKind::Container(_) => &self.container,
            _ => &self.undeclared,
        }
    }
}
