//! Handles the passkey ceremony that WhatsApp requires of some accounts before it links a device:
//! its transitions of the session machine.
//!
//! ```text
//!  QR_REQUIRED, code ──scan──> QR_REQUIRED, PASSKEY_REQUIRED ──> AUTHENTICATED
//!       ^                          │ ten minutes, cancelled
//!       └──────────────────────────┘
//! ```
//!
//! While the ceremony runs, the rest of the page's report is ignored: the codes behind it expire,
//! and refreshing them would abort the ceremony.

use session_api::{SessionState, Timestamp};

use super::Machine;
use super::passkey::{Passkey, PasskeyStep, passkey_now};
use super::types::Effect;
use crate::browser::{PagePasskey, PasskeyStage};
use crate::failure::Failure;
use crate::session::cause::Cause;

impl Machine {
    /// Handles the page's passkey report. Returns whether to ignore the rest of the report.
    pub(super) fn on_passkey(&mut self, now: Timestamp, effects: &mut Vec<Effect>) -> bool {
        let linked = self.report.registered == Some(true);
        let reported = self.report.passkey.clone().filter(|_| !linked);
        let Some(page) = reported else {
            if self.passkey.take().is_some() {
                self.generation += 1;
                effects.push(Effect::PasskeyStep(if linked {
                    PasskeyStep::Linked
                } else {
                    PasskeyStep::Dropped
                }));
            }
            return false;
        };
        if let Some(step) = self.passkey_step(&page) {
            effects.push(Effect::PasskeyStep(step));
        }
        let known = self.passkey.take();
        let next = passkey_now(known.as_ref(), *page, now);
        if known.as_ref() != Some(&next) {
            self.generation += 1;
        }
        let is_unreadable = next.is_unreadable();
        if is_unreadable && !known.as_ref().is_some_and(Passkey::is_unreadable) {
            effects.push(Effect::PasskeyStep(PasskeyStep::Unreadable));
        }
        let cause = if is_unreadable {
            Cause::PasskeyUnreadable
        } else {
            Cause::PasskeyRequired
        };
        self.passkey = Some(next);
        self.refreshing = false;
        self.codes_shown = 0;
        self.set_code(None);
        self.transition(SessionState::QrRequired, cause, now);
        true
    }

    /// Returns the step that the report adds, if any.
    fn passkey_step(&self, page: &PagePasskey) -> Option<PasskeyStep> {
        use PasskeyStage::{Answered, Asked, Confirm, Required};
        let Some(known) = &self.passkey else {
            return Some(PasskeyStep::Asked);
        };
        match (known.stage, page.stage) {
            (Answered | Confirm, Asked | Required) => Some(PasskeyStep::Refused),
            (Required, Answered) => Some(PasskeyStep::Answered),
            (Asked | Required | Answered, Confirm) => Some(PasskeyStep::Verified),
            _ => None,
        }
    }

    /// Handles the deadline: no answer came, or the page did not return to a code.
    pub(super) fn expire_passkey(&mut self, now: Timestamp, effects: &mut Vec<Effect>) {
        let Some(passkey) = &mut self.passkey else {
            return;
        };
        if now < passkey.due_at() {
            return;
        }
        if passkey.over.is_some() {
            // No button led back to a code, and the screen would stay permanently.
            self.passkey = None;
            effects.push(Effect::PasskeyStep(PasskeyStep::Stuck));
            return self.reload(Failure::PageStuck, now, effects);
        }
        passkey.over = Some(now);
        self.generation += 1;
        effects.push(Effect::PasskeyStep(PasskeyStep::Expired));
        effects.push(Effect::CancelPasskey);
    }

    /// Returns the passkey that WhatsApp requests, if any.
    pub fn passkey(&self) -> Option<&Passkey> {
        self.passkey.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::browser::{PageLinkCode, PageReport};
    use session_api::PasskeyBody;

    use crate::session::machine::{Input, Intent, Limits};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(1_790_000_000_000 + seconds * 1_000).unwrap()
    }

    /// Returns a machine whose page is up and displays a code.
    fn machine() -> Machine {
        let mut machine = Machine::new(Limits::default(), false, at(0));
        machine.apply(Input::Connect(Intent::Requested), at(0));
        machine.apply(Input::BrowserUp, at(0));
        let report = PageReport {
            code: Some("2@a,b,c,d,1".to_owned()),
            ..unlinked()
        };
        machine.apply(Input::PageReport(Box::new(report)), at(0));
        assert_eq!(machine.state(), SessionState::QrRequired);
        machine
    }

    fn unlinked() -> PageReport {
        PageReport {
            socket: Some("UNPAIRED".to_owned()),
            registered: Some(false),
            ..PageReport::default()
        }
    }

    fn asked(stage: PasskeyStage, request: u64, timeout: u64) -> PageReport {
        let public_key = serde_json::json!({
            "challenge": format!("challenge {request}"),
            "timeout": timeout,
            "rpId": "whatsapp.com",
        });
        let required = stage == PasskeyStage::Required;
        PageReport {
            passkey: Some(Box::new(PagePasskey {
                stage,
                request,
                public_key: required.then(|| serde_json::from_value(public_key).unwrap()),
                verification_code: None,
                confirms_itself: false,
            })),
            ..unlinked()
        }
    }

    fn tell(machine: &mut Machine, report: PageReport, now: Timestamp) -> Vec<Effect> {
        machine.apply(Input::PageReport(Box::new(report)), now)
    }

