//! Sets the response headers of files that others made: the file name, and protection against a
//! browser that would execute the file.

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// The characters to percent-encode: all but letters, digits and these. The rest is a subset of
/// `attr-char` in RFC 8187.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns a `Content-Disposition` of this kind (`inline` or `attachment`), with the name, if any,
/// encoded as RFC 8187 requires.
#[must_use]
pub fn disposition(kind: &str, filename: Option<&str>) -> String {
    match filename {
        Some(name) if !name.is_empty() => {
            let encoded = utf8_percent_encode(name, ENCODED);
            format!("{kind}; filename*=UTF-8''{encoded}")
        }
        _ => kind.to_owned(),
    }
}

/// Keeps a browser from rendering an untrusted file as a page, and from showing it again without a
/// new request.
pub fn add_untrusted_file_headers(headers: &mut HeaderMap) {
    for (name, value) in [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox",
        ),
        (header::CACHE_CONTROL, "private, no-cache"),
    ] {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_percent_encoded() {
        let name = Some("año (1)-._~.pdf");
        let encoded = "inline; filename*=UTF-8''a%C3%B1o%20%281%29-._~.pdf";
        assert_eq!(disposition("inline", name), encoded);
        for filename in [None, Some("")] {
            assert_eq!(disposition("attachment", filename), "attachment");
        }
    }
}
