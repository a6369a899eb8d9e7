//! Tests of when alerts are sent, by a clock that the test moves: delays,
//! repeats, quiet hours, requests that lapse, and the daily digest.

use std::time::Duration;

use session_api::Timestamp;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Moves the clock ahead to this time of day, in UTC.
fn advance_to(clock: &AlertClock, hour: u32, minute: u32) {
    let day = i64::try_from(DAY.as_millis()).unwrap();
    let expected = (HOUR * hour + MINUTE * minute).as_millis();
    let now = clock.now().as_millis().rem_euclid(day);
    let ahead = (i64::try_from(expected).unwrap() - now).rem_euclid(day);
    clock.advance(Duration::from_millis(ahead.try_into().unwrap()));
}

/// Sets the session's state like [`set_state`], as of `since`; if `passkey` is a
/// stage, with a passkey request as of `since`.
fn waits(manager: &FakeSessionManager, cause: &str, since: Timestamp, passkey: Option<&str>) {
    let mut body: Value = serde_json::from_str(&session("QR_REQUIRED", cause)).unwrap();
    body["since"] = json!(since);
    body["passkey"] = match passkey {
        Some(stage) => json!({
            "stage": stage, "since": since, "expires_at": since.after(10 * MINUTE),
            "needs_confirmation": false,
        }),
        None => Value::Null,
    };
    manager.set_response("/session", 200, &body.to_string());
    manager.set_first_events(&[("state", state("QR_REQUIRED", 2))]);
}

const WARNING: &str = "leadmaster_profile_bytes 4294967296\n";
const NO_WARNING: &str = "leadmaster_profile_bytes 1\nleadmaster_clock_skew_seconds 0\n";

