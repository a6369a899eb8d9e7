//! Recognises pictures that take gigabytes to draw, although their files are small.

use std::fs::File;
use std::io::{BufRead, BufReader, Cursor, Seek};
use std::path::Path;

use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{Engine as _, alphabet};

/// Maximum number of pixels of a picture to show: 200 MB once drawn. Phones reduce what they send
/// as a picture to a third of it.
const MAX_PIXELS: usize = 50_000_000;
/// Maximum number of pixels of a preview, which a page draws without being asked. WhatsApp's have
/// some hundred a side.
const MAX_PREVIEW_PIXELS: usize = 1_000_000;

/// Browsers accept base64 in a data URL with and without padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Returns whether this file of the type `mime` is harmless to a browser that draws it: a picture
/// of a moderate size, or of a type that no page of ours shows as a picture.
///
/// A picture whose size cannot be read is not drawable, because browsers read what is slightly
/// damaged.
pub(crate) fn is_drawable(path: &Path, mime: &str) -> bool {
    if !matches!(
        mime,
        "image/gif" | "image/jpeg" | "image/png" | "image/webp"
    ) {
        return true;
    }
    File::open(path)
        .is_ok_and(|file| pixels(BufReader::new(file)).is_some_and(|it| it <= MAX_PIXELS))
}

/// Returns the same of a preview, a base64 data URL.
pub(crate) fn is_drawable_preview(data_url: &str) -> bool {
    let bytes = data_url
        .split_once(',')
        .and_then(|(_, encoded)| BASE64.decode(encoded).ok());
    bytes
        .and_then(|bytes| pixels(Cursor::new(bytes)))
        .is_some_and(|it| it <= MAX_PREVIEW_PIXELS)
}

/// Returns how many pixels a browser draws of this picture, by its headers.
fn pixels(mut picture: impl BufRead + Seek) -> Option<usize> {
    if picture.fill_buf().ok()?.starts_with(b"GIF8") {
        return gif_pixels(picture);
    }
    let size = imagesize::reader_size(picture).ok()?;
    Some(size.width.saturating_mul(size.height))
}

/// Browsers enlarge the screen of a GIF to its first frame.
fn gif_pixels(picture: impl BufRead) -> Option<usize> {
    let mut options = gif::DecodeOptions::new();
    options.skip_frame_decoding(true);
    let mut decoder = options.read_info(picture).ok()?;
    let screen = (decoder.width(), decoder.height());
    let frame = decoder.next_frame_info().ok()??;
    let side = |screen: u16, offset: u16, length: u16| {
        usize::from(screen).max(usize::from(offset) + usize::from(length))
    };
    let width = side(screen.0, frame.left, frame.width);
    Some(width.saturating_mul(side(screen.1, frame.top, frame.height)))
}

#[cfg(test)]
mod tests {
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    /// A JPEG of this size, without its picture.
    fn jpeg(width: u16, height: u16) -> Vec<u8> {
        let mut bytes = b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0".to_vec();
        bytes.extend(b"\xff\xc0\0\x11\x08");
        bytes.extend(height.to_be_bytes());
        bytes.extend(width.to_be_bytes());
        bytes.extend(b"\x03\x01\x22\0\x02\x11\x01\x03\x11\x01\xff\xd9");
        bytes
    }

    /// A GIF whose screen and first frame have these sizes, with one pixel of data.
    fn gif(screen: (u16, u16), frame: (u16, u16)) -> Vec<u8> {
        let mut bytes = b"GIF89a".to_vec();
        bytes.extend([screen.0, screen.1].map(u16::to_le_bytes).concat());
        bytes.extend(b"\x80\0\0\0\0\0\xff\xff\xff\x2c\0\0\0\0");
        bytes.extend([frame.0, frame.1].map(u16::to_le_bytes).concat());
        bytes.extend(b"\0\x02\x02\x44\x01\0\x3b");
        bytes
    }

    #[test]
    fn pictures_are_drawable_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture");
        let (jpeg_type, gif_type) = ("image/jpeg", "image/gif");
        let fill_byte = [&b"\xff\xd8\xff"[..], &jpeg(65_535, 65_535)[2..]].concat();
        for (bytes, mime, expected) in [
            (jpeg(8_000, 6_000), jpeg_type, true),
            (jpeg(8_000, 6_300), jpeg_type, false),
            (jpeg(65_535, 65_535), jpeg_type, false),
            // Browsers skip any number of FF before a marker.
            (fill_byte, jpeg_type, false),
            (gif((320, 240), (320, 240)), gif_type, true),
            (gif((65_535, 65_535), (1, 1)), gif_type, false),
            (gif((1, 1), (65_535, 65_535)), gif_type, false),
            (b"no picture".to_vec(), jpeg_type, false),
            (b"no picture".to_vec(), "image/heic", true),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(is_drawable(&path, mime), expected, "{bytes:?}");
        }
        std::fs::remove_file(&path).unwrap();
        assert!(!is_drawable(&path, jpeg_type));
    }

    #[test]
    fn previews_are_small() {
        let preview = |bytes| format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes));
        assert!(is_drawable_preview(&preview(jpeg(640, 480))));
        let large = preview(jpeg(30_000, 30_000));
        assert!(!is_drawable_preview(&large));
        assert!(!is_drawable_preview(large.trim_end_matches('=')));
        assert!(!is_drawable_preview("data:image/jpeg;base64,/9j/"));
    }
}
