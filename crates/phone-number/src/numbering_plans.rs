//! Validates digits with libphonenumber's numbering plans, and converts them to
//! WhatsApp's own forms.
//!
//! | country | as written | WhatsApp's |
//! | --- | --- | --- |
//! | Argentina | `11 15 5825-4201`, `+54 11 5825-4201` | `54 9 11 5825 4201` |
//! | Mexico | `044 55 1234 5678`, `+52 1 55…`, `+52 55…` | with `1` if it was written, without it otherwise |
//! | Brazil | `11 8765-4321` from before the ninth digit | `55 11 9 8765 4321` |

use rlibphonenumber::{
    NumberLengthType, PHONE_NUMBER_UTIL, PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region,
};

use crate::{Home, PhoneFault};

/// The kinds of numbers; those best suited to WhatsApp come first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A mobile number.
    Mobile,
    /// A mobile or a landline number, because the country's plan does not distinguish them.
    Either,
    /// A landline or service number.
    Landline,
}

/// A parsed number.
#[derive(Clone, PartialEq, Eq)]
pub struct Phone {
    /// The digits in the international form that WhatsApp uses, such as `5491158254201`.
    pub digits: String,
    /// The kind of the number.
    pub kind: Kind,
    /// Whether the number was written without a country code, so that the default one was added.
    pub is_local: bool,
    region: Region,
}

// Full numbers stay out of logs.
impl std::fmt::Debug for Phone {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let tail = self.digits.len().saturating_sub(3);
        write!(f, "Phone({} …{})", self.region, &self.digits[tail..])
    }
}

impl Phone {
    /// Returns the two-letter country code; `001` for a non-geographic number.
    #[must_use]
    pub fn country(&self) -> String {
        self.region.to_string()
    }
}

/// The digits in WhatsApp's form and the kind of the number; `None` if there is no such number.
type Found = Option<(String, Kind)>;

/// Parses one number that consists of digits and plain separators.
pub(crate) fn read(text: &str, home: &Home) -> Result<Phone, PhoneFault> {
    let bare = text.trim_start_matches([' ', '(']);
    let (bare, mut is_international) = match bare.strip_prefix('+') {
        Some(rest) => (rest, true),
        None => (bare, false),
    };
    let is_separator = |c: char| matches!(c, ' ' | '-' | '.' | '(' | ')');
    let mut digits = String::with_capacity(16);
    for c in bare.chars().filter(|c| !is_separator(*c)) {
        if !c.is_ascii_digit() {
            return Err(PhoneFault::Characters);
        }
        digits.push(c);
    }
    let out = if home.code == 1 { "011" } else { "00" };
    if let Some(rest) = digits.strip_prefix(out).filter(|_| !is_international) {
        digits = rest.to_owned();
        is_international = true;
    }
    match digits.len() {
        0 => return Err(PhoneFault::Characters),
        1..=5 => return Err(PhoneFault::TooShort),
        // A carrier code, trunk `0`s and Argentina's `15` may come on top of
        // the global maximum of 15 digits.
        21.. => return Err(PhoneFault::TooLong),
        _ => {}
    }
    if is_international {
        // The data becomes outdated as new ranges are assigned, so a number
        // with an explicit country code is accepted if it has a valid length.
        return international(&digits, true)?.ok_or_else(|| fault_of_invalid(&digits));
    }
    let local = local(&digits, home).map(|(digits, kind)| Phone {
        digits,
        kind,
        is_local: true,
        region: home.region,
    });
    if let Some(phone) = local.as_ref().filter(|it| it.kind != Kind::Landline) {
        return Ok(phone.clone());
    }
    if local.is_none() && is_without_area(&digits, home.code, home.region) {
        return Err(PhoneFault::AreaMissing);
    }
    // No country code begins with 0, but the trunk prefix of long-distance calls does.
    let trimmed = digits.trim_start_matches('0');
    let is_dialled = trimmed.len() == digits.len() || starts_with_code(trimmed, home.code);
    let foreign = if is_dialled {
        international(trimmed, starts_with_code(trimmed, home.code))?
    } else {
        None
    };
    let known = foreign.or(local);
    // A number of a home range that the data does not know yet is still a home number.
    let new = || {
        let (digits, kind) = match home.code {
            54 => argentina(&digits, true)?,
            _ => return None,
        };
        Some(Phone {
            digits,
            kind,
            is_local: true,
            region: home.region,
        })
    };
    known.or_else(new).ok_or_else(|| fault_of_invalid(&digits))
}

