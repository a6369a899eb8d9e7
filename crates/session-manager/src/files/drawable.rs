//! Recognises pictures that take gigabytes to draw, although their files are small.

use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use imagesize::{ImageResult, ImageSize};

/// Maximum number of pixels of a picture to show: 200 MB once drawn. Phones reduce what they send
/// as a picture to a third of it.
const MAX_PIXELS: usize = 50_000_000;
/// Maximum number of pixels of a preview, which a page draws without being asked. WhatsApp's have
/// some hundred a side.
const MAX_PREVIEW_PIXELS: usize = 1_000_000;

/// Returns whether a browser can draw the picture in this file, by the size in its header. A file
/// without a known size is no picture to a browser either.
pub(crate) fn is_drawable(path: &Path) -> bool {
    fits(imagesize::size(path), MAX_PIXELS)
}

/// Returns the same of a preview, a base64 data URL.
pub(crate) fn is_drawable_preview(data_url: &str) -> bool {
    let encoded = data_url.split_once(',').map_or("", |(_, encoded)| encoded);
    STANDARD.decode(encoded).map_or(true, |bytes| {
        fits(imagesize::blob_size(&bytes), MAX_PREVIEW_PIXELS)
    })
}

fn fits(size: ImageResult<ImageSize>, max_pixels: usize) -> bool {
    size.map_or(true, |size| {
        size.width.saturating_mul(size.height) <= max_pixels
    })
}

#[cfg(test)]
mod tests {
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

    #[test]
    fn pictures_are_drawable_up_to_their_limit() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("picture");
        for (bytes, expected) in [
            (jpeg(8_000, 6_000), true),
            (jpeg(8_000, 6_300), false),
            (jpeg(65_535, 65_535), false),
            (b"GIF89a\xff\xff\xff\xff\0\0\0".to_vec(), false),
            (b"no picture".to_vec(), true),
        ] {
            std::fs::write(&path, &bytes).unwrap();
            assert_eq!(is_drawable(&path), expected, "{bytes:?}");
        }
    }

    #[test]
    fn previews_are_small() {
        let preview = |bytes| format!("data:image/jpeg;base64,{}", STANDARD.encode(bytes));
        assert!(is_drawable_preview(&preview(jpeg(640, 480))));
        assert!(!is_drawable_preview(&preview(jpeg(30_000, 30_000))));
        assert!(is_drawable_preview("data:image/jpeg;base64,/9j/"));
    }
}
