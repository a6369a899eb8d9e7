//! Embeds the static assets of both pages.

pub(super) const INDEX: &str = include_str!("../../assets/index.html");
pub(super) const UNSUPPORTED: &str = include_str!("../../assets/unsupported.html");
pub(super) const PHONE_HTML: &str = include_str!("../../assets/phone/phone.html");
pub(super) const PHONE_JS: &str = include_str!("../../assets/phone/phone.js");
pub(super) const LEAD_JS: &str = include_str!("../../assets/phone/lead.js");
pub(super) const CONVERSATIONS_JS: &str = include_str!("../../assets/phone/conversations.js");
pub(super) const PHONE_CSS: &str = include_str!("../../assets/phone/phone.css");

const JS: &str = "text/javascript; charset=utf-8";

macro_rules! app_files {
    ($($name:literal),* $(,)?) => {
        /// Returns the content type and text of a script or style of the page; `None` if there is
        /// no such file.
        pub(super) fn app(file: &str) -> Option<(&'static str, &'static str)> {
            match file {
                "app.css" => Some(("text/css; charset=utf-8", include_str!("../../assets/app/app.css"))),
                $($name => Some((JS, include_str!(concat!("../../assets/app/", $name)))),)*
                _ => None,
            }
        }
    };
}

app_files![
    "registry.js",
    "events.js",
    "models.js",
    "ids.js",
    "storage.js",
    "state.js",
    "stores.js",
    "limits.js",
    "contacts.js",
    "connection.js",
    "linking.js",
    "passkey.js",
    "messages.js",
    "media.js",
    "own_changes.js",
    "chats.js",
    "logout.js",
    "onboarding.js",
    "browser.js",
    "service_worker.js",
    "modules.js",
    "extras.js",
    "ui.js",
    "boot.js",
];
