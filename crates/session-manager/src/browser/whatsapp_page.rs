//! Makes typed calls into the page script: send, search, link, log out.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_api::{Content, InboundMedia, PasskeyCredential, SelfTest};

use super::cdp::CdpError;
use super::page_report::{PageChange, PageLimits, PageMessage, PageReport};
use super::tab::{CHANNEL, Tab};

const BRIDGE: &str = include_str!("../../page/dist/bridge.js");
/// The bundle of wa-js that this service was built with.
pub const WA_JS: &str = include_str!("../../page/dist/wa-js.js");

const QUICK_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of calls that may have to look up a number.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(10);
/// Timeout of a search. The page returns what it found after [`SEARCH_BUDGET`], but may have to
/// wait for its database first.
const SEARCH_TIMEOUT: Duration = Duration::from_secs(15);
/// How long the page searches before it returns its progress.
const SEARCH_BUDGET: Duration = Duration::from_millis(500);
/// Timeout of a download. WhatsApp's servers may be slow with a large file.
const DOWNLOAD_TIMEOUT: Duration = Duration::from_secs(300);
/// How many bytes of a file one call transfers. Base64 adds a third.
const PIECE_BYTES: usize = 384 * 1024;
/// Timeout of a query to WhatsApp's server, longer than the page itself waits.
const SERVER_QUERY_TIMEOUT: Duration = Duration::from_secs(18);
/// Timeout of a query for addresses. It is short, since a send waits for it.
const ADDRESSES_TIMEOUT: Duration = Duration::from_secs(1);
/// Timeout of a query for a contact. The page collects a contact by several queries, each with its
/// own timeout.
const CONTACT_TIMEOUT: Duration = Duration::from_secs(23);
const PAIRING_TIMEOUT: Duration = Duration::from_secs(20);
const LOGOUT_TIMEOUT: Duration = Duration::from_secs(15);

/// A file as passed to the page.
#[derive(Clone, Debug)]
pub struct PageFile {
    /// The path of the file.
    pub path: PathBuf,
    /// Its MIME type.
    pub mime: String,
    /// The name that the recipient sees.
    pub name: String,
    /// The size in bytes.
    pub size: u64,
}

/// Why a call into the page failed.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The browser did not respond, or is gone.
    #[error(transparent)]
    Browser(#[from] CdpError),
    /// The page is not connected, or not loaded; nothing was done.
    #[error("{0}")]
    NotReady(String),
    /// The connection was lost during a lookup; nothing was sent.
    #[error("{0}")]
    ConnectionLost(String),
    /// The number is not on WhatsApp; nothing was sent.
    #[error("{0}")]
    NotOnWhatsapp(String),
    /// The message that the call refers to is unknown; nothing was sent.
    #[error("{0}")]
    MessageNotFound(String),
    /// WhatsApp accepts no file of this size and type; nothing was sent.
    #[error("{0}")]
    TooLarge(String),
    /// WhatsApp no longer has the file.
    #[error("{0}")]
    MediaGone(String),
    /// WhatsApp allows nobody to change this message; nothing was changed.
    #[error("{0}")]
    NotChangeable(String),
    /// WhatsApp no longer allows changes to this message; nothing was changed.
    #[error("{0}")]
    TooOld(String),
    /// The account has blocked the recipient; nothing was sent.
    #[error("{0}")]
    RecipientBlocked(String),
    /// WhatsApp refused: its limit on writing to people who never wrote first.
    #[error("{0}")]
    ReachOutLimit(String),
    /// WhatsApp refused: its monthly limit on new chats.
    #[error("{0}")]
    NewChatLimit(String),
    /// WhatsApp refused; nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// Whether WhatsApp accepted the message or change is unknown.
    #[error("{0}")]
    Unconfirmed(String),
    /// The page failed before it did anything.
    #[error("{0}")]
    Failed(String),
    /// The page's response does not match the page script's schema.
    #[error("the page script's answer cannot be parsed")]
    Malformed(#[source] Option<serde_json::Error>),
}

/// Whether the account appears as online while the page is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// The account appears as offline, and the phone keeps notifying of incoming messages.
    #[default]
    Unavailable,
    /// The page's default: the account appears as online all day.
    Available,
}

#[derive(Deserialize)]
enum BridgeReply<T> {
    #[serde(rename = "ok")]
    Done(T),
    #[serde(rename = "err")]
    Refused { code: String, message: String },
}

