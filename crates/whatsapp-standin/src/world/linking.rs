//! Links devices: connections of pages, codes, scans, unlinking.

use tokio::sync::mpsc::UnboundedSender;
use tokio::time::Instant;

use super::{
    ConnectedPage, Device, LinkByNumber, PageId, Role, World, lid_of, now_text, random_id,
};
use crate::codes::{self, CodeCycle, Keys, Scan};
use crate::page_protocol::{Claim, ToPage};

/// Why a device cannot be linked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum LinkError {
    #[error("no page shows a code now")]
    NoCode,
    #[error("that code is no longer shown")]
    Expired,
    #[error("the code is of a shown reference, but its keys are not the page's")]
    WrongKeys,
    #[error("no page shows that code")]
    Unknown,
    #[error("the network is down")]
    NetworkDown,
}

impl World {
    /// Adds a page that connected. A page whose login is rejected gets only the failure.
    pub(crate) fn page_joins(
        &mut self,
        tx: UnboundedSender<ToPage>,
        claim: Option<&Claim>,
        keys: Keys,
        now: Instant,
    ) -> PageId {
        let id = self.next_page;
        self.next_page += 1;
        let known = claim.map(|claim| {
            self.devices
                .get(&claim.id)
                .filter(|device| device.token == claim.token)
                .map(Device::identity)
        });
        if let (Some(Some(_)), Some(failure)) = (&known, self.failure) {
            // The page does not become a page of the device: this line ends the connection.
            let _ = tx.send(failure.line());
        }
        let role = match &known {
            Some(Some(device)) => {
                if let Some(other) = self.page_of(&device.id) {
                    self.replace(other);
                }
                Role::Linked {
                    device: device.id.clone(),
                    live: false,
                }
            }
            Some(None) => Role::Pairing,
            None => Role::Unpaired {
                cycle: CodeCycle::start(&self.settings, now),
                link: None,
                passkey: None,
            },
        };
        let caught_up = false;
        let page = ConnectedPage {
            tx,
            keys,
            role,
            caught_up,
        };
        self.pages.insert(id, page);
        if let Some(block) = self.block {
            self.tell(
                id,
                ToPage::Block {
                    state: block.name(),
                },
            );
        }
        match known {
            Some(Some(_)) if self.failure.is_some() => {}
            Some(Some(me)) => self.tell(id, ToPage::Welcome { me }),
            Some(None) => self.tell(id, ToPage::Unlinked { reason: None }),
            None => self.show_code(id),
        }
        id
    }

    pub(crate) fn page_leaves(&mut self, id: PageId) {
        self.pages.remove(&id);
    }

    /// Returns when the page's code expires; `None` if it shows none.
    pub(crate) fn code_until(&self, id: PageId) -> Option<Instant> {
        match &self.pages.get(&id)?.role {
            Role::Unpaired { cycle, .. } => cycle.until(),
            _ => None,
        }
    }

    /// Moves the page to its next code.
    pub(crate) fn turn_code(&mut self, id: PageId, now: Instant) {
        let settings = &self.settings;
        if let Some(ConnectedPage {
            role: Role::Unpaired { cycle, .. },
            ..
        }) = self.pages.get_mut(&id)
        {
            cycle.turn(settings, now);
            self.show_code(id);
        }
    }

    /// Starts a new round of codes on the page.
    pub(crate) fn refresh_codes(&mut self, id: PageId, now: Instant) {
        let settings = &self.settings;
        if let Some(ConnectedPage {
            role:
                Role::Unpaired {
                    cycle,
                    link,
                    passkey,
                },
            ..
        }) = self.pages.get_mut(&id)
        {
            // A new connection cancels the linking that was in progress on the old one.
            (*link, *passkey) = (None, None);
            cycle.refresh(settings, now);
            self.show_code(id);
        }
    }

    fn show_code(&self, id: PageId) {
        let Some(ConnectedPage {
            role: Role::Unpaired { cycle, .. },
            keys,
            ..
        }) = self.pages.get(&id)
        else {
            return;
        };
        let line = match cycle.reference() {
            Some(reference) => {
                let text = codes::compose(reference, keys, &self.settings);
                ToPage::Code {
                    reference: reference.to_owned(),
                    drawing: codes::draw(&text),
                    text,
                    number: cycle.number(),
                }
            }
            None => ToPage::Idle,
        };
        self.tell(id, line);
    }

