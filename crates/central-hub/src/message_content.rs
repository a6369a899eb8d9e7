//! The content of a message other than its text, and its changes, in the stored
//! format and in the format of the API and the webhooks.

use serde::{Deserialize, Serialize};
use session_api::{
    Ad, ContactCard, InboundLocation, InboundMedia, MediaState, MessageContent, Order, Poll,
    Quoted, Selected, Timestamp,
};
use utoipa::ToSchema;

/// Maximum number of texts kept per message, in addition to the first.
const MAX_TEXTS: usize = 50;
/// Maximum total length of these texts, in bytes.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// The content of a message in the stored format.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Content {
    /// The parts other than the text.
    #[serde(flatten)]
    pub message: MessageContent,
    /// The call, if the message represents one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub call: Option<Call>,
}

impl Content {
    /// Returns whether there is anything to store.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Returns the description of the message's file, unless only the phone can show the file.
    #[must_use]
    pub fn file(&self) -> Option<&InboundMedia> {
        self.message
            .media
            .as_ref()
            .filter(|_| !self.message.view_once)
    }
}

impl From<&MessageContent> for Content {
    fn from(message: &MessageContent) -> Self {
        Self {
            message: message.clone(),
            call: None,
        }
    }
}

/// A call that was not answered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Call {
    /// Whether the call was a video call.
    pub video: bool,
    /// Always `missed`.
    pub outcome: String,
}

/// The texts of an edited message.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Texts {
    /// The text before any edit.
    pub first: String,
    /// The later texts, in the order in which they were written.
    pub later: Vec<LaterText>,
}

/// The text of an edit.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LaterText {
    /// The text.
    pub text: String,
    /// When this text replaced the previous one, in milliseconds since 1970.
    pub at: i64,
}

impl Texts {
    /// Creates the texts of a message that has not been edited.
    #[must_use]
    pub const fn new(first: String) -> Self {
        Self {
            first,
            later: Vec::new(),
        }
    }

    /// Returns the newest text.
    #[must_use]
    pub fn newest(&self) -> &str {
        self.later.last().map_or(&self.first, |it| &it.text)
    }

    /// Returns whether the edit of this time with this text is present.
    #[must_use]
    pub fn has(&self, text: &str, at: i64) -> bool {
        self.later.iter().any(|it| it.at == at && it.text == text)
    }

    /// Inserts the text of an edit by its time. Returns `false` if the text is
    /// already present, or older than all kept texts.
    pub fn add(&mut self, text: String, at: i64) -> bool {
        if self.has(&text, at) {
            return false;
        }
        let new = LaterText { text, at };
        let place = self.later.partition_point(|it| it.at <= at);
        self.later.insert(place, new);
        let mut bytes: usize = self.later.iter().map(|it| it.text.len()).sum();
        let mut dropped = 0;
        // The newest text is kept, however long it is.
        while self.later.len() - dropped > 1
            && (self.later.len() - dropped > MAX_TEXTS || bytes > MAX_TEXT_BYTES)
        {
            bytes -= self.later[dropped].text.len();
            dropped += 1;
        }
        self.later.drain(..dropped);
        place >= dropped
    }

    /// Returns the earlier texts, each with the time at which it was replaced.
    /// An edit that does not change the text is ignored.
    fn earlier(&self) -> Vec<Edit> {
        let texts = std::iter::once(&self.first).chain(self.later.iter().map(|it| &it.text));
        texts
            .zip(&self.later)
            .filter(|(text, next)| **text != next.text)
            .filter_map(|(text, next)| {
                Some(Edit {
                    text: text.clone(),
                    at: Timestamp::from_millis(next.at)?,
                })
            })
            .collect()
    }
}

/// The author of this account's own reactions.
pub const OWN_REACTION: &str = "me";

/// The last reaction to a message by one of the two sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredReaction {
    /// The author, [`OWN_REACTION`]; `None` stands for the contact.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// The emoji; `None` if the reaction was removed. The removal is stored so
    /// that an older reaction that is reported later does not restore it.
    pub emoji: Option<String>,
    /// When the author reacted, in milliseconds since 1970.
    pub at: i64,
}

/// Adds a reaction, which replaces an earlier one by the same side. Returns
/// `false` if nothing changed.
pub fn react(reactions: &mut Vec<StoredReaction>, new: StoredReaction) -> bool {
    match reactions.iter_mut().find(|it| it.from == new.from) {
        None => {
            let is_shown = new.emoji.is_some();
            reactions.push(new);
            is_shown
        }
        Some(old) if old.at > new.at || *old == new => false,
        Some(old) => {
            let is_other = old.emoji != new.emoji;
            *old = new;
            is_other
        }
    }
}

/// A message's content and changes in the stored format.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Contents {
    /// The content.
    pub content: Content,
    /// The texts, if the message was edited.
    pub texts: Option<Texts>,
    /// The reactions, including removed ones.
    pub reactions: Vec<StoredReaction>,
    /// When the message was deleted for everyone.
    pub deleted_at: Option<Timestamp>,
}