/// The page of a running browser. Cheap to clone; calls run concurrently.
#[derive(Clone)]
pub struct WhatsAppPage {
    tab: Tab,
}

impl std::fmt::Debug for WhatsAppPage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

/// A send request to the page.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PageSend<'a> {
    /// `…@c.us` or `…@lid`.
    pub to: &'a str,
    /// The last part of the message's id.
    pub key: &'a str,
    /// The content.
    pub content: &'a Content,
    /// Whether the message may have been sent before, with this key.
    pub again: bool,
}

/// A message to be changed, which the account sent, or to be reacted to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct OwnMessage<'a> {
    /// WhatsApp's full id.
    pub id: &'a str,
    /// The second in which the message was sent; 0 if unknown.
    pub sent_at: i64,
}

/// An edit of a sent message.
#[derive(Clone, Copy, Serialize)]
pub struct PageEdit<'a> {
    /// The message.
    #[serde(flatten)]
    pub message: OwnMessage<'a>,
    /// The last part of the edit's own id.
    pub key: &'a str,
    /// The new text.
    pub text: &'a str,
    /// Whether the edit may have been sent before, with this key.
    pub again: bool,
}

/// A reaction of the account itself.
#[derive(Clone, Copy, Serialize)]
pub struct PageReaction<'a> {
    /// The message to which it belongs, of either direction.
    #[serde(flatten)]
    pub message: OwnMessage<'a>,
    /// The emoji; empty to take the reaction away.
    pub emoji: &'a str,
}

/// A reaction that WhatsApp's server has.
#[derive(Clone, Debug, Deserialize)]
pub struct GivenReaction {
    /// WhatsApp's full id of the reaction; `None` if the page has none.
    pub key: Option<String>,
    /// When it was given or taken away, in milliseconds since 1970.
    pub at: i64,
}

/// The result of marking a chat as read.
#[derive(Clone, Debug, Deserialize)]
pub struct ReadChat {
    /// The chat's id; `None` if there is no chat.
    pub chat: Option<String>,
    /// The number of messages that were unread.
    pub unread: u32,
}

/// What WhatsApp says about a number.
#[derive(Clone, Deserialize)]
pub struct PageContact {
    /// The number as WhatsApp spells it.
    pub chat: String,
    /// The number in digits; `None` if it is unknown.
    pub phone: Option<String>,
    /// `…@lid`.
    pub lid: Option<String>,
    /// The name under which the phone has saved the number.
    pub name: Option<String>,
    /// The name that its owner chose.
    pub pushname: Option<String>,
    /// The text that the owner wrote about themselves.
    pub about: Option<String>,
    /// Whether it is a business account.
    pub business: bool,
    /// The link to the profile picture.
    pub picture_url: Option<String>,
}

/// The description of a file that is passed to the page, without its path.
#[derive(Serialize)]
struct FileDescription<'a> {
    mime: &'a str,
    name: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct SendCall<'a> {
    #[serde(flatten)]
    send: PageSend<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<FileDescription<'a>>,
    patience_ms: u128,
}

/// A message that the server accepted.
#[derive(Clone, Debug, Deserialize)]
pub struct Sent {
    /// WhatsApp's full message id; a reaction has none.
    pub id: Option<String>,
    /// The file that was sent.
    pub media: Option<Box<InboundMedia>>,
}

#[derive(Deserialize)]
struct OpenedMedia {
    token: String,
    size: u64,
}

/// What WhatsApp's server says about a number.
#[derive(Clone, Debug, Deserialize)]
pub struct NumberLookup {
    /// The number as WhatsApp spells it; `None` if it is not on WhatsApp.
    pub chat: Option<String>,
    /// The LID of the number, if the page knows it.
    pub lid: Option<String>,
}

/// The state of a message in the page's own store.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredMessage {
    /// WhatsApp's full message id.
    pub id: String,
    /// WhatsApp's numeric ack, -1 to 4.
    pub ack: i8,
    /// The file that was sent, once the server has it.
    pub media: Option<Box<InboundMedia>>,
}

/// A code that a person types into the phone.
#[derive(Clone, Debug, Deserialize)]
pub struct PairingCode {
    /// The code, as `ABCD-EFGH`.
    pub code: String,
    /// When the code expires, in milliseconds since 1970.
    pub expires_at: i64,
}

