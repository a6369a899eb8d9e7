//! Why a change of a campaign is refused (`Refused`).

use super::states::CampaignState;
use crate::store::StoreError;

/// Why something cannot be done with a campaign.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    /// There is none with this number.
    #[error("there is no campaign with this number")]
    NotFound,
    /// Not where it stands.
    #[error("the campaign is {}: {cure}", .state.estado())]
    State {
        /// Where it stands.
        state: CampaignState,
        /// What helps.
        cure: &'static str,
    },
    /// It has nobody to write to.
    #[error("the campaign has no recipients: upload a list first")]
    Nobody,
    /// Recipients have no value in a column that the new text needs.
    #[error(
        "{count} of the recipients have no value for {{{column}}}: give it a default, such as {{{column}|…}}"
    )]
    MissingValues {
        /// The column's key.
        column: String,
        /// How many recipients.
        count: i64,
    },
    /// A list is coming in, or did not come in whole.
    #[error(
        "the list of import {0} did not come in whole: upload it again, or take that import away"
    )]
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
