//! Links a device to an account that requires a passkey.

use serde_json::Value;
use tokio::time::Instant;

use super::{ConnectedPage, PageId, Role, World};
use crate::page_protocol::ToPage;
use crate::passkey::{Assertion, Ceremony, Challenge, Credential, Stage, new_verification_code};

/// Maximum number of rejections that are stored.
const REFUSALS: usize = 32;

impl World {
    /// Links a device at once, or requests the passkey first.
    ///
    /// Returns the new device's id; `None` while the passkey is requested.
    pub(super) fn pair_or_ask(&mut self, id: PageId, user: String, now: Instant) -> Option<String> {
        if !self.settings.passkey {
            return Some(self.pair(id, user));
        }
        let challenge = Challenge::new(&self.settings, now);
        let options = challenge.options(&self.settings);
        if let Some(ConnectedPage {
            role: Role::Unpaired { passkey, link, .. },
            ..
        }) = self.pages.get_mut(&id)
        {
            *link = None;
            *passkey = Some(Ceremony {
                user,
                stage: Stage::Assertion(challenge),
            });
        }
        self.tell(id, ToPage::PasskeyRequest { options });
        None
    }

    fn ceremony(&mut self, id: PageId) -> Option<&mut Ceremony> {
        match &mut self.pages.get_mut(&id)?.role {
            Role::Unpaired { passkey, .. } => passkey.as_mut(),
            _ => None,
        }
    }

    /// Sends new passkey options to a page.
    pub(crate) fn passkey_options(&mut self, id: PageId, tag: u64, now: Instant) {
        let challenge = Challenge::new(&self.settings, now);
        let options = challenge.options(&self.settings);
        let line = match self.ceremony(id) {
            Some(ceremony) => {
                ceremony.stage = Stage::Assertion(challenge);
                ToPage::PasskeyOptions { tag, options }
            }
            None => ToPage::Failed {
                tag,
                code: "no_passkey_wanted",
            },
        };
        self.tell(id, line);
    }

    /// Verifies a page's assertion. Returns whether the phone is asked next.
    pub(crate) fn passkey_answer(
        &mut self,
        id: PageId,
        tag: u64,
        assertion: Value,
        now: Instant,
    ) -> bool {
        let known = self.credentials.clone();
        let origin = self.settings.passkey_origin.clone();
        let judged = match self.ceremony(id) {
            Some(Ceremony {
                stage: Stage::Assertion(challenge),
                ..
            }) => serde_json::from_value::<Assertion>(assertion)
                .map_err(|_| "passkey_malformed")
                .and_then(|assertion| challenge.verify(&assertion, &known, &origin, now)),
            _ => Err("no_passkey_wanted"),
        };
        if let Err(code) = judged {
            if self.passkey_refusals.len() == REFUSALS {
                self.passkey_refusals.remove(0);
            }
            self.passkey_refusals.push(code);
            self.tell(id, ToPage::Failed { tag, code });
            return false;
        }
        if let Some(ceremony) = self.ceremony(id) {
            ceremony.stage = Stage::Phone;
        }
        self.tell(id, ToPage::PasskeyTaken { tag });
        true
    }

    /// Sends the verification code to the page, once the phone has approved.
    pub(crate) fn passkey_code(&mut self, id: PageId) {
        let Some(ceremony) = self.ceremony(id) else {
            return;
        };
        if !matches!(ceremony.stage, Stage::Phone) {
            return;
        }
        ceremony.stage = Stage::Confirmation;
        let code = new_verification_code();
        self.tell(id, ToPage::PasskeyCode { code });
    }

    /// Handles the confirmation of the code by the page or its user.
    pub(crate) fn passkey_confirmed(&mut self, id: PageId, tag: u64) {
        let user = match self.ceremony(id) {
            Some(Ceremony {
                stage: Stage::Confirmation,
                user,
            }) => user.clone(),
            _ => {
                let code = "no_passkey_wanted";
                return self.tell(id, ToPage::Failed { tag, code });
            }
        };
        self.tell(id, ToPage::PasskeyTaken { tag });
        self.pair(id, user);
    }

    /// Adds a passkey to the account, and replaces one with the same id.
    pub(crate) fn add_credential(&mut self, credential: Credential) {
        self.credentials.retain(|known| !known.is(&credential));
        self.credentials.push(credential);
    }

    /// Returns the number of pages that currently request a passkey.
    pub(crate) fn passkeys_wanted(&self) -> usize {
        let wants = |page: &&ConnectedPage| {
            matches!(
                page.role,
                Role::Unpaired {
                    passkey: Some(_),
                    ..
                }
            )
        };
        self.pages.values().filter(wants).count()
    }
}