#[derive(Serialize)]
struct MessageStateCall<'a> {
    to: &'a str,
    key: &'a str,
}

/// The direction of a chat search.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Backward in time.
    Before,
    /// Forward in time.
    After,
}

/// A search of one chat in the page's database.
#[derive(Clone, Copy, Debug)]
pub struct ChatSearch<'a> {
    /// The chat's id.
    pub chat: &'a str,
    /// Return only messages from this second on.
    pub since: i64,
    /// The cursor message; `None` for the chat's end.
    pub anchor: Option<&'a str>,
    /// The direction of the search, from the cursor.
    pub direction: Direction,
}

#[derive(Serialize)]
struct ChatSearchCall<'a> {
    chat: &'a str,
    since: i64,
    anchor: Option<&'a str>,
    direction: Direction,
    budget_ms: u128,
}

/// One page of results of a chat search.
#[derive(Clone, Deserialize)]
pub struct ChatMessages {
    /// The messages in the order of their arrival.
    pub messages: Vec<PageMessage>,
    /// The next cursor; `None` if there are no more.
    pub next: Option<String>,
    /// The message at which the search began because it could not begin at the chat's end. More
    /// messages may follow it.
    pub began_at: Option<String>,
    /// Whether the page cannot find the cursor, so that the remaining messages are unknown.
    pub lost: bool,
}

/// The result of reading messages by id.
#[derive(Clone, Deserialize)]
pub struct ReadMessages {
    /// The messages, in the order of the ids.
    pub messages: Vec<PageMessage>,
    /// The ids that are not a person's messages, or no longer exist.
    pub none: Vec<String>,
}

/// A search of the page's memory.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MemorySearch<'a> {
    /// Return only messages from this second on.
    pub since: i64,
    /// The maximum number of messages. The oldest are returned first.
    pub limit: usize,
    /// The mark of an earlier search. If it is still current, the result is empty.
    pub mark: &'a str,
}

/// The messages in the page's memory.
#[derive(Clone, Debug, Deserialize)]
pub struct MemoryMessages {
    /// Ids, and times in seconds, in order of publication.
    pub ids: Vec<(String, i64)>,
    /// Whether there are more messages after these.
    pub more: bool,
    /// The mark of the memory's current content.
    pub mark: String,
}

impl WhatsAppPage {
    pub(super) fn new(tab: Tab) -> Self {
        Self { tab }
    }

    pub(super) fn tab(&self) -> &Tab {
        &self.tab
    }

    /// Installs the page script. It runs in every document from now on, before the page's own
    /// scripts.
    ///
    /// `attended` says that a person uses the browser and answers for a passkey.
    pub(super) async fn install(&self, presence: Presence, attended: bool) -> Result<(), CdpError> {
        let channel = format!("globalThis.{CHANNEL}");
        let options = json!({"presence": presence, "attended": attended});
        self.tab
            .preload(&format!(
                "(() => {{ const channel = {channel}; delete {channel}; {ONLY_TOP_PAGE}\n\
             {BRIDGE}\nleadmasterBridge.start(channel, {options}); }})()"
            ))
            .await
    }

    /// Installs `tools` (see [`Tools`]) in the same way.
    pub(super) async fn install_tools(&self, tools: &Tools) -> Result<(), CdpError> {
        self.tab.preload(&tools.0).await
    }

