//! Validation of one row of a list: phone number, values, resulting text.

use phone_number::PhoneFault;
use session_api::{Recipient, SendRequest};

use super::garbled::Garbled;
use super::{Item, LONGEST_VALUE, Refusal, Row, Rules};
use crate::campaigns::columns::{self, Fields};

/// Characters of a cell that are repeated in a rejection.
const SHOWN: usize = 40;

/// The recipient on this line, or why there is none.
pub(super) fn judge(line: u64, cell: &str, fields: Fields, rules: &Rules) -> Item {
    let refuse = |code, reason: String| refusal(line, code, reason, cell);
    for (name, value) in &fields {
        if value.contains('\u{FFFD}') {
            let reason = format!(
                "{name} holds a character that is no good UTF-8: save the list as CSV UTF-8"
            );
            return refuse("BAD_ENCODING", reason);
        }
        if value.contains('\0') {
            return refuse("BAD_CHARACTER", format!("{name} holds a NUL character"));
        }
        if value.chars().nth(LONGEST_VALUE).is_some() {
            let reason = format!("{name} is longer than {LONGEST_VALUE} characters");
            return refuse("VALUE_TOO_LONG", reason);
        }
    }
    let (recipient, country) = match read(cell, rules) {
        Ok(read) => read,
        Err(fault) => return refuse(fault.code(), fault.to_string()),
    };
    if let Some(missing) = rules.template.missing(&fields) {
        let reason = format!(
            "{missing} is empty, and the text needs it ({{{missing}|…}} would give a default)"
        );
        return refuse("MISSING_VALUE", reason);
    }
    if let Some(reason) = garbled(&fields, rules) {
        return refuse("TEXT_GARBLED", reason);
    }
    let request = SendRequest {
        to: recipient.as_str().to_owned(),
        message: Some(rules.template.fill(&fields)),
        ..SendRequest::default()
    };
    if let Err(invalid) = request.validate(false) {
        return refuse(
            "TEXT_INVALID",
            format!("the text for this line {}", invalid.wants),
        );
    }
    Item::Row(Row {
        line,
        recipient,
        country,
        fields,
    })
}

/// Which value of the text was read in an encoding that is not its own, and what
/// to do about it; not where somebody chose the encoding.
fn garbled(fields: &Fields, rules: &Rules) -> Option<String> {
    if rules.encoding.is_some() {
        return None;
    }
    let mut variables = rules.template.variables().into_iter();
    variables.find_map(|name| {
        let value = columns::value(fields, name)?;
        let garbled = Garbled::find(value)?;
        Some(format!("{name} {}", garbled.cure(value)))
    })
}

/// The first of these cells that holds digits; or else the first.
pub(super) fn first_filled<'a>(
    columns: &[usize],
    cell: impl Fn(usize) -> Option<&'a str>,
) -> &'a str {
    let mut cells = columns.iter().filter_map(|at| cell(*at));
    let first = cells.clone().next().unwrap_or_default();
    let is_filled = |cell: &&str| cell.chars().any(char::is_numeric);
    cells.find(is_filled).unwrap_or(first)
}

/// Whom a cell names, and of which country the number is.
fn read(cell: &str, rules: &Rules) -> Result<(Recipient, Option<String>), PhoneFault> {
    if let Some(id) = phone_number::id(cell) {
        return Ok((id?, None));
    }
    let phone = phone_number::parse_cell(cell, &rules.home)?;
    Ok((phone_number::to_recipient(&phone)?, Some(phone.country())))
}

/// A line that cannot be used.
pub(super) fn refusal(
    line: u64,
    code: &'static str,
    reason: impl Into<String>,
    cell: &str,
) -> Item {
    Item::Refused(Refusal {
        line,
        code,
        reason: reason.into(),
        cell: cell
            .chars()
            .filter(|c| !c.is_control())
            .take(SHOWN)
            .collect(),
    })
}
