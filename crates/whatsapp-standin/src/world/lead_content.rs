//! Defines the content of a lead's message besides its text, and the page's fields for it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Place, Received, World, random_id};
use crate::page_protocol::Incoming;

/// Content of a message besides its text. Absent content is omitted.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadContent {
    /// A file uploaded to the phone; the message's text is its caption.
    pub media: Option<LeadMedia>,
    /// A location.
    pub location: Option<Place>,
    /// Contact cards, as vCards.
    pub cards: Option<Vec<String>>,
    /// The key of the quoted message.
    pub quoted: Option<String>,
    /// A poll.
    pub poll: Option<LeadPoll>,
    /// The selected option of buttons, a list or a template.
    pub selected: Option<LeadChoice>,
    /// An order from the catalogue.
    pub order: Option<LeadOrder>,
    /// The advertisement that brought the lead.
    pub ad: Option<LeadAd>,
    /// Whether the message was forwarded.
    pub forwarded: bool,
    /// Further fields under the page's names, for kinds that have no field here.
    pub fields: Map<String, Value>,
}

/// A file of a lead's message.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadMedia {
    /// Path of the upload.
    pub path: String,
    /// The page's type: `image`, `video`, `audio`, `ptt`, `document`, `sticker`.
    pub kind: String,
    /// The MIME type, according to the lead's phone.
    pub mime: String,
    /// The file name, according to the lead's phone.
    pub filename: Option<String>,
    /// The size in bytes according to the lead's phone, if it differs from the actual size.
    pub size: Option<u64>,
    /// The duration of playback, in seconds.
    pub seconds: Option<u32>,
    /// The width, in pixels.
    pub width: Option<u32>,
    /// The height, in pixels.
    pub height: Option<u32>,
    /// A JPEG thumbnail in base64.
    pub thumbnail: Option<String>,
    /// Whether it is a view-once file.
    pub view_once: bool,
}

/// A poll.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadPoll {
    /// The question.
    pub name: String,
    /// The options.
    pub options: Vec<String>,
    /// Whether several options may be selected.
    pub multiple: bool,
}

/// A selected option.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadChoice {
    /// The kind: `button`, `list` or `template`.
    pub kind: String,
    /// The option's id.
    pub id: String,
    /// The description, for an option of a list.
    pub description: Option<String>,
}

/// An order from the catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadOrder {
    /// The order's id.
    pub id: String,
    /// The order's title.
    pub title: String,
    /// Number of items.
    pub items: u32,
    /// The total price, in thousandths of the currency unit.
    pub total_1000: i64,
    /// Currency code.
    pub currency: String,
}

/// An advertisement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadAd {
    /// The app: `facebook` or `instagram`.
    pub app: String,
    /// The advertisement's id.
    pub source_id: String,
    /// The headline.
    pub title: String,
    /// The text.
    pub description: String,
    /// URL of the advertisement.
    pub url: String,
}

