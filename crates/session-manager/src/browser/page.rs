//! The page client: typed calls into the page script (send, search, link, log out).

use std::path::PathBuf;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use session_api::{Content, PasskeyCredential, SelfTest};

use super::cdp::CdpError;
use super::page_report::{PageChange, PageLimits, PageMessage, PageReport};
use super::tab::{CHANNEL, Tab};

const BRIDGE: &str = include_str!("../../page/dist/bridge.js");
/// The bundle of wa-js that this service was built with.
pub const WA_JS: &str = include_str!("../../page/dist/wa-js.js");

const QUICK: Duration = Duration::from_secs(5);
/// A number may have to be looked up on the way.
const LOOK_UP: Duration = Duration::from_secs(10);
/// The page gives what it found after [`SEARCH_BUDGET`]; it may have to wait
/// for its database.
const SEARCH: Duration = Duration::from_secs(15);
/// So long the page searches before it says how far it got.
const SEARCH_BUDGET: Duration = Duration::from_millis(500);
/// WhatsApp's servers may be slow with a large file.
const DOWNLOAD: Duration = Duration::from_secs(300);
/// So many bytes of a file come at once, a third more as text.
const PIECE: usize = 384 * 1024;
const PAIRING: Duration = Duration::from_secs(20);
const LOGOUT: Duration = Duration::from_secs(15);

/// A file as the page is given it.
#[derive(Clone, Debug)]
pub struct PageFile {
    /// Where it lies.
    pub path: PathBuf,
    /// What it is.
    pub mime: String,
    /// The name that the recipient sees.
    pub name: String,
    /// In bytes.
    pub size: u64,
}

/// Why a call into the page failed.
#[derive(Debug, thiserror::Error)]
pub enum PageError {
    /// The browser did not answer, or is gone.
    #[error(transparent)]
    Browser(#[from] CdpError),
    /// The page is not connected, or not loaded; nothing was done.
    #[error("{0}")]
    NotReady(String),
    /// The number has no WhatsApp; nothing was sent.
    #[error("{0}")]
    NotOnWhatsapp(String),
    /// The message that it belongs to is not known; nothing was sent.
    #[error("{0}")]
    MessageNotFound(String),
    /// WhatsApp takes no file as large as this as such; nothing was sent.
    #[error("{0}")]
    TooLarge(String),
    /// WhatsApp has the file no more.
    #[error("{0}")]
    MediaGone(String),
    /// The account has blocked the recipient; nothing was sent.
    #[error("{0}")]
    RecipientBlocked(String),
    /// WhatsApp said no: its limit on writing to people who never wrote first.
    #[error("{0}")]
    ReachOutLimit(String),
    /// WhatsApp said no: its monthly limit on new chats.
    #[error("{0}")]
    NewChatLimit(String),
    /// WhatsApp said no; nothing was sent.
    #[error("{0}")]
    Refused(String),
    /// Nobody knows whether WhatsApp took it.
    #[error("{0}")]
    Unconfirmed(String),
    /// The page failed before anything was done.
    #[error("{0}")]
    Failed(String),
    /// The page's answer is not what the page script gives.
    #[error("the page script's answer cannot be read")]
    Malformed(#[source] Option<serde_json::Error>),
}

/// Whether the account shows as online while the page is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Presence {
    /// As a phone in a pocket; the phone goes on telling of what comes in.
    #[default]
    Unavailable,
    /// As the page has it: online all day.
    Available,
}

#[derive(Deserialize)]
enum Answer<T> {
    #[serde(rename = "ok")]
    Done(T),
    #[serde(rename = "err")]
    Refused { code: String, message: String },
}

/// The page of a running browser; cheap to clone, calls run side by side.
#[derive(Clone)]
pub struct Page {
    tab: Tab,
}

impl std::fmt::Debug for Page {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Page").finish_non_exhaustive()
    }
}

/// What the page is to send.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct PageSend<'a> {
    /// `…@c.us` or `…@lid`.
    pub to: &'a str,
    /// The last part of the message's id.
    pub key: &'a str,
    /// What it is.
    pub content: &'a Content,
    /// Whether it may have been sent before, with this key.
    pub again: bool,
}

/// A file that the page was handed, as it is to be sent.
#[derive(Serialize)]
struct HandedFile<'a> {
    mime: &'a str,
    name: &'a str,
    size: u64,
}

#[derive(Serialize)]
struct SendCall<'a> {
    #[serde(flatten)]
    send: PageSend<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<HandedFile<'a>>,
    patience_ms: u128,
}

