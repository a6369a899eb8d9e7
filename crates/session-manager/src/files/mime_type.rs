//! Detects the MIME type of a file, and decides as which message kinds the file can be sent.

use session_api::{Invalid, MediaKind};

use super::names::{self, UNKNOWN};

/// How many leading bytes of a file are inspected.
pub(crate) const HEAD_BYTES: usize = 8 * 1024;

/// The type of WhatsApp's own voice messages.
const OGG_OPUS: &str = "audio/ogg; codecs=opus";

/// Types that are detected in text. Text has no other sign of its type.
const TEXT_FORMATS: [&str; 6] = [
    "application/pdf",
    "application/postscript",
    "application/rtf",
    "text/html",
    "text/x-shellscript",
    "text/xml",
];

/// Types that clients state when they do not know the type of a file.
const GENERIC_TYPES: [&str; 6] = [
    UNKNOWN,
    "application/download",
    "application/force-download",
    "application/unknown",
    "application/x-download",
    "binary/octet-stream",
];

/// Returns a file's MIME type: the one detected from its head, or else by its name, or else the
/// stated one.
///
/// A name or a stated type counts only if the content does not contradict it: an HTML page sent as
/// an image is not an image.
pub fn detect_mime(head: &[u8], stated: Option<&str>, name: Option<&str>) -> String {
    let stated = stated
        .map(|stated| {
            stated
                .split(';')
                .next()
                .unwrap_or_default()
                .trim()
                .to_ascii_lowercase()
        })
        .filter(|stated| is_mime(stated) && !GENERIC_TYPES.contains(&stated.as_str()));
    let found = type_by_brand(head).or_else(|| infer::get(head).map(|found| found.mime_type()));
    // A text may begin with the letters of a format: "BMW" is not a bitmap.
    let found = found.filter(|found| TEXT_FORMATS.contains(found) || !is_text(head));
    let by_name = name.and_then(names::type_of);
    match (found, stated) {
        // The same container with or without video; the head does not tell which.
        (Some("video/mp4" | "video/webm" | "video/3gpp"), Some(stated))
            if class(&stated) == "audio" =>
        {
            stated
        }
        (Some(video @ ("video/mp4" | "video/webm" | "video/3gpp")), None)
            if by_name.is_some_and(|named| class(named) == "audio") =>
        {
            video.replace("video/", "audio/")
        }
        // The same type, under the name that phones use.
        (Some("audio/m4a"), _) => "audio/mp4".to_owned(),
        // As WhatsApp types its own voice messages.
        (Some("audio/opus"), _) => OGG_OPUS.to_owned(),
        (Some("audio/x-wav"), _) => "audio/wav".to_owned(),
        (Some(found), stated) => match (refine_by_name(found, name), stated) {
            (Some(named), _) => named.to_owned(),
            (None, Some(stated))
                if found == "application/zip" && class(&stated) == "application" =>
            {
                stated
            }
            (None, Some(stated))
                if found == "application/msword" && stated.starts_with("application/vnd.ms-") =>
            {
                stated
            }
            (None, _) => found.to_owned(),
        },
        (None, stated) => match (refine_by_name(UNKNOWN, name), stated) {
            (Some(named), _) => named.to_owned(),
            (None, Some(stated)) if !is_media(&stated) => stated,
            (None, _) => UNKNOWN.to_owned(),
        },
    }
}

/// The beginnings of brands of the ISO container, with their types: brands that `infer` does not
/// know, or that it distinguishes although phones do not.
const BRANDS: [(&[u8], &str); 10] = [
    (b"3g", "video/3gpp"),
    (b"M4V", "video/mp4"),
    (b"MSNV", "video/mp4"),
    (b"XAVC", "video/mp4"),
    (b"cmf", "video/mp4"),
    (b"iso", "video/mp4"),
    (b"avi", "image/avif"),
    (b"hei", "image/heic"),
    (b"mif1", "image/heic"),
    (b"msf1", "image/heic"),
];