impl LeadContent {
    /// Returns the page's type and fields of the message. `body` is the message's text, and
    /// `quoted_content` what it has of the quoted message.
    pub(super) fn fields(
        &self,
        body: &str,
        me: &str,
        chat: &str,
        quoted_content: Option<&Value>,
    ) -> (Option<String>, Map<String, Value>) {
        let mut kind = None;
        let mut fields = Map::new();
        let mut put = |name: &str, value: Value| {
            if !value.is_null() {
                fields.insert(name.to_owned(), value);
            }
        };
        if let Some(media) = &self.media {
            kind = Some(media.kind.clone());
            put("mimetype", json!(media.mime));
            put("filename", json!(media.filename));
            put("size", json!(media.size));
            put(
                "duration",
                json!(media.seconds.map(|seconds| seconds.to_string())),
            );
            put("width", json!(media.width));
            put("height", json!(media.height));
            put("directPath", json!(media.path));
            put("filehash", json!(random_id("h")));
            put("mediaKey", json!(random_id("k")));
            put("caption", json!(body));
            // The page stores a file's thumbnail in the field of a message's
            // text.
            put(
                "body",
                json!(media.thumbnail.as_deref().unwrap_or_default()),
            );
            put("isViewOnce", json!(media.view_once));
        }
        if let Some(Place {
            latitude,
            longitude,
            text,
        }) = &self.location
        {
            kind = Some("location".to_owned());
            put("lat", json!(latitude));
            put("lng", json!(longitude));
            put("loc", json!(text));
        }
        match self.cards.as_deref() {
            None => {}
            Some([card]) => {
                kind = Some("vcard".to_owned());
                put("body", json!(card));
            }
            Some(cards) => {
                kind = Some("multi_vcard".to_owned());
                let list: Vec<_> = cards.iter().map(|card| json!({"vcard": card})).collect();
                put("vcardList", json!(list));
            }
        }
        if let Some(quoted) = &self.quoted {
            let by_me = quoted.starts_with("true_");
            put("quotedStanzaID", json!(quoted.split('_').nth(2)));
            put("quotedParticipant", json!(if by_me { me } else { chat }));
            put("quotedMsg", json!(quoted_content));
        }
        if let Some(poll) = &self.poll {
            kind = Some("poll_creation".to_owned());
            let options = poll.options.iter().enumerate();
            let options: Vec<_> = options
                .map(|(at, name)| json!({"name": name, "localId": at}))
                .collect();
            put("pollName", json!(poll.name));
            put("pollOptions", json!(options));
            put(
                "pollSelectableOptionsCount",
                json!(u8::from(!poll.multiple)),
            );
        }
        if let Some(choice) = &self.selected {
            match choice.kind.as_str() {
                "list" => {
                    kind = Some("list_response".to_owned());
                    let row = json!({"selectedRowId": choice.id});
                    let answer = json!({"title": body, "description": choice.description, "singleSelectReply": row});
                    put("listResponse", answer);
                }
                "template" => {
                    kind = Some("template_button_reply".to_owned());
                    put("selectedId", json!(choice.id));
                }
                _ => {
                    kind = Some("buttons_response".to_owned());
                    put("selectedButtonId", json!(choice.id));
                }
            }
        }
        if let Some(order) = &self.order {
            kind = Some("order".to_owned());
            put("orderId", json!(order.id));
            put("orderTitle", json!(order.title));
            put("itemCount", json!(order.items));
            put("totalAmount1000", json!(order.total_1000));
            put("totalCurrencyCode", json!(order.currency));
        }
        if let Some(ad) = &self.ad {
            let context = json!({
                "sourceApp": ad.app, "sourceId": ad.source_id, "title": ad.title,
                "description": ad.description, "sourceUrl": ad.url, "mediaType": 1,
            });
            put("ctwaContext", context);
        }
        if self.forwarded {
            put("isForwarded", json!(true));
            put("forwardingScore", json!(1));
        }
        for (name, value) in &self.fields {
            put(name, value.clone());
        }
        (kind, fields)
    }
}

impl World {
    /// Returns what a quote has of the message under this key: its type and content. The phone that
    /// quotes a message sends them along.
    pub(super) fn quoted_content(&self, key: &str) -> Option<Value> {
        let id = key.split('_').nth(2)?;
        let received = || self.by_id.get(id).and_then(|at| self.received.get(*at));
        let incoming = self.history.iter().rfind(|message| message.id == id);
        incoming
            .map(content_of_incoming)
            .or_else(|| received().map(content_of_received))
    }
}

fn content_of_incoming(message: &Incoming) -> Value {
    let mut content = message.fields.clone();
    // A quoted message comes without its own quote.
    content.retain(|name, _| !name.starts_with("quoted"));
    content.entry("body").or_insert_with(|| json!(message.body));
    let kind = message.kind.as_deref().unwrap_or("chat");
    content.insert("type".to_owned(), json!(kind));
    Value::Object(content)
}

fn content_of_received(message: &Received) -> Value {
    let mut content = json!({"type": message.kind, "body": message.body});
    if let Some(caption) = &message.details.caption {
        content["caption"] = json!(caption);
    }
    if let Some(place) = &message.details.location {
        content["loc"] = json!(place.text);
    }
    content
}
