//! Sends the phone's saved and blocked contacts to the pages.

use super::{PageId, Role, World, lid_of};
use crate::page_protocol::{Blocked, Saved, ToPage};

impl World {
    /// Sends saved and blocked contacts to one page or all.
    pub(crate) fn tell_contacts(&self, only: Option<PageId>) {
        let people = || self.people.iter();
        let line = ToPage::Contacts {
            saved: people()
                .filter(|(_, person)| person.saved.is_some() || person.business)
                .map(|(user, person)| Saved {
                    user: user.clone(),
                    name: person.saved.clone(),
                    business: person.business,
                })
                .collect(),
            blocked: people()
                .filter(|(_, person)| person.blocked)
                .map(|(user, _)| Blocked {
                    user: user.clone(),
                    lid: lid_of(user),
                })
                .collect(),
        };
        for (id, page) in &self.pages {
            let meant = only.is_none_or(|only| only == *id);
            if meant && matches!(page.role, Role::Linked { .. }) {
                let _ = page.tx.send(line.clone());
            }
        }
    }
}