#[derive(Deserialize)]
struct Sent {
    id: Option<String>,
}

#[derive(Deserialize)]
struct OpenedMedia {
    token: String,
    size: u64,
}

/// What the page's own store has of a message.
#[derive(Clone, Debug, Deserialize)]
pub struct StoredMessage {
    /// WhatsApp's whole id.
    pub id: String,
    /// WhatsApp's number, -1 to 4.
    pub ack: i8,
}

/// A code to type into the phone.
#[derive(Clone, Debug, Deserialize)]
pub struct PairingCode {
    /// `ABCD-EFGH`.
    pub code: String,
    /// When WhatsApp takes it no more, in milliseconds since 1970.
    pub expires_at: i64,
}

#[derive(Serialize)]
struct MessageState<'a> {
    to: &'a str,
    key: &'a str,
}

/// Which way a chat is searched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// Back in time.
    Before,
    /// On in time.
    After,
}

/// What one chat in the page's database is searched for.
#[derive(Clone, Copy, Debug)]
pub struct ChatSearch<'a> {
    /// Its id.
    pub chat: &'a str,
    /// Messages from this second on.
    pub since: i64,
    /// The message to go on at; the chat's end by default.
    pub anchor: Option<&'a str>,
    /// Which way to go from there.
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

/// What the search of a chat found so far.
#[derive(Clone, Deserialize)]
pub struct ChatMessages {
    /// In the order in which they came.
    pub messages: Vec<PageMessage>,
    /// The message to go on at; `None` where there is no more.
    pub next: Option<String>,
    /// The message that the search began at where it could not begin at the
    /// chat's end: there may be messages after it.
    pub began_at: Option<String>,
    /// The page does not find where to go on: nobody knows what there is.
    pub lost: bool,
}

/// What the page's memory is searched for.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MemorySearch<'a> {
    /// Messages from this second on.
    pub since: i64,
    /// The most messages, oldest first.
    pub limit: usize,
    /// The page's mark of an earlier search: if it still holds, there is
    /// nothing.
    pub mark: &'a str,
}

/// What the page has in memory.
#[derive(Clone, Debug, Deserialize)]
pub struct Remembered {
    /// Ids and times in seconds, in the order in which to tell them.
    pub ids: Vec<(String, i64)>,
    /// There are more, later ones.
    pub more: bool,
    /// What the page's memory looks like now.
    pub mark: String,
}

impl Page {
    pub(super) fn new(tab: Tab) -> Self {
        Self { tab }
    }

    pub(super) fn tab(&self) -> &Tab {
        &self.tab
    }

    /// Installs the page script: it runs in every document from now on, before
    /// the page's own.
    ///
    /// `attended` says that a person sits before it, who answers for a passkey.
    pub(super) async fn install(&self, presence: Presence, attended: bool) -> Result<(), CdpError> {
        let channel = format!("globalThis.{CHANNEL}");
        let options = json!({"presence": presence, "attended": attended});
        self.tab
            .preload(&format!(
                "(() => {{ const channel = {channel}; delete {channel}; {ONLY_PAGE}\n\
             {BRIDGE}\nleadmasterBridge.start(channel, {options}); }})()"
            ))
            .await
    }

    /// Installs `tools` (see [`Tools`]) in the same way.
    pub(super) async fn install_tools(&self, tools: &Tools) -> Result<(), CdpError> {
        self.tab.preload(&tools.0).await
    }

    /// Gives `tools` to the document that is there, unless it has them.
    /// Whichever is loaded while this is on its way gets them from
    /// [`Self::install_tools`], which comes first.
    pub(super) async fn hand_tools(&self, tools: &Tools) -> Result<(), CdpError> {
        match self.tab.evaluate(&tools.0, false, QUICK).await {
            // The document went away.
            Err(CdpError::Remote { .. }) => Ok(()),
            other => other.map(drop),
        }
    }

    /// Has V8 give back what the page does not need any more; takes a moment,
    /// in which the page does nothing else.
    ///
    /// # Errors
    /// Any [`CdpError`].
    pub async fn collect_garbage(&self) -> Result<(), CdpError> {
        self.tab.collect_garbage().await
    }