/// Returns the type of a video, or of a phone's picture, by the brand in its head.
fn type_by_brand(head: &[u8]) -> Option<&'static str> {
    let brand = head.get(4..12)?.strip_prefix(b"ftyp")?;
    let found = BRANDS.iter().find(|(known, _)| brand.starts_with(known));
    found.map(|(_, mime)| *mime)
}

/// Returns the type that a name gives a file whose content only tells `mime`. `None` if `mime` is
/// specific enough or contradicts the name.
pub(super) fn refine_by_name(mime: &str, name: Option<&str>) -> Option<&'static str> {
    let named = names::type_of(name?)?;
    let is_match = match mime {
        UNKNOWN | "text/plain" => !is_media(named),
        "application/zip" => {
            named.starts_with("application/vnd.")
                || matches!(named, "application/epub+zip" | "application/java-archive")
        }
        // All of old Office uses one container; `infer` calls most of them Word's.
        "application/x-ole-storage" | "application/msword" => {
            named.starts_with("application/vnd.ms-") || named == "application/msword"
        }
        "text/xml" => named.ends_with("+xml"),
        _ => false,
    };
    is_match.then_some(named)
}

fn class(mime: &str) -> &str {
    mime.split('/').next().unwrap_or_default()
}

fn is_media(mime: &str) -> bool {
    matches!(class(mime), "image" | "video" | "audio")
}

/// Returns whether the head is free of control characters, which every binary format has.
fn is_text(head: &[u8]) -> bool {
    head.iter()
        .all(|byte| *byte >= b' ' && *byte != 0x7f || matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c))
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

/// How a file that cannot be sent as it is has to be converted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Conversion {
    /// To a video that plays like a GIF: phones show no GIFs as pictures.
    GifToVideo,
    /// To OGG with Opus: phones play no other voice messages.
    SoundToVoice,
    /// To WebP of a sticker's size.
    PictureToSticker,
}

impl Conversion {
    /// Returns the conversion that a file of type `mime` needs before it is sent as `kind`; `None`
    /// if it needs none.
    pub(super) fn needed(kind: MediaKind, voice: bool, mime: &str) -> Option<Self> {
        match (kind, mime) {
            (MediaKind::Image | MediaKind::Video, "image/gif") => Some(Self::GifToVideo),
            (MediaKind::Audio, mime) if voice && mime != OGG_OPUS && class(mime) == "audio" => {
                Some(Self::SoundToVoice)
            }
            (MediaKind::Sticker, "image/png" | "image/jpeg") => Some(Self::PictureToSticker),
            _ => None,
        }
    }

    /// Returns the error for a conversion that cannot be made on this machine.
    pub(super) fn refusal(self) -> Invalid {
        let wants = match self {
            Self::GifToVideo => {
                "is a GIF, which phones do not show as a picture: send it as an MP4 video of type \
                 video with gif true, or the GIF itself as type document"
            }
            Self::SoundToVoice => {
                "must be OGG with Opus for a voice message, since phones play no other: convert \
                 it (ffmpeg -i sound.mp3 -ac 1 -ar 48000 -c:a libopus voice.ogg), or send it \
                 without voice"
            }
            Self::PictureToSticker => {
                "must be a WebP picture for type sticker: convert it (ffmpeg -i picture.png \
                 -vf scale=512:512 sticker.webp), or send it as type image"
            }
        };
        Invalid {
            field: "file".into(),
            wants: format!("{wants}. Where ffmpeg is installed this service converts it").into(),
        }
    }
}