    /// Runs `tools` in the current document, unless the document has them. A document that loads
    /// meanwhile gets them from [`Self::install_tools`], so call that first.
    pub(super) async fn run_tools(&self, tools: &Tools) -> Result<(), CdpError> {
        match self.tab.evaluate(&tools.0, false, QUICK_TIMEOUT).await {
            // The document was replaced meanwhile.
            Err(CdpError::Remote { .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Makes V8 collect the page's garbage. This takes a moment, during which the page is blocked.
    ///
    /// # Errors
    /// Any [`CdpError`].
    pub async fn collect_garbage(&self) -> Result<(), CdpError> {
        self.tab.collect_garbage().await
    }

    /// Reloads the page.
    ///
    /// # Errors
    /// Any [`CdpError`].
    pub async fn reload(&self) -> Result<(), CdpError> {
        self.tab.reload().await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        name: &str,
        args: impl Serialize,
        deadline: Duration,
    ) -> Result<T, PageError> {
        let malformed = |error| PageError::Malformed(Some(error));
        let quoted = |text: &str| serde_json::to_string(text).map_err(malformed);
        let args = serde_json::to_string(&args).map_err(malformed)?;
        // Arguments and result are JSON text: JSON strings are valid JavaScript.
        let expression = format!("__leadmaster.call({}, {})", quoted(name)?, quoted(&args)?);
        let start = Instant::now();
        let evaluated = self.tab.evaluate(&expression, true, deadline).await?;
        let elapsed = start.elapsed();
        if let Some(exception) = evaluated.exception {
            return Err(PageError::Failed(exception.text));
        }
        let answer = evaluated.result.value.as_str();
        let (in_page, text) = answer
            .and_then(|text| text.split_once(' '))
            .ok_or(PageError::Malformed(None))?;
        let elapsed = elapsed.as_secs_f64() * 1e3;
        tracing::debug!("page: {name} took {elapsed:.1} ms, {in_page} of it in the page");
        match serde_json::from_str(text).map_err(malformed)? {
            BridgeReply::Done(value) => Ok(value),
            BridgeReply::Refused { code, message } => Err(match code.as_str() {
                "NOT_READY" => PageError::NotReady(message),
                "CONNECTION_LOST" => PageError::ConnectionLost(message),
                "NOT_ON_WHATSAPP" => PageError::NotOnWhatsapp(message),
                "MESSAGE_NOT_FOUND" => PageError::MessageNotFound(message),
                "TOO_LARGE" => PageError::TooLarge(message),
                "MEDIA_GONE" => PageError::MediaGone(message),
                "NOT_CHANGEABLE" => PageError::NotChangeable(message),
                "TOO_OLD" => PageError::TooOld(message),
                "RECIPIENT_BLOCKED" => PageError::RecipientBlocked(message),
                "REACH_OUT_LIMIT" => PageError::ReachOutLimit(message),
                "NEW_CHAT_LIMIT" => PageError::NewChatLimit(message),
                "REFUSED" => PageError::Refused(message),
                "UNCONFIRMED" => PageError::Unconfirmed(message),
                _ => PageError::Failed(message),
            }),
        }
    }

    /// Returns the page's report. The call serves as the heartbeat as well.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn report(&self, deadline: Duration) -> Result<PageReport, PageError> {
        self.call("facts", json!({}), deadline).await
    }

    /// Runs the page script's self-test of its requirements.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn self_test(&self) -> Result<SelfTest, PageError> {
        self.call("self_test", json!({}), QUICK_TIMEOUT).await
    }

    /// Requests new codes from an idle page. Returns `false` if the page has no way to do so and
    /// must be reloaded.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn refresh_code(&self) -> Result<bool, PageError> {
        let answer: Value = self.call("refresh_code", json!({}), QUICK_TIMEOUT).await?;
        Ok(answer.get("way").and_then(Value::as_str) != Some("none"))
    }

    /// Returns a code to type into the phone with this number (digits only):
    /// the pending one, or a new one.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn pairing_code(&self, phone: &str) -> Result<PairingCode, PageError> {
        self.call("pairing_code", json!({"phone": phone}), PAIRING_TIMEOUT)
            .await
    }

    /// Passes a passkey's answer to the request with this number.
    ///
    /// # Errors
    /// [`PageError::NotReady`] if the page does not wait for an answer, or waits for another one;
    /// any [`PageError`].
    pub async fn answer_passkey(
        &self,
        request: u64,
        credential: &PasskeyCredential,
    ) -> Result<(), PageError> {
        let args = json!({"request": request, "credential": credential});
        self.call::<Value>("passkey_answer", args, QUICK_TIMEOUT)
            .await
            .map(drop)
    }

    /// Confirms that a person has compared the verification code.
    ///
    /// # Errors
    /// [`PageError::NotReady`] if the page does not wait for this; any [`PageError`].
    pub async fn confirm_passkey(&self) -> Result<(), PageError> {
        self.call::<Value>("passkey_confirm", json!({}), QUICK_TIMEOUT)
            .await
            .map(drop)
    }

