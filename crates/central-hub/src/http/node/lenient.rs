//! Deserializers for the value formats of the Node clients.

use std::fmt;
use std::marker::PhantomData;

use jiff::civil::{Date, DateTime};
use jiff::tz::TimeZone;
use serde::Deserializer;
use serde::de::{Error, Unexpected, Visitor};
use session_api::Timestamp;
use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Schema, Type};

use crate::text::fold;

/// Deserializes an integer, which may be given as text. Returns `None` if it is
/// null, empty or, with `#[serde(default)]`, omitted.
pub(crate) fn integer<'de, T, D>(deserializer: D) -> Result<Option<T>, D::Error>
where
    T: TryFrom<i128>,
    D: Deserializer<'de>,
{
    struct Integer<T>(PhantomData<T>);

    impl<T: TryFrom<i128>> Integer<T> {
        fn of<E: Error>(self, number: i128, found: Unexpected<'_>) -> Result<Option<T>, E> {
            T::try_from(number)
                .map(Some)
                .map_err(|_| E::invalid_value(found, &self))
        }
    }

    impl<T: TryFrom<i128>> Visitor<'_> for Integer<T> {
        type Value = Option<T>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E: Error>(self, number: i64) -> Result<Self::Value, E> {
            self.of(number.into(), Unexpected::Signed(number))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            self.of(number.into(), Unexpected::Unsigned(number))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            let text = text.trim();
            if text.is_empty() {
                return Ok(None);
            }
            let number = text.parse::<i128>();
            match number {
                Ok(number) => self.of(number, Unexpected::Str(text)),
                Err(_) => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
    }

    deserializer.deserialize_any(Integer(PhantomData))
}

/// Deserializes a text, which may be given as a number: clients send phone numbers both ways.
pub(crate) fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    optional_text(deserializer)?
        .ok_or_else(|| D::Error::invalid_type(Unexpected::Unit, &"a string"))
}

/// Deserializes a text like [`text`]. Returns `None` if it is null or, with
/// `#[serde(default)]`, omitted.
pub(crate) fn optional_text<'de, D>(deserializer: D) -> Result<Option<String>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Text;

    impl Visitor<'_> for Text {
        type Value = Option<String>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a string")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            Ok(Some(number.to_string()))
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            Ok(Some(text.to_owned()))
        }
    }

    deserializer.deserialize_any(Text)
}

/// Deserializes a boolean, which may be given as 0, 1 or text. Returns `None`
/// if it is null, empty or, with `#[serde(default)]`, omitted.
pub(crate) fn flag<'de, D>(deserializer: D) -> Result<Option<bool>, D::Error>
where
    D: Deserializer<'de>,
{
    struct Flag;

    impl Visitor<'_> for Flag {
        type Value = Option<bool>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a boolean")
        }

        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_bool<E: Error>(self, flag: bool) -> Result<Self::Value, E> {
            Ok(Some(flag))
        }

        fn visit_u64<E: Error>(self, number: u64) -> Result<Self::Value, E> {
            match number {
                0 => Ok(Some(false)),
                1 => Ok(Some(true)),
                _ => Err(E::invalid_value(Unexpected::Unsigned(number), &self)),
            }
        }

        fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
            match text {
                "" => Ok(None),
                "0" | "false" => Ok(Some(false)),
                "1" | "true" => Ok(Some(true)),
                _ => Err(E::invalid_value(Unexpected::Str(text), &self)),
            }
        }
    }

    deserializer.deserialize_any(Flag)
}

/// Returns the OpenAPI schema of [`flag`].
pub(crate) fn flag_schema() -> Schema {
    let schema_of = |kind| ObjectBuilder::new().schema_type(kind);
    OneOfBuilder::new()
        .item(schema_of(Type::Boolean))
        .item(schema_of(Type::Integer).enum_values(Some([0, 1])))
        .item(schema_of(Type::String).enum_values(Some(["", "0", "1", "false", "true"])))
        .item(schema_of(Type::Null))
        .into()
}

/// Removes the seconds of a time: `09:00:00` becomes `09:00`.
pub(crate) fn hour(text: &str) -> &str {
    let text = text.trim();
    match text.rsplit_once(':') {
        Some((hour, seconds))
            if hour.contains(':')
                && seconds.len() == 2
                && seconds.parse::<u8>().is_ok_and(|seconds| seconds < 60) =>
        {
            hour
        }
        _ => text,
    }
}

/// Converts a weekday in English or Spanish, full or abbreviated, to `mon…sun`.
/// Returns other text unchanged.
pub(crate) fn day(name: &str) -> String {
    const NAMES: [(&str, &str, &str); 7] = [
        ("mon", "monday", "lunes"),
        ("tue", "tuesday", "martes"),
        ("wed", "wednesday", "miercoles"),
        ("thu", "thursday", "jueves"),
        ("fri", "friday", "viernes"),
        ("sat", "saturday", "sabado"),
        ("sun", "sunday", "domingo"),
    ];
    let folded = fold(name.trim());
    let is_one = |whole: &str| folded.len() >= 3 && whole.starts_with(folded.as_str());
    let found = NAMES
        .iter()
        .find(|(_, english, spanish)| is_one(english) || is_one(spanish));
    found.map_or_else(|| name.to_owned(), |(short, ..)| (*short).to_owned())
}