/// Content and changes of a message in the format of the API. Absent parts are omitted.
#[derive(Clone, Default, Serialize, ToSchema)]
#[schema(as = messages::Content)]
pub(crate) struct ShownContent {
    #[serde(skip_serializing_if = "Option::is_none")]
    media: Option<InboundMedia>,
    /// The path of the file on this host.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    quoted: Option<ShownQuoted>,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<InboundLocation>,
    #[serde(skip_serializing_if = "Option::is_none")]
    contacts: Option<Vec<ContactCard>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    poll: Option<Poll>,
    #[serde(skip_serializing_if = "Option::is_none")]
    selected: Option<Selected>,
    #[serde(skip_serializing_if = "Option::is_none")]
    order: Option<Order>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ad: Option<Ad>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    view_once: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    forwarded: bool,
    /// Whether the call was a video call; only for a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    video: Option<bool>,
    /// `missed`; only for a call.
    #[serde(skip_serializing_if = "Option::is_none")]
    outcome: Option<String>,
    /// The earlier texts, oldest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    edits: Vec<Edit>,
    /// When the message was deleted for everyone; its text is then removed.
    #[serde(skip_serializing_if = "Option::is_none")]
    deleted_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    reactions: Vec<Reaction>,
}

/// The message that another one replies to.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = messages::Quoted)]
struct ShownQuoted {
    message_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    author: Option<String>,
    from_me: bool,
    /// The message's type, as WhatsApp names it.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<String>,
    /// The beginning of its text.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
}

impl From<Quoted> for ShownQuoted {
    fn from(quoted: Quoted) -> Self {
        Self {
            message_id: quoted.message_id,
            author: quoted.author,
            from_me: quoted.from_me,
            kind: quoted.kind,
            text: quoted.text,
        }
    }
}

/// An earlier text, and when it was replaced.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = messages::Edit)]
struct Edit {
    text: String,
    at: Timestamp,
}

/// The reaction of one side to a message.
#[derive(Clone, Serialize, ToSchema)]
#[schema(as = messages::Reaction)]
struct Reaction {
    emoji: String,
    /// The id of the chat for the contact's reaction, `me` for this account's.
    from: String,
    /// Present and `true` for this account's own reaction.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    from_me: bool,
    at: Timestamp,
}

impl ShownContent {
    /// Returns the content of the message with this id in this chat.
    pub(crate) fn new(id: i64, chat: &str, contents: Contents) -> Self {
        if contents.deleted_at.is_some() {
            return Self {
                deleted_at: contents.deleted_at,
                ..Self::default()
            };
        }
        let Contents {
            content,
            texts,
            reactions,
            deleted_at: _,
        } = contents;
        let is_served = content
            .file()
            .is_some_and(|file| file.state != MediaState::Gone);
        let Content { message, call } = content;
        let (video, outcome) = call.map(|it| (it.video, it.outcome)).unzip();
        Self {
            media_url: is_served.then(|| media_url(id)),
            media: message.media,
            quoted: message.quoted.map(ShownQuoted::from),
            location: message.location,
            contacts: message.contacts,
            poll: message.poll,
            selected: message.selected,
            order: message.order,
            ad: message.ad,
            view_once: message.view_once,
            forwarded: message.forwarded,
            video,
            outcome,
            edits: texts.as_ref().map(Texts::earlier).unwrap_or_default(),
            deleted_at: None,
            reactions: visible_reactions(reactions, chat),
        }
    }

    /// Adds the message that this one answers, which the request that sent this message names.
    pub(crate) fn answering(mut self, request: Option<&str>) -> Self {
        #[derive(Deserialize)]
        struct Asked {
            reply_to: Option<String>,
        }
        let parsed = request.and_then(|json| serde_json::from_str::<Asked>(json).ok());
        if self.quoted.is_none()
            && let Some(message_id) = parsed.and_then(|parsed| parsed.reply_to)
        {
            self.quoted = Some(ShownQuoted {
                from_me: message_id.starts_with("true_"),
                message_id,
                author: None,
                kind: None,
                text: None,
            });
        }
        self
    }

    /// Returns the id of the quoted message if nothing else is known of it.
    pub(crate) fn bare_quote(&self) -> Option<&str> {
        let quoted = self.quoted.as_ref()?;
        let is_bare = quoted.kind.is_none() && quoted.text.is_none();
        is_bare.then_some(quoted.message_id.as_str())
    }

    /// Completes the quoted message with its type, as WhatsApp names it, and its text.
    pub(crate) fn complete_quote(&mut self, kind: String, text: Option<String>) {
        if let Some(quoted) = &mut self.quoted {
            quoted.kind = Some(kind);
            quoted.text = text;
        }
    }

    /// Returns whether the message's file can be requested.
    pub(crate) const fn is_served(&self) -> bool {
        self.media_url.is_some()
    }

