//! Reads the file name of a multipart part, including `filename*`.
//!
//! RFC 7578 forbids `filename*` in a form. Clients send it all the same, some without `filename`,
//! and the parser that axum uses knows only `filename`.

use axum::extract::multipart::Field;
use axum::http::header;

/// Returns the name that the client gave the file, from `filename*` (RFC 8187) or else from
/// `filename`.
#[must_use]
pub fn part_file_name(part: &Field<'_>) -> Option<String> {
    let extended = part
        .headers()
        .get(header::CONTENT_DISPOSITION)
        .and_then(|value| extended_name(&String::from_utf8_lossy(value.as_bytes())));
    extended.or_else(|| part.file_name().map(str::to_owned))
}

/// Returns the decoded value of `filename*`.
fn extended_name(disposition: &str) -> Option<String> {
    let all = parameters(disposition);
    let mut extended = all
        .into_iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("filename*"));
    decode(&extended.next()?.1)
}

/// Splits a header's parameters; a quoted value may contain `;` and `=`.
fn parameters(header: &str) -> Vec<(String, String)> {
    let mut parameters = Vec::new();
    let (mut name, mut value) = (String::new(), None::<String>);
    let mut letters = header.chars();
    let mut is_quoted = false;
    while let Some(letter) = letters.next() {
        match (letter, &mut value) {
            ('"', Some(_)) => is_quoted = !is_quoted,
            ('\\', Some(value)) if is_quoted => value.extend(letters.next()),
            (';', value) if !is_quoted => {
                if let Some(value) = value.take() {
                    parameters.push((name.trim().to_owned(), value.trim().to_owned()));
                }
                name.clear();
            }
            ('=', value @ None) => *value = Some(String::new()),
            (letter, Some(value)) => value.push(letter),
            (letter, None) => name.push(letter),
        }
    }
    if let Some(value) = value {
        parameters.push((name.trim().to_owned(), value.trim().to_owned()));
    }
    parameters
}

/// Decodes `UTF-8'es'men%C3%BA.pdf`; `None` if it is malformed.
fn decode(value: &str) -> Option<String> {
    let mut parts = value.splitn(3, '\'');
    let (charset, _language, text) = (parts.next()?, parts.next()?, parts.next()?);
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'%' => {
                let digit = |byte: u8| char::from(byte).to_digit(16);
                let (high, low) = (digit(rest.next()?)?, digit(rest.next()?)?);
                u8::try_from(high * 16 + low).ok()?
            }
            byte => byte,
        });
    }
    if charset.eq_ignore_ascii_case("utf-8") {
        String::from_utf8(bytes).ok()
    } else if charset.eq_ignore_ascii_case("iso-8859-1") {
        Some(bytes.into_iter().map(char::from).collect())
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extended_names_are_decoded() {
        for (header, name) in [
            (
                "form-data; name=file; filename*=UTF-8''men%C3%BA.pdf",
                Some("menú.pdf"),
            ),
            (
                "form-data; name=\"file\"; FILENAME* = utf-8'es'a%20b.pdf",
                Some("a b.pdf"),
            ),
            (
                "form-data; filename*=iso-8859-1''a%F1o.pdf; name=file",
                Some("año.pdf"),
            ),
            (
                "form-data; filename=\"x.pdf\"; filename*=\"UTF-8''a.pdf\"",
                Some("a.pdf"),
            ),
            // A quoted value that looks like a parameter.
            ("form-data; name=\"a; filename*=UTF-8''b.pdf\"", None),
            ("form-data; name=\"a\\\"; filename*=UTF-8''b.pdf\"", None),
            ("form-data; filename*=UTF-8''a%2", None),
            ("form-data; filename*=UTF-8''a%zz", None),
            ("form-data; filename*=UTF-8''%FF", None),
            ("form-data; filename*=utf-16''a", None),
            ("form-data; filename*=a.pdf", None),
            ("form-data; filename=a.pdf", None),
            ("", None),
        ] {
            assert_eq!(extended_name(header).as_deref(), name, "{header}");
        }
    }
}