    /// Loads the page anew.
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
        // Text in, text out: JSON's strings are JavaScript's.
        let expression = format!("__leadmaster.call({}, {})", quoted(name)?, quoted(&args)?);
        let asked = Instant::now();
        let evaluated = self.tab.evaluate(&expression, true, deadline).await?;
        let took = asked.elapsed();
        if let Some(exception) = evaluated.exception {
            return Err(PageError::Failed(exception.text));
        }
        let answer = evaluated.result.value.as_str();
        let (in_page, text) = answer
            .and_then(|text| text.split_once(' '))
            .ok_or(PageError::Malformed(None))?;
        let took = took.as_secs_f64() * 1e3;
        tracing::debug!("page: {name} took {took:.1} ms, {in_page} of it in the page");
        match serde_json::from_str(text).map_err(malformed)? {
            Answer::Done(value) => Ok(value),
            Answer::Refused { code, message } => Err(match code.as_str() {
                "NOT_READY" => PageError::NotReady(message),
                "NOT_ON_WHATSAPP" => PageError::NotOnWhatsapp(message),
                "MESSAGE_NOT_FOUND" => PageError::MessageNotFound(message),
                "TOO_LARGE" => PageError::TooLarge(message),
                "MEDIA_GONE" => PageError::MediaGone(message),
                "RECIPIENT_BLOCKED" => PageError::RecipientBlocked(message),
                "REACH_OUT_LIMIT" => PageError::ReachOutLimit(message),
                "NEW_CHAT_LIMIT" => PageError::NewChatLimit(message),
                "REFUSED" => PageError::Refused(message),
                "UNCONFIRMED" => PageError::Unconfirmed(message),
                _ => PageError::Failed(message),
            }),
        }
    }

    /// What the page is doing now; also the heartbeat.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn report(&self, deadline: Duration) -> Result<PageReport, PageError> {
        self.call("facts", json!({}), deadline).await
    }

    /// What the page script found of what it needs.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn self_test(&self) -> Result<SelfTest, PageError> {
        self.call("self_test", json!({}), QUICK).await
    }

    /// Asks an idle page for new codes; gives `false` when the page has no
    /// way, and must be reloaded.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn refresh_code(&self) -> Result<bool, PageError> {
        let answer: Value = self.call("refresh_code", json!({}), QUICK).await?;
        Ok(answer.get("way").and_then(Value::as_str) != Some("none"))
    }

    /// A code to type into the phone with this number (digits alone): the one
    /// that is out, or a new one.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn pairing_code(&self, phone: &str) -> Result<PairingCode, PageError> {
        self.call("pairing_code", json!({"phone": phone}), PAIRING)
            .await
    }

    /// Gives the page what a passkey answered to the request with this number.
    ///
    /// # Errors
    /// [`PageError::NotReady`] when the page waits for no answer, or for another
    /// one; any [`PageError`].
    pub async fn answer_passkey(
        &self,
        request: u64,
        credential: &PasskeyCredential,
    ) -> Result<(), PageError> {
        let args = json!({"request": request, "credential": credential});
        self.call::<Value>("passkey_answer", args, QUICK)
            .await
            .map(drop)
    }

    /// Confirms the verification code.
    ///
    /// # Errors
    /// [`PageError::NotReady`] when the page does not wait for that; any
    /// [`PageError`].
    pub async fn confirm_passkey(&self) -> Result<(), PageError> {
        self.call::<Value>("passkey_confirm", json!({}), QUICK)
            .await
            .map(drop)
    }

    /// Takes the page back from a passkey to a code to scan; gives `false` when
    /// it has no way, and must be reloaded.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn cancel_passkey(&self) -> Result<bool, PageError> {
        let answer: Value = self.call("passkey_cancel", json!({}), QUICK).await?;
        Ok(answer.get("way").and_then(Value::as_str) != Some("none"))
    }

    /// Unlinks the device.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn logout(&self) -> Result<(), PageError> {
        self.call::<Value>("logout", json!({}), LOGOUT)
            .await
            .map(drop)
    }

    /// What the page's store has of the message to `to` whose id ends in `key`.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn message_state(
        &self,
        to: &str,
        key: &str,
    ) -> Result<Option<StoredMessage>, PageError> {
        self.call("message_state", MessageState { to, key }, LOOK_UP)
            .await
    }

    /// What WhatsApp lets the account do; the page asks the server for it anew,
    /// and reports what changes.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn limits(&self) -> Result<PageLimits, PageError> {
        self.call("limits", json!({}), QUICK).await
    }

    /// Ids of the chats that changed since this second, and when, the latest
    /// last. 0 where the page does not say.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn chats(&self, since: i64) -> Result<Vec<(String, i64)>, PageError> {
        self.call("chats", json!({"since": since}), SEARCH).await
    }

    /// Searches one chat in the page's database, for a moment: what it found
    /// says where to go on.
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
        self.call("search", call, SEARCH).await
    }

    /// Searches the page's memory.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn memory(&self, search: MemorySearch<'_>) -> Result<Remembered, PageError> {
        self.call("memory", search, SEARCH).await
    }

    /// These messages, in this order, as far as the page's store has them.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn read(&self, ids: &[String]) -> Result<Vec<PageMessage>, PageError> {
        self.call("read", json!({"ids": ids}), SEARCH).await
    }

    /// What became of these messages (ids, and the second in which each was sent),
    /// as far as the page knows.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn changes(&self, messages: &[(String, i64)]) -> Result<Vec<PageChange>, PageError> {
        self.call("changes", json!({"messages": messages}), SEARCH)
            .await
    }

    /// How far these messages got, as far as the page's store has them.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn acks(&self, ids: &[String]) -> Result<Vec<StoredMessage>, PageError> {
        self.call("acks", json!({"ids": ids}), SEARCH).await
    }

    /// Has the page fetch the file of a message, at most `most` bytes of it; gives
    /// what to read it by, and its size.
    ///
    /// # Errors
    /// [`PageError::MediaGone`]; [`PageError::TooLarge`]; any [`PageError`].
    pub async fn open_media(&self, id: &str, most: u64) -> Result<(String, u64), PageError> {
        let args = json!({"id": id, "most": most});
        let opened: OpenedMedia = self.call("media_open", args, DOWNLOAD).await?;
        Ok((opened.token, opened.size))
    }

    /// A piece of an opened file; empty at its end.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn read_media(&self, token: &str, offset: u64) -> Result<Vec<u8>, PageError> {
        let args = json!({"token": token, "offset": offset, "length": PIECE});
        let piece: String = self.call("media_read", args, LOOK_UP).await?;
        let decoded = BASE64_STANDARD.decode(piece);
        decoded.map_err(|_| PageError::Malformed(None))
    }

    /// The page may forget an opened file.
    ///
    /// # Errors
    /// Any [`PageError`].
    pub async fn close_media(&self, token: &str) -> Result<(), PageError> {
        self.call::<Value>("media_close", json!({"token": token}), QUICK)
            .await
            .map(drop)
    }

    /// Sends a message; gives its whole id once WhatsApp's server took it. A
    /// reaction has none.
    ///
    /// # Errors
    /// Any [`PageError`]; a [`CdpError::Timeout`] leaves open what became of
    /// the message.
    pub async fn send(
        &self,
        send: PageSend<'_>,
        file: Option<&PageFile>,
        deadline: Duration,
    ) -> Result<Option<String>, PageError> {
        if let Some(file) = file {
            // Nothing was asked of WhatsApp yet, whatever goes wrong here.
            self.send_fds(send.key, file)
                .await
                .map_err(|error| PageError::Failed(error.to_string()))?;
        }
        let call = SendCall {
            send,
            file: file.map(|file| HandedFile {
                mime: &file.mime,
                name: &file.name,
                size: file.size,
            }),
            patience_ms: deadline.as_millis(),
        };
        let sent: Sent = self.call("send", call, deadline).await?;
        Ok(sent.id)
    }

    /// Gives the page a file, by its path: Chrome reads it when it is needed,
    /// and nothing of it goes over this connection.
    async fn send_fds(&self, key: &str, file: &PageFile) -> Result<(), PageError> {
        let key = serde_json::to_string(key).map_err(|error| PageError::Malformed(Some(error)))?;
        let input = format!("__leadmaster.input({key})");
        Ok(self.tab.give_file(&input, &file.path).await?)
    }
}

/// For the page itself alone: not for a frame in it, nor for a page of the
/// browser's own.
const ONLY_PAGE: &str =
    "if (window !== window.top || !location.protocol.startsWith('http')) return;";

/// wa-js, as a document gets it: once.
///
/// A script of its own: a bundle that is no JavaScript at all must not take the
/// page script, which tells the state and the code, with it.
#[derive(Debug)]
pub(super) struct Tools(String);

impl Tools {
    pub(super) fn new(wa_js: &str) -> Self {
        Self(format!(
            "(() => {{ if (globalThis.WPP) return; {ONLY_PAGE}\n{wa_js}\n}})()"
        ))
    }
}