    /// Returns the current codes, the newest page last.
    pub(crate) fn shown_codes(&self) -> Vec<(PageId, u32, Instant, String)> {
        self.pages
            .iter()
            .filter_map(|(id, page)| match &page.role {
                Role::Unpaired {
                    cycle,
                    passkey: None,
                    ..
                } => {
                    let text = codes::compose(cycle.reference()?, &page.keys, &self.settings);
                    Some((*id, cycle.number(), cycle.until()?, text))
                }
                _ => None,
            })
            .collect()
    }

    /// Returns the number of pages that wait for a request for new codes.
    pub(crate) fn idle_pages(&self) -> usize {
        let idle = |page: &&ConnectedPage| matches!(&page.role, Role::Unpaired { cycle, .. } if cycle.reference().is_none());
        self.pages.values().filter(idle).count()
    }

    /// Returns the valid codes for linking by number.
    pub(crate) fn link_codes(&self, now: Instant) -> Vec<(PageId, String, String)> {
        self.pages
            .iter()
            .filter_map(|(id, page)| match &page.role {
                Role::Unpaired {
                    link: Some(link), ..
                } if link.until > now => Some((*id, link.code.clone(), link.phone.clone())),
                _ => None,
            })
            .collect()
    }

    /// Scans a text with the phone, or without a text the current code.
    ///
    /// Returns the new device's id; `None` while its passkey is requested.
    pub(crate) fn scan(
        &mut self,
        text: Option<&str>,
        now: Instant,
    ) -> Result<Option<String>, LinkError> {
        if !self.network_up {
            return Err(LinkError::NetworkDown);
        }
        let shown = self.shown_codes().into_iter().next_back();
        let text = match (text, shown) {
            (Some(text), _) => text.to_owned(),
            (None, Some((_, _, _, text))) => text,
            (None, None) => return Err(LinkError::NoCode),
        };
        let mut answer = LinkError::Unknown;
        let mut hit = None;
        for (id, page) in &self.pages {
            let Role::Unpaired { cycle, passkey, .. } = &page.role else {
                continue;
            };
            match cycle.scan(&text, &page.keys) {
                // The code was used already, and no other code is shown.
                Scan::Current if passkey.is_some() => answer = LinkError::Expired,
                Scan::Current => hit = Some(*id),
                Scan::Expired => answer = LinkError::Expired,
                Scan::WrongKeys => answer = LinkError::WrongKeys,
                Scan::Unknown => {}
            }
        }
        let id = hit.ok_or(answer)?;
        let user = self.settings.me.clone();
        Ok(self.pair_or_ask(id, user, now))
    }

    /// Generates a code for linking by number for a page.
    pub(crate) fn new_link_code(&mut self, id: PageId, tag: u64, phone: &str, now: Instant) {
        let until = now + self.settings.link_code;
        let phone: String = phone.chars().filter(char::is_ascii_digit).collect();
        let line = match self.pages.get_mut(&id) {
            Some(ConnectedPage {
                role: Role::Unpaired { link, .. },
                ..
            }) if (8..=15).contains(&phone.len()) => {
                let code = codes::new_link_code();
                *link = Some(LinkByNumber {
                    code: code.clone(),
                    phone,
                    until,
                });
                ToPage::LinkCode { tag, code }
            }
            Some(ConnectedPage {
                role: Role::Unpaired { .. },
                ..
            }) => ToPage::Failed {
                tag,
                code: "bad_phone_number",
            },
            _ => ToPage::Failed {
                tag,
                code: "already_linked",
            },
        };
        self.tell(id, line);
    }