/// Removes the time of day that JavaScript appends to a date.
pub(crate) fn date(text: &str) -> &str {
    let text = text.trim();
    match text.split_once(['T', ' ']) {
        Some((day, _)) if day.parse::<Date>().is_ok() => day,
        _ => text,
    }
}

/// Parses a timestamp, either with an offset or, as a browser's date and time
/// field formats it, as local time in `zone`.
pub(crate) fn parse_timestamp(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    let text = text.trim();
    let at = text.parse::<jiff::Timestamp>().ok().or_else(|| {
        let local = text.parse::<DateTime>();
        let local = local.or_else(|_| text.parse::<Date>().map(DateTime::from));
        zone.to_timestamp(local.ok()?).ok()
    })?;
    Timestamp::from_millis(at.as_millisecond())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Debug, Deserialize, PartialEq)]
    struct Given {
        #[serde(default, deserialize_with = "integer")]
        id: Option<i64>,
        #[serde(default, deserialize_with = "integer")]
        small: Option<u8>,
        #[serde(default, deserialize_with = "optional_text")]
        phone: Option<String>,
        #[serde(default, deserialize_with = "flag")]
        flag: Option<bool>,
    }

    fn read(text: &str) -> Result<Given, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn numbers_are_numbers_also_as_text() {
        for (text, id) in [
            (r#"{"id":1}"#, Some(1)),
            (r#"{"id":"1"}"#, Some(1)),
            (r#"{"id":" 7 "}"#, Some(7)),
            (r#"{"id":""}"#, None),
            (r#"{"id":null}"#, None),
            ("{}", None),
        ] {
            assert_eq!(read(text).unwrap().id, id, "{text}");
        }
        for bad in [
            r#"{"id":"x"}"#,
            r#"{"id":1.5}"#,
            r#"{"id":[]}"#,
            r#"{"small":256}"#,
            r#"{"small":"-1"}"#,
        ] {
            let error = read(bad).unwrap_err();
            assert!(error.contains("expected a whole number"), "{bad}: {error}");
        }
    }

    #[test]
    fn telephone_numbers_are_texts_also_as_numbers() {
        let phone = |text| read(text).unwrap().phone;
        let expected = Some("5491158254201".to_owned());
        assert_eq!(phone(r#"{"phone":5491158254201}"#), expected);
        assert_eq!(phone(r#"{"phone":"5491158254201"}"#), expected);
        assert!(read(r#"{"phone":{}}"#).is_err());
    }

    #[test]
    fn flags() {
        for (text, flag) in [
            ("true", Some(true)),
            ("0", Some(false)),
            (r#""1""#, Some(true)),
            ("null", None),
        ] {
            let text = format!(r#"{{"flag":{text}}}"#);
            assert_eq!(read(&text).unwrap().flag, flag, "{text}");
        }
        assert!(read(r#"{"flag":2}"#).is_err());
    }

    #[test]
    fn hours_and_days() {
        assert_eq!(hour("09:00:00"), "09:00");
        assert_eq!(hour("09:00"), "09:00");
        assert_eq!(hour("24:00:00"), "24:00");
        assert_eq!(hour("09:00:99"), "09:00:99");
        for (name, short) in [
            ("lun", "mon"),
            ("Martes", "tue"),
            ("mié", "wed"),
            ("MIÉRCOLES", "wed"),
            ("sáb", "sat"),
            ("dom", "sun"),
            ("mon", "mon"),
            ("Thu", "thu"),
            ("sunday", "sun"),
            ("l", "l"),
            ("nunca", "nunca"),
        ] {
            assert_eq!(day(name), short, "{name}");
        }
        assert_eq!(date("2026-03-31T00:00:00.000Z"), "2026-03-31");
        assert_eq!(date("2026-03-31"), "2026-03-31");
        assert_eq!(date("31/03/2026"), "31/03/2026");
    }

    #[test]
    fn moments_are_local_where_they_do_not_say() {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let utc = |text| parse_timestamp(text, &zone).map(|at| at.to_string());
        let nine = Some("2026-03-05T12:00:00.000Z".to_owned());
        assert_eq!(utc("2026-03-05T09:00"), nine);
        assert_eq!(utc("2026-03-05 09:00:00"), nine);
        assert_eq!(utc("2026-03-05T12:00:00Z"), nine);
        assert_eq!(utc("2026-03-05T09:00:00-03:00"), nine);
        let midnight = Some("2026-03-05T03:00:00.000Z".to_owned());
        assert_eq!(utc("2026-03-05"), midnight);
        assert_eq!(utc("mañana"), None);
    }
}
