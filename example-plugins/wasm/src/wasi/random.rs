//! Random numbers whose making can be ended from outside.

use std::sync::Arc;

use cap_rand::{Error, RngCore};

use crate::stop::Stop;

/// How many bytes are drawn before looking whether the guest is to stop. It is a multiple of any
/// generator's word, so that the numbers are those of a single draw.
const PART_BYTES: usize = 64 << 10;

/// A source of random numbers that a guest may ask for any amount of.
pub(super) struct Random {
    source: Box<dyn RngCore + Send + Sync>,
    stop: Arc<Stop>,
}

impl Random {
    pub(super) fn new(source: Box<dyn RngCore + Send + Sync>, stop: Arc<Stop>) -> Self {
        Self { source, stop }
    }
}

impl RngCore for Random {
    fn next_u32(&mut self) -> u32 {
        self.source.next_u32()
    }

    fn next_u64(&mut self) -> u64 {
        self.source.next_u64()
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        self.source.fill_bytes(bytes);
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        for part in bytes.chunks_mut(PART_BYTES) {
            if self.stop.is_set() {
                // No guest sees what is left: the engine ends it when the call returns.
                return Ok(());
            }
            self.source.try_fill_bytes(part)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use cap_rand::SeedableRng;
    use cap_rand::rngs::StdRng;

    use super::*;

    fn drawn(random: &mut dyn RngCore) -> Vec<u8> {
        let mut bytes = vec![0; 3 * PART_BYTES + 5];
        random.try_fill_bytes(&mut bytes).unwrap();
        bytes
    }

    #[test]
    fn a_long_draw_ends_with_its_guest_and_is_the_same_as_one_at_once() {
        let stop = Arc::new(Stop::default());
        let mut random = Random::new(Box::new(StdRng::seed_from_u64(5)), Arc::clone(&stop));
        assert_eq!(drawn(&mut random), drawn(&mut StdRng::seed_from_u64(5)));
        stop.set();
        assert_eq!(drawn(&mut random), vec![0; 3 * PART_BYTES + 5]);
    }
}
