//! `PhoneFault`: reasons why a text is not a phone number.

/// Why a text is no number to write to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
pub enum PhoneFault {
    /// There is nothing in it.
    #[error("there is no number")]
    Empty,
    /// `5.49116E+12`: digits are lost.
    #[error(
        "the spreadsheet wrote the number as 5.49E+12 and lost its last digits: format the column as text and enter the number again"
    )]
    Scientific,
    /// `5491158254201.37`.
    #[error("the number has decimals: format the column as text")]
    Fraction,
    /// `11 5825-4201 / 11 4444-5555`.
    #[error("there is more than one number: give each a line of its own")]
    Several,
    /// A group or another kind of id.
    #[error("only persons can be written to, not groups or other ids")]
    NotAPerson,
    /// Letters, or signs that no number has.
    #[error("a number has digits, spaces, +, -, ., ( and ) alone")]
    Characters,
    /// `4444-3333`, `15 5825-4201`: good for a local call alone.
    #[error("the area code is missing: give the whole number, such as 11 5825-4201")]
    AreaMissing,
    /// Fewer digits than any number has.
    #[error("the number is too short")]
    TooShort,
    /// More digits than any number has.
    #[error("the number is too long")]
    TooLong,
    /// No country has such a number.
    #[error(
        "no country has such a number: give it with its country code, such as +54 9 11 5825-4201"
    )]
    NotANumber,
}

impl PhoneFault {
    /// All of them.
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

    /// The machine's word for it; it does not change.
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
