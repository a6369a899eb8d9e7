//! Detects the character encoding of a stream and converts it to UTF-8
//! (`Utf8`).
//!
//! ```text
//!  BOM? ─┬─ yes ─> UTF-8, UTF-16
//!        └─ no ──> every other byte 0? ─┬─ yes ─> UTF-16
//!                                       └─ no ──> ASCII ──first other byte──┬─> UTF-8
//!                                                                           └─> Windows-1252
//! ```
//!
//! ASCII is the same in both encodings, so the choice waits for the first other
//! byte: if valid UTF-8 begins there, the stream is UTF-8; otherwise it is
//! Windows-1252, which Excel writes. A byte that is invalid UTF-8 later becomes
//! U+FFFD, and its line is rejected.

use std::cell::Cell;
use std::io::{self, Read};
use std::rc::Rc;

use encoding_rs::{Encoding, UTF_8, UTF_16BE, UTF_16LE, WINDOWS_1252};

use super::charset::{Charset, TextDecoder};

const CHUNK: usize = 16 * 1024;

enum DecoderState {
    Start,
    /// Only ASCII so far.
    Undecided,
    Decoding(TextDecoder),
    End,
}

/// A reader that yields UTF-8.
pub struct Utf8<R> {
    source: R,
    state: DecoderState,
    /// Bytes that are not decoded yet.
    raw: Vec<u8>,
    source_ended: bool,
    /// Decoded text; the part from `position` is not read yet.
    text: Vec<u8>,
    position: usize,
    /// The encoding that the user chose, if any.
    chosen: Option<Charset>,
    /// The encoding detected so far.
    seen: Rc<Cell<&'static str>>,
}

impl<R: Read> Utf8<R> {
    /// Creates a reader that detects the encoding of `source`.
    pub fn new(source: R) -> Self {
        Self {
            source,
            state: DecoderState::Start,
            raw: Vec::new(),
            source_ended: false,
            text: Vec::new(),
            position: 0,
            chosen: None,
            seen: Rc::new(Cell::new("ASCII")),
        }
    }

    /// Sets the encoding that the user chose; `None` detects it.
    #[must_use]
    pub fn decoded_as(mut self, chosen: Option<Charset>) -> Self {
        self.chosen = chosen;
        self
    }

    /// Returns the detected encoding, which is updated as the stream is read.
    pub fn seen(&self) -> Rc<Cell<&'static str>> {
        Rc::clone(&self.seen)
    }

    fn decoder(&self, charset: Charset) -> TextDecoder {
        self.seen.set(charset.name());
        charset.new_decoder()
    }

    /// Reads until `raw` has `count` bytes or the source ends.
    fn fill(&mut self, count: usize) -> io::Result<()> {
        while self.raw.len() < count && !self.source_ended {
            let length_before = self.raw.len();
            self.raw.resize(length_before + CHUNK, 0);
            let read = match self.source.read(&mut self.raw[length_before..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {
                    self.raw.truncate(length_before);
                    continue;
                }
                other => other,
            };
            self.raw
                .truncate(length_before + *read.as_ref().unwrap_or(&0));
            self.source_ended = read? == 0;
        }
        Ok(())
    }

    /// Decodes the next text. `text` stays empty only at the end of the source.
    fn advance(&mut self) -> io::Result<()> {
        self.text.clear();
        self.position = 0;
        while self.text.is_empty() {
            match &mut self.state {
                DecoderState::Start => {
                    self.fill(4)?;
                    self.state = self.begin()?;
                }
                DecoderState::Undecided => {
                    self.fill(1)?;
                    if self.raw.is_empty() {
                        self.state = DecoderState::End;
                        continue;
                    }
                    let plain = self.raw.iter().take_while(|byte| byte.is_ascii()).count();
                    if plain > 0 {
                        self.text.extend(self.raw.drain(..plain));
                    } else {
                        self.fill(4)?;
                        self.state = DecoderState::Decoding(
                            self.decoder(Charset::Web(other_than_ascii(&self.raw))),
                        );
                    }
                }
                DecoderState::Decoding(_) => {
                    self.fill(1)?;
                    self.decode();
                }
                DecoderState::End => return Ok(()),
            }
        }
        Ok(())
    }

    fn begin(&mut self) -> io::Result<DecoderState> {
        if let Some((encoding, length)) = Encoding::for_bom(&self.raw) {
            self.raw.drain(..length);
            return Ok(DecoderState::Decoding(self.decoder(Charset::Web(encoding))));
        }
        if let Some(charset) = self.chosen {
            return Ok(DecoderState::Decoding(self.decoder(charset)));
        }
        Ok(match self.raw[..] {
            [first, 0, ..] if first != 0 => {
                DecoderState::Decoding(self.decoder(Charset::Web(UTF_16LE)))
            }
            [0, second, ..] if second != 0 => {
                DecoderState::Decoding(self.decoder(Charset::Web(UTF_16BE)))
            }
            _ => DecoderState::Undecided,
        })
    }

    fn decode(&mut self) {
        let DecoderState::Decoding(decoder) = &mut self.state else {
            return;
        };
        let last = self.source_ended;
        let read = decoder.decode(&self.raw, &mut self.text, last);
        self.raw.drain(..read);
        if last && self.raw.is_empty() {
            self.state = DecoderState::End;
        }
    }
}

