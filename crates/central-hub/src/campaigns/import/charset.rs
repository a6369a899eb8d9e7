//! The character encodings that a user can choose for a list (`Charset`).

use encoding_rs::{Decoder, Encoding};
use oem_cp::code_table::DECODING_TABLE_CP850;
use oem_cp::decode_string_complete_table;

/// A character encoding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Charset {
    /// An encoding of the WHATWG Encoding Standard, as in browsers.
    Web(&'static Encoding),
    /// The DOS encoding of western Europe, in which old business software exports.
    Cp850,
}

impl Charset {
    /// Looks up an encoding by its browser or DOS name.
    #[must_use]
    pub fn from_label(label: &str) -> Option<Self> {
        let label = label.trim();
        match &*label.to_ascii_lowercase().replace(['-', '_'], "") {
            "cp850" | "ibm850" | "850" | "dos" => Some(Self::Cp850),
            _ => Encoding::for_label(label.as_bytes()).map(Self::Web),
        }
    }

    /// Returns the name of the encoding.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Web(encoding) => encoding.name(),
            Self::Cp850 => "cp850",
        }
    }

    pub(super) fn new_decoder(self) -> TextDecoder {
        match self {
            Self::Web(encoding) => TextDecoder::Web(encoding.new_decoder_without_bom_handling()),
            Self::Cp850 => TextDecoder::Cp850,
        }
    }

    /// Decodes `bytes`. Returns `None` if some of them are invalid in this encoding.
    pub(super) fn decode(self, bytes: &[u8]) -> Option<String> {
        match self {
            Self::Web(encoding) => encoding
                .decode_without_bom_handling_and_without_replacement(bytes)
                .map(Into::into),
            Self::Cp850 => Some(decode_string_complete_table(bytes, &DECODING_TABLE_CP850)),
        }
    }
}

/// Decodes a stream, chunk by chunk.
pub(super) enum TextDecoder {
    Web(Decoder),
    Cp850,
}

impl TextDecoder {
    /// Decodes from `raw` into `text`; returns the number of bytes consumed.
    pub(super) fn decode(&mut self, raw: &[u8], text: &mut Vec<u8>, is_last: bool) -> usize {
        match self {
            Self::Web(decoder) => {
                let max_len = decoder.max_utf8_buffer_length(raw.len());
                text.resize(max_len.unwrap_or(4 * raw.len()), 0);
                let (_, read, written, _) = decoder.decode_to_utf8(raw, text, is_last);
                text.truncate(written);
                read
            }
            Self::Cp850 => {
                let decoded = decode_string_complete_table(raw, &DECODING_TABLE_CP850);
                *text = decoded.into_bytes();
                raw.len()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_of_browsers_and_of_dos() {
        for (label, name) in [
            ("cp850", "cp850"),
            ("IBM-850", "cp850"),
            (" utf-8 ", "UTF-8"),
            ("latin1", "windows-1252"),
            ("macintosh", "macintosh"),
        ] {
            assert_eq!(Charset::from_label(label).map(Charset::name), Some(name));
        }
        assert_eq!(Charset::from_label("klingon"), None);
    }
}