/// Checks whether a file of type `mime` can be sent as `kind`.
///
/// # Errors
/// If it cannot. Types that WhatsApp does not display are sent as documents.
pub fn check_kind(kind: MediaKind, mime: &str) -> Result<(), Invalid> {
    let (is_match, expected) = match kind {
        MediaKind::Document => return Ok(()),
        MediaKind::Image => (
            matches!(mime, "image/jpeg" | "image/png" | "image/webp"),
            "a JPEG, PNG or WebP picture",
        ),
        MediaKind::Video => (
            matches!(mime, "video/mp4" | "video/3gpp" | "video/quicktime"),
            "an MP4, 3GPP or QuickTime video",
        ),
        MediaKind::Audio => (
            mime.starts_with("audio/"),
            "a sound, such as OGG, MP3 or M4A",
        ),
        MediaKind::Sticker => (mime == "image/webp", "a WebP picture"),
    };
    if is_match {
        return Ok(());
    }
    Err(Invalid {
        field: "file".into(),
        wants: format!(
            "must be {expected} for type {}; any file can be sent as type document",
            kind.as_str()
        )
        .into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR";
    const MP4: &[u8] = b"\0\0\0\x18ftypisom\0\0\0\0isomiso2";

    #[test]
    fn magic_bytes_outrank_the_declared_type() {
        for (head, stated, expected) in [
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
            assert_eq!(detect_mime(head, stated, None), expected, "{stated:?}");
        }
    }

    #[test]
    fn name_decides_where_the_content_says_nothing() {
        const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
        const OLE: &[u8] = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1\0\0\0\0";
        const ZIP: &[u8] = b"PK\x03\x04\x14\0\0\0\0\0";
        let generic = Some(UNKNOWN);
        for (head, stated, name, expected) in [
            (b"a;b\n1;2".as_slice(), generic, "precios.csv", "text/csv"),
            (b"hola", generic, "nota.txt", "text/plain"),
            // The type that browsers state on Windows with Excel.
            (
                b"a;b",
                Some("application/vnd.ms-excel"),
                "precios.csv",
                "text/csv",
            ),
            (b"a,b", Some("text/plain"), "precios.CSV", "text/csv"),
            (b"BEGIN:VCALENDAR\r\n", generic, "cita.ics", "text/calendar"),
            (b"{}", None, "datos.json", "application/json"),
            (ZIP, generic, "precios.xlsx", SHEET),
            (ZIP, generic, "fotos.zip", "application/zip"),
            (ZIP, generic, "fotos", "application/zip"),
            // Text that begins with the letters of a format.
            (
                b"BMW 320, modelo 2019\n",
                generic,
                "autos.txt",
                "text/plain",
            ),
            (b"MZ;Mendoza\n", Some("text/csv"), "zonas", "text/csv"),
            (MP4, None, "nota.m4a", "audio/mp4"),
            // Videos with the brands of phones, cameras and ffmpeg.
            (
                b"\0\0\0\x1cftyp3gp4\0\0\x02\0",
                generic,
                "film",
                "video/3gpp",
            ),
            (
                b"\0\0\0\x1cftypM4V \0\0\x02\0",
                generic,
                "film",
                "video/mp4",
            ),
            (
                b"\0\0\0\x1cftypiso8\0\0\x02\0",
                generic,
                "film",
                "video/mp4",
            ),
            (
                b"\0\0\0\x1cftypMSNV\0\0\x02\0",
                generic,
                "film",
                "video/mp4",
            ),
            (
                b"\0\0\0\x1cftypM4A \0\0\x02\0",
                generic,
                "tema",
                "audio/mp4",
            ),
            (
                b"\0\0\0\x1cftypheic\0\0\0\0mif1heic",
                generic,
                "foto",
                "image/heic",
            ),
            (
                ZIP,
                generic,
                "bitbar.apk",
                "application/vnd.android.package-archive",
            ),
            (OLE, generic, "lista.xls", "application/vnd.ms-excel"),
            (
                OLE,
                Some("application/vnd.ms-excel"),
                "lista",
                "application/vnd.ms-excel",
            ),
            (OLE, generic, "carta.doc", "application/msword"),
            // The content contradicts the name.
            (b"hola", generic, "foto.png", UNKNOWN),
            (PNG, generic, "informe.pdf", "image/png"),
            (ZIP, generic, "informe.pdf", "application/zip"),
            (b"%PDF-1.7", generic, "foto.jpg", "application/pdf"),
            (
                b"MZ\x90\0\x03\0\0\0",
                generic,
                "informe.pdf",
                "application/vnd.microsoft.portable-executable",
            ),
            (b"<!DOCTYPE html><script>", generic, "foto.png", "text/html"),
        ] {
            assert_eq!(
                detect_mime(head, stated, Some(name)),
                expected,
                "{name} {stated:?}"
            );
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
}