on_both_engines! {
    async fn alert_is_repeated_and_waits_for_the_morning(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        manager.set_response("/metrics", 200, WARNING);
        let clock = AlertClock::default();
        advance_to(&clock, 12, 0);
        let mut variables = mail.variables().to_vec();
        variables.extend([
            // A response that a slow machine misses raises no alert.
            ("ALERT_AFTER_MINUTES", "10"),
            ("TZ", "UTC"),
            ("ALERT_QUIET_HOURS", "22:00-07:00"),
            ("ALERT_REPEAT_HOURS", "4"),
        ]);
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        mail.wait_for(1).await;
        // The alert is repeated after four hours, and not before.
        clock.advance(HOUR * 4 - MINUTE);
        wait_for_checks(&manager, 2).await;
        assert_eq!(mail.mails().len(), 1, "{:?}", mail.subjects());
        clock.advance(MINUTE * 2);
        let repeated_mail = mail.wait_for(2).await.remove(1);
        let title = "LeadMaster: Still: the browser's profile uses 4096 MiB";
        assert_eq!(repeated_mail["subject"], title);
        // At night there is neither a repeat nor a new warning; only critical alerts are sent.
        advance_to(&clock, 23, 0);
        let skewed = format!("{WARNING}leadmaster_clock_skew_seconds 90\n");
        manager.set_response("/metrics", 200, &skewed);
        wait_for_checks(&manager, 2).await;
        wait_for_conditions(&hub, &["LARGE_PROFILE", "CLOCK_OFF"]).await;
        assert_eq!(mail.mails().len(), 2, "{:?}", mail.subjects());
        set_session(&manager, "DISCONNECTED", "UNLINKED");
        let urgent = mail.wait_for(3).await.remove(2);
        assert_eq!(
            urgent["subject"],
            "LeadMaster: Urgent: WhatsApp was unlinked"
        );
        clock.advance(HOUR * 5);
        wait_for_checks(&manager, 2).await;
        assert_eq!(mail.mails().len(), 3, "{:?}", mail.subjects());
        // All conditions end at night; the alerts that were sent are resolved in the morning.
        set_session(&manager, "READY", "SYNCED");
        manager.set_response("/metrics", 200, NO_WARNING);
        wait_until("the conditions without an alert to end", async || {
            !active_conditions(&hub)
                .await
                .contains(&"CLOCK_OFF".to_owned())
        })
        .await;
        assert_eq!(mail.mails().len(), 3, "{:?}", mail.subjects());
        advance_to(&clock, 7, 1);
        mail.wait_for(5).await;
        let mut subjects = mail.subjects().split_off(3);
        subjects.sort();
        assert_eq!(
            subjects,
            [
                "LeadMaster: Resolved: WhatsApp was unlinked",
                "LeadMaster: Resolved: the browser's profile uses 4096 MiB",
            ]
        );
        wait_for_conditions(&hub, &[]).await;
        hub.stop().await;
    }

    async fn passkey_alert_comes_within_a_minute_and_code_alert_after_ten(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        let clock = AlertClock::default();
        advance_to(&clock, 11, 0);
        waits(&manager, "CODE_SHOWN", clock.now(), None);
        let mut variables = mail.variables().to_vec();
        variables.extend([
            ("ALERT_AFTER_MINUTES", "10"),
            ("TZ", "UTC"),
            ("ALERT_QUIET_HOURS", "10:00-20:00"),
        ]);
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        let nothing_more = async |count: usize| {
            wait_for_checks(&manager, 2).await;
            assert_eq!(mail.mails().len(), count, "{:?}", mail.subjects());
        };
        nothing_more(0).await;
        clock.advance(MINUTE * 9);
        nothing_more(0).await;
        clock.advance(MINUTE * 2);
        let code = mail.wait_for(1).await.remove(0);
        assert_eq!(
            code["subject"],
            "LeadMaster: Urgent: the phone must be linked"
        );
        // A person scans the code. The passkey request lapses in ten minutes,
        // so neither the earlier e-mail nor the quiet hours delay the alert.
        let requested_at = clock.now();
        waits(&manager, "PASSKEY_REQUIRED", requested_at, Some("required"));
        nothing_more(1).await;
        clock.advance(MINUTE + Duration::from_secs(1));
        let passkey = mail.wait_for(2).await.remove(1);
        let title = "LeadMaster: Urgent: Still: WhatsApp asks for the passkey";
        assert_eq!(passkey["subject"], title);
        let lapses = requested_at.after(10 * MINUTE).to_string();
        let lapses = lapses[..16].replace('T', " ");
        let text = passkey["text"].as_str().unwrap();
        assert!(text.contains(&format!("It expires at {lapses}.")), "{text}");
        // Nobody answers; a new request is alerted again.
        clock.advance(MINUTE * 9);
        waits(&manager, "CODE_SHOWN", clock.now(), None);
        nothing_more(2).await;
        waits(&manager, "PASSKEY_REQUIRED", clock.now(), Some("asked"));
        clock.advance(MINUTE + Duration::from_secs(1));
        mail.wait_for(3).await;
        // A request that is answered in time raises no alert.
        waits(&manager, "PASSKEY_REQUIRED", clock.now(), Some("answered"));
        clock.advance(MINUTE * 2);
        nothing_more(3).await;
        hub.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_on_one_store_send_one_summary_a_day() {
    let database = Database::postgres();
    let mail = Mail::start(&[]);
    let manager = FakeSessionManager::start().await;
    set_session(&manager, "READY", "SYNCED");
    let clock = AlertClock::default();
    advance_to(&clock, 9, 0);
    let mut variables = mail.variables().to_vec();
    variables.extend([
        ("ALERT_AFTER_MINUTES", "10"),
        ("TZ", "UTC"),
        ("ALERT_DIGEST_AT", "08:00"),
    ]);
    let (first_hub, second_hub) = tokio::join!(
        start_at(&clock, &database, &manager.url, &variables),
        start_at(&clock, &database, &manager.url, &variables),
    );
    // Today's digest is already past for a new hub.
    wait_for_checks(&manager, 8).await;
    assert!(mail.mails().is_empty(), "{:?}", mail.subjects());
    for day in 1..=2 {
        advance_to(&clock, 7, 59);
        wait_for_checks(&manager, 8).await;
        assert_eq!(mail.mails().len(), day - 1, "{:?}", mail.subjects());
        clock.advance(MINUTE * 2);
        let summary_mail = mail.wait_for(day).await.remove(day - 1);
        let today = clock.now().to_string();
        let title = format!("LeadMaster: summary of {}: all is well", &today[..10]);
        assert_eq!(summary_mail["subject"], title);
        wait_for_checks(&manager, 8).await;
        assert_eq!(mail.mails().len(), day, "{:?}", mail.subjects());
    }
    first_hub.stop().await;
    second_hub.stop().await;
}
