//! Answers lookups of numbers: whether a number, or the number behind a LID, has WhatsApp.

use super::{PageId, World, lid_of};
use crate::page_protocol::ToPage;

impl World {
    /// Responds whether a number, or the number behind a LID, has WhatsApp.
    pub(crate) fn answer_exists(&mut self, page: PageId, tag: u64, user: &str, server: &str) {
        if self.settings.query_fails {
            let code = "query_failed";
            return self.tell(page, ToPage::Failed { tag, code });
        }
        // Use the account's own spelling, whichever one was asked for.
        let phone = self.account_of(&self.phone_of(&format!("{user}@{server}")));
        let on_whatsapp = self.on_whatsapp(&phone);
        if on_whatsapp {
            // Record the number, so that the LID can be resolved to it.
            self.people.entry(phone.clone()).or_default();
        }
        let lid = lid_of(&phone);
        self.tell(
            page,
            ToPage::Exists {
                tag,
                on_whatsapp,
                user: phone,
                lid,
            },
        );
    }
}