    /// Enters a code for linking by number on the phone.
    pub(crate) fn enter_link_code(
        &mut self,
        code: &str,
        now: Instant,
    ) -> Result<Option<String>, LinkError> {
        if !self.network_up {
            return Err(LinkError::NetworkDown);
        }
        let plain = |text: &str| -> String {
            text.chars()
                .filter(char::is_ascii_alphanumeric)
                .collect::<String>()
                .to_ascii_uppercase()
        };
        let code = plain(code);
        let mut expired = false;
        let mut hit = None;
        for (id, page) in &self.pages {
            if let Role::Unpaired {
                link: Some(link), ..
            } = &page.role
                && plain(&link.code) == code
            {
                if link.until > now {
                    hit = Some((*id, link.phone.clone()));
                } else {
                    expired = true;
                }
            }
        }
        match hit {
            Some((id, phone)) => Ok(self.pair_or_ask(id, phone, now)),
            None if expired => Err(LinkError::Expired),
            None => Err(LinkError::Unknown),
        }
    }

    pub(super) fn pair(&mut self, id: PageId, user: String) -> String {
        let device = Device {
            id: random_id("D"),
            token: random_id("T"),
            lid: lid_of(&user),
            user,
            pushname: self.settings.pushname.clone(),
            linked_at: now_text(),
            inbox: self.history.clone(),
            receipts: std::collections::BTreeMap::new(),
            whats_new_seen: false,
            available: false,
            has_history: false,
        };
        let name = device.id.clone();
        let line = ToPage::Pair {
            device: device.identity(),
        };
        self.devices.insert(name.clone(), device);
        if let Some(page) = self.pages.get_mut(&id) {
            page.role = Role::Pairing;
        }
        self.tell(id, line);
        self.revision += 1;
        name
    }

    /// Removes a device that the phone or the device itself unlinked. Notifies the device's page,
    /// with the reason to report.
    pub(crate) fn unlink(
        &mut self,
        device: &str,
        by_page: Option<u64>,
        reason: Option<&str>,
    ) -> bool {
        if self.devices.remove(device).is_none() {
            return false;
        }
        self.revision += 1;
        let on: Vec<PageId> = self
            .pages
            .iter()
            .filter(|(_, page)| match &page.role {
                Role::Linked { device: on, .. } | Role::Replaced { device: on } => on == device,
                _ => false,
            })
            .map(|(id, _)| *id)
            .collect();
        for id in on {
            let line = match by_page {
                Some(tag) => ToPage::LoggedOut { tag },
                None => ToPage::Unlinked {
                    reason: reason.map(ToOwned::to_owned),
                },
            };
            self.tell(id, line);
            if let Some(page) = self.pages.get_mut(&id) {
                page.role = Role::Pairing;
            }
        }
        true
    }

    /// Stops a page whose session was opened elsewhere.
    pub(crate) fn replace(&mut self, id: PageId) {
        let Some(page) = self.pages.get_mut(&id) else {
            return;
        };
        if let Role::Linked { device, .. } = &page.role {
            page.role = Role::Replaced {
                device: device.clone(),
            };
            self.tell(id, ToPage::Conflict);
        }
    }

    /// Gives the session back to a page.
    pub(crate) fn takeover(&mut self, id: PageId) {
        let Some(ConnectedPage {
            role: Role::Replaced { device },
            ..
        }) = self.pages.get(&id)
        else {
            return;
        };
        let device = device.clone();
        if let Some(other) = self.page_of(&device) {
            self.replace(other);
        }
        let Some(me) = self.devices.get(&device).map(Device::identity) else {
            return;
        };
        if let Some(page) = self.pages.get_mut(&id) {
            page.role = Role::Linked {
                device,
                live: false,
            };
        }
        self.tell(id, ToPage::Welcome { me });
    }

    /// Returns the device as which a page is logged in; `None` if it is not.
    pub(crate) fn device_on(&self, id: PageId) -> Option<String> {
        match &self.pages.get(&id)?.role {
            Role::Linked { device, .. } | Role::Replaced { device } => Some(device.clone()),
            _ => None,
        }
    }

    /// Returns the pages that are logged in as a device.
    pub(crate) fn linked_pages(&self) -> Vec<PageId> {
        let ids = self.pages.keys().copied();
        ids.filter(|id| self.device_on(*id).is_some()).collect()
    }
}