    #[test]
    fn an_idle_page_is_not_refreshed_and_its_code_not_shown() {
        let mut machine = machine();
        let effects = tell(&mut machine, asked(PasskeyStage::Asked, 0, 600_000), at(1));
        assert_eq!(effects, [Effect::PasskeyStep(PasskeyStep::Asked)]);
        assert_eq!(machine.cause(), &Cause::PasskeyRequired);
        assert!(machine.code().is_none());
        let rounds = machine.rounds_left();
        let idle = PageReport {
            idle: true,
            code: Some("2@dead".to_owned()),
            ..asked(PasskeyStage::Required, 1, 600_000)
        };
        assert_eq!(tell(&mut machine, idle, at(160)), []);
        assert!(machine.code().is_none());
        assert_eq!(
            (machine.rounds_left(), machine.refreshing()),
            (rounds, false)
        );
        let body = machine.passkey().unwrap().body();
        assert!(matches!(body, PasskeyBody::Required { .. }), "{body:?}");
    }

    #[test]
    fn passkey_expires_ten_minutes_after_the_first_request() {
        let mut machine = machine();
        tell(&mut machine, asked(PasskeyStage::Asked, 0, 0), at(0));
        tell(
            &mut machine,
            asked(PasskeyStage::Required, 1, 600_000),
            at(2),
        );
        assert_eq!(machine.passkey().unwrap().expires_at, at(600));
        tell(
            &mut machine,
            asked(PasskeyStage::Answered, 1, 600_000),
            at(300),
        );
        let effects = tell(
            &mut machine,
            asked(PasskeyStage::Required, 2, 600_000),
            at(302),
        );
        assert_eq!(effects, [Effect::PasskeyStep(PasskeyStep::Refused)]);
        assert_eq!(machine.passkey().unwrap().expires_at, at(600));
        assert_eq!(machine.apply(Input::Tick, at(599)), []);
        let effects = machine.apply(Input::Tick, at(600));
        let given_up = [
            Effect::PasskeyStep(PasskeyStep::Expired),
            Effect::CancelPasskey,
        ];
        assert_eq!(effects, given_up);
        assert_eq!(machine.passkey().unwrap().body(), PasskeyBody::NoPasskey);
        // The effect occurs only once, although the page takes a moment.
        assert_eq!(machine.apply(Input::Tick, at(601)), []);
        // A page that does not return is reloaded.
        let still = asked(PasskeyStage::Required, 2, 600_000);
        assert_eq!(tell(&mut machine, still, at(615)), []);
        assert_eq!(machine.apply(Input::Tick, at(629)), []);
        let effects = machine.apply(Input::Tick, at(630));
        assert_eq!(
            effects,
            [Effect::PasskeyStep(PasskeyStep::Stuck), Effect::Reload]
        );
        assert!(machine.passkey().is_none());
    }

    #[test]
    fn a_ceremony_after_a_cancelled_one_has_ten_minutes_of_its_own() {
        let mut machine = machine();
        tell(&mut machine, asked(PasskeyStage::Asked, 0, 0), at(0));
        // A person pressed the page's own Cancel, and the page draws a code again.
        let code = PageReport {
            code: Some("2@a,b,c,d,1".to_owned()),
            ..unlinked()
        };
        let effects = tell(&mut machine, code, at(300));
        let dropped = Effect::PasskeyStep(PasskeyStep::Dropped);
        assert!(effects.contains(&dropped), "{effects:?}");
        tell(&mut machine, asked(PasskeyStage::Asked, 0, 0), at(500));
        assert_eq!(machine.passkey().unwrap().expires_at, at(1_100));
        assert_eq!(machine.apply(Input::Tick, at(700)), []);
    }

    #[test]
    fn a_request_with_less_time_is_given_up_with_it() {
        let mut machine = machine();
        tell(&mut machine, asked(PasskeyStage::Asked, 0, 0), at(0));
        tell(
            &mut machine,
            asked(PasskeyStage::Required, 1, 60_000),
            at(5),
        );
        assert_eq!(machine.passkey().unwrap().expires_at, at(65));
    }

    #[test]
    fn a_request_that_cannot_be_read_has_a_cause_of_its_own() {
        let mut machine = machine();
        let mut strange = asked(PasskeyStage::Required, 1, 600_000);
        strange.passkey.as_mut().unwrap().public_key = None;
        let effects = tell(&mut machine, strange.clone(), at(1));
        assert_eq!(
            effects,
            [PasskeyStep::Asked, PasskeyStep::Unreadable].map(Effect::PasskeyStep)
        );
        assert_eq!(machine.cause(), &Cause::PasskeyUnreadable);
        assert_eq!(tell(&mut machine, strange, at(2)), [], "said once");
    }

    #[test]
    fn passkey_ends_when_linked_or_dropped() {
        for (report, step) in [
            (unlinked(), PasskeyStep::Dropped),
            (
                PageReport {
                    registered: Some(true),
                    ..unlinked()
                },
                PasskeyStep::Linked,
            ),
        ] {
            let mut machine = machine();
            tell(&mut machine, asked(PasskeyStage::Answered, 1, 0), at(1));
            let effects = tell(&mut machine, report, at(2));
            assert!(effects.contains(&Effect::PasskeyStep(step)), "{effects:?}");
            assert!(machine.passkey().is_none());
        }
    }

    #[test]
    fn a_code_by_number_that_is_out_is_not_ended_by_a_refresh() {
        let mut machine = machine();
        let out = PageReport {
            idle: true,
            link_code: Some(PageLinkCode {
                expires_at: at(180).as_millis(),
            }),
            ..unlinked()
        };
        assert_eq!(tell(&mut machine, out, at(160)), []);
        let over = PageReport {
            idle: true,
            ..unlinked()
        };
        assert_eq!(tell(&mut machine, over, at(180)), [Effect::RefreshCode]);
    }
}
