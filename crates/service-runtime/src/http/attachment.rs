//! Headers of files that others made: their name, and that no browser executes
//! them.

use axum::http::{HeaderMap, HeaderValue, header};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

/// All but what RFC 8187 calls `attr-char`, and of that only the letters, the
/// digits and these.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// Returns a `Content-Disposition` of this kind (`inline`, `attachment`), with the
/// name, if there is one, in the encoding of RFC 8187.
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

/// Keeps a browser from rendering an untrusted file as a page, and from showing it
/// without asking again.
pub fn distrust(headers: &mut HeaderMap) {
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
        for none in [None, Some("")] {
            assert_eq!(disposition("attachment", none), "attachment");
        }
    }
}
