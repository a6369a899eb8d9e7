//! The URL paths of session-manager.

/// `GET`: liveness of the service.
pub const HEALTH: &str = "/health";
/// `GET`: liveness and readiness of the workers.
pub const HEALTH_DEEP: &str = "/health/deep";
/// `GET`: the session state.
pub const STATUS: &str = "/status";
/// `GET`: the QR code as a data URL.
pub const QR: &str = "/qr";
/// `GET`: the QR code as a PNG image.
pub const QR_PNG: &str = "/qr.png";
/// `GET`: the QR code as an SVG image.
pub const QR_SVG: &str = "/qr.svg";
/// `GET`: the QR code as Unicode half blocks.
pub const QR_TXT: &str = "/qr.txt";
/// `POST`: starts the browser.
pub const CONNECT: &str = "/connect";
/// `POST`: closes the browser; the device stays linked.
pub const DISCONNECT: &str = "/disconnect";
/// `POST`: unlinks the device.
pub const LOGOUT: &str = "/logout";
/// `POST`: links by phone number.
pub const PAIRING_CODE: &str = "/pairing-code";
/// `GET`: the passkey that WhatsApp requests; `POST`: the response to it.
pub const PASSKEY: &str = "/passkey";
/// `POST`: confirms that the phone shows the verification code.
pub const PASSKEY_CONFIRM: &str = "/passkey/confirm";
/// `POST`: cancels the passkey request and returns to linking by QR code.
pub const PASSKEY_CANCEL: &str = "/passkey/cancel";
/// `POST`: sends a message.
pub const SEND: &str = "/send";
/// `POST`: checks whether a message could be sent, without sending it.
pub const SEND_CHECK: &str = "/send/check";
/// `POST`: looks up whether a number has WhatsApp, and how WhatsApp spells it.
pub const LOOKUP: &str = "/lookup";
/// `POST`: uploads a file.
pub const FILES: &str = "/files";
/// `GET`, `DELETE`: the metadata of an uploaded file, and its deletion.
pub const FILE: &str = "/files/{id}";
/// `GET`: the delivery status of a message; `PUT` edits the message, and
/// `DELETE` deletes it for everyone.
pub const MESSAGE: &str = "/messages/{id}";
/// `PUT`, `DELETE`: this account's reaction to a message.
pub const MESSAGE_REACTION: &str = "/messages/{id}/reaction";
/// `GET`, `DELETE`: the file of an inbound message.
pub const MESSAGE_MEDIA: &str = "/messages/{id}/media";
/// `POST`: marks a chat as read.
pub const CHAT_READ: &str = "/chats/{to}/read";
/// `POST`: shows the account as typing in a chat.
pub const CHAT_TYPING: &str = "/chats/{to}/typing";
/// `DELETE`: deletes the service's data of a chat.
pub const CHAT_MESSAGES: &str = "/chats/{to}/messages";
/// `GET`: the WhatsApp profile of a number.
pub const CONTACT: &str = "/contacts/{to}";
/// `GET`: the metrics in the Prometheus text format.
pub const METRICS: &str = "/metrics";
/// `POST`: takes a backup of the linked session.
pub const BACKUP: &str = "/backup";
/// `GET`: the session in detail, for operators.
pub const SESSION: &str = "/session";
/// `GET`: Server-Sent Events.
pub const EVENTS: &str = "/events";
/// `GET`: a screenshot of the browser.
pub const SCREENSHOT: &str = "/screenshot.png";