fn fault_of_invalid(digits: &str) -> PhoneFault {
    match digits.len() {
        ..8 => PhoneFault::TooShort,
        16.. => PhoneFault::TooLong,
        _ => PhoneFault::NotANumber,
    }
}

fn starts_with_code(digits: &str, code: u16) -> bool {
    digits.starts_with(&code.to_string())
}

/// Splits off the country code. Also returns the code's main region.
fn split_code(digits: &str) -> Option<(u16, Region, &str)> {
    (1..=3).find_map(|length| {
        let code: u16 = digits.get(..length)?.parse().ok()?;
        let known = PHONE_NUMBER_UTIL.get_region_for_country_code(i32::from(code));
        known.map(|region| (code, region, &digits[length..]))
    })
}

pub(crate) fn spaced(digits: &str) -> Option<String> {
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let (code, _, rest) = split_code(digits)?;
    // Argentina's mobile mark is written as a separate group.
    let (mark, rest) = match rest.strip_prefix('9') {
        Some(rest) if code == 54 => ("9 ", rest),
        _ => ("", rest),
    };
    Some(format!("{code} {mark}{rest}"))
}

/// Parses a number that begins with its country code. With `lenient`, a valid length is sufficient.
fn international(digits: &str, lenient: bool) -> Result<Option<Phone>, PhoneFault> {
    if digits.starts_with('0') {
        return Ok(None);
    }
    let Some((code, main, rest)) = split_code(digits) else {
        return Ok(None);
    };
    let (found, region) = match code {
        54 => (argentina(rest, lenient), main),
        52 => (mexico(rest, false), main),
        55 => (brazil(rest), main),
        _ => {
            let Ok(number) = PHONE_NUMBER_UTIL.parse(format!("+{digits}"), None) else {
                return Ok(None);
            };
            // The number's region, for codes that several regions share, such as 1.
            let region = PHONE_NUMBER_UTIL.get_region_for_number(&number);
            let possible = || {
                let is_possible = PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number);
                let is_whole = is_possible == Ok(NumberLengthType::IsPossible);
                (lenient && is_whole).then(|| (digits.to_owned(), Kind::Either))
            };
            (valid(&number).or_else(possible), region.unwrap_or(main))
        }
    };
    if found.is_none() && is_without_area(rest, code, main) {
        return Err(PhoneFault::AreaMissing);
    }
    Ok(found.map(|(digits, kind)| Phone {
        digits,
        kind,
        is_local: false,
        region,
    }))
}

/// Parses a number of the home country in its local notation.
fn local(digits: &str, home: &Home) -> Found {
    let whole = |digits: &str| match home.code {
        54 => argentina(digits, false),
        52 => mexico(digits, home.is_marked),
        55 => brazil(digits),
        _ => {
            let number = PHONE_NUMBER_UTIL.parse(digits, Some(home.region)).ok()?;
            valid(&number)
        }
    };
    whole(digits).or_else(|| {
        if home.area.is_empty() {
            return None;
        }
        let short = digits.trim_start_matches('0');
        whole(&format!("{}{short}", home.area))
    })
}

/// Returns whether the number lacks an area code, so that it works only for local calls.
fn is_without_area(digits: &str, code: u16, region: Region) -> bool {
    if code == 54 {
        let digits = digits.trim_start_matches('0');
        // The number may have the mobile marks 9 or 15.
        let subscriber = digits.strip_prefix('9').filter(|it| it.len() >= 8);
        let subscriber = subscriber.unwrap_or(digits);
        let subscriber = match subscriber.strip_prefix("15") {
            Some(rest) if rest.len() >= 6 => rest,
            _ => subscriber,
        };
        return (6..=8).contains(&subscriber.len());
    }
    if code == 55 {
        // The data cannot tell, because service numbers have the same length.
        return (8..=9).contains(&digits.len()) && !digits.starts_with('0');
    }
    let Ok(number) = PHONE_NUMBER_UTIL.parse(digits, Some(region)) else {
        return false;
    };
    matches!(
        PHONE_NUMBER_UTIL.is_possible_number_with_reason(&number),
        Ok(NumberLengthType::IsPossibleLocalOnly)
    )
}

