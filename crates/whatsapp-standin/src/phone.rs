//! Provides `Phone`, the simulated phone with which tests scan, write and read.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::error::PhoneError;
use crate::page_protocol::{Change, ChangeKind, Incoming, LinkCodeEvent, LongTask, Stored, ToPage};
use crate::passkey::Credential;
use crate::phone_api_types::{LeadMessage, LinkCode, ShownCode, Snapshot};
use crate::settings::Settings;
use crate::shared::Shared;
use crate::world::{
    Block, Failure, Limits, OwnChange, PageHttp, ReadReceipt, Received, RefusedMessage, Rule,
    SendBehavior, ShownActivity,
};

/// The account's phone, and the controls of the simulated server.
///
/// Cheap to clone; all clones share one phone.
#[derive(Debug, Clone)]
pub struct Phone {
    pub(crate) shared: Arc<Shared>,
}

impl Phone {
    /// Returns the current code. With several pages, returns the newest page's. `None` if no code
    /// is shown.
    pub fn current_code(&self) -> Option<String> {
        let shown = self.shared.world().shown_codes();
        shown.into_iter().next_back().map(|(_, _, _, text)| text)
    }

    /// Scans the current code. Returns the new device's id, which is empty
    /// while the account's passkey is requested.
    ///
    /// # Errors
    /// If no code is shown, or the network is down.
    pub fn scan_current(&self) -> Result<String, PhoneError> {
        self.scan_text(None)
    }

    /// Scans the specified code. Returns the new device's id.
    ///
    /// # Errors
    /// If no page currently shows the code.
    pub fn scan(&self, code: &str) -> Result<String, PhoneError> {
        self.scan_text(Some(code))
    }

    fn scan_text(&self, code: Option<&str>) -> Result<String, PhoneError> {
        let device = self.shared.world().scan(code, Instant::now())?;
        Ok(self.linked(device))
    }

    /// Notifies observers, and returns the device's id, which is empty while a passkey is
    /// requested.
    fn linked(&self, device: Option<String>) -> String {
        self.shared.tell(match device {
            Some(_) => "linked",
            None => "passkey",
        });
        device.unwrap_or_default()
    }

    /// Adds a passkey to the account, by its id and its P-256 public key (`SubjectPublicKeyInfo` in
    /// DER, or the bare point). Both are base64url.
    ///
    /// # Errors
    /// If either is invalid.
    pub fn add_passkey(&self, credential_id: &str, public_key: &str) -> Result<(), PhoneError> {
        let credential =
            Credential::parse(credential_id, public_key).map_err(PhoneError::BadRequest)?;
        self.shared.world().add_credential(credential);
        self.shared.tell("passkey");
        Ok(())
    }

