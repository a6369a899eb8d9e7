//! Derives a file's type from its name where the content does not tell, and adds an extension to a
//! name without one.

use std::path::Path;

/// The type of a file about which nothing is known.
pub(crate) const UNKNOWN: &str = "application/octet-stream";
/// Maximum length of a file name, in bytes.
const MAX_NAME_BYTES: usize = 255;

/// For each type, the extension that phones know.
const EXTENSIONS: &[(&str, &str)] = &[
    ("application/gzip", "gz"),
    ("application/json", "json"),
    ("application/msword", "doc"),
    ("application/pdf", "pdf"),
    ("application/rtf", "rtf"),
    ("application/vnd.ms-excel", "xls"),
    ("application/vnd.ms-powerpoint", "ppt"),
    ("application/vnd.oasis.opendocument.presentation", "odp"),
    ("application/vnd.oasis.opendocument.spreadsheet", "ods"),
    ("application/vnd.oasis.opendocument.text", "odt"),
    (
        "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        "pptx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
    ),
    (
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        "docx",
    ),
    ("application/vnd.rar", "rar"),
    ("application/x-7z-compressed", "7z"),
    ("audio/aac", "aac"),
    ("audio/amr", "amr"),
    ("audio/mp4", "m4a"),
    ("audio/mpeg", "mp3"),
    ("audio/x-flac", "flac"),
    ("image/jpeg", "jpg"),
    ("image/svg+xml", "svg"),
    ("text/calendar", "ics"),
    ("text/plain", "txt"),
    ("text/vcard", "vcf"),
    ("text/x-vcard", "vcf"),
    ("video/3gpp", "3gp"),
    ("video/quicktime", "mov"),
];

/// Returns the type that the extension of a name claims; `None` if the extension is unknown.
pub(super) fn type_of(name: &str) -> Option<&'static str> {
    mime_guess::from_path(Path::new(name)).first_raw()
}

/// Returns the extension of a type; `None` if the type has none.
pub(super) fn extension_of(mime: &str) -> Option<&str> {
    let mime = mime.split(';').next().unwrap_or_default();
    if mime == UNKNOWN {
        return None;
    }
    let listed = EXTENSIONS.iter().find(|(listed, _)| *listed == mime);
    listed.map(|(_, extension)| *extension).or_else(|| {
        let (_, subtype) = mime.rsplit_once('/')?;
        let is_plain = subtype.len() <= 4 && subtype.bytes().all(|b| b.is_ascii_alphanumeric());
        is_plain.then_some(subtype)
    })
}

/// Returns a name for a file that has none.
pub(super) fn default_name(mime: &str) -> String {
    format!("file.{}", extension_of(mime).unwrap_or("bin"))
}

/// Returns the name with the extension of its type, unless the name already has a known extension.
/// A phone opens a file by its extension.
pub(super) fn with_known_extension(name: &str, mime: &str) -> String {
    match extension_of(mime) {
        Some(extension) if type_of(name).is_none() => with_suffix(name.to_owned(), extension),
        _ => name.to_owned(),
    }
}

/// Returns the name with another extension, after a conversion.
pub(super) fn with_extension(name: &str, extension: &str) -> String {
    let stem = match name.rsplit_once('.') {
        Some((stem, _)) if type_of(name).is_some() && !stem.is_empty() => stem,
        _ => name,
    };
    with_suffix(stem.to_owned(), extension)
}

fn with_suffix(mut stem: String, extension: &str) -> String {
    // Handles `presupuesto.`, and a name that is too long by the extension.
    while stem.ends_with(['.', ' ']) || stem.len() + 1 + extension.len() > MAX_NAME_BYTES {
        stem.pop();
    }
    format!("{stem}.{extension}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn default_filename_by_mime_type() {
        assert_eq!(default_name("image/jpeg"), "file.jpg");
        assert_eq!(default_name("image/png"), "file.png");
        assert_eq!(default_name("audio/ogg; codecs=opus"), "file.ogg");
        assert_eq!(default_name("application/vnd.oasis.x"), "file.bin");
        assert_eq!(default_name(UNKNOWN), "file.bin");
    }

    #[test]
    fn name_without_extension_gets_that_of_its_type() {
        const WORD: &str =
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
        for (name, mime, expected) in [
            (
                "Presupuesto marzo",
                "application/pdf",
                "Presupuesto marzo.pdf",
            ),
            // The part after the dot is not an extension.
            (
                "Presupuesto v1.2",
                "application/pdf",
                "Presupuesto v1.2.pdf",
            ),
            ("Sr. Gómez", WORD, "Sr. Gómez.docx"),
            ("presupuesto.", "application/pdf", "presupuesto.pdf"),
            ("foto", "image/jpeg", "foto.jpg"),
            ("menú.PDF", "application/pdf", "menú.PDF"),
            // A known extension, which somebody wrote on purpose, stays.
            ("datos.txt", "application/pdf", "datos.txt"),
            ("datos", UNKNOWN, "datos"),
        ] {
            assert_eq!(with_known_extension(name, mime), expected);
        }
        let long = with_known_extension(&"ñ".repeat(127), "application/pdf");
        assert!(
            long.len() <= MAX_NAME_BYTES && long.ends_with("ñ.pdf"),
            "{long}"
        );
    }

    #[test]
    fn converted_file_has_the_extension_of_its_new_type() {
        assert_eq!(with_extension("gato.gif", "mp4"), "gato.mp4");
        assert_eq!(with_extension("v1.2", "mp4"), "v1.2.mp4");
        assert_eq!(with_extension(".gif", "mp4"), ".gif.mp4");
    }
}
