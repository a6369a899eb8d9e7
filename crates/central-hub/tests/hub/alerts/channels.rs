//! Tests of the channels of alerts: SMTP with TLS and a password against a real
//! mail server, `central-hub alert --test` as a process, and a channel that
//! fails for a day.

use std::path::Path;
use std::process::{Command, Output};
use std::time::Duration;

use rcgen::generate_simple_self_signed;
use tempfile::TempDir;

use super::*;

/// The files of a certificate for another name, like that of Debian's `ssl-cert`, and of its key.
struct Certificate {
    folder: TempDir,
}

impl Certificate {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let created = generate_simple_self_signed(vec!["server1.example".to_owned()]).unwrap();
        std::fs::write(folder.path().join("cert.pem"), created.cert.pem()).unwrap();
        let key = created.signing_key.serialize_pem();
        std::fs::write(folder.path().join("key.pem"), key).unwrap();
        Self { folder }
    }

    /// Starts a mail server that requires this kind of TLS and ana's password.
    fn mail(&self, kind: &str) -> Mail {
        let path = |name: &str| self.folder.path().join(name).display().to_string();
        let (certificate, key) = (path("cert.pem"), path("key.pem"));
        Mail::start(&[
            kind,
            &certificate,
            &key,
            "--auth",
            "ana@example.com:hunter/2",
        ])
    }
}

/// Runs `central-hub alert --test`.
fn alert_test(folder: &Path, variables: &[(&str, &str)]) -> (Option<i32>, String, String) {
    let Output {
        status,
        stdout,
        stderr,
    } = Command::new(env!("CARGO_BIN_EXE_central-hub"))
        .args(["alert", "--test"])
        .current_dir(folder)
        .env_clear()
        .env("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1")
        .env("ALERT_EMAIL_FROM", "LeadMaster <hub@example.com>")
        .env("ALERT_EMAIL_TO", "ana@example.com")
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (status.code(), text(stdout), text(stderr))
}

