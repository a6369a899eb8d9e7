//! `Phone`: the simulated phone that tests scan, write and read with.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use tokio::sync::broadcast;
use tokio::time::Instant;

use crate::error::PhoneError;
use crate::passkey::Credential;
use crate::settings::Settings;
use crate::shared::Shared;
use crate::view::{LeadMessage, LinkCode, ShownCode, State};
use crate::wire::{ChangeKind, LinkCodeEvent, LongTask, Stored, ToPage};
use crate::world::{Block, Failure, Limits, Outcome, PageHttp, Received, Refusal, Rule};

/// The phone of the account, and the hand on the server's knobs.
///
/// Cheap to clone; every clone is the same phone.
#[derive(Debug, Clone)]
pub struct Phone {
    pub(crate) shared: Arc<Shared>,
}

impl Phone {
    /// The code now shown; of several pages, the newest one's.
    pub fn current_code(&self) -> Option<String> {
        let shown = self.shared.world().shown_codes();
        shown.into_iter().next_back().map(|(_, _, _, text)| text)
    }

    /// Scan the code now shown. Returns the new device's id, which is empty
    /// while the account's passkey is asked for.
    ///
    /// # Errors
    /// When none is shown, or the network is down.
    pub fn scan_current(&self) -> Result<String, PhoneError> {
        self.scan_text(None)
    }

    /// Scan this code. Returns the new device's id.
    ///
    /// # Errors
    /// When it is not the one a page shows now.
    pub fn scan(&self, code: &str) -> Result<String, PhoneError> {
        self.scan_text(Some(code))
    }

    fn scan_text(&self, code: Option<&str>) -> Result<String, PhoneError> {
        let device = self.shared.world().scan(code, Instant::now())?;
        Ok(self.linked(device))
    }

    /// Tells whoever watches; the id is empty while a passkey is asked for.
    fn linked(&self, device: Option<String>) -> String {
        self.shared.tell(match device {
            Some(_) => "linked",
            None => "passkey",
        });
        device.unwrap_or_default()
    }

    /// The account gets a passkey: its id and its public key of P-256
    /// (`SubjectPublicKeyInfo` in DER, or the bare point), both base64url.
    ///
    /// # Errors
    /// When they are none.
    pub fn add_passkey(&self, credential_id: &str, public_key: &str) -> Result<(), PhoneError> {
        let credential =
            Credential::parse(credential_id, public_key).map_err(PhoneError::BadRequest)?;
        self.shared.world().add_credential(credential);
        self.shared.tell("passkey");
        Ok(())
    }

