//! The body of `POST /send`. It is the same for every kind of message, which
//! its `type` selects; the default is a text.

use std::fmt;

use serde::de::{self, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Card;

/// Declares the body: its fields, their order in JSON, and a deserializer that
/// records the first unknown field.
macro_rules! request {
    ($($(#[$doc:meta])* $field:ident $name:literal,)*) => {
        /// The body of `POST /send`. [`SendRequest::validate`] defines which
        /// fields each `type` accepts.
        #[derive(Clone, Default, PartialEq, Serialize, ToSchema)]
        pub struct SendRequest {
            /// The business for which the message is sent; metadata only.
            #[schema(minimum = 1, maximum = 9_223_372_036_854_775_807_i64)]
            #[serde(skip_serializing_if = "Option::is_none")]
            pub cliente_id: Option<u64>,
            /// The recipient: a number in international form or a WhatsApp id.
            pub to: String,
            /// The type: `text` (the default), `image`, `video`, `audio`,
            /// `document`, `sticker`, `location`, `contact` or `reaction`.
            #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
            pub kind: Option<String>,
            /// The text.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub message: Option<String>,
            /// Whether WhatsApp may look up a link in the text and show a preview.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub link_preview: Option<bool>,
            /// Whether audio is a voice message.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub voice: Option<bool>,
            /// Whether a video plays like a GIF: automatically, silently and repeatedly.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub gif: Option<bool>,
            /// Latitude in degrees, north positive.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub latitude: Option<f64>,
            /// Longitude in degrees, east positive.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub longitude: Option<f64>,
            /// A contact card.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub contact: Option<Card>,
            /// Several contact cards.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub contacts: Option<Vec<Card>>,
            /// The mentioned users: numbers or WhatsApp ids.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub mentions: Option<Vec<String>>,
            $($(#[$doc])*
            #[serde(skip_serializing_if = "Option::is_none")]
            pub $field: Option<String>,)*
            /// The name of the first unknown field.
            #[serde(skip)]
            pub unknown: Option<String>,
        }

        impl<'de> Visitor<'de> for Reader {
            type Value = SendRequest;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("struct SendRequest")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SendRequest, A::Error> {
                let mut request = SendRequest::default();
                let mut to = None;
                while let Some(key) = map.next_key::<String>()? {
                    match key.as_str() {
                        "cliente_id" => once(&mut map, &mut request.cliente_id, "cliente_id")?,
                        "to" => {
                            if to.is_some() {
                                return Err(de::Error::duplicate_field("to"));
                            }
                            to = Some(map.next_value::<String>()?);
                        }
                        "type" => once(&mut map, &mut request.kind, "type")?,
                        "message" => once(&mut map, &mut request.message, "message")?,
                        "link_preview" => once(&mut map, &mut request.link_preview, "link_preview")?,
                        "voice" => once(&mut map, &mut request.voice, "voice")?,
                        "gif" => once(&mut map, &mut request.gif, "gif")?,
                        "latitude" => once(&mut map, &mut request.latitude, "latitude")?,
                        "longitude" => once(&mut map, &mut request.longitude, "longitude")?,
                        "contact" => once(&mut map, &mut request.contact, "contact")?,
                        "contacts" => once(&mut map, &mut request.contacts, "contacts")?,
                        "mentions" => once(&mut map, &mut request.mentions, "mentions")?,
                        $($name => once(&mut map, &mut request.$field, $name)?,)*
                        _ => {
                            map.next_value::<IgnoredAny>()?;
                            request.unknown.get_or_insert(key);
                        }
                    }
                }
                request.to = to.ok_or_else(|| de::Error::missing_field("to"))?;
                Ok(request)
            }
        }

        impl SendRequest {
            /// Returns the names of the present fields, except `cliente_id`, `to` and `type`.
            pub(crate) fn given(&self) -> impl Iterator<Item = &'static str> {
                [
                    ("message", self.message.is_some()),
                    ("link_preview", self.link_preview.is_some()),
                    ("voice", self.voice.is_some()),
                    ("gif", self.gif.is_some()),
                    ("latitude", self.latitude.is_some()),
                    ("longitude", self.longitude.is_some()),
                    ("contact", self.contact.is_some()),
                    ("contacts", self.contacts.is_some()),
                    ("mentions", self.mentions.is_some()),
                    $(($name, self.$field.is_some()),)*
                ]
                .into_iter()
                .filter_map(|(name, given)| given.then_some(name))
            }
        }
    };
}

request! {
    /// The id of an uploaded file, which is 32 hexadecimal digits.
    file_id "file_id",
    /// The URL to fetch a file from.
    url "url",
    /// The caption below a file.
    caption "caption",
    /// The name that the recipient of a file sees.
    filename "filename",
    /// The name of a location.
    name "name",
    /// The address of a location.
    address "address",
    /// The message to which the reaction belongs.
    message_id "message_id",
    /// The emoji of the reaction; an empty text removes the reaction.
    emoji "emoji",
    /// The message that is replied to.
    reply_to "reply_to",
}

struct Reader;

/// Reads a field that may occur only once; `null` counts as missing.
fn once<'de, A: MapAccess<'de>, T: Deserialize<'de>>(
    map: &mut A,
    field: &mut Option<T>,
    name: &'static str,
) -> Result<(), A::Error> {
    if field.is_some() {
        return Err(de::Error::duplicate_field(name));
    }
    *field = map.next_value()?;
    Ok(())
}

impl<'de> Deserialize<'de> for SendRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

// Texts and numbers are the customer's data, which `{:?}` must not write to a log.
impl fmt::Debug for SendRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SendRequest")
            .field("cliente_id", &self.cliente_id)
            .field("message_bytes", &self.message.as_ref().map(String::len))
            .finish_non_exhaustive()
    }
}

impl SendRequest {
    /// Creates the request for a text message.
    #[must_use]
    pub fn text(
        cliente_id: Option<u64>,
        to: impl Into<String>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            cliente_id,
            to: to.into(),
            message: Some(message.into()),
            ..Self::default()
        }
    }
}
