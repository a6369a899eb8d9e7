//! `PhoneFault`: the reasons why a text is not a phone number.

/// Why a text is not a usable phone number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PhoneFault {
    /// The text is empty.
    #[error("there is no number")]
    Empty,
    /// The number is in scientific notation such as `5.49116E+12`, which has lost digits.
    #[error(
        "the spreadsheet wrote the number as 5.49E+12 and lost its last digits: format the column as text and enter the number again"
    )]
    Scientific,
    /// The number has decimals, such as `5491158254201.37`.
    #[error("the number has decimals: format the column as text")]
    Fraction,
    /// The text contains several numbers, such as `11 5825-4201 / 11 4444-5555`.
    #[error("there is more than one number: put each on its own line")]
    Several,
    /// The text is the id of a group, or another id that is not a person's.
    #[error("only people can receive messages, not groups or other ids")]
    NotAPerson,
    /// The text contains letters, or characters that are not part of a number.
    #[error("a number may contain only digits, spaces, +, -, ., ( and )")]
    Characters,
    /// The number has no area code, as in `4444-3333` or `15 5825-4201`, so it
    /// works only for local calls.
    #[error("the area code is missing: enter the full number, such as 11 5825-4201")]
    AreaMissing,
    /// The number has fewer digits than any valid number.
    #[error("the number is too short")]
    TooShort,
    /// The number has more digits than any valid number.
    #[error("the number is too long")]
    TooLong,
    /// The number is valid in no country.
    #[error(
        "no country has such a number: enter it with its country code, such as +54 9 11 5825-4201"
    )]
    NotANumber,
}

impl PhoneFault {
    /// All faults.
    pub const ALL: [Self; 10] = [
        Self::Empty,
        Self::Scientific,
        Self::Fraction,
        Self::Several,
        Self::NotAPerson,
        Self::Characters,
        Self::AreaMissing,
        Self::TooShort,
        Self::TooLong,
        Self::NotANumber,
    ];

    /// Returns the machine-readable code, which is stable.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Empty => "PHONE_EMPTY",
            Self::Scientific => "PHONE_SCIENTIFIC",
            Self::Fraction => "PHONE_FRACTION",
            Self::Several => "PHONE_SEVERAL",
            Self::NotAPerson => "PHONE_NOT_A_PERSON",
            Self::Characters => "PHONE_CHARACTERS",
            Self::AreaMissing => "PHONE_AREA_MISSING",
            Self::TooShort => "PHONE_TOO_SHORT",
            Self::TooLong => "PHONE_TOO_LONG",
            Self::NotANumber => "PHONE_INVALID",
        }
    }
}