    /// Removes the parts that a list of conversations does not show.
    pub(crate) fn shorten(&mut self) {
        self.edits.clear();
        if let Some(media) = &mut self.media {
            media.thumbnail = None;
        }
    }
}

fn visible_reactions(reactions: Vec<StoredReaction>, chat: &str) -> Vec<Reaction> {
    let show = |stored: StoredReaction| {
        Some(Reaction {
            emoji: stored.emoji?,
            from_me: stored.from.as_deref() == Some(OWN_REACTION),
            from: stored.from.unwrap_or_else(|| chat.to_owned()),
            at: Timestamp::from_millis(stored.at)?,
        })
    };
    reactions.into_iter().filter_map(show).collect()
}

/// Returns the path at which the file of a message is served.
fn media_url(id: i64) -> String {
    format!("/api/listener/messages/{id}/media")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(edits: &[(&str, i64)]) -> Texts {
        let mut texts = Texts::new("uno".to_owned());
        for (text, at) in edits {
            texts.add((*text).to_owned(), *at);
        }
        texts
    }

    #[test]
    fn edits_stand_in_the_order_of_their_time() {
        let kept_texts = texts(&[("tres", 30), ("dos", 20), ("tres", 30), ("dos", 20)]);
        assert_eq!(kept_texts, texts(&[("dos", 20), ("tres", 30)]));
        assert_eq!(kept_texts.newest(), "tres");
        let earlier: Vec<_> = kept_texts
            .earlier()
            .into_iter()
            .map(|it| (it.text, it.at.as_millis()))
            .collect();
        assert_eq!(earlier, [("uno".to_owned(), 20), ("dos".to_owned(), 30)]);
        // An edit back to the first text counts as an edit; one without a change does not.
        for edits in [[("dos", 20), ("uno", 30)], [("uno", 30), ("dos", 20)]] {
            assert_eq!(texts(&edits).newest(), "uno");
            assert_eq!(texts(&edits).earlier().len(), 2);
        }
        assert!(texts(&[("uno", 20)]).earlier().is_empty());
    }

    #[test]
    fn the_texts_of_a_message_have_a_limit() {
        let mut texts = Texts::new("uno".to_owned());
        for n in 0..200 {
            texts.add(format!("{n}"), n);
        }
        assert_eq!(texts.later.len(), MAX_TEXTS);
        assert_eq!((texts.newest(), texts.first.as_str()), ("199", "uno"));
        assert!(!texts.add("3".to_owned(), 3));
        assert_eq!(texts.later.len(), MAX_TEXTS);
    }

    proptest! {
        #[test]
        fn edits_in_any_order_and_twice_are_the_same(
            order in Just((0..6).chain(0..6).collect::<Vec<i64>>()).prop_shuffle(),
        ) {
            let mut texts = Texts::new("first".to_owned());
            for n in order {
                texts.add(format!("text {n}"), n * 1000);
            }
            let later: Vec<_> = texts.later.iter().map(|it| it.at).collect();
            prop_assert_eq!(later, (0..6).map(|n| n * 1000).collect::<Vec<_>>());
        }

        #[test]
        fn the_last_reaction_counts_in_whatever_order(
            order in Just((0..5).chain(0..5).collect::<Vec<i64>>()).prop_shuffle(),
        ) {
            let emoji = [Some("👍"), None, Some("❤️"), Some("😂"), None];
            let mut reactions = Vec::new();
            for n in order {
                let emoji = emoji[usize::try_from(n).unwrap()].map(str::to_owned);
                react(&mut reactions, StoredReaction { from: None, emoji, at: n });
            }
            prop_assert_eq!(reactions.len(), 1);
            prop_assert_eq!(reactions[0].at, 4);
            prop_assert!(visible_reactions(reactions, "1@c.us").is_empty());
        }
    }

    #[test]
    fn repeated_removal_changes_once() {
        let new = |emoji: Option<&str>, at| StoredReaction {
            from: None,
            emoji: emoji.map(str::to_owned),
            at,
        };
        let mut reactions = Vec::new();
        assert!(react(&mut reactions, new(Some("👍"), 1)));
        assert!(!react(&mut reactions, new(Some("👍"), 1)));
        assert!(react(&mut reactions, new(None, 2)));
        assert!(!react(&mut reactions, new(None, 3)));
        assert!(!react(&mut reactions, new(Some("👍"), 1)));
    }

    #[test]
    fn a_file_for_one_look_is_not_served() {
        let mut contents = Contents::default();
        contents.content.message.media = Some(InboundMedia::default());
        let url = |contents: &Contents| ShownContent::new(7, "1@c.us", contents.clone()).media_url;
        assert_eq!(
            url(&contents).as_deref(),
            Some("/api/listener/messages/7/media")
        );
        contents.content.message.view_once = true;
        assert_eq!(url(&contents), None);
        contents.content.message.view_once = false;
        contents.content.message.media = Some(InboundMedia {
            state: MediaState::Gone,
            ..InboundMedia::default()
        });
        assert_eq!(url(&contents), None);
    }
}
