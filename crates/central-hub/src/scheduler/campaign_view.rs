//! The JSON view of a campaign (`CampaignBody`), in the API's responses and in
//! the relay's `campaign` events.

use serde::Serialize;
use session_api::Timestamp;
use utoipa::ToSchema;

use super::SchedulerContext;
use crate::campaigns::template::Template;
use crate::store::campaigns::{Campaign, CampaignState, RecipientState};

/// A campaign, as the API returns it.
#[derive(Serialize, ToSchema)]
#[schema(as = campaigns::Campaign)]
pub(crate) struct CampaignBody {
    id: i64,
    nombre: String,
    mensaje: String,
    cliente_id: Option<u64>,
    estado: &'static str,
    /// Whether the campaign is a dry run; `null` before it is approved.
    simulacion: Option<bool>,
    columnas: Vec<String>,
    variables: Vec<String>,
    pausa_min_s: u32,
    pausa_max_s: u32,
    total: i64,
    pendientes: i64,
    en_cola: i64,
    enviados: i64,
    fallidos: i64,
    simulados: i64,
    omitidos: i64,
    motivo_pausa: Option<Reason>,
    espera: Option<Wait>,
    fecha: Timestamp,
    actualizado: Timestamp,
    fecha_aprobacion: Option<Timestamp>,
    fecha_finalizacion: Option<Timestamp>,
    #[serde(flatten)]
    node: NodeFields,
}

/// Why the campaign is paused.
#[derive(Serialize, ToSchema)]
#[schema(as = campaigns::Reason)]
struct Reason {
    codigo: String,
    detalle: Option<String>,
    /// The user who paused it; only for callers with access to all businesses.
    por: Option<String>,
    /// When it was paused.
    fecha: Option<Timestamp>,
}

/// The obstacle that currently stops the campaign, and until when it lasts.
#[derive(Serialize, ToSchema)]
#[schema(as = campaigns::Wait)]
struct Wait {
    codigo: String,
    hasta: Option<Timestamp>,
}

impl CampaignBody {
    /// Builds the view of a campaign. With `names`, it includes who paused the campaign.
    pub(crate) fn new(campaign: &Campaign, context: SchedulerContext, names: bool) -> Self {
        let count = |state| campaign.count(state);
        let template = Template::parse(&campaign.text);
        let variables = template.iter().flat_map(Template::variables);
        Self {
            id: campaign.id,
            nombre: campaign.name.clone(),
            mensaje: campaign.text.clone(),
            cliente_id: campaign.cliente_id,
            estado: campaign.state.estado(),
            simulacion: campaign.dry_run,
            columnas: campaign.columns.clone(),
            variables: variables.map(str::to_owned).collect(),
            pausa_min_s: campaign.pause.min_seconds(),
            pausa_max_s: campaign.pause.max_seconds(),
            total: campaign.total(),
            pendientes: count(RecipientState::Pending),
            en_cola: count(RecipientState::Queued),
            enviados: count(RecipientState::Sent),
            fallidos: count(RecipientState::Failed),
            simulados: count(RecipientState::Simulated),
            omitidos: count(RecipientState::Skipped),
            motivo_pausa: campaign.paused_for.clone().map(|it| Reason {
                codigo: it.code,
                detalle: it.detail,
                por: it.by.filter(|_| names),
                fecha: it.at,
            }),
            espera: wait(campaign, context),
            fecha: campaign.created_at,
            actualizado: campaign.updated_at,
            fecha_aprobacion: campaign.approved_at,
            fecha_finalizacion: campaign.finished_at,
            node: NodeFields::from_campaign(campaign),
        }
    }
}

/// The additional fields of a campaign that the Node hub's page reads.
#[derive(Serialize, ToSchema)]
#[schema(as = node::CampaignFields)]
struct NodeFields {
    descripcion: String,
    fecha_creacion: Timestamp,
    /// Whether sending waits until `fecha_envio`.
    programada: bool,
    fecha_envio: Option<Timestamp>,
    total_destinatarios: i64,
    cliente_nombre: Option<String>,
}

impl NodeFields {
    fn from_campaign(campaign: &Campaign) -> Self {
        Self {
            descripcion: campaign.description.clone().unwrap_or_default(),
            fecha_creacion: campaign.created_at,
            programada: campaign.send_after.is_some(),
            fecha_envio: campaign.send_after,
            total_destinatarios: campaign.total(),
            // In the Node hub a business has a name; here it has only an id.
            cliente_nombre: campaign.cliente_id.map(|id| format!("Cliente {id}")),
        }
    }
}

fn wait(campaign: &Campaign, context: SchedulerContext) -> Option<Wait> {
    if campaign.state != CampaignState::Running {
        return None;
    }
    if let Some(obstacle) = context.obstacle(campaign) {
        return Some(Wait {
            codigo: obstacle.to_owned(),
            hasta: context.obstacle_until(obstacle),
        });
    }
    let (code, until) = campaign.waits_for.clone()?;
    let is_over = until.is_some_and(|until| until <= context.now);
    (!is_over).then_some(Wait {
        codigo: code,
        hasta: until,
    })
}