/// Returns the encoding of bytes that begin with a non-ASCII byte.
fn other_than_ascii(bytes: &[u8]) -> &'static Encoding {
    let first = &bytes[..bytes.len().min(4)];
    match std::str::from_utf8(first) {
        Ok(_) => UTF_8,
        // The first character is valid UTF-8, whatever follows it.
        Err(error) if error.valid_up_to() > 0 => UTF_8,
        Err(_) => WINDOWS_1252,
    }
}

impl<R: Read> Read for Utf8<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.position == self.text.len() {
            self.advance()?;
        }
        let ahead = &self.text[self.position..];
        let count = ahead.len().min(buffer.len());
        buffer[..count].copy_from_slice(&ahead[..count]);
        self.position += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A reader that returns a fixed number of bytes at a time.
    struct ChunkedReader<'a>(&'a [u8], usize);

    impl Read for ChunkedReader<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            let count = self.1.min(self.0.len()).min(buffer.len());
            let (now, later) = self.0.split_at(count);
            buffer[..count].copy_from_slice(now);
            self.0 = later;
            Ok(count)
        }
    }

    fn decoded(bytes: &[u8], at_a_time: usize) -> String {
        let mut text = String::new();
        Utf8::new(ChunkedReader(bytes, at_a_time))
            .read_to_string(&mut text)
            .unwrap();
        text
    }

    fn utf16(text: &str, swap: bool) -> Vec<u8> {
        let swapped = |unit: u16| {
            if swap {
                unit.to_be_bytes()
            } else {
                unit.to_le_bytes()
            }
        };
        text.encode_utf16().flat_map(swapped).collect()
    }

    const TEXT: &str = "teléfono;nombre\n549;Ñandú “€” 🙂\n";

    #[test]
    fn encodings_with_a_bom() {
        let with = |bom: &[u8], rest: &[u8]| [bom, rest].concat();
        for bytes in [
            with(b"\xEF\xBB\xBF", TEXT.as_bytes()),
            with(b"\xFF\xFE", &utf16(TEXT, false)),
            with(b"\xFE\xFF", &utf16(TEXT, true)),
            TEXT.as_bytes().to_vec(),
            utf16(TEXT, false),
            utf16(TEXT, true),
        ] {
            for at_a_time in [1, 3, 1000] {
                assert_eq!(decoded(&bytes, at_a_time), TEXT);
            }
        }
    }

    #[test]
    fn excel_encodings_are_decoded() {
        let (bytes, _, _) = WINDOWS_1252.encode("nombre;telefono\nMuñoz “€”;549\n");
        for at_a_time in [1, 3, 1000] {
            assert_eq!(
                decoded(&bytes, at_a_time),
                "nombre;telefono\nMuñoz “€”;549\n"
            );
        }
        // The last byte of the stream.
        assert_eq!(decoded(b"Jos\xE9", 1), "José");
    }

    #[test]
    fn bad_bytes_in_utf8_are_marked() {
        assert_eq!(decoded("é\u{e9}".as_bytes(), 9), "éé");
        assert_eq!(decoded(b"\xC3\xA9 \xE9 x", 9), "é \u{FFFD} x");
        assert_eq!(decoded(b"\xC3\xA9 \xC3", 9), "é \u{FFFD}");
    }

    proptest! {
        #[test]
        fn utf8_comes_through(text in "[a-zñé🙂;\n]{0,60}", at_a_time in 1..9_usize) {
            prop_assert_eq!(decoded(text.as_bytes(), at_a_time), text);
        }

        #[test]
        fn any_bytes_become_text(bytes in proptest::collection::vec(any::<u8>(), 0..60), at_a_time in 1..9_usize) {
            let mut text = String::new();
            let _ = Utf8::new(ChunkedReader(&bytes, at_a_time)).read_to_string(&mut text);
        }
    }
}
