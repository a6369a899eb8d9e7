//! The response to a change of a campaign ([`Changed`]), with the fields that
//! the Node hub's page reads.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::campaigns::Campaign;

/// The fields that the Node page reads from the response to a change, in addition to the campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = node::CampaignChanged)]
pub(crate) struct Changed<T> {
    success: bool,
    /// A text that the page displays to the user.
    message: &'static str,
    data: State,
    #[serde(flatten)]
    body: T,
}

#[derive(Serialize, ToSchema)]
#[schema(as = node::CampaignState)]
struct State {
    id: i64,
    estado: &'static str,
}

impl<T> Changed<T> {
    pub(crate) const fn new(campaign: &Campaign, message: &'static str, body: T) -> Self {
        Self {
            success: true,
            message,
            data: State {
                id: campaign.id,
                estado: campaign.state.estado(),
            },
            body,
        }
    }
}
