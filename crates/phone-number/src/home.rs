//! `Home`: the default country and area of numbers in local form.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, Region};

/// The digit that WhatsApp puts between a country code and the area code of a
/// mobile, by country code.
pub(crate) const MOBILE_MARKS: &[(u16, char)] = &[(54, '9'), (52, '1')];

/// The default country and area of a number in local notation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Home {
    pub(crate) region: Region,
    /// The country calling code.
    pub(crate) code: u16,
    /// The area code of numbers that have none; usually empty.
    pub(crate) area: String,
    /// Whether the prefix included the mobile mark.
    pub(crate) is_marked: bool,
}

/// The error for a text that is not a region.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("two letters of a country, such as AR")]
pub struct BadRegion;

/// The error for a text that is not a prefix.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("1 to 7 digits that begin with a country's code, such as 549")]
pub struct BadPrefix;

impl Default for Home {
    /// Returns Argentina.
    fn default() -> Self {
        Self {
            region: Region::AR,
            code: 54,
            area: String::new(),
            is_marked: false,
        }
    }
}

impl FromStr for Home {
    type Err = BadRegion;

    fn from_str(text: &str) -> Result<Self, BadRegion> {
        let is_code = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_uppercase());
        if !is_code {
            return Err(BadRegion);
        }
        let region = Region::from_code(text).map_err(|_| BadRegion)?;
        let code = PHONE_NUMBER_UTIL.get_country_code_for_region(region);
        let code = code.and_then(|code| u16::try_from(code).ok());
        Ok(Self {
            region,
            code: code.ok_or(BadRegion)?,
            area: String::new(),
            is_marked: false,
        })
    }
}

impl fmt::Display for Home {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.region)
    }
}

impl Home {
    /// Parses the prefix of a list's local numbers: a country code, with or
    /// without its mobile mark, followed by an area code if all numbers share
    /// one. Examples: `549`, `54`, `54911`.
    ///
    /// # Errors
    /// If the prefix does not begin with a country code.
    pub fn of_prefix(prefix: &str) -> Result<Self, BadPrefix> {
        let is_digits = prefix.bytes().all(|byte| byte.is_ascii_digit());
        if !is_digits || prefix.starts_with('0') || !(1..=7).contains(&prefix.len()) {
            return Err(BadPrefix);
        }
        for length in 1..=prefix.len().min(3) {
            let code: u16 = prefix[..length].parse().map_err(|_| BadPrefix)?;
            let region = PHONE_NUMBER_UTIL.get_region_for_country_code(i32::from(code));
            let Some(region) = region.filter(|it| *it != Region::World) else {
                continue;
            };
            let rest = &prefix[length..];
            let mark = MOBILE_MARKS.iter().find(|(of, _)| *of == code);
            let area = mark.and_then(|(_, mark)| rest.strip_prefix(*mark));
            return Ok(Self {
                region,
                code,
                area: area.unwrap_or(rest).to_owned(),
                is_marked: area.is_some(),
            });
        }
        Err(BadPrefix)
    }
}
