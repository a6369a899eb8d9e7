//! Converts phone numbers from any notation to the form that WhatsApp uses.
//!
//! ```text
//!  text ─> clean ─> one number? ─> plan ─> Phone, or a PhoneFault and why
//!          (marks,                 (libphonenumber's data, and
//!           wrappers)               WhatsApp's own forms on top)
//! ```
//!
//! All input passes through this crate: API requests, lists, opt-outs, and the
//! number to pair with. A number is parsed or rejected; it is never completed
//! into one that might be a stranger's.
//!
//! Rules for a number without `+`:
//!
//! 1. If it is a number of [`Home`] that can be a mobile (with or without the
//!    country's `0`, Argentina's `9` and `15`, or Mexico's `044`), it is read
//!    as that number.
//! 2. Otherwise, if it is only long enough for a local call, its area code is
//!    missing and it is rejected.
//! 3. Otherwise, if it is a valid number of the country whose code it begins
//!    with, it is read as that number.
//! 4. Otherwise, if it is a valid landline of [`Home`], it is read as that; if
//!    not, it is rejected.

mod clean;
mod fault;
mod home;
mod numbering_plans;

pub use fault::PhoneFault;
pub use home::{BadPrefix, BadRegion, Home};
pub use numbering_plans::{Kind, Phone};

use session_api::Recipient;

/// Parses one number.
///
/// # Errors
/// Why the text is not a phone number.
pub fn parse(text: &str, home: &Home) -> Result<Phone, PhoneFault> {
    let text = clean::clean(text)?;
    if clean::is_several(&text) {
        return Err(PhoneFault::Several);
    }
    numbering_plans::read(&text, home)
}

/// Parses a cell of a list. If the cell contains several numbers, returns the
/// first one that is written as a mobile, or else the first one that can be a
/// mobile.
///
/// # Errors
/// Why the first number is invalid.
pub fn parse_cell(text: &str, home: &Home) -> Result<Phone, PhoneFault> {
    let cleaned = clean::clean(text)?;
    if !clean::is_several(&cleaned) {
        return numbering_plans::read(&cleaned, home);
    }
    let mut best: Option<Phone> = None;
    let mut fault = None;
    for part in clean::parts(&cleaned) {
        match parse(part, home) {
            Ok(phone) if best.as_ref().is_none_or(|it| phone.kind < it.kind) => best = Some(phone),
            Ok(_) => {}
            Err(why) => fault = fault.or(Some(why)),
        }
    }
    best.ok_or(fault.unwrap_or(PhoneFault::Empty))
}

/// Parses a recipient: a phone number, or a WhatsApp id (`…@c.us`, `…@lid`),
/// which is returned unchanged.
///
/// # Errors
/// Why the text is not a recipient.
pub fn recipient(text: &str, home: &Home) -> Result<Recipient, PhoneFault> {
    match id(text) {
        Some(id) => id,
        None => to_recipient(&parse(text, home)?),
    }
}

/// Parses a WhatsApp id. Returns `None` if the text does not have the form of one.
pub fn id(text: &str) -> Option<Result<Recipient, PhoneFault>> {
    let (_, server) = text.rsplit_once('@')?;
    let text = clean::visible(text);
    Some(Recipient::parse(&text).map_err(|_| match server.trim() {
        "c.us" | "s.whatsapp.net" | "lid" => PhoneFault::NotANumber,
        _ => PhoneFault::NotAPerson,
    }))
}

/// Returns the WhatsApp id of a number.
///
/// # Errors
/// None in practice, because every parsed number has an id.
pub fn to_recipient(phone: &Phone) -> Result<Recipient, PhoneFault> {
    Recipient::parse(&phone.digits).map_err(|_| PhoneFault::NotANumber)
}

/// Splits WhatsApp's digits after the country code, as in `54 9 1158254201`. A
/// spreadsheet keeps that as text, and [`parse`] reads it as the same number.
/// Returns `None` if the digits are not a number.
#[must_use]
pub fn spaced(digits: &str) -> Option<String> {
    numbering_plans::spaced(digits)
}

#[cfg(test)]
mod tests;
