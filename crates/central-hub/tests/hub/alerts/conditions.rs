//! Tests of each condition from its source to an e-mail: restarts, memory,
//! WhatsApp's limits, dead letters, backups, disk and certificate.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use backup_files::BackupKey;
use central_hub::store::Topic;
use rcgen::generate_simple_self_signed;
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use session_api::Timestamp;
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;

use super::*;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

/// Simulates a `READY` session of a session-manager that started at this time.
fn started(manager: &FakeSessionManager, at: Timestamp) {
    let mut body: Value = serde_json::from_str(&session("READY", "SYNCED")).unwrap();
    body["service"]["started_at"] = json!(at);
    manager.set_response("/session", 200, &body.to_string());
    manager.set_first_events(&[("state", state("READY", 2))]);
}

async fn sorted_subjects(mail: &Mail, count: usize) -> Vec<String> {
    mail.wait_for(count).await;
    let mut subjects = mail.subjects();
    subjects.sort();
    subjects
}

on_both_engines! {
    async fn restarts_of_session_manager_are_counted_in_the_store(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        let clock = AlertClock::default();
        let variables = mail.variables();
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        let restart = async || {
            clock.advance(MINUTE);
            started(&manager, clock.now());
            wait_for_checks(&manager, 2).await;
        };
        // The first start is not a restart, and a single restart raises no alert.
        restart().await;
        restart().await;
        assert!(mail.mails().is_empty(), "{:?}", mail.subjects());
        restart().await;
        let first_mail = mail.wait_for(1).await.remove(0);
        let title = "LeadMaster: session-manager was restarted within an hour of its start";
        assert_eq!(first_mail["subject"], title);
        // A restart of the hub does not lose the count.
        hub.stop().await;
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        restart().await;
        assert_eq!(mail.mails().len(), 1, "three restarts are within the limit");
        restart().await;
        let second_mail = mail.wait_for(2).await.remove(1);
        let title = "LeadMaster: Urgent: session-manager was restarted 4 times within an hour";
        assert_eq!(second_mail["subject"], title);
        // While this alert is active, the one about a short uptime is not resolved.
        wait_for_checks(&manager, 20).await;
        assert_eq!(mail.mails().len(), 2, "{:?}", mail.subjects());
        clock.advance(HOUR);
        let resolved = sorted_subjects(&mail, 4).await;
        assert!(
            resolved[0].starts_with("LeadMaster: Resolved: session-manager was"),
            "{resolved:?}"
        );
        assert!(
            resolved[1].starts_with("LeadMaster: Resolved: session-manager was"),
            "{resolved:?}"
        );
        wait_for_conditions(&hub, &[]).await;
        hub.stop().await;
    }

    async fn restarts_of_the_hub_are_counted_in_the_store(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        let variables = mail.variables();
        for _ in 0..6 {
            let hub = start(&database, &manager.url, &variables).await;
            wait_for_checks(&manager, 2).await;
            hub.stop().await;
        }
        assert_eq!(
            mail.mails().len(),
            1,
            "five restarts: {:?}",
            mail.subjects()
        );
        assert!(mail.subjects()[0].ends_with(" was restarted within an hour of its start"));
        let hub = start(&database, &manager.url, &variables).await;
        let second_mail = mail.wait_for(2).await.remove(1);
        let subject = second_mail["subject"].as_str().unwrap();
        assert!(
            subject.starts_with("LeadMaster: Urgent: central-hub "),
            "{subject}"
        );
        assert!(
            subject.ends_with(" was restarted 6 times within an hour"),
            "{subject}"
        );
        hub.stop().await;
    }

    async fn memory_and_disk_beyond_their_limits_raise_alerts(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        let metrics = |service: u64, browser: u64, free: u64| {
            let text = format!(
                "process_resident_memory_bytes {}\nleadmaster_browser_memory_bytes {}\nleadmaster_disk_free_bytes {}\n",
                service << 20,
                browser << 20,
                free << 20
            );
            manager.set_response("/metrics", 200, &text);
        };
        metrics(512, 1430, 1000);
        let variables = mail.variables();
        // The hub's own memory exceeds a limit of 1 MiB.
        let hub = start_with(&database, &manager.url, &variables, |deps| {
            deps.alert_limits.hub_memory_mib = 1;
        })
        .await;
        let mail_received = mail.wait_for(1).await.remove(0);
        let subject = mail_received["subject"].as_str().unwrap();
        assert!(
            subject.starts_with("LeadMaster: central-hub ") && subject.ends_with(" MiB of memory"),
            "{subject}"
        );
        wait_for_checks(&manager, 2).await;
        metrics(513, 1431, 999);
        let mail_received = sorted_subjects(&mail, 4).await;
        assert_eq!(
            mail_received[0],
            "LeadMaster: Chrome uses 1431 MiB of memory"
        );
        assert_eq!(
            mail_received[1],
            "LeadMaster: Urgent: 999 MiB are left on the disk"
        );
        assert_eq!(
            mail_received[3],
            "LeadMaster: session-manager uses 513 MiB of memory"
        );
        metrics(80, 600, 20_000);
        mail.wait_for(7).await;
        let held = active_conditions(&hub).await;
        assert!(
            held.len() == 1 && held[0].starts_with("HIGH_MEMORY/central-hub "),
            "{held:?}"
        );
        hub.stop().await;
    }

    async fn high_memory_waits_for_five_minutes(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        manager.set_response(
            "/metrics",
            200,
            "process_resident_memory_bytes 1000000000\n",
        );
        let clock = AlertClock::default();
        let mut variables = mail.variables().to_vec();
        variables.push(("ALERT_AFTER_MINUTES", "10"));
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        wait_for_conditions(&hub, &["HIGH_MEMORY/session-manager"]).await;
        clock.advance(MINUTE * 4);
        wait_for_checks(&manager, 2).await;
        assert!(mail.mails().is_empty(), "{:?}", mail.subjects());
        clock.advance(MINUTE);
        mail.wait_for(1).await;
        hub.stop().await;
    }

    async fn whatsapp_limits_raise_alerts_with_their_end(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        manager.set_response("/session", 200, &session("READY", "SYNCED"));
        let limits = |locked: bool, status: &str| {
            json!({
                "reach_out": {"locked": locked, "until": locked.then_some("2027-01-14T13:02:00.000Z"), "kind": null},
                "new_chats": {"status": status, "used": 90, "total": 100, "cycle_end": "2027-02-01T03:00:00.000Z"},
                "first_sync": {"complete": true},
            }).to_string()
        };
        manager.set_first_events(&[
            ("state", state("READY", 2)),
            ("limits", limits(false, "SECOND_WARNING")),
        ]);
        let hub = start(&database, &manager.url, &mail.variables()).await;
        let near = mail.wait_for(1).await.remove(0);
        assert_eq!(
            near["subject"],
            "LeadMaster: the monthly limit on new chats is near"
        );
        assert!(
            near["text"]
                .as_str()
                .unwrap()
                .contains("Until 2027-02-01 00:00."),
            "{near}"
        );
        manager.send_event("limits", limits(false, "NONE"));
        mail.wait_for(2).await;
        manager.send_event("limits", limits(true, "NONE"));
        let locked = mail.wait_for(3).await.remove(2);
        assert_eq!(
            locked["subject"],
            "LeadMaster: Urgent: WhatsApp does not let the account start new chats"
        );
        assert!(
            locked["text"]
                .as_str()
                .unwrap()
                .contains("Until 2027-01-14 10:02."),
            "{locked}"
        );
        manager.send_event("limits", limits(false, "NONE"));
        let resolved = mail.wait_for(4).await.remove(3);
        assert_eq!(
            resolved["subject"],
            "LeadMaster: Resolved: WhatsApp does not let the account start new chats"
        );
        manager.send_event("limits", limits(false, "CAPPED"));
        let capped = mail.wait_for(5).await.remove(4);
        assert_eq!(
            capped["subject"],
            "LeadMaster: Urgent: the monthly limit on new chats is reached"
        );
        hub.stop().await;
    }

    async fn dead_letters_keep_an_alert_active_until_they_are_resent(database: Database) {
        let mail = Mail::start(&[]);
        let receiver = Receiver::start().await;
        receiver.set_replies("/crm", &[Reply::Status(500)]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        let mut variables = mail.variables().to_vec();
        variables.push(("WEBHOOK_ALLOWED_HOSTS", "127.0.0.1"));
        let hub = start_with(&database, &manager.url, &variables, |deps| {
            deps.webhook_limits.attempts = 1;
        })
        .await;
        let body =
            json!({"url": receiver.url("/crm"), "eventos": ["message"], "descripcion": "CRM"});
        let (status, webhook) = ask(&hub, "POST", "/api/webhooks", Some(&body)).await;
        assert_eq!(status, 201, "{webhook}");
        let mut tx = hub.store.begin().await.unwrap();
        let data = json!({"n": 1});
        hub.store
            .enqueue_delivery_in(&mut tx, Topic::Message, None, &data)
            .await
            .unwrap();
        tx.commit().await.unwrap();
        let mail_received = mail.wait_for(1).await.remove(0);
        assert_eq!(
            mail_received["subject"],
            "LeadMaster: the webhook “CRM” missed events"
        );
        receiver.set_replies("/crm", &[Reply::Status(200)]);
        let id = &webhook["id"];
        wait_for_conditions(&hub, &[&format!("WEBHOOK_DEAD_LETTERS/{id}")]).await;
        let path = format!("/api/webhooks/{id}/deliveries/replay");
        let (status, body) = ask(&hub, "POST", &path, Some(&json!({}))).await;
        assert_eq!(status, 202, "{body}");
        mail.wait_for(2).await;
        wait_for_conditions(&hub, &[]).await;
        hub.stop().await;
    }

    async fn missing_backup_of_a_linked_session_raises_an_alert(database: Database) {
        let mail = Mail::start(&[]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "READY", "SYNCED");
        let clock = AlertClock::default();
        let mut variables = mail.variables().to_vec();
        variables.push(("ALERT_BACKUP_HOURS", "30"));
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        // Without a key, no backup is expected; with one, it is expected after a while.
        manager.set_response("/metrics", 200, "leadmaster_backup_wanted 0\n");
        wait_for_checks(&manager, 2).await;
        wait_for_conditions(&hub, &[]).await;
        manager.set_response("/metrics", 200, "leadmaster_backup_wanted 1\n");
        wait_for_conditions(&hub, &["NO_BACKUP/session"]).await;
        clock.advance(HOUR * 29);
        wait_for_checks(&manager, 2).await;
        assert!(mail.mails().is_empty(), "{:?}", mail.subjects());
        clock.advance(HOUR * 2);
        let mail_received = mail.wait_for(1).await.remove(0);
        assert_eq!(
            mail_received["subject"],
            "LeadMaster: there is no backup of the WhatsApp session yet"
        );
        manager.set_response(
            "/metrics",
            200,
            "leadmaster_backup_wanted 1\nleadmaster_backup_age_seconds 60\n",
        );
        mail.wait_for(2).await;
        manager.set_response(
            "/metrics",
            200,
            "leadmaster_backup_wanted 1\nleadmaster_backup_age_seconds 111600\n",
        );
        let old = mail.wait_for(3).await.remove(2);
        assert_eq!(
            old["subject"],
            "LeadMaster: the newest backup of the WhatsApp session is 31 hours old"
        );
        hub.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn missing_and_old_backups_of_the_hub_raise_alerts() {
    let database = Database::sqlite();
    let mail = Mail::start(&[]);
    let manager = FakeSessionManager::start().await;
    set_session(&manager, "READY", "SYNCED");
    let folder = tempfile::tempdir().unwrap();
    let (key, _) = BackupKey::generate();
    let backup_folder = folder.path().display().to_string();
    let clock = AlertClock::default();
    let mut variables = mail.variables().to_vec();
    variables.extend([
        ("BACKUP_KEY", key.as_str()),
        ("BACKUP_DIR", backup_folder.as_str()),
    ]);
    // Only cron takes the backups.
    variables.push(("BACKUP_EVERY_HOURS", "0"));
    let hub = start_at(&clock, &database, &manager.url, &variables).await;
    wait_for_conditions(&hub, &["NO_BACKUP/hub"]).await;
    clock.advance(HOUR * 71);
    wait_for_checks(&manager, 2).await;
    assert!(mail.mails().is_empty(), "{:?}", mail.subjects());
    clock.advance(HOUR * 2);
    let first_mail = mail.wait_for(1).await.remove(0);
    assert_eq!(
        first_mail["subject"],
        "LeadMaster: there is no backup of the hub's database yet"
    );
    let file = folder.path().join("hub-20260114T130209Z.db.gz.age");
    let file = std::fs::File::create(file).unwrap();
    let now = u64::try_from(clock.now().as_millis()).unwrap();
    let now = SystemTime::UNIX_EPOCH + Duration::from_millis(now);
    file.set_modified(now).unwrap();
    let resolved = mail.wait_for(2).await.remove(1);
    assert_eq!(
        resolved["subject"],
        "LeadMaster: Resolved: there is no backup of the hub's database yet"
    );
    clock.advance(HOUR * 73 + MINUTE);
    let old = mail.wait_for(3).await.remove(2);
    assert_eq!(
        old["subject"],
        "LeadMaster: the newest backup of the hub's database is 73 hours old"
    );
    hub.stop().await;
}

/// Serves a page with an untrusted certificate, and returns its URL.
async fn page_of_a_stranger() -> String {
    let created = generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::try_from(created.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![created.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let _ = acceptor.accept(socket).await;
        }
    });
    format!("https://localhost:{port}/")
}

#[tokio::test(flavor = "multi_thread")]
async fn untrusted_certificate_raises_an_alert() {
    let database = Database::sqlite();
    let mail = Mail::start(&[]);
    let manager = FakeSessionManager::start().await;
    set_session(&manager, "READY", "SYNCED");
    let page = page_of_a_stranger().await;
    let mut variables = mail.variables().to_vec();
    variables.push(("ALERT_CERTIFICATE_URL", &page));
    let hub = start(&database, &manager.url, &variables).await;
    let mail_received = mail.wait_for(1).await.remove(0);
    assert_eq!(
        mail_received["subject"],
        "LeadMaster: Urgent: the certificate of localhost is not valid"
    );
    wait_for_conditions(&hub, &["CERTIFICATE"]).await;
    hub.stop().await;
}
