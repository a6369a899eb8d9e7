//! Golden tests of the bodies that deployed clients depend on.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde_json::{from_str, to_string};
use session_api::*;

fn at() -> Timestamp {
    Timestamp::from_millis(1_768_395_729_336).unwrap()
}

fn assert_same_json<T>(value: &T, text: &str)
where
    T: serde::Serialize + serde::de::DeserializeOwned + PartialEq + std::fmt::Debug,
{
    assert_eq!(to_string(value).unwrap(), text);
    assert_eq!(&from_str::<T>(text).unwrap(), value);
}

#[test]
fn health() {
    assert_same_json(
        &HealthBody {
            status: "ok".into(),
            service: SERVICE_NAME.into(),
            timestamp: at(),
        },
        r#"{"status":"ok","service":"session-manager","timestamp":"2026-01-14T13:02:09.336Z"}"#,
    );
}

#[test]
fn status() {
    let bodies = SessionState::ALL.map(|status| to_string(&StatusBody { status }).unwrap());
    assert_eq!(
        bodies,
        [
            r#"{"status":"INIT"}"#,
            r#"{"status":"QR_REQUIRED"}"#,
            r#"{"status":"AUTHENTICATED"}"#,
            r#"{"status":"READY"}"#,
            r#"{"status":"DISCONNECTED"}"#,
            r#"{"status":"ERROR"}"#,
        ]
    );
    for state in SessionState::ALL {
        assert_eq!(state.as_str().parse(), Ok(state));
        assert_eq!(state.as_lower_str(), state.as_str().to_lowercase());
    }
}

