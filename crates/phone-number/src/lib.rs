//! Phone numbers: converts them from any notation to the form that WhatsApp
//! uses.
//!
//! ```text
//!  text ─> clean ─> one number? ─> plan ─> Phone, or a PhoneFault and why
//!          (marks,                 (libphonenumber's data, and
//!           wrappers)               WhatsApp's own forms on top)
//! ```
//!
//! All input passes through here: API requests, lists, opt-outs, the number to
//! pair with. A number is parsed or rejected; it is never completed into one
//! that might be a stranger's.
//!
//! Rules for a number without `+`:
//!
//! 1. If it is a number of [`Home`] (with or without its `0`, Argentina's
//!    `9` and `15`, Mexico's `044`) that can be a mobile, it is that.
//! 2. Otherwise, if it is too short for more than a local call, its area
//!    code is missing: rejected.
//! 3. Otherwise, if it is a valid number of the country whose code it
//!    begins with, it is that.
//! 4. Otherwise it is a valid landline of [`Home`], or rejected.

mod clean;
mod fault;
mod home;
mod plan;

pub use fault::PhoneFault;
pub use home::{BadPrefix, BadRegion, Home};
pub use plan::{Kind, Phone};

use session_api::Recipient;

/// Parses one number.
///
/// # Errors
/// Why the text is not a number.
pub fn parse(text: &str, home: &Home) -> Result<Phone, PhoneFault> {
    let text = clean::clean(text)?;
    if clean::is_several(&text) {
        return Err(PhoneFault::Several);
    }
    plan::read(&text, home)
}

/// Parses a cell of a list; of several numbers, returns the first written as a
/// mobile, or else the first that can be one.
///
/// # Errors
/// Why the first number is invalid.
pub fn parse_cell(text: &str, home: &Home) -> Result<Phone, PhoneFault> {
    let cleaned = clean::clean(text)?;
    if !clean::is_several(&cleaned) {
        return plan::read(&cleaned, home);
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

/// Parses a recipient: a number, or a WhatsApp id (`…@c.us`, `…@lid`), which is
/// used as it is.
///
/// # Errors
/// Why the text is not a recipient.
pub fn recipient(text: &str, home: &Home) -> Result<Recipient, PhoneFault> {
    match id(text) {
        Some(id) => id,
        None => to_recipient(&parse(text, home)?),
    }
}

/// Parses a WhatsApp id; `None` if the text is not one.
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
/// Never: a parsed number has one.
pub fn to_recipient(phone: &Phone) -> Result<Recipient, PhoneFault> {
    Recipient::parse(&phone.digits).map_err(|_| PhoneFault::NotANumber)
}

/// Splits WhatsApp's digits at the country code, `54 9 1158254201`: a spreadsheet
/// takes that for text, and [`parse`] for the same number. `None` if they are no
/// number.
#[must_use]
pub fn spaced(digits: &str) -> Option<String> {
    plan::spaced(digits)
}

#[cfg(test)]
mod tests;