    /// Returns the reasons of rejected assertions, oldest first.
    pub fn passkey_refusals(&self) -> Vec<&'static str> {
        self.shared.world().passkey_refusals.clone()
    }

    /// Enters a code for linking by number. Returns the new device's id.
    ///
    /// # Errors
    /// If no page shows the code, or it has expired.
    pub fn link_code(&self, code: &str) -> Result<String, PhoneError> {
        let device = self.shared.world().enter_link_code(code, Instant::now())?;
        Ok(self.linked(device))
    }

    /// Sends a message from a lead. Returns the page's full message key.
    ///
    /// # Errors
    /// If the number is invalid.
    pub fn lead_message(&self, message: &LeadMessage) -> Result<String, PhoneError> {
        check_number(&message.from)?;
        let (written, later) = self.shared.world().lead_writes(message);
        if let Some(later) = later {
            self.shared.later(later.after, move |shared| {
                shared.world().reveal(&later);
                shared.tell("revealed");
            });
        }
        self.shared.tell("lead_message");
        Ok(written.key)
    }

    /// Stores a file for a lead to send. Returns its path.
    pub fn upload(&self, file: impl Into<Bytes>) -> String {
        self.shared.world().lead_uploads(file.into())
    }

    /// Returns the content of a file, unless the server no longer has it or it was too large to
    /// be kept.
    pub(crate) fn file(&self, path: &str) -> Option<Bytes> {
        self.shared.world().files.get(path).cloned()
    }

    /// Lets a lead's file expire at the server. The phone has it still, but is offline: it does
    /// not answer the page that asks for it until [`Self::upload_again`].
    ///
    /// # Errors
    /// If the server never had the file.
    pub fn expire_file(&self, path: &str) -> Result<(), PhoneError> {
        match self.shared.world().expire_file(path) {
            true => Ok(()),
            false => Err(PhoneError::BadRequest("no file lies there".to_owned())),
        }
    }

    /// Lets the phone upload an expired file again.
    ///
    /// # Errors
    /// If the phone does not have the file.
    pub fn upload_again(&self, path: &str) -> Result<(), PhoneError> {
        match self.shared.world().upload_again(path) {
            true => Ok(()),
            false => Err(PhoneError::BadRequest(
                "the phone has no such file".to_owned(),
            )),
        }
    }

    /// Takes the server of files down, or up again; messages are delivered all the same.
    pub fn set_file_server(&self, up: bool) {
        self.shared.world().file_server_up = up;
    }

    /// Deletes a lead's file from the server and from the phone.
    ///
    /// # Errors
    /// If the server never had the file.
    pub fn forget_file(&self, path: &str) -> Result<(), PhoneError> {
        match self.shared.world().forget_file(path) {
            true => Ok(()),
            false => Err(PhoneError::BadRequest("no file lies there".to_owned())),
        }
    }

    /// Edits a lead's message. Returns the edit's key.
    ///
    /// # Errors
    /// If the key does not belong to a lead's message.
    pub fn lead_edits(&self, key: &str, body: &str) -> Result<String, PhoneError> {
        self.change(key, ChangeKind::Edit, body)
    }

    /// Deletes a lead's message for everyone. Returns the deletion's key.
    ///
    /// # Errors
    /// If the key does not belong to a lead's message.
    pub fn lead_deletes(&self, key: &str) -> Result<String, PhoneError> {
        self.change(key, ChangeKind::Revoke, "")
    }

    /// Reacts as a lead to a message of the chat; an empty `emoji` removes the
    /// reaction. Returns the reaction's key.
    ///
    /// # Errors
    /// If no message has the key.
    pub fn lead_reacts(&self, key: &str, emoji: &str) -> Result<String, PhoneError> {
        self.change(key, ChangeKind::Reaction, emoji)
    }

    /// Reacts as the account's owner, from the phone itself; an empty `emoji`
    /// removes the reaction. Returns the reaction's key.
    ///
    /// # Errors
    /// If no message has the key.
    pub fn own_reacts(&self, key: &str, emoji: &str) -> Result<String, PhoneError> {
        let reacted = self.shared.world().owner_reacts(key, emoji);
        let reacted = reacted.ok_or(PhoneError::MessageUnknown)?;
        self.shared.tell("own_message");
        Ok(reacted)
    }

    fn change(&self, key: &str, kind: ChangeKind, text: &str) -> Result<String, PhoneError> {
        let changed = self.shared.world().lead_changes(key, kind, text);
        let changed = changed.ok_or(PhoneError::MessageUnknown)?;
        self.shared.tell("lead_message");
        Ok(changed)
    }

    /// Sends a message as the owner, from the phone itself. Returns the full key.
    ///
    /// # Errors
    /// If the number is invalid.
    pub fn own_message(&self, to: &str, body: &str) -> Result<String, PhoneError> {
        check_number(to)?;
        let written = self.shared.world().owner_writes(to, body);
        self.shared.tell("own_message");
        Ok(written.key)
    }

    /// Returns the latest messages of leads, and those that the owner sent from the phone, as they
    /// were before any change.
    pub(crate) fn written(&self) -> Vec<Incoming> {
        self.shared.world().history.iter().cloned().collect()
    }

    /// Returns the leads' edits, deletions and reactions, and the owner's reactions from the phone,
    /// in order.
    pub(crate) fn lead_changes(&self) -> Vec<Change> {
        self.shared.world().lead_changes.clone()
    }

    /// Returns the messages that the server accepted from linked devices, in
    /// order.
    pub fn messages(&self) -> Vec<Received> {
        self.shared.world().received.clone()
    }

    /// Returns the messages that the server rejected.
    pub fn refusals(&self) -> Vec<RefusedMessage> {
        self.shared.world().refusals.clone()
    }

    /// Returns, in order, the keys of the messages that pages stored but did not send because their
    /// contact is blocked.
    pub fn held_back(&self) -> Vec<String> {
        self.shared.world().held_back.clone()
    }

    /// Returns the edits and deletions that the server accepted from linked
    /// devices, in order.
    pub fn own_changes(&self) -> Vec<OwnChange> {
        self.shared.world().own_changes.clone()
    }

    /// Returns the read receipts that leads got, in order.
    pub fn reads(&self) -> Vec<ReadReceipt> {
        self.shared.world().reads.clone()
    }

    /// Returns what chats showed the account as doing, in order.
    pub fn activity(&self) -> Vec<ShownActivity> {
        self.shared.world().activity.clone()
    }

    /// Sends an ack (-1 failed, 1 server, 2 delivered, 3 read, 4 played) for a message, which is
    /// given by its id or its full key.
    ///
    /// # Errors
    /// If no message has the id.
    pub fn ack(&self, id: &str, ack: i8) -> Result<(), PhoneError> {
        if !(-1..=4).contains(&ack) {
            return Err(PhoneError::BadRequest(
                "ack must be from -1 to 4".to_owned(),
            ));
        }
        if !self.shared.world().ack(id, ack) {
            return Err(PhoneError::MessageUnknown);
        }
        self.shared.tell("ack");
        Ok(())
    }

    /// Unlinks all devices from the phone. Returns how many there were.
    pub fn unlink(&self) -> usize {
        self.unlink_for(None)
    }

    /// Works like [`Phone::unlink`]. The pages report this reason, one of `LogoutReason`.
    pub fn unlink_for(&self, reason: Option<&str>) -> usize {
        let mut world = self.shared.world();
        let devices: Vec<String> = world.devices.keys().cloned().collect();
        let count = devices
            .iter()
            .filter(|device| world.unlink(device, None, reason))
            .count();
        drop(world);
        self.shared.tell("unlinked");
        count
    }

    /// Opens the session elsewhere, so that connected pages move to `CONFLICT`.
    ///
    /// # Errors
    /// If no linked device is connected.
    pub fn conflict(&self) -> Result<(), PhoneError> {
        let mut world = self.shared.world();
        let linked = world.linked_pages();
        if linked.is_empty() {
            return Err(PhoneError::NoDevice);
        }
        for page in linked {
            world.replace(page);
        }
        drop(world);
        self.shared.tell("conflict");
        Ok(())
    }

    /// Takes the network down (which disconnects all pages and rejects new ones), or up again.
    pub fn set_network(&self, up: bool) {
        self.shared.world().network_up = up;
        if !up {
            self.shared.cut();
        }
        self.shared.tell("network");
    }

    /// Moves the page to a blocked state, or unblocks it.
    pub fn block(&self, state: Option<Block>) {
        let mut world = self.shared.world();
        world.block = state;
        for page in world.pages.values() {
            let _ = page.tx.send(match state {
                Some(state) => ToPage::Block {
                    state: state.name(),
                },
                None => ToPage::Unblock,
            });
        }
        drop(world);
        self.shared.tell("block");
    }

    /// Rejects the device's logins from now on, or accepts them again. Disconnects the connected
    /// pages, so that they receive the failure.
    pub fn failure(&self, failure: Option<Failure>) {
        self.shared.world().failure = failure;
        if failure.is_some() {
            self.shared.cut();
        }
        self.shared.tell("failure");
    }

    /// Makes each connected page ask its user to log out, as the page does in an unexpected state.
    pub fn unexpected_logout(&self, reason: &str) {
        for page in self.shared.world().pages.values() {
            let reason = reason.to_owned();
            let _ = page.tx.send(ToPage::UnexpectedLogout { reason });
        }
    }

    /// Inserts messages into each connected page's database without an event,
    /// as after an absence.
    pub fn store(&self, stored: Stored) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::Store(stored));
        }
    }

    /// Removes a message from each connected page's database, by its full key.
    /// The chat still refers to it as its last message.
    pub fn forget(&self, key: &str) {
        for page in self.shared.world().pages.values() {
            let key = key.to_owned();
            let _ = page.tx.send(ToPage::Forget { key });
        }
    }

    /// Returns when pages' main threads were blocked for more than 50 ms.
    pub fn long_tasks(&self) -> Vec<LongTask> {
        self.shared.world().long_tasks.clone()
    }

    /// Sets the outcome of messages to one number, or to all numbers.
    pub fn rule(&self, to: Option<&str>, outcome: SendBehavior, count: Option<u32>) {
        let rule = Rule {
            to: to.map(ToOwned::to_owned),
            outcome,
            count,
        };
        self.shared.world().set_rule(rule);
        self.shared.tell("rules");
    }

    /// Sets whether a number has WhatsApp.
    ///
    /// # Errors
    /// If the number is invalid.
    pub fn set_on_whatsapp(&self, phone: &str, on_whatsapp: bool) -> Result<(), PhoneError> {
        check_number(phone)?;
        let mut world = self.shared.world();
        world
            .people
            .entry(phone.to_owned())
            .or_default()
            .on_whatsapp = Some(on_whatsapp);
        world.revision += 1;
        drop(world);
        self.shared.tell("contacts");
        Ok(())
    }

    /// Saves a number on the phone under this name, or deletes the contact.
    ///
    /// # Errors
    /// If the number is invalid.
    pub fn save_contact(&self, phone: &str, name: Option<&str>) -> Result<(), PhoneError> {
        check_number(phone)?;
        let mut world = self.shared.world();
        let person = world.people.entry(phone.to_owned()).or_default();
        person.saved = name.map(str::to_owned);
        world.revision += 1;
        world.tell_contacts(None);
        drop(world);
        self.shared.tell("contacts");
        Ok(())
    }

    /// Sets what a number shows about itself: an about text, the link to a picture, and whether it
    /// is a business.
    ///
    /// # Errors
    /// If the number is invalid.
    pub fn set_profile(
        &self,
        phone: &str,
        about: Option<&str>,
        picture: Option<&str>,
        business: bool,
    ) -> Result<(), PhoneError> {
        check_number(phone)?;
        let mut world = self.shared.world();
        let person = world.people.entry(phone.to_owned()).or_default();
        person.about = about.map(str::to_owned);
        person.picture = picture.map(str::to_owned);
        person.business = business;
        world.revision += 1;
        world.tell_contacts(None);
        drop(world);
        self.shared.tell("contacts");
        Ok(())
    }

    /// Blocks or unblocks a number on the phone.
    ///
    /// # Errors
    /// If the number is invalid.
    pub fn block_contact(&self, phone: &str, blocked: bool) -> Result<(), PhoneError> {
        check_number(phone)?;
        let mut world = self.shared.world();
        world.people.entry(phone.to_owned()).or_default().blocked = blocked;
        world.revision += 1;
        world.tell_contacts(None);
        drop(world);
        self.shared.tell("contacts");
        Ok(())
    }

    /// Sets the account's limits.
    pub fn limits(&self, limits: Limits) {
        self.shared.world().set_limits(limits);
        self.shared.tell("limits");
    }

    /// Replaces the settings. Codes that are already shown keep their expiry.
    pub fn settings(&self, settings: Settings) {
        self.shared.world().settings = settings;
        self.shared.tell("settings");
    }

    /// Ends the offline delivery of every linked page now.
    pub fn end_offline_delivery(&self) {
        let mut world = self.shared.world();
        for page in world.linked_pages() {
            world.offline(page, &[]);
            world.offline_end(page);
        }
    }

    /// Completes the history of every linked page now.
    pub fn end_history(&self) {
        let mut world = self.shared.world();
        for page in world.linked_pages() {
            world.tell_history(page, 100);
            world.has_history(page);
        }
    }

    /// Requests a new link code from each page that shows one, or disables the
    /// automatic refresh of link codes.
    pub fn link_code_event(&self, wanted: LinkCodeEvent) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::LinkCodeEvent { name: wanted });
        }
    }

    /// Blocks the main thread of each connected page for `ms` milliseconds.
    pub fn hang(&self, ms: u64) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::Hang { ms });
        }
    }

    /// Suspends the listeners of each connected page for `ms` milliseconds. Changes in that time
    /// happen, but their events are lost.
    pub fn drop_events(&self, ms: u64) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::DropEvents { ms });
        }
    }

    /// Sets the HTTP response of the page's URL.
    pub fn page(&self, http: PageHttp) {
        self.shared.world().page_http = http;
        self.shared.tell("page");
    }

    /// Calls `look` after every change, until it returns a value or `within` has elapsed.
    pub async fn wait_for<T>(
        &self,
        within: Duration,
        look: impl Fn(&Self) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + within;
        // Subscribe before the first look, so that no change is missed.
        let mut changes = self.shared.changed.subscribe();
        loop {
            if let Some(found) = look(self) {
                return Some(found);
            }
            match tokio::time::timeout_at(deadline, changes.recv()).await {
                // Lagging only means that many changes occurred.
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => {}
                Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => return look(self),
            }
        }
    }

    /// Returns a snapshot of the whole state.
    pub fn state(&self) -> Snapshot {
        let world = self.shared.world();
        let now = Instant::now();
        let until = |at: Instant| {
            u64::try_from(at.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX)
        };
        Snapshot {
            devices: world.device_infos(),
            codes: world
                .shown_codes()
                .into_iter()
                .map(|(page, number, at, code)| ShownCode {
                    page,
                    number,
                    code,
                    expires_in_ms: until(at),
                })
                .collect(),
            link_codes: world
                .link_codes(now)
                .into_iter()
                .map(|(page, code, phone)| LinkCode { page, code, phone })
                .collect(),
            idle: world.idle_pages(),
            passkeys_wanted: world.passkeys_wanted(),
            passkeys: world.credentials.len(),
            network_up: world.network_up,
            block: world.block,
            failure: world.failure,
            page_http: world.page_http,
            pages: world.pages.len(),
            received: world.received.len(),
            duplicates: world.duplicates,
            refused: world.refusals.len(),
            inbound: world.inbound,
            ciphertexts: world.ciphertexts,
            typing_to: world.active_chats(),
            reads: world.reads.clone(),
            stored: world.stored,
            downloads: world.downloads,
            lookups: world.lookups,
            browser: world.browser.clone(),
            rules: world.rules.clone(),
            limits: world.limits.clone(),
            blocked: world
                .people
                .iter()
                .filter(|(_, person)| person.blocked)
                .map(|(phone, _)| phone.clone())
                .collect(),
            settings: world.settings.clone(),
        }
    }
}

fn check_number(number: &str) -> Result<(), PhoneError> {
    if (8..=15).contains(&number.len()) && number.bytes().all(|b| b.is_ascii_digit()) {
        Ok(())
    } else {
        Err(PhoneError::BadRequest(format!(
            "{number:?} is no phone number: 8 to 15 digits, no signs"
        )))
    }
}
