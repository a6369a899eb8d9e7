//! The response body of an operation that returns no data.

use axum::Json;
use serde::Serialize;
use utoipa::ToSchema;

#[derive(Serialize, ToSchema)]
#[schema(as = auth::Done)]
pub(super) struct Done {
    ok: bool,
    success: bool,
}

impl Done {
    pub(super) fn json() -> Json<Self> {
        Json(Self {
            ok: true,
            success: true,
        })
    }
}