    /// Leads the page back from a passkey to a code to scan. Returns `false` if the page has no way
    /// to do so and must be reloaded.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn cancel_passkey(&self) -> Result<bool, PageError> {
        let answer: Value = self
            .call("passkey_cancel", json!({}), QUICK_TIMEOUT)
            .await?;
        Ok(answer.get("way").and_then(Value::as_str) != Some("none"))
    }

    /// Unlinks the device.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn logout(&self) -> Result<(), PageError> {
        self.call::<Value>("logout", json!({}), LOGOUT_TIMEOUT)
            .await
            .map(drop)
    }

    /// Asks WhatsApp's server about a number.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn look_up(&self, to: &str) -> Result<NumberLookup, PageError> {
        self.call("look_up", json!({"to": to}), SERVER_QUERY_TIMEOUT)
            .await
    }

    /// Returns all addresses of the contact with this address, as the page knows them. Sends no
    /// query to WhatsApp's server.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn addresses_of(&self, to: &str) -> Result<Vec<String>, PageError> {
        self.call("addresses_of", json!({"to": to}), ADDRESSES_TIMEOUT)
            .await
    }

    /// Returns the stored state of the message to `to` whose id ends in `key`.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn message_state(
        &self,
        to: &str,
        key: &str,
    ) -> Result<Option<StoredMessage>, PageError> {
        self.call(
            "message_state",
            MessageStateCall { to, key },
            LOOKUP_TIMEOUT,
        )
        .await
    }

    /// Returns the account's WhatsApp limits. The page also requests them from the server again,
    /// and reports changes.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn limits(&self) -> Result<PageLimits, PageError> {
        self.call("limits", json!({}), QUICK_TIMEOUT).await
    }

    /// Returns the ids of the chats that changed since this second, latest last, each with the time
    /// of the change. The time is 0 if the page does not report it.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn chats(&self, since: i64) -> Result<Vec<(String, i64)>, PageError> {
        self.call("chats", json!({"since": since}), SEARCH_TIMEOUT)
            .await
    }

    /// Searches one chat in the page's database for a short time. The result includes the next
    /// cursor.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn search(&self, chat: ChatSearch<'_>) -> Result<ChatMessages, PageError> {
        let call = ChatSearchCall {
            chat: chat.chat,
            since: chat.since,
            anchor: chat.anchor,
            direction: chat.direction,
            budget_ms: SEARCH_BUDGET.as_millis(),
        };
        self.call("search", call, SEARCH_TIMEOUT).await
    }

    /// Searches the page's memory.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn memory(&self, search: MemorySearch<'_>) -> Result<MemoryMessages, PageError> {
        self.call("memory", search, SEARCH_TIMEOUT).await
    }

    /// Returns those of these messages that the page's store has, in this order.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn read(&self, ids: &[String]) -> Result<ReadMessages, PageError> {
        self.call("read", json!({"ids": ids}), SEARCH_TIMEOUT).await
    }

    /// Returns the changes of these messages, as far as the page knows them. Each message is given
    /// by its id and the second in which it was sent.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn changes(&self, messages: &[(String, i64)]) -> Result<Vec<PageChange>, PageError> {
        self.call("changes", json!({"messages": messages}), SEARCH_TIMEOUT)
            .await
    }

    /// Returns the acks of those of these messages that the page's store has.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn acks(&self, ids: &[String]) -> Result<Vec<StoredMessage>, PageError> {
        self.call("acks", json!({"ids": ids}), SEARCH_TIMEOUT).await
    }

    /// Makes the page fetch the file of a message, of at most `max_bytes` bytes. Returns the file's
    /// size, and the token to read it with.
    ///
    /// # Errors
    /// [`PageError::MediaGone`]; [`PageError::TooLarge`]; any [`PageError`].
    pub async fn open_media(&self, id: &str, max_bytes: u64) -> Result<(String, u64), PageError> {
        let args = json!({"id": id, "most": max_bytes});
        let opened: OpenedMedia = self.call("media_open", args, DOWNLOAD_TIMEOUT).await?;
        Ok((opened.token, opened.size))
    }

    /// Returns a piece of an opened file. The piece is empty at the end of the file.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn read_media(&self, token: &str, offset: u64) -> Result<Vec<u8>, PageError> {
        let args = json!({"token": token, "offset": offset, "length": PIECE_BYTES});
        let piece: String = self.call("media_read", args, LOOKUP_TIMEOUT).await?;
        let decoded = BASE64_STANDARD.decode(piece);
        decoded.map_err(|_| PageError::Malformed(None))
    }

    /// Releases an opened file in the page.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn close_media(&self, token: &str) -> Result<(), PageError> {
        self.call::<Value>("media_close", json!({"token": token}), QUICK_TIMEOUT)
            .await
            .map(drop)
    }

    /// Edits a sent message, and returns once WhatsApp's server has accepted the edit.
    ///
    /// # Errors
    /// Any [`PageError`]; after a [`CdpError::Timeout`] the outcome is unknown.
    pub async fn edit(&self, edit: PageEdit<'_>, deadline: Duration) -> Result<(), PageError> {
        self.call::<Value>("edit", edit, deadline).await.map(drop)
    }

    /// Gives the account's reaction to a message, or takes it away, and returns once WhatsApp's
    /// server has it. Sends nothing if the server has it already.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub async fn react(
        &self,
        reaction: PageReaction<'_>,
        deadline: Duration,
    ) -> Result<GivenReaction, PageError> {
        self.call("react", reaction, deadline).await
    }

    /// Deletes a sent message for everyone. Succeeds as well if the message is already deleted.
    ///
    /// # Errors
    /// As [`Self::edit`].
    pub async fn delete_for_everyone(
        &self,
        message: OwnMessage<'_>,
        deadline: Duration,
    ) -> Result<(), PageError> {
        self.call::<Value>("delete", message, deadline)
            .await
            .map(drop)
    }

    /// Marks the chat with a number as read.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn mark_read(&self, to: &str) -> Result<ReadChat, PageError> {
        self.call("mark_read", json!({"to": to}), SERVER_QUERY_TIMEOUT)
            .await
    }

    /// Shows the account as typing in the chat with a number, for `time`. Returns the chat's id.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn typing(&self, to: &str, time: Duration) -> Result<String, PageError> {
        #[derive(Deserialize)]
        struct Typing {
            chat: String,
        }
        let args = json!({"to": to, "ms": time.as_millis()});
        let typing: Typing = self.call("typing", args, SERVER_QUERY_TIMEOUT).await?;
        Ok(typing.chat)
    }

    /// Returns what WhatsApp says about a number; `None` if the number is not on WhatsApp.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn contact(&self, to: &str) -> Result<Option<PageContact>, PageError> {
        self.call("contact", json!({"to": to}), CONTACT_TIMEOUT)
            .await
    }

    /// Sends a message. Returns its full id once WhatsApp's server has accepted it. A reaction has
    /// no id.
    ///
    /// # Errors
    /// Any [`PageError`]; after a [`CdpError::Timeout`] the outcome of the message is unknown.
    pub async fn send(
        &self,
        send: PageSend<'_>,
        file: Option<&PageFile>,
        deadline: Duration,
    ) -> Result<Sent, PageError> {
        if let Some(file) = file {
            // Whatever fails here, no request has reached WhatsApp yet.
            self.pass_file(send.key, file)
                .await
                .map_err(|error| PageError::Failed(error.to_string()))?;
        }
        let call = SendCall {
            send,
            file: file.map(|file| FileDescription {
                mime: &file.mime,
                name: &file.name,
                size: file.size,
            }),
            patience_ms: deadline.as_millis(),
        };
        self.call("send", call, deadline).await
    }

    /// Passes a file to the page by its path. Chrome reads the file on demand, so that none of it
    /// is transferred over this connection.
    async fn pass_file(&self, key: &str, file: &PageFile) -> Result<(), PageError> {
        let key = serde_json::to_string(key).map_err(|error| PageError::Malformed(Some(error)))?;
        let input = format!("__leadmaster.input({key})");
        Ok(self.tab.give_file(&input, &file.path).await?)
    }
}

/// Restricts scripts to the page itself: no frames, and no pages of the
/// browser.
const ONLY_TOP_PAGE: &str =
    "if (window !== window.top || !location.protocol.startsWith('http')) return;";

/// The script of wa-js, in a form that a document runs once.
///
/// It is separate from the page script, which reports the state and the code: a syntax error in the
/// bundle must not break that.
#[derive(Debug)]
pub(super) struct Tools(String);

impl Tools {
    pub(super) fn new(wa_js: &str) -> Self {
        Self(format!(
            "(() => {{ if (globalThis.WPP) return; {ONLY_TOP_PAGE}\n{wa_js}\n}})()"
        ))
    }
}
