//! What a lead's message holds beside its text, and the fields by which the page
//! knows it.

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Place, random_id};

/// What a message holds beside its text; what it does not is left out.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadContent {
    /// A file that was uploaded to the phone; the message's text is its caption.
    pub media: Option<LeadMedia>,
    /// A place.
    pub location: Option<Place>,
    /// Cards, as vCards.
    pub cards: Option<Vec<String>>,
    /// The key of the message that it answers.
    pub quoted: Option<String>,
    /// A question with answers to choose from.
    pub poll: Option<LeadPoll>,
    /// The answer that was chosen of buttons, a list or a template.
    pub selected: Option<LeadChoice>,
    /// An order from the catalogue.
    pub order: Option<LeadOrder>,
    /// The advertisement that the lead came from.
    pub ad: Option<LeadAd>,
    /// It was forwarded.
    pub forwarded: bool,
}

/// A file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadMedia {
    /// Where the upload lies.
    pub path: String,
    /// The page's type: `image`, `video`, `audio`, `ptt`, `document`, `sticker`.
    pub kind: String,
    /// Its MIME type, as the lead's phone says.
    pub mime: String,
    /// Its name.
    pub filename: Option<String>,
    /// Its size, where the lead's phone says another one than it has.
    pub size: Option<u64>,
    /// How long it plays.
    pub seconds: Option<u32>,
    /// In pixels.
    pub width: Option<u32>,
    /// In pixels.
    pub height: Option<u32>,
    /// A small JPEG in base64.
    pub thumbnail: Option<String>,
    /// To be seen once.
    pub view_once: bool,
}

/// A question.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadPoll {
    /// The question.
    pub name: String,
    /// The answers.
    pub options: Vec<String>,
    /// More than one may be chosen.
    pub multiple: bool,
}

/// A chosen answer.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadChoice {
    /// `button`, `list` or `template`.
    pub kind: String,
    /// The answer's id.
    pub id: String,
    /// What stands below a list's answer.
    pub description: Option<String>,
}

/// An order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadOrder {
    /// Its id.
    pub id: String,
    /// Its title.
    pub title: String,
    /// How many things.
    pub items: u32,
    /// What it costs, in thousandths.
    pub total_1000: i64,
    /// In which currency.
    pub currency: String,
}

/// An advertisement.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct LeadAd {
    /// `facebook`, `instagram`.
    pub app: String,
    /// The advertisement's id.
    pub source_id: String,
    /// Its headline.
    pub title: String,
    /// Its text.
    pub description: String,
    /// Where it is.
    pub url: String,
}

impl LeadContent {
    /// The page's type of the message and its fields. `body` is its text.
    pub(super) fn fields(
        &self,
        body: &str,
        me: &str,
        chat: &str,
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
            // The page has a file's small picture where a text has its text.
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
            put("quotedMsg", json!({"type": "chat", "body": "…"}));
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
        (kind, fields)
    }
}
