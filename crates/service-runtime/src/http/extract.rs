//! Extractors for path, query and header parameters, all with the same form of error.

use axum::extract::{FromRequestParts, OptionalFromRequestParts, Path, Query};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::CLIENTE_ID_HEADER;
use super::reply::ErrorReply;

/// A [`Path`] that is rejected with 400 `INVALID_REQUEST`.
#[derive(Clone, Copy, Debug)]
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorReply> {
        let extracted = <Path<T> as FromRequestParts<S>>::from_request_parts(parts, state).await;
        // axum's message would repeat the value, which may be a phone number.
        extracted.map(|Path(value)| Self(value)).map_err(|_| {
            ErrorReply::invalid_request("a part of the path is not valid for this route")
        })
    }
}

/// A [`Query`] that is rejected with 400 `INVALID_REQUEST`.
#[derive(Clone, Copy, Debug)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorReply> {
        Query::<T>::from_request_parts(parts, state)
            .await
            .map(|Query(value)| Self(value))
            .map_err(|_| ErrorReply::invalid_request("the query is not valid for this route"))
    }
}

/// The business on whose behalf a request is made, from the header `X-Cliente-Id`: a positive
/// integer. The header is optional metadata, so extract it as an `Option`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct ClienteId(pub u64);

impl ClienteId {
    /// Parses a positive integer in decimal digits. It must be below 2⁶³, so that every database
    /// can store it.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        let number = is_digits.then(|| text.parse::<i64>().ok()).flatten()?;
        u64::try_from(number)
            .ok()
            .filter(|number| *number > 0)
            .map(Self)
    }
}

impl<S: Send + Sync> OptionalFromRequestParts<S> for ClienteId {
    type Rejection = ErrorReply;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Option<Self>, ErrorReply> {
        let refuse = || {
            ErrorReply::invalid_header("X-Cliente-Id must be one positive integer, for example 51")
        };
        let mut values = parts.headers.get_all(CLIENTE_ID_HEADER).iter();
        let Some(value) = values.next() else {
            return Ok(None);
        };
        if values.next().is_some() {
            return Err(refuse());
        }
        value
            .to_str()
            .ok()
            .and_then(Self::parse)
            .map(Some)
            .ok_or_else(refuse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cliente_id_is_a_positive_integer() {
        for (text, id) in [
            ("1", 1),
            ("51", 51),
            ("007", 7),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(
                ClienteId::parse(text).map(|id| id.0),
                u64::try_from(id).ok()
            );
        }
        for text in [
            "",
            "0",
            "-1",
            "+1",
            " 1",
            "1.0",
            "0x1",
            "１",
            "9223372036854775808",
            "1,2",
        ] {
            assert_eq!(ClienteId::parse(text), None, "{text}");
        }
    }
}