    /// Why assertions were refused, the latest last.
    pub fn passkey_refusals(&self) -> Vec<&'static str> {
        self.shared.world().passkey_refusals.clone()
    }

    /// Type in a code for linking by number. Returns the new device's id.
    ///
    /// # Errors
    /// When no page shows it, or no longer.
    pub fn link_code(&self, code: &str) -> Result<String, PhoneError> {
        let device = self.shared.world().enter_link_code(code, Instant::now())?;
        Ok(self.linked(device))
    }

    /// A lead writes. Returns the message's full key, as the page knows it.
    ///
    /// # Errors
    /// When the number is none.
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

    /// Uploads a file that a lead is to send; gives where it lies.
    pub fn upload(&self, file: impl Into<Bytes>) -> String {
        self.shared.world().lead_uploads(file.into())
    }

    /// The server has a lead's file no more.
    ///
    /// # Errors
    /// When it never had it.
    pub fn forget_file(&self, path: &str) -> Result<(), PhoneError> {
        match self.shared.world().forget_file(path) {
            true => Ok(()),
            false => Err(PhoneError::BadRequest("no file lies there".to_owned())),
        }
    }

    /// A lead edits what they wrote. Returns the edit's key.
    ///
    /// # Errors
    /// When the key is not that of a lead's message.
    pub fn lead_edits(&self, key: &str, body: &str) -> Result<String, PhoneError> {
        self.change(key, ChangeKind::Edit, body)
    }

    /// A lead deletes for everyone what they wrote. Returns the deletion's key.
    ///
    /// # Errors
    /// When the key is not that of a lead's message.
    pub fn lead_deletes(&self, key: &str) -> Result<String, PhoneError> {
        self.change(key, ChangeKind::Revoke, "")
    }

    /// A lead reacts to a message of their chat, an empty `emoji` takes that
    /// away. Returns the reaction's key.
    ///
    /// # Errors
    /// When the key is that of no message.
    pub fn lead_reacts(&self, key: &str, emoji: &str) -> Result<String, PhoneError> {
        self.change(key, ChangeKind::Reaction, emoji)
    }

    fn change(&self, key: &str, kind: ChangeKind, text: &str) -> Result<String, PhoneError> {
        let changed = self.shared.world().lead_changes(key, kind, text);
        let changed = changed.ok_or(PhoneError::MessageUnknown)?;
        self.shared.tell("lead_message");
        Ok(changed)
    }

    /// The account's owner writes on the phone itself. Returns the full key.
    ///
    /// # Errors
    /// When the number is none.
    pub fn own_message(&self, to: &str, body: &str) -> Result<String, PhoneError> {
        check_number(to)?;
        let written = self.shared.world().owner_writes(to, body);
        self.shared.tell("own_message");
        Ok(written.key)
    }

    /// Everything the server took from the linked device, in its order.
    pub fn messages(&self) -> Vec<Received> {
        self.shared.world().received.clone()
    }

    /// Everything the server did not take.
    pub fn refusals(&self) -> Vec<Refusal> {
        self.shared.world().refusals.clone()
    }

    /// Give an ack (-1 failed, 1 server, 2 delivered, 3 read, 4 played) for a
    /// message, by its id or its full key.
    ///
    /// # Errors
    /// When no message has that id.
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

    /// Unlink every device from the phone. Returns how many there were.
    pub fn unlink(&self) -> usize {
        self.unlink_for(None)
    }

    /// The same; their pages give this reason, one of `LogoutReason`.
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

    /// Open the session elsewhere: connected pages go to `CONFLICT`.
    ///
    /// # Errors
    /// When no linked device is connected.
    pub fn conflict(&self) -> Result<(), PhoneError> {
        let mut world = self.shared.world();
        let linked: Vec<u64> = world
            .pages
            .keys()
            .copied()
            .filter(|page| world.device_on(*page).is_some())
            .collect();
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

    /// Take the network down (every page is cut, new ones are refused) or up.
    pub fn set_network(&self, up: bool) {
        self.shared.world().network_up = up;
        if !up {
            self.shared.cut();
        }
        self.shared.tell("network");
    }

    /// Shut the page out, or let it in again.
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

    /// Refuse the device's login from now on, or let it in again. What is
    /// connected is cut, and so meets it.
    pub fn failure(&self, failure: Option<Failure>) {
        self.shared.world().failure = failure;
        if failure.is_some() {
            self.shared.cut();
        }
        self.shared.tell("failure");
    }

    /// Make every connected page ask its user to log out, as it does where it
    /// meets what it did not expect.
    pub fn unexpected_logout(&self, reason: &str) {
        for page in self.shared.world().pages.values() {
            let reason = reason.to_owned();
            let _ = page.tx.send(ToPage::UnexpectedLogout { reason });
        }
    }

    /// Put messages into every connected page's database, of which it tells
    /// nobody: as after an absence.
    pub fn store(&self, stored: Stored) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::Store(stored));
        }
    }

    /// Take a message out of every connected page's database, by its full key.
    /// Its chat goes on naming it as the last one.
    pub fn forget(&self, key: &str) {
        for page in self.shared.world().pages.values() {
            let key = key.to_owned();
            let _ = page.tx.send(ToPage::Forget { key });
        }
    }

    /// When pages' main threads were busy for more than 50 ms at a stretch.
    pub fn long_tasks(&self) -> Vec<LongTask> {
        self.shared.world().long_tasks.clone()
    }

    /// What becomes of messages to a number, or to all.
    pub fn rule(&self, to: Option<&str>, outcome: Outcome, count: Option<u32>) {
        let rule = Rule {
            to: to.map(ToOwned::to_owned),
            outcome,
            count,
        };
        self.shared.world().set_rule(rule);
        self.shared.tell("rules");
    }

    /// Whether a number has WhatsApp.
    ///
    /// # Errors
    /// When the number is none.
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

    /// Saves a number on the phone under this name, or forgets it.
    ///
    /// # Errors
    /// When the number is none.
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

    /// Blocks a number on the phone, or takes that back.
    ///
    /// # Errors
    /// When the number is none.
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

    /// What WhatsApp lets the account do, from now on.
    pub fn limits(&self, limits: Limits) {
        self.shared.world().set_limits(limits);
        self.shared.tell("limits");
    }

    /// Change settings. Codes already shown keep their time.
    pub fn settings(&self, settings: Settings) {
        self.shared.world().settings = settings;
        self.shared.tell("settings");
    }

    /// WhatsApp wants a new code to type in, of every page that has one out; or
    /// lets none be made anew by itself any more.
    pub fn link_code_event(&self, wanted: LinkCodeEvent) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::LinkCodeEvent { name: wanted });
        }
    }

    /// Make the page's main thread hang, on every connected page.
    pub fn hang(&self, ms: u64) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::Hang { ms });
        }
    }

    /// Make every connected page tell its listeners nothing for a while:
    /// what happens then happens, and its events are lost.
    pub fn drop_events(&self, ms: u64) {
        for page in self.shared.world().pages.values() {
            let _ = page.tx.send(ToPage::DropEvents { ms });
        }
    }

    /// How the page's address answers from now on.
    pub fn page(&self, http: PageHttp) {
        self.shared.world().page_http = http;
        self.shared.tell("page");
    }

    /// Look again after every change, until `look` finds something or `within`
    /// is over.
    pub async fn wait_for<T>(
        &self,
        within: Duration,
        look: impl Fn(&Self) -> Option<T>,
    ) -> Option<T> {
        let deadline = Instant::now() + within;
        // Before the first look: a change right after it is not missed.
        let mut changes = self.shared.changed.subscribe();
        loop {
            if let Some(found) = look(self) {
                return Some(found);
            }
            match tokio::time::timeout_at(deadline, changes.recv()).await {
                // Lagging behind only means that much has changed.
                Ok(Ok(_) | Err(broadcast::error::RecvError::Lagged(_))) => {}
                Ok(Err(broadcast::error::RecvError::Closed)) | Err(_) => return look(self),
            }
        }
    }

    /// Everything at a glance.
    pub fn state(&self) -> State {
        let world = self.shared.world();
        let now = Instant::now();
        let until = |at: Instant| {
            u64::try_from(at.saturating_duration_since(now).as_millis()).unwrap_or(u64::MAX)
        };
        State {
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
