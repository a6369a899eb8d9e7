//! Writes CSV files that are safe to open in a spreadsheet: no cell can run as a formula.

use axum::body::Body;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use futures_util::stream;
use session_api::is_invisible;

use crate::store::StoreError;

/// A source of the rows of a file.
pub(super) trait Rows<const CELLS: usize>: Send + 'static {
    /// Returns the next rows, or `None` after the last.
    fn next(
        &mut self,
    ) -> impl Future<Output = Result<Option<Vec<[String; CELLS]>>, StoreError>> + Send;
}

/// Streams a file while its rows are read. `name` must consist of plain letters.
pub(super) fn file<const CELLS: usize>(
    name: &str,
    columns: [&'static str; CELLS],
    rows: impl Rows<CELLS>,
) -> Response {
    let parts = stream::try_unfold((rows, Some(columns)), |(mut rows, head)| async move {
        let page = rows.next().await?;
        let part = page.map(|page| Bytes::from(write(head, page.into_iter())));
        Ok::<_, StoreError>(part.map(|part| (part, (rows, None))))
    });
    let disposition = format!("attachment; filename=\"{name}\"");
    let disposition = HeaderValue::try_from(disposition);
    let headers = [
        (
            header::CONTENT_TYPE,
            HeaderValue::from_static("text/csv; charset=utf-8; header=present"),
        ),
        (
            header::CONTENT_DISPOSITION,
            disposition.unwrap_or(HeaderValue::from_static("attachment")),
        ),
    ];
    (headers, Body::from_stream(parts)).into_response()
}

/// Writes lines as spreadsheets in Spanish read them: with `;` between the
/// cells and, at the very beginning, the byte order mark by which they
/// recognize UTF-8.
fn write<const CELLS: usize>(
    head: Option<[&str; CELLS]>,
    rows: impl Iterator<Item = [String; CELLS]>,
) -> Vec<u8> {
    let mut text = Vec::new();
    if head.is_some() {
        text.extend_from_slice("\u{feff}".as_bytes());
    }
    let mut writer = csv::WriterBuilder::new()
        .delimiter(b';')
        .terminator(csv::Terminator::CRLF)
        .from_writer(text);
    // Writing to memory cannot fail.
    if let Some(head) = head {
        let _ = writer.write_record(head);
    }
    for row in rows {
        let _ = writer.write_record(row.iter().map(|cell| escape_formulas(cell).into_owned()));
    }
    writer.into_inner().unwrap_or_default()
}

/// Escapes with `'` whatever a spreadsheet would run as a formula: a contact's
/// message must not execute on the business's computer.
///
/// This covers more than the beginning of the cell, because a spreadsheet that
/// splits by commas, tabs or lines instead of `;` starts a new cell at each of
/// them.
fn escape_formulas(cell: &str) -> std::borrow::Cow<'_, str> {
    let mut safe = String::new();
    let mut begins = true;
    for letter in cell.chars() {
        // Some spreadsheets convert these full-width characters to ASCII.
        let is_formula = matches!(letter, '=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠');
        if begins && is_formula {
            safe.push('\'');
        }
        begins = match letter {
            ',' | ';' | '\t' | '\n' | '\r' | '|' => true,
            // After invisible characters and quotes, the text still counts as
            // the beginning of a cell.
            '"' | '\'' => begins,
            _ => begins && (letter.is_whitespace() || letter.is_control() || is_invisible(letter)),
        };
        safe.push(letter);
    }
    if safe.len() == cell.len() {
        return cell.into();
    }
    safe.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_do_nothing() {
        let head = ["id", "mensaje", "tipo"];
        let mut row: [String; 3] = std::array::from_fn(|n| n.to_string());
        row[1] = "=HYPERLINK(\"http://x\";\"ver\")\nñandú".to_owned();
        let text = String::from_utf8(write(Some(head), [row].into_iter())).unwrap();
        let (first, rest) = text.split_once("\r\n").unwrap();
        assert_eq!(first, "\u{feff}id;mensaje;tipo");
        assert_eq!(
            rest,
            "0;\"'=HYPERLINK(\"\"http://x\"\";\"\"ver\"\")\nñandú\";2\r\n"
        );
        for dangerous in ["+54", "-1", "@x", "＝1"] {
            assert_eq!(escape_formulas(dangerous), format!("'{dangerous}"));
        }
        for (dangerous, safe) in [
            ("hola,=1+1", "hola,'=1+1"),
            ("hola\t=1", "hola\t'=1"),
            ("\t=1", "\t'=1"),
            ("a\n+1", "a\n'+1"),
            ("a;\"=1", "a;\"'=1"),
            (" \u{200b}@x", " \u{200b}'@x"),
            ("'=1", "''=1"),
        ] {
            assert_eq!(escape_formulas(dangerous), safe);
        }
        for plain in ["uno - dos", "a=b", "x@y.z", "1,5", "sí, -", "mail: a@b"] {
            let unchanged = plain != "sí, -";
            assert_eq!(escape_formulas(plain) == plain, unchanged, "{plain}");
        }
        assert_eq!(escape_formulas("5491158254201"), "5491158254201");
    }
}
