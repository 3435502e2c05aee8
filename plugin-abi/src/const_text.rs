//! Writes text while the plugin compiles.

/// Writes text into bytes and counts what it writes; what does not fit is only counted.
#[derive(Debug)]
pub(crate) struct Writer<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Writer<'a> {
    pub(crate) const fn new(bytes: &'a mut [u8]) -> Self {
        Self { bytes, len: 0 }
    }

    /// How much was written so far.
    pub(crate) const fn len(&self) -> usize {
        self.len
    }

    pub(crate) const fn put(&mut self, text: &str) {
        let text = text.as_bytes();
        let mut at = 0;
        while at < text.len() {
            self.put_byte(text[at]);
            at += 1;
        }
    }

    pub(crate) const fn put_number(&mut self, number: u32) {
        if number >= 10 {
            self.put_number(number / 10);
        }
        self.put_byte(b'0' + (number % 10) as u8);
    }

    pub(crate) const fn put_byte(&mut self, byte: u8) {
        if self.len < self.bytes.len() {
            self.bytes[self.len] = byte;
        }
        self.len += 1;
    }
}
