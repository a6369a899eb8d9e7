//! Phone numbers as people write them, to the form that WhatsApp takes.
//!
//! ```text
//!  text ─> clean ─> one number? ─> plan ─> Phone, or a PhoneFault and why
//!          (marks,                 (libphonenumber's data, and
//!           wrappers)               WhatsApp's own forms on top)
//! ```
//!
//! Every door goes through here: what the API is given, lists, opt-outs, the
//! number to pair with. A number is understood or refused; it is never
//! completed into one that might be a stranger's.
//!
//! What decides for a number without `+`:
//!
//! 1. Where it is a number of [`Home`] (with or without its `0`, Argentina's
//!    `9` and `15`, Mexico's `044`) that can be a mobile, it is that.
//! 2. Otherwise, where it is too short for more than a local call, its area
//!    code is missing: refused.
//! 3. Otherwise, where it is a valid number of the country whose code it
//!    begins with, it is that.
//! 4. Otherwise a valid landline of [`Home`]; or refused.

mod clean;
mod fault;
mod home;
mod plan;

pub use fault::PhoneFault;
pub use home::{BadPrefix, BadRegion, Home};
pub use plan::{Kind, Phone};

use session_api::Recipient;

/// The number that a text is.
///
/// # Errors
/// Why it is none.
pub fn parse(text: &str, home: &Home) -> Result<Phone, PhoneFault> {
    let text = clean::clean(text)?;
    if clean::is_several(&text) {
        return Err(PhoneFault::Several);
    }
    plan::read(&text, home)
}

/// The number that a cell of a list holds; of several, the first that is
/// written as a mobile, or else the first that can be one.
///
/// # Errors
/// Why the first of them is none.
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

/// Whom a text names: a number, or a WhatsApp id (`…@c.us`, `…@lid`), which is
/// taken as it is.
///
/// # Errors
/// Why it names nobody.
pub fn recipient(text: &str, home: &Home) -> Result<Recipient, PhoneFault> {
    match id(text) {
        Some(id) => id,
        None => to_recipient(&parse(text, home)?),
    }
}

/// The WhatsApp id that a text is, if it is one.
pub fn id(text: &str) -> Option<Result<Recipient, PhoneFault>> {
    let (_, server) = text.rsplit_once('@')?;
    let text = clean::visible(text);
    Some(Recipient::parse(&text).map_err(|_| match server.trim() {
        "c.us" | "s.whatsapp.net" | "lid" => PhoneFault::NotANumber,
        _ => PhoneFault::NotAPerson,
    }))
}

/// WhatsApp's id of a number.
///
/// # Errors
/// Never: a number that was understood has one.
pub fn to_recipient(phone: &Phone) -> Result<Recipient, PhoneFault> {
    Recipient::parse(&phone.digits).map_err(|_| PhoneFault::NotANumber)
}

#[cfg(test)]
mod tests;