#[test]
fn qr() {
    assert_same_json(&QrBody::NoQr, r#"{"status":"NO_QR"}"#);
    assert_same_json(
        &QrBody::Available {
            qr: "data:image/png;base64,AA==".into(),
        },
        r#"{"status":"QR_AVAILABLE","qr":"data:image/png;base64,AA=="}"#,
    );
}

#[test]
fn passkey() {
    assert_same_json(&PasskeyBody::NoPasskey, r#"{"status":"NO_PASSKEY"}"#);
    let public_key = PasskeyRequest {
        challenge: "AQ".into(),
        timeout: Some(600_000),
        rp_id: Some("whatsapp.com".into()),
        allow_credentials: vec![PasskeyDescriptor {
            id: "Ag".into(),
            kind: "public-key".into(),
            more: from_str(r#"{"transports":["hybrid"]}"#).unwrap(),
        }],
        user_verification: Some("required".into()),
        more: from_str(r#"{"extensions":{"uvm":true}}"#).unwrap(),
    };
    assert_same_json(
        &PasskeyBody::Required {
            public_key,
            expires_at: at(),
        },
        r#"{"status":"PASSKEY_REQUIRED","public_key":{"challenge":"AQ","timeout":600000,"rpId":"whatsapp.com","allowCredentials":[{"id":"Ag","type":"public-key","transports":["hybrid"]}],"userVerification":"required","extensions":{"uvm":true}},"expires_at":"2026-01-14T13:02:09.336Z"}"#,
    );
    assert_same_json(
        &PasskeyBody::Confirm {
            verification_code: "ABCD-EFGH".into(),
        },
        r#"{"status":"PASSKEY_CONFIRM","verification_code":"ABCD-EFGH"}"#,
    );
}

#[test]
fn passkey_answer_has_the_browsers_format() {
    let text = r#"{"id":"QQ","rawId":"QQ","type":"public-key","response":{"clientDataJSON":"QQ","authenticatorData":"Qg","signature":"Qw"},"authenticatorAttachment":"platform","clientExtensionResults":{}}"#;
    let credential: PasskeyCredential = from_str(text).unwrap();
    assert_same_json(&credential, text);
    assert_eq!(credential.check(), Ok(()));
    assert!(!format!("{credential:?}").contains("QQ"));
    for (change, field) in [
        (("\"id\":\"QQ\"", "\"id\":\"Qg\""), "rawId"),
        (("\"rawId\":\"QQ\"", "\"rawId\":\"!\""), "rawId"),
        (("public-key", "password"), "type"),
        (
            ("clientDataJSON\":\"QQ\"", "clientDataJSON\":\"\""),
            "response.clientDataJSON",
        ),
        (("\"Qw\"", "\"Q\""), "response.signature"),
    ] {
        let invalid_credential: PasskeyCredential =
            from_str(&text.replacen(change.0, change.1, 1)).unwrap();
        assert_eq!(
            invalid_credential.check().unwrap_err().field,
            field,
            "{change:?}"
        );
    }
}

#[test]
fn pairing_code() {
    assert_same_json(
        &PairingCodeBody {
            code: "ABCD-EFGH".into(),
            expires_at: Some(at()),
        },
        r#"{"code":"ABCD-EFGH","expires_at":"2026-01-14T13:02:09.336Z"}"#,
    );
}

#[test]
fn connect() {
    assert_same_json(
        &ConnectBody {
            success: true,
            message: "Connecting".into(),
            session: SESSION_NAME.into(),
            state: SessionState::Init,
            already_connected: false,
        },
        r#"{"success":true,"message":"Connecting","session":"admin","state":"INIT","alreadyConnected":false}"#,
    );
}

#[test]
fn send() {
    assert_same_json(
        &SendRequest::text(Some(51), "5491158254201", "hola"),
        r#"{"cliente_id":51,"to":"5491158254201","message":"hola"}"#,
    );
    assert_same_json(
        &SendBody::sent("true_5491158254201@c.us_3EB0".into()),
        r#"{"ok":true,"message_id":"true_5491158254201@c.us_3EB0","chat":"5491158254201@c.us"}"#,
    );
    // WhatsApp's full id is not known yet.
    assert_same_json(
        &SendBody::sent("3EB0AB".into()),
        r#"{"ok":true,"message_id":"3EB0AB"}"#,
    );
    assert_same_json(
        &SendBody::dry_run("dry-run-1".into()),
        r#"{"ok":true,"message_id":"dry-run-1","dry_run":true}"#,
    );
}

#[test]
fn chat_of_a_sent_message() {
    let chat = session_api::chat_of_sent;
    assert_eq!(
        chat("true_5491158254201@c.us_3EB0"),
        Some("5491158254201@c.us")
    );
    assert_eq!(
        chat("true_247033104567642@lid_3EB0"),
        Some("247033104567642@lid")
    );
    for other_chat in [
        "",
        "3EB0",
        "dry-run-7",
        "true_",
        "true_1_A",
        "false_5491158254201@c.us_A",
    ] {
        assert_eq!(chat(other_chat), None, "{other_chat}");
    }
}

#[test]
fn message() {
    let body = MessageBody {
        message_id: "3EB0AB".into(),
        ledger_id: "3EB0AB".into(),
        status: "failed".into(),
        to: "5491158254201@c.us".into(),
        created_at: at(),
        sent_at: None,
        delivered_at: None,
        read_at: None,
        played_at: None,
        failed_at: Some(at()),
        error: Some("SEND_FAILED".into()),
        undecided_at: None,
        edited_at: None,
        deleted_at: None,
        unsettled_change: None,
        kind: "text".into(),
    };
    assert_same_json(
        &body,
        r#"{"message_id":"3EB0AB","ledger_id":"3EB0AB","status":"failed","to":"5491158254201@c.us","created_at":"2026-01-14T13:02:09.336Z","failed_at":"2026-01-14T13:02:09.336Z","error":"SEND_FAILED","type":"text"}"#,
    );
    assert!(!format!("{body:?}").contains("5491158254201"));
    let read = MessageBody {
        message_id: "true_5491158254201@c.us_3EB0AB".into(),
        status: "read".into(),
        sent_at: Some(at()),
        read_at: Some(at()),
        failed_at: None,
        error: None,
        ..body
    };
    assert_same_json(
        &read,
        r#"{"message_id":"true_5491158254201@c.us_3EB0AB","ledger_id":"3EB0AB","status":"read","to":"5491158254201@c.us","created_at":"2026-01-14T13:02:09.336Z","sent_at":"2026-01-14T13:02:09.336Z","read_at":"2026-01-14T13:02:09.336Z","type":"text"}"#,
    );
}

#[test]
fn files() {
    let body = FileBody {
        file_id: "0123456789abcdef0123456789abcdef".into(),
        size: 3,
        mime: "image/png".into(),
        sha256: "ba78".into(),
        filename: Some("casa.png".into()),
        expires_at: at(),
    };
    assert_same_json(
        &body,
        r#"{"file_id":"0123456789abcdef0123456789abcdef","size":3,"mime":"image/png","sha256":"ba78","filename":"casa.png","expires_at":"2026-01-14T13:02:09.336Z"}"#,
    );
    assert!(is_file_id(&body.file_id) && !is_file_id("../ledger.db"));
    assert!(!format!("{body:?}").contains("casa"));
    assert_same_json(&CheckBody { ok: true }, r#"{"ok":true}"#);
}

#[test]
fn errors() {
    assert_same_json(
        &ErrorBody::new(ErrorCode::SessionNotReady, "not ready"),
        r#"{"error":true,"code":"SESSION_NOT_READY","message":"not ready"}"#,
    );
    for code in ErrorCode::ALL {
        assert!((400..600).contains(&code.status()), "{code}");
        assert_eq!(ErrorCode::from_code(code.as_str()), Some(*code));
    }
}

#[test]
fn events_are_distinguished_without_their_name() {
    let state = StateEvent {
        status: SessionState::Ready,
        generation: 4,
        since: at(),
        cause: "SYNCED".into(),
        message: "ready".into(),
    };
    assert_same_json(
        &Event::State(state),
        r#"{"status":"READY","generation":4,"since":"2026-01-14T13:02:09.336Z","cause":"SYNCED","message":"ready"}"#,
    );
    assert_same_json(
        &Event::Qr(QrEvent {
            status: "NO_QR".into(),
            qr: None,
            expires_at: None,
            expires_in_ms: None,
        }),
        r#"{"status":"NO_QR"}"#,
    );
}

#[test]
fn limits_are_published_as_the_session_has_them() {
    let no_limits = Limits::default();
    assert_same_json(
        &no_limits,
        r#"{"reach_out":{"locked":false,"until":null,"kind":null},"new_chats":{"status":"NONE","used":0,"total":null,"cycle_end":null}}"#,
    );
    let event = LimitsEvent {
        limits: Limits {
            reach_out: ReachOutLock {
                locked: true,
                until: Some(at()),
                kind: Some("WEB_COMPANION_ONLY".into()),
            },
            new_chats: NewChats {
                status: NewChatStatus::FirstWarning,
                used: 80,
                total: Some(100),
                cycle_end: Some(at()),
            },
        },
        first_sync: FirstSync {
            complete: false,
            progress: Some(50),
        },
    };
    assert_same_json(
        &Event::Limits(event),
        r#"{"reach_out":{"locked":true,"until":"2026-01-14T13:02:09.336Z","kind":"WEB_COMPANION_ONLY"},"new_chats":{"status":"FIRST_WARNING","used":80,"total":100,"cycle_end":"2026-01-14T13:02:09.336Z"},"first_sync":{"complete":false,"progress":50}}"#,
    );
    for status in NewChatStatus::ALL {
        let wire_name = format!("{:?}", status.as_str());
        assert_eq!(serde_json::to_string(&status).unwrap(), wire_name);
    }
}

#[test]
fn bodies_and_numbers_stay_out_of_debug_output() {
    let request = SendRequest::text(Some(1), "5491158254201", "secreto");
    let outgoing = request.validate(false).unwrap();
    for debug_text in [format!("{request:?}"), format!("{outgoing:?}")] {
        assert!(!debug_text.contains("5491158254201") && !debug_text.contains("secreto"));
    }
}