/// Returns the number in E.164 if it is valid.
fn valid(number: &PhoneNumber) -> Found {
    let kind = kind(number)?;
    let text = PHONE_NUMBER_UTIL.format(number, PhoneNumberFormat::E164);
    Some((text.trim_start_matches('+').to_owned(), kind))
}

fn kind(number: &PhoneNumber) -> Option<Kind> {
    match PHONE_NUMBER_UTIL.get_number_type(number) {
        PhoneNumberType::Unknown => None,
        PhoneNumberType::Mobile => Some(Kind::Mobile),
        PhoneNumberType::FixedLineOrMobile
        | PhoneNumberType::VoIP
        | PhoneNumberType::PersonalNumber => Some(Kind::Either),
        _ => Some(Kind::Landline),
    }
}

/// Returns the kind of a national number without a leading 0.
fn kind_of(code: u16, national: &str) -> Option<Kind> {
    kind(&PhoneNumber {
        country_code: code.into(),
        national_number: national.parse().ok()?,
        ..PhoneNumber::default()
    })
}

/// Parses an Argentine national number: `0`, `9`, an area code of 2 to 4
/// digits, `15` and the rest. Without the marks it has ten digits. WhatsApp's
/// form keeps only the 9.
fn argentina(national: &str, lenient: bool) -> Found {
    let mut digits = national.trim_start_matches('0');
    let mut is_mobile = false;
    if let (11 | 13 | 14, Some(rest)) = (digits.len(), digits.strip_prefix('9')) {
        digits = rest.trim_start_matches('0');
        is_mobile = true;
    }
    let mut without_15 = String::new();
    if digits.len() == 12 {
        let area = (2..=4).find(|area| {
            if digits.get(*area..*area + 2) != Some("15") {
                return false;
            }
            without_15 = format!("{}{}", &digits[..*area], &digits[*area + 2..]);
            kind_of(54, &format!("9{without_15}")) == Some(Kind::Mobile)
        });
        area?;
        digits = &without_15;
        is_mobile = true;
    }
    if digits.len() != 10 {
        return None;
    }
    // Within an area, the plan does not distinguish mobiles from landlines.
    let marked = format!("9{digits}");
    if kind_of(54, &marked) == Some(Kind::Mobile) {
        let kind = if is_mobile {
            Kind::Mobile
        } else {
            Kind::Either
        };
        return Some((format!("54{marked}"), kind));
    }
    let landline = kind_of(54, digits).map(|kind| (format!("54{digits}"), kind));
    landline.or_else(|| {
        // Argentine area codes begin with these digits.
        let is_area = digits.starts_with("11") || digits.starts_with(['2', '3']);
        (lenient && is_area).then(|| (format!("54{marked}"), Kind::Either))
    })
}

/// Parses a Mexican national number of ten digits. Until 2019, `044`, `045`,
/// `01` or `1` was dialled first, and WhatsApp ids of older accounts still
/// contain the `1`.
fn mexico(national: &str, is_marked: bool) -> Found {
    let (digits, has_mark) = match national.len() {
        13 => {
            let rest = ["044", "045"]
                .iter()
                .find_map(|it| national.strip_prefix(it))?;
            (rest, false)
        }
        12 => (national.strip_prefix("01")?, false),
        11 => (national.strip_prefix('1')?, true),
        10 => (national, false),
        _ => return None,
    };
    let kind = kind_of(52, digits)?;
    let mark = if has_mark || is_marked { "1" } else { "" };
    Some((format!("52{mark}{digits}"), kind))
}

/// Parses a Brazilian national number: an area code of two digits and the rest,
/// which for a mobile has had nine digits since 2016.
fn brazil(national: &str) -> Found {
    if let Ok(number) = PHONE_NUMBER_UTIL.parse(national, Some(Region::BR))
        && let Some(found) = valid(&number)
    {
        return Some(found);
    }
    let digits = national.trim_start_matches('0');
    let is_old_mobile = digits.len() == 10 && matches!(digits.as_bytes()[2], b'6'..=b'9');
    if !is_old_mobile {
        return None;
    }
    let whole = format!("{}9{}", &digits[..2], &digits[2..]);
    let kind = kind_of(55, &whole)?;
    Some((format!("55{whole}"), kind))
}
