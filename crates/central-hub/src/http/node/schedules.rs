//! A schedule as a row of the bare array that the Node page reads.

use serde::Serialize;
use utoipa::ToSchema;

use crate::http::campaigns::ScheduleBody;
use crate::store::campaigns::Schedule;

/// The fields that the Node page reads from a schedule, in addition to the API's own.
#[derive(Serialize, ToSchema)]
#[schema(as = node::ScheduleFields)]
pub(crate) struct Fields {
    comentario_cliente: Option<String>,
    comentario_admin: Option<String>,
}

impl Fields {
    pub(crate) fn from_schedule(schedule: &Schedule) -> Self {
        Self {
            comentario_cliente: schedule.comment.clone(),
            comentario_admin: schedule.reason.clone(),
        }
    }
}

/// A row of the bare array: a schedule with its days as comma-separated text
/// and its hours with seconds.
#[derive(Serialize, ToSchema)]
#[schema(as = node::ScheduleRow)]
pub(crate) struct Row {
    dias_semana: String,
    hora_inicio: String,
    hora_fin: String,
    #[serde(flatten)]
    #[schema(value_type = Object)]
    body: ScheduleBody,
}

impl Row {
    pub(crate) fn from_body(mut body: ScheduleBody) -> Self {
        let (days, from, until) = body.take_days_and_hours();
        Self {
            dias_semana: days.join(","),
            hora_inicio: format!("{from}:00"),
            hora_fin: format!("{until}:00"),
            body,
        }
    }
}
