//! Converts errors that occur while a request body is read.

use std::error::Error;

use axum::http::StatusCode;

use super::reply::ErrorReply;
use crate::serve::Stalled;

/// Finds a source of type `T` in an error's chain.
pub(super) fn find_source<'a, T: Error + 'static>(
    error: &'a (dyn Error + 'static),
) -> Option<&'a T> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref::<T>() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

/// Returns whether the body failed because its read timeout expired.
#[must_use]
pub fn is_stalled(error: &(dyn Error + 'static)) -> bool {
    find_source::<Stalled>(error).is_some()
}

/// Returns 408 after a read timeout of the body, else 400 with the message `otherwise`.
#[must_use]
pub fn body_failed(error: &(dyn Error + 'static), otherwise: &str) -> ErrorReply {
    match find_source::<Stalled>(error) {
        Some(stalled) => ErrorReply::new(
            StatusCode::REQUEST_TIMEOUT,
            "REQUEST_TIMEOUT",
            stalled.to_string(),
        ),
        None => ErrorReply::invalid_request(otherwise),
    }
}
