//! `Timestamp`: UTC with milliseconds, in the format of the API.

use std::fmt;

use jiff::{RoundMode, TimestampRound, Unit};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::{RefOr, Schema};

/// A timestamp in UTC, with a resolution of a millisecond.
///
/// Its JSON form is RFC 3339 with exactly three decimals:
/// `2026-01-14T13:02:09.336Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(jiff::Timestamp);

impl Timestamp {
    /// Returns the current time.
    #[must_use]
    pub fn now() -> Self {
        Self::from(jiff::Timestamp::now())
    }

    /// Returns the milliseconds since 1970-01-01T00:00:00Z.
    #[must_use]
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }

    /// Returns the timestamp `millis` milliseconds after 1970-01-01T00:00:00Z,
    /// or `None` if it is outside the years that RFC 3339 can represent.
    #[must_use]
    pub fn from_millis(millis: i64) -> Option<Self> {
        jiff::Timestamp::from_millisecond(millis).ok().map(Self)
    }

    /// Returns the timestamp `by` later; saturates at the end of representable time.
    #[must_use]
    pub fn after(self, by: std::time::Duration) -> Self {
        Self(self.0.saturating_add(by).unwrap_or(jiff::Timestamp::MAX))
    }

    /// Returns the timestamp `by` earlier; saturates at the beginning of representable time.
    #[must_use]
    pub fn before(self, by: std::time::Duration) -> Self {
        Self(self.0.saturating_sub(by).unwrap_or(jiff::Timestamp::MIN))
    }
}

impl From<jiff::Timestamp> for Timestamp {
    fn from(at: jiff::Timestamp) -> Self {
        // The time is truncated, not rounded, so that a timestamp is never in the future.
        let truncate = TimestampRound::new()
            .smallest(Unit::Millisecond)
            .mode(RoundMode::Trunc);
        Self(at.round(truncate).unwrap_or(at))
    }
}

impl utoipa::PartialSchema for Timestamp {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .into()
    }
}

impl utoipa::ToSchema for Timestamp {}

impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl Serialize for Timestamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Timestamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse::<jiff::Timestamp>()
            .map(Self::from)
            .map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn always_writes_three_decimals() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_768_395_729_336, "2026-01-14T13:02:09.336Z"),
            (1_768_395_729_300, "2026-01-14T13:02:09.300Z"),
        ] {
            let at = Timestamp::from_millis(millis).unwrap();
            assert_eq!(at.to_string(), text);
            assert_eq!(at.as_millis(), millis);
        }
    }
}
