//! The errors of campaign operations (`Refused`).

use super::states::CampaignState;
use crate::store::StoreError;

/// Why an operation on a campaign is refused.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is no campaign with this id.
    #[error("there is no campaign with this number")]
    NotFound,
    /// The campaign's state does not allow it.
    #[error("the campaign is {}: {cure}", .state.estado())]
    State {
        /// The current state.
        state: CampaignState,
        /// What to do instead.
        cure: &'static str,
    },
    /// The campaign has no recipients.
    #[error("the campaign has no recipients: upload a list first")]
    Nobody,
    /// The campaign has no text.
    #[error("the campaign has no text yet: write it first")]
    NoText,
    /// Recipients have no value in a column that the new text needs.
    #[error(
        "{count} of the recipients have no value for {{{column}}}: set a default, such as {{{column}|…}}"
    )]
    MissingValues {
        /// The column's key.
        column: String,
        /// Number of recipients without a value.
        count: i64,
    },
    /// A list import is in progress or incomplete.
    #[error("the list of import {0} is incomplete: upload it again, or delete that import")]
    Import(i64),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<sqlx::Error> for Refused {
    fn from(error: sqlx::Error) -> Self {
        Self::Store(error.into())
    }
}