#[tokio::test(flavor = "multi_thread")]
async fn mail_leaves_by_tls_and_with_a_password() {
    let certificate = Certificate::new();
    for (kind, scheme) in [("--tls", "smtp"), ("--wrapped", "smtps")] {
        let mut mail = certificate.mail(kind);
        let port = mail.server.port();
        mail.url = format!("{scheme}://ana%40example.com:hunter%2F2@127.0.0.1:{port}");
        let database = Database::sqlite();
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "DISCONNECTED", "UNLINKED");
        let hub = start(&database, &manager.url, &mail.variables()).await;
        let mail_received = mail.wait_for(1).await.remove(0);
        assert_eq!(mail_received["encrypted"], true, "{kind}: {mail_received}");
        assert_eq!(
            mail_received["user"], "ana@example.com",
            "{kind}: {mail_received}"
        );
        hub.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_test_command_reports_the_result_of_each_channel() {
    let folder = tempfile::tempdir().unwrap();
    let mail = Mail::start(&[]);
    let receiver = Receiver::start().await;
    receiver.set_replies("/T0/secret", &[Reply::Status(200), Reply::Status(404)]);
    let hook = receiver.url("/T0/secret");
    let variables = [
        ("SMTP_URL", mail.url.as_str()),
        ("ALERT_WEBHOOK_URL", hook.as_str()),
    ];
    let (code, output, errors) = alert_test(folder.path(), &variables);
    assert_eq!(code, Some(0), "{output}{errors}");
    let lines: Vec<_> = output.lines().collect();
    assert_eq!(lines.len(), 2, "{output}");
    assert!(
        lines[0].starts_with("email    ana@example.com ") && lines[0].ends_with(" taken"),
        "{output}"
    );
    assert!(
        lines[1].starts_with("webhook ") && lines[1].ends_with(" taken"),
        "{output}"
    );
    // The language is Spanish without `ALERT_LANGUAGE`.
    let mail_received = mail.wait_for(1).await.remove(0);
    assert_eq!(mail_received["subject"], "LeadMaster: Prueba de avisos");
    assert_eq!(
        receiver.deliveries("/T0/secret")[0].json()["data"]["kind"],
        "test"
    );

    // If one channel fails, the other is still tried.
    let (code, output, errors) = alert_test(folder.path(), &variables);
    assert_eq!(code, Some(1), "{output}{errors}");
    assert!(
        errors.contains("email ") && errors.contains("taken"),
        "{errors}"
    );
    assert!(
        errors.contains("REFUSED: ") && errors.contains("404"),
        "{errors}"
    );
    assert!(!errors.contains("secret"), "{errors}");
    mail.wait_for(2).await;
    assert!(std::fs::read_dir(folder.path()).unwrap().next().is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn alert_test_command_reports_the_mail_servers_error() {
    let folder = tempfile::tempdir().unwrap();
    let certificate = Certificate::new();
    let mail = certificate.mail("--tls");
    let port = mail.server.port();
    let smtp = |scheme: &str, rest: &str| format!("{scheme}://{rest}:{port}");
    let test = |url: &str| alert_test(folder.path(), &[("SMTP_URL", url)]);
    // A wrong password is not repeated in the output.
    let url = smtp("smtp", "ana%40example.com:wrong-word@127.0.0.1");
    let (code, output, errors) = test(&url);
    assert_eq!(code, Some(1), "{output}{errors}");
    assert!(
        errors.contains("REFUSED: ") && errors.contains("535"),
        "{errors}"
    );
    assert!(!errors.contains("wrong-word"), "{errors}");
    // This server does not accept TLS from the start of a connection.
    let (code, output, errors) = test(&smtp("smtps", "127.0.0.1"));
    assert_eq!(code, Some(1), "{output}{errors}");
    // A server without TLS gets nothing if TLS is required.
    let plain_server = Mail::start(&[]);
    let (code, output, errors) = test(&format!("{}?tls=required", plain_server.url));
    assert_eq!(code, Some(1), "{output}{errors}");
    assert!(plain_server.mails().is_empty() && mail.mails().is_empty());
    // No server listens on this port.
    let (code, output, errors) = test("smtp://127.0.0.1:1");
    assert_eq!(code, Some(1), "{output}{errors}");
    assert!(errors.contains("CANNOT_CONNECT: "), "{errors}");
    // No channel is configured.
    let nobody = Command::new(env!("CARGO_BIN_EXE_central-hub"))
        .args(["alert", "--test"])
        .current_dir(folder.path())
        .env_clear()
        .env("SESSION_MANAGER_BASE_URL", "http://127.0.0.1:1")
        .output()
        .unwrap();
    let errors = String::from_utf8(nobody.stderr).unwrap();
    assert_eq!(nobody.status.code(), Some(1), "{errors}");
    assert!(
        errors.contains("no alert channel is configured: set SMTP_URL"),
        "{errors}"
    );
}

on_both_engines! {
    async fn alert_that_cannot_leave_for_a_day_is_given_up(database: Database) {
        let mail = Mail::start(&["--refuse", "1000000"]);
        let manager = FakeSessionManager::start().await;
        set_session(&manager, "DISCONNECTED", "UNLINKED");
        let clock = AlertClock::default();
        let mut variables = mail.variables().to_vec();
        variables.push(("ALERT_REPEAT_HOURS", "0"));
        let hub = start_at(&clock, &database, &manager.url, &variables).await;
        let response = async || get(&hub, "/api/alerts").await["told"][0].clone();
        wait_until("two attempts", async || {
            response().await["attempts"].as_u64() >= Some(2)
        })
        .await;
        let pending = response().await;
        assert_eq!(pending["state"], "pending", "{pending}");
        assert!(
            pending["error"].as_str().unwrap().contains("not now"),
            "{pending}"
        );
        clock.advance(Duration::from_secs(25 * 3600));
        wait_until("the alert to be given up", async || {
            response().await["state"] == "dead"
        })
        .await;
        assert!(mail.mails().is_empty());
        hub.stop().await;
    }
}
