//! The body of an answer that has nothing to say but that it is done.

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
