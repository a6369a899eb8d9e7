//! A campaign by the names of the Node hub's page, and the answer to a change.

use serde::Serialize;
use session_api::Timestamp;
use utoipa::ToSchema;

use crate::campaigns::data::Campaign;

/// What their page reads of a campaign, beside the rest.
#[derive(Serialize, ToSchema)]
#[schema(as = node::CampaignFields)]
pub(crate) struct Fields {
    descripcion: String,
    fecha_creacion: Timestamp,
    /// Whether nothing of it goes before `fecha_envio`.
    programada: bool,
    fecha_envio: Option<Timestamp>,
    total_destinatarios: i64,
    cliente_nombre: Option<String>,
}

impl Fields {
    pub(crate) fn of(campaign: &Campaign) -> Self {
        Self {
            descripcion: campaign.description.clone().unwrap_or_default(),
            fecha_creacion: campaign.created_at,
            programada: campaign.send_after.is_some(),
            fecha_envio: campaign.send_after,
            total_destinatarios: campaign.total(),
            // There they have a name; here a business is its number.
            cliente_nombre: campaign.cliente_id.map(|id| format!("Cliente {id}")),
        }
    }
}

/// What their page reads of the answer to a change, beside the campaign.
#[derive(Serialize, ToSchema)]
#[schema(as = node::CampaignChanged)]
pub(crate) struct Changed<T> {
    success: bool,
    /// For a person: the page shows it.
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
    pub(crate) const fn of(campaign: &Campaign, message: &'static str, body: T) -> Self {
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
