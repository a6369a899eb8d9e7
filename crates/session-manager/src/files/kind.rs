//! MIME type detection, and which message kinds a file can be sent as.

use session_api::{Invalid, MediaKind};

/// Number of leading bytes that are inspected.
pub(crate) const HEAD: usize = 8 * 1024;

const UNKNOWN: &str = "application/octet-stream";

/// Returns a file's MIME type: detected from its head, or else as stated.
///
/// A stated image, video or audio type counts only if the content does not
/// contradict it: an HTML page sent as an image is not one.
pub fn mime(head: &[u8], told: Option<&str>) -> String {
    let told = told
        .map(|told| {
            told.split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        })
        .filter(|told| is_mime(told));
    let found = infer::get(head).map(|found| found.mime_type());
    let class = |mime: &str| mime.split('/').next().unwrap_or_default().to_owned();
    match (found, told) {
        // One container, with or without video: the head does not tell.
        (Some("video/mp4" | "video/webm" | "video/3gpp"), Some(told))
            if class(&told) == "audio" =>
        {
            told
        }
        // The same type, by the name that phones use.
        (Some("audio/m4a"), _) => "audio/mp4".to_owned(),
        // As in WhatsApp's own voice messages.
        (Some("audio/opus"), _) => "audio/ogg; codecs=opus".to_owned(),
        (Some("audio/x-wav"), _) => "audio/wav".to_owned(),
        (Some("application/zip"), Some(told)) if class(&told) == "application" => told,
        (Some(found), _) => found.to_owned(),
        (None, Some(told)) if !["image", "video", "audio"].contains(&class(&told).as_str()) => told,
        (None, _) => UNKNOWN.to_owned(),
    }
}

fn is_mime(text: &str) -> bool {
    let part = |part: &str| {
        !part.is_empty()
            && part
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b"!#$&^_.+-".contains(&b))
    };
    text.len() <= 100
        && text
            .split_once('/')
            .is_some_and(|(a, b)| part(a) && part(b))
}

/// Checks whether a file of type `mime` can be sent as `kind`.
///
/// # Errors
/// When it cannot; types that WhatsApp does not display are sent as documents.
pub fn check_kind(kind: MediaKind, mime: &str) -> Result<(), Invalid> {
    let (fits, takes) = match kind {
        MediaKind::Document => return Ok(()),
        MediaKind::Image => (
            matches!(
                mime,
                "image/jpeg" | "image/png" | "image/webp" | "image/gif"
            ),
            "a JPEG, PNG, WebP or GIF picture",
        ),
        MediaKind::Video => (
            matches!(mime, "video/mp4" | "video/3gpp" | "video/quicktime"),
            "an MP4, 3GPP or QuickTime film",
        ),
        MediaKind::Audio => (
            mime.starts_with("audio/"),
            "a sound, such as OGG, MP3 or M4A",
        ),
    };
    if fits {
        return Ok(());
    }
    Err(Invalid {
        field: "file".into(),
        wants: format!(
            "has to be {takes} for type {}; any file can be sent as type document",
            kind.as_str()
        )
        .into(),
    })
}

/// Returns a name for a file without one.
pub(super) fn default_name(mime: &str) -> String {
    let mime = mime.split(';').next().unwrap_or_default();
    let extension = match mime {
        "image/jpeg" => "jpg",
        "audio/mpeg" => "mp3",
        "audio/mp4" => "m4a",
        "video/quicktime" => "mov",
        "video/3gpp" => "3gp",
        "text/plain" => "txt",
        UNKNOWN => "bin",
        other => match other.rsplit_once('/') {
            Some((_, short))
                if short.len() <= 4 && short.bytes().all(|b| b.is_ascii_alphanumeric()) =>
            {
                short
            }
            _ => "bin",
        },
    };
    format!("file.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2";

    #[test]
    fn magic_bytes_outrank_the_declared_type() {
        for (head, told, is) in [
            (PNG, None, "image/png"),
            (PNG, Some("application/pdf"), "image/png"),
            (b"%PDF-1.7".as_slice(), None, "application/pdf"),
            (b"OggS\0\x02", None, "audio/ogg"),
            (
                b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x13OpusHead\x01\x02",
                None,
                "audio/ogg; codecs=opus",
            ),
            (MP4, None, "video/mp4"),
            (MP4, Some("audio/mp4"), "audio/mp4"),
            (b"hola", Some("text/plain; charset=utf-8"), "text/plain"),
            (b"hola", Some("image/png"), UNKNOWN),
            (b"hola", None, UNKNOWN),
            (b"hola", Some("a b/c"), UNKNOWN),
            (b"", Some("nonsense"), UNKNOWN),
        ] {
            assert_eq!(mime(head, told), is, "{told:?}");
        }
    }

    #[test]
    fn mime_type_must_fit_the_message_kind() {
        assert!(check_kind(MediaKind::Image, "image/png").is_ok());
        assert!(check_kind(MediaKind::Audio, "audio/ogg").is_ok());
        assert!(check_kind(MediaKind::Document, UNKNOWN).is_ok());
        for (kind, mime) in [
            (MediaKind::Image, "image/tiff"),
            (MediaKind::Image, "application/pdf"),
            (MediaKind::Video, "video/x-msvideo"),
            (MediaKind::Audio, "video/mp4"),
        ] {
            assert_eq!(check_kind(kind, mime).unwrap_err().field, "file");
        }
    }

    #[test]
    fn default_filename_by_mime_type() {
        assert_eq!(default_name("image/jpeg"), "file.jpg");
        assert_eq!(default_name("image/png"), "file.png");
        assert_eq!(default_name("audio/ogg; codecs=opus"), "file.ogg");
        assert_eq!(default_name("application/vnd.oasis.x"), "file.bin");
    }
}
