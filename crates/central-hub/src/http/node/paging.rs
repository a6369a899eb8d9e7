//! Returns lists as bare arrays to requests that name no page.
//!
//! A bare array cannot contain a cursor, so the URL of the next page is in
//! `Link` (RFC 8288). That URL returns the paged object.

use axum::http::{HeaderMap, HeaderValue, Uri, header};
use url::form_urlencoded;

/// Maximum number of rows in an array.
pub(crate) const MAX_ROWS: u32 = 500;

/// Returns whether the request names a page.
pub(crate) fn is_paged(uri: &Uri) -> bool {
    form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes())
        .any(|(name, _)| matches!(&*name, "limite" | "antes" | "despues"))
}

/// Returns a `Link` header to the rows after `last`; no header if `last` is
/// `None`. `place` is the query parameter of the cursor.
pub(crate) fn link(uri: &Uri, place: &str, last: Option<i64>) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let Some(last) = last else { return headers };
    let parameters = form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    let query = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .append_pair(place, &last.to_string())
        .append_pair("limite", &MAX_ROWS.to_string())
        .finish();
    let target = format!("<{}?{query}>; rel=\"next\"", uri.path());
    if let Ok(value) = HeaderValue::from_str(&target) {
        headers.insert(header::LINK, value);
    }
    headers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_page_is_paged() {
        for (uri, paged) in [
            ("/api/sender/campaigns", false),
            (
                "/api/sender/campaigns?estado=pendiente&cliente_id=51",
                false,
            ),
            ("/api/sender/campaigns?limite=10", true),
            ("/api/sender/campaigns?estado=x&antes=7", true),
            ("/api/sender/campaigns?despues=7", true),
        ] {
            assert_eq!(is_paged(&uri.parse().unwrap()), paged, "{uri}");
        }
    }

    #[test]
    fn the_link_keeps_what_was_asked_for() {
        let uri: Uri = "/sender/programaciones?estado=aprobada".parse().unwrap();
        assert_eq!(
            link(&uri, "antes", Some(41))["link"],
            r#"</sender/programaciones?estado=aprobada&antes=41&limite=500>; rel="next""#
        );
        assert!(link(&uri, "antes", None).is_empty());
    }
}
