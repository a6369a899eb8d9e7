//! The URL paths of session-manager.

/// `GET`: liveness.
pub const HEALTH: &str = "/health";
/// `GET`: whether what does the work answers, and whether it can.
pub const HEALTH_DEEP: &str = "/health/deep";
/// `GET`: the state.
pub const STATUS: &str = "/status";
/// `GET`: the code as a data URL.
pub const QR: &str = "/qr";
/// `GET`: the code as a PNG image.
pub const QR_PNG: &str = "/qr.png";
/// `GET`: the code as an SVG image.
pub const QR_SVG: &str = "/qr.svg";
/// `GET`: the code as Unicode half blocks.
pub const QR_TXT: &str = "/qr.txt";
/// `POST`: start the browser.
pub const CONNECT: &str = "/connect";
/// `POST`: close the browser, stay linked.
pub const DISCONNECT: &str = "/disconnect";
/// `POST`: unlink the device.
pub const LOGOUT: &str = "/logout";
/// `POST`: link by number.
pub const PAIRING_CODE: &str = "/pairing-code";
/// `GET`: the passkey that WhatsApp asks for; `POST`: its answer.
pub const PASSKEY: &str = "/passkey";
/// `POST`: the verification code is the phone's.
pub const PASSKEY_CONFIRM: &str = "/passkey/confirm";
/// `POST`: back to a code to scan.
pub const PASSKEY_CANCEL: &str = "/passkey/cancel";
/// `POST`: send a message.
pub const SEND: &str = "/send";
/// `POST`: whether a message could be sent, without sending it.
pub const SEND_CHECK: &str = "/send/check";
/// `POST`: upload a file.
pub const FILES: &str = "/files";
/// `GET`, `DELETE`: an uploaded file.
pub const FILE: &str = "/files/{id}";
/// `GET`: what became of a message.
pub const MESSAGE: &str = "/messages/{id}";
/// `GET`: the file of a message that came in.
pub const MESSAGE_MEDIA: &str = "/messages/{id}/media";
/// `GET`: as Prometheus reads it.
pub const METRICS: &str = "/metrics";
/// `POST`: take a backup of the linked session.
pub const BACKUP: &str = "/backup";
/// `GET`: everything an operator wants to know.
pub const SESSION: &str = "/session";
/// `GET`: Server-Sent Events.
pub const EVENTS: &str = "/events";
/// `GET`: what the browser shows.
pub const SCREENSHOT: &str = "/screenshot.png";
