//! session-manager's own answers, byte for byte: the plain routes and
//! `/api/admin/whatsapp/…`.

use service_runtime::http::ApiJson;
use session_api::{
    ConnectBody, PairingCodeBody, PairingCodeRequest, QrBody, SessionBody, StatusBody,
    TransitionBody,
};
use session_client::Endpoint;

use crate::error::HubError;
use crate::upstream::{Upstream, Verbatim};

type Answer = Result<Verbatim, HubError>;

pub(crate) async fn status(Upstream(client): Upstream) -> Answer {
    Verbatim::ask::<StatusBody>(&client, Endpoint::Status, None).await
}

pub(crate) async fn qr(Upstream(client): Upstream) -> Answer {
    Verbatim::ask::<QrBody>(&client, Endpoint::Qr, None).await
}

pub(crate) async fn session(Upstream(client): Upstream) -> Answer {
    Verbatim::ask::<SessionBody>(&client, Endpoint::Session, None).await
}

pub(crate) async fn connect(Upstream(client): Upstream) -> Answer {
    Verbatim::ask::<ConnectBody>(&client, Endpoint::Connect, None).await
}

pub(crate) async fn disconnect(Upstream(client): Upstream) -> Answer {
    Verbatim::ask::<TransitionBody>(&client, Endpoint::Disconnect, None).await
}

pub(crate) async fn logout(Upstream(client): Upstream) -> Answer {
    Verbatim::ask::<TransitionBody>(&client, Endpoint::Logout, None).await
}

pub(crate) async fn pairing_code(
    Upstream(client): Upstream,
    ApiJson(request): ApiJson<PairingCodeRequest>,
) -> Answer {
    let json = serde_json::to_vec(&request).unwrap_or_default().into();
    Verbatim::ask::<PairingCodeBody>(&client, Endpoint::PairingCode, Some(json)).await
}
