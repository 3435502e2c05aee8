//! What a directory of plugins takes of the memory for thread-locals with a fixed place.

use super::error::OpenError;
use crate::loader::inspect::{Requirements, static_tls_room};

/// What may be there beyond what is reckoned with: the system rounds up.
const MAY_BE_MORE: u64 = 63;

/// What is taken by the plugins so far.
#[derive(Debug, Default)]
pub(in crate::loader) struct StaticTls {
    taken: u64,
}

impl StaticTls {
    /// Takes what a plugin needs.
    pub(in crate::loader) fn take(&mut self, requirements: &Requirements) -> Result<(), OpenError> {
        match static_tls_room() {
            Some(room) => self.take_of(room, requirements),
            None => Ok(()),
        }
    }

    fn take_of(&mut self, room: u64, requirements: &Requirements) -> Result<(), OpenError> {
        let Some(needs) = requirements.static_tls_bytes else {
            return Ok(());
        };
        let taken = self.taken;
        let after = taken
            .saturating_add(needs)
            .checked_next_multiple_of(requirements.tls_align.max(1))
            .unwrap_or(u64::MAX);
        if after > room + MAY_BE_MORE {
            return Err(OpenError::NoStaticTls { needs, taken, room });
        }
        self.taken = after;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::loader::refusal::{method, sentence};

    #[test]
    fn the_plugin_that_finds_no_room_is_told_what_it_needs_and_what_there_is() {
        let mut plugin = Requirements::default();
        let mut tls = StaticTls::default();
        tls.take_of(1_712, &plugin).unwrap();
        (plugin.static_tls_bytes, plugin.tls_align) = (Some(500), 64);
        for _ in 0..3 {
            tls.take_of(1_712, &plugin).unwrap();
        }
        let err = tls.take_of(1_712, &plugin).unwrap_err();
        assert_eq!(
            sentence(&err, method),
            "it needs 500 bytes of static TLS, and of about 1,712 that a process has the plugins \
             before it take 1,536: build its allocator without initial-exec TLS (tikv-jemallocator: \
             disable_initial_exec_tls, mimalloc: local_dynamic_tls)"
        );
        plugin.static_tls_bytes = Some(100);
        tls.take_of(1_712, &plugin).unwrap();
    }
}
