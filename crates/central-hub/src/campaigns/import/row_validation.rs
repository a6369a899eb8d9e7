//! Validates one row of a list: its phone number, its values and the resulting text.

use phone_number::PhoneFault;
use session_api::{Recipient, SendRequest};

use super::{ImportRules, Item, MAX_VALUE_LENGTH, RejectedRow, Row};
use crate::campaigns::columns::Fields;

/// Maximum length of a cell quoted in a rejection, in characters.
const QUOTED_LENGTH: usize = 40;

/// Returns the recipient on this line, or the line's rejection.
pub(super) fn validate_row(line: u64, cell: &str, fields: Fields, rules: &ImportRules) -> Item {
    let refuse = |code, reason: String| refusal(line, code, reason, cell);
    for (name, value) in &fields {
        if value.contains('\u{FFFD}') {
            let reason = format!(
                "{name} contains a character that is not valid UTF-8: save the list as CSV UTF-8"
            );
            return refuse("BAD_ENCODING", reason);
        }
        if value.contains('\0') {
            return refuse("BAD_CHARACTER", format!("{name} contains a NUL character"));
        }
        if value.chars().nth(MAX_VALUE_LENGTH).is_some() {
            let reason = format!("{name} is longer than {MAX_VALUE_LENGTH} characters");
            return refuse("VALUE_TOO_LONG", reason);
        }
    }
    let (recipient, country) = match read(cell, rules) {
        Ok(read) => read,
        Err(fault) => return refuse(fault.code(), fault.to_string()),
    };
    if let Some(missing) = rules.template.missing(&fields) {
        let reason = format!(
            "{missing} is empty, and the text uses it ({{{missing}|…}} would set a default)"
        );
        return refuse("MISSING_VALUE", reason);
    }
    let row = Row {
        line,
        recipient,
        country,
        fields,
        cells: Vec::new(),
    };
    // A draft without a text: the values are checked once the text is written.
    if rules.template.is_empty() {
        return Item::Row(row);
    }
    let request = SendRequest {
        to: row.recipient.as_str().to_owned(),
        message: Some(rules.template.fill(&row.fields)),
        ..SendRequest::default()
    };
    if let Err(invalid) = request.validate(false) {
        return refuse(
            "TEXT_INVALID",
            format!("the text for this line {}", invalid.wants),
        );
    }
    Item::Row(row)
}

/// Returns the first of these cells that contains digits, or the first cell if none does.
pub(super) fn first_filled<'a>(
    columns: &[usize],
    cell: impl Fn(usize) -> Option<&'a str>,
) -> &'a str {
    let mut cells = columns.iter().filter_map(|at| cell(*at));
    let first = cells.clone().next().unwrap_or_default();
    let is_filled = |cell: &&str| cell.chars().any(char::is_numeric);
    cells.find(is_filled).unwrap_or(first)
}

/// Returns the recipient in a cell and the country of the number.
fn read(cell: &str, rules: &ImportRules) -> Result<(Recipient, Option<String>), PhoneFault> {
    if let Some(id) = phone_number::id(cell) {
        return Ok((id?, None));
    }
    let phone = phone_number::parse_cell(cell, &rules.home)?;
    Ok((phone_number::to_recipient(&phone)?, Some(phone.country())))
}

/// Creates the rejection of a line.
pub(super) fn refusal(
    line: u64,
    code: &'static str,
    reason: impl Into<String>,
    cell: &str,
) -> Item {
    Item::Refused(RejectedRow {
        line,
        code,
        reason: reason.into(),
        cell: cell
            .chars()
            .filter(|c| !c.is_control())
            .take(QUOTED_LENGTH)
            .collect(),
        cells: Vec::new(),
    })
}
