//! Tests images, videos, audio and documents, from the caller's disk to the phone.

use std::io::Cursor;
use std::path::PathBuf;

use harness::standin::{Received, SendBehavior, Settings, Standin};
use harness::{Hub, Manager, ManagerOptions, poll, processes, start_linked};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

pub(super) const TO: &str = "5491158254201";

pub(crate) fn png(width: u32, height: u32) -> Vec<u8> {
    let picture = image::RgbImage::from_fn(width, height, |x, y| {
        image::Rgb([x.to_le_bytes()[0], y.to_le_bytes()[0], 90])
    });
    let mut bytes = Cursor::new(Vec::new());
    let format = image::ImageFormat::Png;
    picture.write_to(&mut bytes, format).expect("a picture");
    bytes.into_inner()
}

/// Returns just enough of the format for the type to be detected.
pub(super) fn pdf() -> Vec<u8> {
    b"%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".to_vec()
}

pub(super) fn ogg() -> Vec<u8> {
    [
        b"OggS\0\x02".as_slice(),
        &[0; 22],
        b"OpusHead\x01\x01",
        &[0; 64],
    ]
    .concat()
}

pub(super) fn mp4() -> Vec<u8> {
    [
        b"\0\0\0\x18ftypisom\0\0\0\0isomiso2".as_slice(),
        &[7; 4_000],
    ]
    .concat()
}

pub(super) fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

async fn start_default() -> (Standin, Manager) {
    start_linked(Settings::default(), ManagerOptions::default()).await
}

pub(super) async fn send_request(request: reqwest::RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.json().await.unwrap_or(Value::Null))
}

pub(super) async fn upload(
    manager: &Manager,
    query: &str,
    kind: &str,
    bytes: Vec<u8>,
) -> (u16, Value) {
    let request = manager
        .client()
        .post(manager.url(&format!("/files{query}")));
    send_request(request.header("content-type", kind).body(bytes)).await
}

/// Uploads a file. Returns its id.
async fn upload_file(manager: &Manager, bytes: Vec<u8>) -> String {
    let (status, body) = upload(manager, "", "application/octet-stream", bytes).await;
    assert_eq!(status, 201, "{body}");
    body["file_id"].as_str().expect("an id").to_owned()
}

pub(super) async fn send(manager: &Manager, mut body: Value, key: Option<&str>) -> (u16, Value) {
    body["to"] = json!(TO);
    let mut request = manager.client().post(manager.url("/send")).json(&body);
    if let Some(key) = key {
        request = request.header("idempotency-key", key);
    }
    send_request(request).await
}

/// Returns a send together with its file, in curl's format.
pub(super) fn form(json: &Value, bytes: Vec<u8>, name: &str) -> Form {
    let file = Part::bytes(bytes).file_name(name.to_owned());
    Form::new()
        .text("json", json.to_string())
        .part("file", file)
}

pub(super) fn status_and_code(answer: &(u16, Value)) -> (u16, &str) {
    (answer.0, answer.1["code"].as_str().unwrap_or_default())
}

pub(super) fn last_message(standin: &Standin) -> Received {
    standin.phone().messages().pop().expect("a message")
}

fn files_folder(manager: &Manager) -> PathBuf {
    manager.folder.join("data").join("files")
}

/// Returns the names of the files on disk.
pub(super) fn stored_files(manager: &Manager) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(files_folder(manager)) else {
        return Vec::new();
    };
    let name = |entry: std::fs::DirEntry| entry.file_name().into_string().expect("a name");
    entries
        .map(|entry| name(entry.expect("an entry")))
        .collect()
}

#[tokio::test]
async fn every_kind_of_file_reaches_the_phone_unchanged() {
    let (standin, mut manager) = start_default().await;
    for (kind, expected_kind, bytes, mime, extra) in [
        (
            "image",
            "image",
            png(320, 200),
            "image/png",
            json!({"caption": "la casa"}),
        ),
        (
            "video",
            "video",
            mp4(),
            "video/mp4",
            json!({"caption": "el patio"}),
        ),
        ("audio", "audio", ogg(), "audio/ogg", json!({})),
        ("audio", "ptt", ogg(), "audio/ogg", json!({"voice": true})),
        (
            "document",
            "document",
            pdf(),
            "application/pdf",
            json!({"filename": "señal ñ.pdf", "caption": "firmar"}),
        ),
        // Sent unmodified, although it is an image.
        (
            "document",
            "document",
            png(8, 8),
            "image/png",
            json!({"filename": "plano.png"}),
        ),
        ("image", "image", png(9, 9), "image/png", json!({})),
    ] {
        let id = upload_file(&manager, bytes.clone()).await;
        let mut body = json!({"type": kind, "file_id": id});
        for (name, value) in extra.as_object().expect("an object") {
            body[name] = value.clone();
        }
        let (status, answer) = send(&manager, body.clone(), None).await;
        assert_eq!(status, 200, "{body}: {answer}");
        let message = last_message(&standin);
        assert_eq!(answer["message_id"], json!(message.key));
        assert_eq!(message.kind, expected_kind);
        let file = message.details.file.expect("a file");
        assert_eq!(
            (file.mime.as_str(), file.size),
            (mime, bytes.len() as u64),
            "{body}"
        );
        assert_eq!(file.sha256, sha256(&bytes), "{body}");
        assert_eq!(
            message.details.caption.map(Value::from),
            extra.get("caption").cloned()
        );
        if let Some(name) = extra["filename"].as_str() {
            assert_eq!(file.filename.as_deref(), Some(name));
        }
    }
    // A reply with an image, which mentions a contact.
    let own_message = last_message(&standin);
    let id = upload_file(&manager, png(4, 4)).await;
    let body = json!({"type": "image", "file_id": id, "caption": "@5491158254202",
                      "reply_to": own_message.key, "mentions": ["5491158254202"]});
    assert_eq!(send(&manager, body, None).await.0, 200);
    let message = last_message(&standin);
    assert_eq!(message.details.quoted, Some(own_message.id));
    assert_eq!(
        message.details.mentions,
        Some(vec!["5491158254202@c.us".to_owned()])
    );
    // A file can be sent any number of times.
    for _ in 0..2 {
        let body = json!({"type": "image", "file_id": id});
        assert_eq!(send(&manager, body, None).await.0, 200);
    }
    manager.stop().await;
}

#[tokio::test]
async fn uploaded_file_has_its_metadata() {
    let (_standin, mut manager) = start_default().await;
    let bytes = pdf();
    let (status, body) = upload(
        &manager,
        "?filename=la%20casa.pdf",
        "text/plain",
        bytes.clone(),
    )
    .await;
    assert_eq!(status, 201, "{body}");
    // The type is detected from the content, whatever the caller states.
    assert_eq!(body["mime"], "application/pdf");
    assert_eq!(body["size"], json!(bytes.len()));
    assert_eq!(body["sha256"], json!(sha256(&bytes)));
    assert_eq!(body["filename"], "la casa.pdf");
    assert!(body["expires_at"].is_string());
    let id = body["file_id"].as_str().expect("an id").to_owned();
    let (status, stored) = manager.get(&format!("/files/{id}")).await;
    assert_eq!((status, &stored), (200, &body));
    assert_eq!(stored_files(&manager), std::slice::from_ref(&id));
    assert_eq!(
        std::fs::read(files_folder(&manager).join(&id)).expect("the file"),
        bytes
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = |path: PathBuf| {
            std::fs::metadata(path)
                .expect("an existing file")
                .permissions()
                .mode()
                & 0o777
        };
        assert_eq!(mode(files_folder(&manager)), 0o700);
        assert_eq!(mode(files_folder(&manager).join(&id)), 0o600);
    }
    // Send it as a part, in the format of browsers and curl.
    let part = Part::bytes(png(3, 3)).file_name("../../etc/passwd");
    let request = manager.client().post(manager.url("/files"));
    let (status, body) = send_request(request.multipart(Form::new().part("file", part))).await;
    assert_eq!(
        (status, &body["mime"]),
        (201, &json!("image/png")),
        "{body}"
    );
    assert!(body.get("filename").is_none(), "{body}");
    // The detected type counts: no image is sent as audio.
    for kind in ["audio", "video"] {
        let id = body["file_id"].clone();
        let refusal = send(&manager, json!({"type": kind, "file_id": id}), None).await;
        assert_eq!(status_and_code(&refusal), (400, "INVALID_REQUEST"));
    }
    let deletion = manager
        .client()
        .delete(manager.url(&format!("/files/{id}")));
    assert_eq!(deletion.send().await.expect("an answer").status(), 204);
    assert!(!stored_files(&manager).contains(&id));
    for path in [
        format!("/files/{id}"),
        "/files/..%2fledger.db".into(),
        "/files/x".into(),
    ] {
        let (status, body) = manager.get(&path).await;
        assert_eq!(
            (status, &body["code"]),
            (404, &json!("FILE_NOT_FOUND")),
            "{path}"
        );
        let second_deletion = send_request(manager.client().delete(manager.url(&path))).await;
        assert_eq!(
            status_and_code(&second_deletion),
            (404, "FILE_NOT_FOUND"),
            "{path}"
        );
    }
    let refusal = send(&manager, json!({"type": "image", "file_id": id}), None).await;
    assert_eq!(status_and_code(&refusal), (404, "FILE_NOT_FOUND"));
    for (query, bytes) in [
        ("?filename=a%2fb", pdf()),
        ("?filename=", pdf()),
        ("", Vec::new()),
    ] {
        let refusal = upload(&manager, query, "application/pdf", bytes).await;
        assert_eq!(
            status_and_code(&refusal),
            (400, "INVALID_REQUEST"),
            "{query}"
        );
    }
    manager.stop().await;
}

/// Checks that names with characters that change their direction or are invisible are rejected by
/// session-manager and by the hub, in an upload and in a message.
#[tokio::test]
async fn deceptive_file_names_are_rejected() {
    let (standin, mut manager) = start_default().await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let client = manager.client();
    for (encoded, name) in [
        ("factura%E2%80%AEfdp.exe", "factura\u{202e}fdp.exe"),
        ("a%E2%81%A6b.pdf", "a\u{2066}b.pdf"),
        ("a%E2%80%8Bb.pdf", "a\u{200b}b.pdf"),
    ] {
        let document = json!({"to": TO, "type": "document", "filename": name});
        for (upload, send) in [
            (manager.url("/files"), manager.url("/send")),
            (hub.url("/api/files"), hub.url("/api/send")),
        ] {
            let upload_with_query = client
                .post(format!("{upload}?filename={encoded}"))
                .header("content-type", "application/pdf")
                .body(pdf());
            let send_with_field = client
                .post(&send)
                .multipart(form(&document, pdf(), "a.pdf"));
            for (request, request_name) in [(upload_with_query, &upload), (send_with_field, &send)]
            {
                let refusal = send_request(request).await;
                assert_eq!(
                    status_and_code(&refusal),
                    (400, "INVALID_REQUEST"),
                    "{request_name} {name:?}"
                );
                let message = refusal.1["message"].as_str().expect("a message");
                assert!(message.contains("filename"), "{message}");
                assert!(!message.contains(name), "{message:?}");
            }
        }
    }
    assert_eq!(standin.phone().messages().len(), 0);
    assert_eq!(stored_files(&manager), Vec::<String>::new());
    drop(hub);
    manager.stop().await;
}

#[tokio::test]
async fn send_with_its_picture_in_one_request() {
    let (standin, mut manager) = start_default().await;
    let bytes = png(64, 48);
    let json = json!({"to": TO, "type": "image", "caption": "hola", "cliente_id": 51});
    let send = |form: Form, key: &str| {
        let request = manager.client().post(manager.url("/send"));
        send_request(request.header("idempotency-key", key).multipart(form))
    };
    let first_response = send(form(&json, bytes.clone(), "casa.png"), "k").await;
    assert_eq!(first_response.0, 200, "{}", first_response.1);
    let message = last_message(&standin);
    assert_eq!(message.details.caption.as_deref(), Some("hola"));
    let file = message.details.file.expect("a file");
    assert_eq!(
        (file.sha256, file.filename.as_deref()),
        (sha256(&bytes), Some("casa.png"))
    );
    // The same image again is the same message. Another image is not.
    assert_eq!(
        send(form(&json, bytes.clone(), "casa.png"), "k").await,
        first_response
    );
    let other_picture = send(form(&json, png(64, 49), "casa.png"), "k").await;
    assert_eq!(
        status_and_code(&other_picture),
        (409, "IDEMPOTENCY_KEY_REUSED")
    );
    // The parts may come in any order.
    let file = Part::bytes(bytes.clone()).file_name("casa.png");
    let turned = Form::new()
        .part("file", file)
        .text("json", json.to_string());
    assert_eq!(send(turned, "k").await, first_response);
    assert_eq!(standin.phone().messages().len(), 1);
    for invalid_form in [
        Form::new(),
        Form::new().text("json", json.to_string()),
        Form::new().part("file", Part::bytes(bytes.clone()).file_name("a.png")),
        Form::new()
            .text("json", "{")
            .part("file", Part::bytes(bytes.clone())),
        form(
            &json!({"to": TO, "message": "hola"}),
            bytes.clone(),
            "a.png",
        ),
        form(
            &json!({"to": "12", "type": "image"}),
            bytes.clone(),
            "a.png",
        ),
        form(&json!({"to": TO, "type": "video"}), bytes.clone(), "a.png"),
        form(&json, bytes.clone(), "a.png").text("otra", "cosa"),
        form(&json, bytes.clone(), "a.png").text("json", json.to_string()),
    ] {
        let (status, body) = send(invalid_form, "bad").await;
        assert_eq!(status, 400, "{body}");
    }
    assert_eq!(standin.phone().messages().len(), 1);
    // A file that came with its message is deleted with the message.
    assert_eq!(stored_files(&manager), Vec::<String>::new());
    manager.stop().await;
}

#[tokio::test]
async fn failed_or_oversized_upload_leaves_no_file() {
    let options = ManagerOptions::default()
        .with("FILE_MAX_MIB", 1)
        .with("FILES_QUOTA_MIB", 2);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    const MIB: usize = 1024 * 1024;
    let oversized = vec![7_u8; MIB + 1];
    let refusal = upload(&manager, "", "application/pdf", oversized.clone()).await;
    assert_eq!(status_and_code(&refusal), (413, "PAYLOAD_TOO_LARGE"));
    // Without a length, the excess is noticed only midway.
    let pieces: Vec<Result<_, std::io::Error>> = oversized
        .chunks(64 * 1024)
        .map(|chunk| Ok(chunk.to_vec()))
        .collect();
    let body = reqwest::Body::wrap_stream(futures_util::stream::iter(pieces));
    let request = manager.client().post(manager.url("/files")).body(body);
    assert_eq!(
        status_and_code(&send_request(request).await),
        (413, "PAYLOAD_TOO_LARGE")
    );
    let json = json!({"to": TO, "type": "document"});
    let request = manager.client().post(manager.url("/send"));
    let refusal = send_request(request.multipart(form(&json, oversized, "a.bin"))).await;
    assert_eq!(status_and_code(&refusal), (413, "PAYLOAD_TOO_LARGE"));
    // Other routes keep their smaller limit.
    let request = manager.client().post(manager.url("/send"));
    let long_text = json!({"to": TO, "message": "a".repeat(600 * 1024)});
    assert_eq!(
        status_and_code(&send_request(request.json(&long_text)).await),
        (413, "PAYLOAD_TOO_LARGE")
    );
    assert_eq!(stored_files(&manager), Vec::<String>::new());

    // The caller disconnects midway.
    let (tx, rx) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let stream = futures_util::stream::unfold(rx, async |mut rx| Some((rx.recv().await?, rx)));
    let request = manager.client().post(manager.url("/files"));
    let sending = tokio::spawn(request.body(reqwest::Body::wrap_stream(stream)).send());
    tx.send(Ok(vec![1; 300 * 1024])).await.expect("a reader");
    poll::until("the partial file", async || {
        stored_files(&manager)
            .iter()
            .any(|name| name.ends_with(".part"))
            .then_some(())
    })
    .await;
    sending.abort();
    poll::until("the partial file to be removed", async || {
        stored_files(&manager).is_empty().then_some(())
    })
    .await;

    // The quota has room for two files. The third does not fit until one is deleted.
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(upload_file(&manager, vec![3; MIB]).await);
    }
    let refusal = upload(&manager, "", "application/pdf", vec![4; 100]).await;
    assert_eq!(status_and_code(&refusal), (507, "STORAGE_FULL"));
    assert_eq!(stored_files(&manager).len(), 2);
    let deletion = manager
        .client()
        .delete(manager.url(&format!("/files/{}", ids[0])));
    assert_eq!(deletion.send().await.expect("an answer").status(), 204);
    upload_file(&manager, pdf()).await;
    assert!(standin.phone().messages().is_empty());
    manager.stop().await;
}

#[tokio::test]
async fn failed_media_upload_is_reported_as_not_sent() {
    let (standin, mut manager) = start_default().await;
    let phone = standin.phone();
    let id = upload_file(&manager, png(20, 20)).await;
    let body = json!({"type": "image", "file_id": id});
    // After any number of failures the message is sent, under the same id.
    for _ in 0..2 {
        phone.rule(None, SendBehavior::UploadFailed, Some(1));
        let failed_send = send(&manager, body.clone(), Some("k")).await;
        assert_eq!(
            status_and_code(&failed_send),
            (502, "SEND_FAILED"),
            "{}",
            failed_send.1
        );
    }
    assert!(phone.messages().is_empty());
    assert_eq!(send(&manager, body.clone(), Some("k")).await.0, 200);
    for (outcome, refusal) in [
        (SendBehavior::Refuse, (502, "SEND_FAILED")),
        (SendBehavior::ReachOut463, (429, "REACH_OUT_LIMIT")),
        (SendBehavior::Expired, (502, "SEND_FAILED")),
    ] {
        phone.rule(None, outcome, Some(1));
        let failed_send = send(&manager, body.clone(), Some(&format!("{outcome:?}"))).await;
        assert_eq!(status_and_code(&failed_send), refusal, "{outcome:?}");
        let retried = send(&manager, body.clone(), Some(&format!("{outcome:?}"))).await;
        assert_eq!(retried.0, 200, "{outcome:?} {}", retried.1);
    }
    assert_eq!(phone.messages().len(), 4);
    // A corrupt image fails earlier than that.
    let corrupt_image = [png(20, 20)[..40].to_vec(), vec![0; 100]].concat();
    let id = upload_file(&manager, corrupt_image).await;
    let failed_send = send(&manager, json!({"type": "image", "file_id": id}), None).await;
    assert_eq!(
        status_and_code(&failed_send),
        (502, "SEND_FAILED"),
        "{}",
        failed_send.1
    );
    phone
        .set_on_whatsapp("5491100000009", false)
        .expect("a number");
    let mut body = body;
    body["to"] = json!("5491100000009");
    let request = manager.client().post(manager.url("/send")).json(&body);
    assert_eq!(
        status_and_code(&send_request(request).await),
        (404, "NOT_ON_WHATSAPP")
    );
    manager.stop().await;
}

/// Kills the service while it sends an image. Another service starts, and the image arrives once.
#[tokio::test]
async fn picture_is_sent_once_if_the_service_is_killed() {
    let slow = |ms| Settings {
        server_ack: std::time::Duration::from_millis(ms),
        ..Settings::default()
    };
    let (standin, mut manager) = start_linked(slow(20_000), ManagerOptions::default()).await;
    let phone = standin.phone();
    let bytes = png(200, 100);
    for (name, outcome) in [
        ("ok", SendBehavior::Ok),
        ("silent", SendBehavior::Silent),
        ("lost", SendBehavior::Lost),
    ] {
        let (accepted_count, refused_count) = (phone.messages().len(), phone.refusals().len());
        phone.settings(slow(20_000));
        phone.rule(None, outcome, Some(1));
        // The file comes with its message, so it has to outlive the request.
        let json = json!({"to": TO, "type": "image", "caption": name});
        let request = || {
            let request = manager.client().post(manager.url("/send"));
            let request = request.header("idempotency-key", name);
            request.multipart(form(&json, bytes.clone(), "casa.png"))
        };
        let caller = tokio::spawn(request().send());
        poll::until("the picture to reach the server", async || {
            (phone.messages().len() > accepted_count || phone.refusals().len() > refused_count)
                .then_some(())
        })
        .await;
        manager.service.kill().await;
        assert!(caller.await.expect("no panic").is_err());
        processes::assert_none_left(&manager.tokens()).await;
        assert!(!stored_files(&manager).is_empty());
        phone.rule(None, SendBehavior::Ok, None);
        phone.settings(Settings::default());
        manager.restart().await;
        manager.wait_for_state("READY").await;
        let request = manager.client().post(manager.url("/send"));
        let request = request.header("idempotency-key", name);
        let repeated =
            send_request(request.multipart(form(&json, bytes.clone(), "casa.png"))).await;
        assert_eq!(repeated.0, 200, "{name}: {}", repeated.1);
        let mut messages = phone.messages();
        messages.retain(|message| message.details.caption.as_deref() == Some(name));
        assert_eq!(messages.len(), 1, "{name}");
        let file = messages[0].details.file.as_ref().expect("a file");
        assert_eq!(file.sha256, sha256(&bytes));
        assert_eq!(repeated.1["message_id"], json!(messages[0].key));
    }
    assert_eq!(phone.messages().len(), 3);
    manager.stop().await;
}

/// Kills the service in the middle of an upload, and leaves a file without a row.
#[tokio::test]
async fn partial_uploads_of_a_killed_service_are_removed() {
    let (_standin, mut manager) = start_default().await;
    let kept_id = upload_file(&manager, pdf()).await;
    let (tx, rx) = tokio::sync::mpsc::channel::<Result<Vec<u8>, std::io::Error>>(1);
    let stream = futures_util::stream::unfold(rx, async |mut rx| Some((rx.recv().await?, rx)));
    let request = manager.client().post(manager.url("/files"));
    let sending = tokio::spawn(request.body(reqwest::Body::wrap_stream(stream)).send());
    tx.send(Ok(vec![1; 300 * 1024])).await.expect("a reader");
    poll::until("the partial file", async || {
        (stored_files(&manager).len() == 2).then_some(())
    })
    .await;
    manager.service.kill().await;
    sending.abort();
    let orphan = files_folder(&manager).join("0123456789abcdef0123456789abcdef");
    std::fs::write(orphan, b"an orphan").expect("a file");
    assert_eq!(stored_files(&manager).len(), 3);
    manager.restart().await;
    poll::until("the partial uploads to be removed", async || {
        (stored_files(&manager) == [kept_id.clone()]).then_some(())
    })
    .await;
    assert_eq!(manager.get(&format!("/files/{kept_id}")).await.0, 200);
    manager.stop().await;
}

/// Checks that a file is kept while an unsettled message needs it. The same request is recognized
/// long after the file was deleted.
#[tokio::test]
async fn file_is_kept_while_a_message_needs_it() {
    let options = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_000);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let id = upload_file(&manager, png(30, 30)).await;
    let file = manager.url(&format!("/files/{id}"));
    let body = json!({"type": "image", "file_id": id});
    phone.rule(None, SendBehavior::Lost, Some(1));
    let unknown = send(&manager, body.clone(), Some("k")).await;
    assert_eq!(status_and_code(&unknown), (504, "SEND_UNCONFIRMED"));
    let refusal = send_request(manager.client().delete(&file)).await;
    assert_eq!(status_and_code(&refusal), (409, "FILE_IN_USE"));
    let message = send_until_settled(&manager, &body).await;
    assert_eq!(phone.messages().len(), 1);
    let deletion = manager.client().delete(&file);
    assert_eq!(deletion.send().await.expect("an answer").status(), 204);
    assert_eq!(send(&manager, body.clone(), Some("k")).await, message);
    let new_message = send(&manager, body, Some("another")).await;
    assert_eq!(status_and_code(&new_message), (404, "FILE_NOT_FOUND"));
    assert_eq!(phone.messages().len(), 1);
    manager.stop().await;
}

/// Repeats the same request until the service has settled the outcome.
async fn send_until_settled(manager: &Manager, body: &Value) -> (u16, Value) {
    poll::until("the outcome", async || {
        let answer = send(manager, body.clone(), Some("k")).await;
        (answer.0 == 200).then_some(answer)
    })
    .await
}

/// Starts a web server that responds differently to each path.
async fn start_web_server(bytes: Vec<u8>) -> String {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
        .await
        .expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let bytes = bytes.clone();
            tokio::spawn(async move {
                let mut head = vec![0; 4_096];
                let length = stream.read(&mut head).await.unwrap_or(0);
                let head = String::from_utf8_lossy(&head[..length]).into_owned();
                let path = head.split(' ').nth(1).unwrap_or("/").to_owned();
                let (status, headers, body) = match path.as_str() {
                    "/la%20casa.png" => ("200 OK", String::new(), bytes),
                    "/moved" => (
                        "302 Found",
                        "location: /la%20casa.png\r\n".into(),
                        Vec::new(),
                    ),
                    "/elsewhere" => (
                        "302 Found",
                        "location: http://127.0.0.1:9/x\r\n".into(),
                        Vec::new(),
                    ),
                    "/round" => ("302 Found", "location: /round\r\n".into(), Vec::new()),
                    "/large" => ("200 OK", String::new(), vec![1; 2 << 20]),
                    "/empty" => ("200 OK", String::new(), Vec::new()),
                    _ => ("404 Not Found", String::new(), b"secreto".to_vec()),
                };
                let head = format!(
                    "HTTP/1.1 {status}\r\n{headers}content-type: image/png\r\ncontent-length: {}\r\nconnection: close\r\n\r\n",
                    body.len()
                );
                let _ = stream.write_all(&[head.into_bytes(), body].concat()).await;
            });
        }
    });
    address.to_string()
}

#[tokio::test]
async fn file_url_is_fetched_only_from_allowed_hosts() {
    let bytes = png(50, 50);
    let (allowed_host, other_host) = (
        start_web_server(bytes.clone()).await,
        start_web_server(bytes.clone()).await,
    );
    let options = ManagerOptions::default()
        .with("FILE_URL_HOSTS", &allowed_host)
        .with("FILE_MAX_MIB", 1);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let image = |url: String| json!({"type": "image", "url": url});
    for path in ["la%20casa.png", "moved"] {
        let (status, answer) = send(
            &manager,
            image(format!("http://{allowed_host}/{path}")),
            None,
        )
        .await;
        assert_eq!(status, 200, "{answer}");
        let file = last_message(&standin).details.file.expect("a file");
        assert_eq!(file.sha256, sha256(&bytes));
        assert_eq!(file.filename.as_deref(), Some("la casa.png"));
    }
    let before = standin.phone().messages().len();
    let localhost = allowed_host.replace("127.0.0.1", "localhost");
    for url in [
        format!("http://{other_host}/la%20casa.png"),
        format!("http://{localhost}/la%20casa.png"),
        format!("http://{allowed_host}@{other_host}/la%20casa.png"),
        format!("http://{allowed_host}/elsewhere"),
        "http://169.254.169.254/latest/meta-data".to_owned(),
        "https://example.com/a.png".to_owned(),
    ] {
        let refusal = send(&manager, image(url.clone()), None).await;
        assert_eq!(status_and_code(&refusal), (400, "URL_NOT_ALLOWED"), "{url}");
        assert!(!refusal.1.to_string().contains("169.254"), "{}", refusal.1);
    }
    for (path, expected) in [
        ("none", (502, "FETCH_FAILED")),
        ("round", (502, "FETCH_FAILED")),
        ("empty", (502, "FETCH_FAILED")),
        ("large", (413, "PAYLOAD_TOO_LARGE")),
    ] {
        let refusal = send(
            &manager,
            image(format!("http://{allowed_host}/{path}")),
            None,
        )
        .await;
        assert_eq!(status_and_code(&refusal), expected, "{path}");
        assert!(!refusal.1.to_string().contains("secreto"));
    }
    assert_eq!(standin.phone().messages().len(), before);
    assert_eq!(stored_files(&manager), Vec::<String>::new());
    // A file that was already sent is not fetched again.
    let body = image(format!("http://{allowed_host}/moved"));
    let first_response = send(&manager, body.clone(), Some("k")).await;
    assert_eq!(first_response.0, 200, "{}", first_response.1);
    assert_eq!(send(&manager, body, Some("k")).await, first_response);
    manager.stop().await;
}

/// Checks that the hub streams files through. In a dry run it rejects what a real send would
/// reject, and sends nothing.
#[tokio::test]
async fn files_pass_through_the_hub() {
    let options = ManagerOptions::default().with("FILE_MAX_MIB", 1);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let bytes = png(40, 40);
    for dry in [true, false] {
        let options = ManagerOptions::default().with("DRY_RUN", dry);
        let hub = Hub::start(&manager, options).await;
        let post = |path: &str| hub.client().post(hub.url(path));
        let part = |bytes: Vec<u8>| Part::bytes(bytes).file_name("casa.png");
        let (status, body) = send_request(
            post("/api/files?filename=a.png")
                .multipart(Form::new().part("file", part(bytes.clone()))),
        )
        .await;
        assert_eq!(
            (status, &body["mime"]),
            (201, &json!("image/png")),
            "{body}"
        );
        let id = body["file_id"].as_str().expect("an id").to_owned();
        assert_eq!(hub.get(&format!("/files/{id}")).await, (200, body));
        let image = json!({"to": TO, "type": "image", "caption": "hola"});
        let mut by_id = image.clone();
        by_id["file_id"] = json!(id);
        for request in [
            post("/send").json(&by_id),
            post("/api/send").multipart(form(&image, bytes.clone(), "casa.png")),
        ] {
            let (status, body) = send_request(request).await;
            assert_eq!(status, 200, "{body}");
            assert_eq!(body["dry_run"].as_bool().unwrap_or_default(), dry, "{body}");
        }
        let location = json!({"to": TO, "type": "location", "latitude": 1, "longitude": 2});
        assert_eq!(hub.post("/send", &location).await.0, 200);
        // The rejections are the same, in a dry run or not.
        let mut video = by_id.clone();
        video["type"] = json!("video");
        let mut unknown = by_id.clone();
        unknown["file_id"] = json!("0123456789abcdef0123456789abcdef");
        let mut url = image.clone();
        url["url"] = json!("https://example.com/a.png");
        for (body, expected) in [
            (video, (400, "INVALID_REQUEST")),
            (unknown, (404, "FILE_NOT_FOUND")),
            (url, (400, "URL_NOT_ALLOWED")),
            (image.clone(), (400, "INVALID_REQUEST")),
            (
                json!({"to": TO, "type": "sticker"}),
                (400, "INVALID_REQUEST"),
            ),
        ] {
            let refusal = send_request(post("/send").json(&body)).await;
            assert_eq!(status_and_code(&refusal), expected, "{dry} {body}");
        }
        for (form, expected) in [
            (
                form(&json!({"to": TO, "type": "video"}), bytes.clone(), "a"),
                (400, "INVALID_REQUEST"),
            ),
            (
                form(&json!({"to": "12", "type": "image"}), bytes.clone(), "a"),
                (400, "INVALID_REQUEST"),
            ),
            (
                form(&image, vec![1; 2 << 20], "a"),
                (413, "PAYLOAD_TOO_LARGE"),
            ),
        ] {
            let refusal = send_request(post("/send").multipart(form)).await;
            assert_eq!(status_and_code(&refusal), expected, "{dry}");
        }
        let deletion = hub.client().delete(hub.url(&format!("/api/files/{id}")));
        assert_eq!(deletion.send().await.expect("an answer").status(), 204);
        assert_eq!(hub.get("/files/..%2fx").await.0, 404);
        assert_eq!(phone.messages().len(), if dry { 0 } else { 3 });
        // The same image under the same key is the same message.
        let send_with_key = |bytes: Vec<u8>| {
            let request = post("/send").header("idempotency-key", "k");
            send_request(request.multipart(form(&image, bytes, "casa.png")))
        };
        let first_response = send_with_key(bytes.clone()).await;
        assert_eq!(first_response.0, 200, "{}", first_response.1);
        assert_eq!(send_with_key(bytes.clone()).await, first_response);
        assert_eq!(
            status_and_code(&send_with_key(png(41, 41)).await),
            (409, "IDEMPOTENCY_KEY_REUSED")
        );
    }
    assert_eq!(phone.messages().len(), 4);
    manager.stop().await;
}

/// Checks that file names and captions, which are the customer's data, stay out of the log.
#[tokio::test]
async fn file_names_and_captions_stay_out_of_the_log() {
    let options = ManagerOptions::default().with("RUST_LOG", "trace");
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let image = json!({"to": TO, "type": "image", "caption": "pie-secreto"});
    let request = manager.client().post(manager.url("/send"));
    let response =
        send_request(request.multipart(form(&image, png(5, 5), "nombre-secreto.png"))).await;
    assert_eq!(response.0, 200, "{}", response.1);
    let (status, body) = upload(
        &manager,
        "?filename=otro-secreto.pdf",
        "application/pdf",
        pdf(),
    )
    .await;
    assert_eq!(status, 201, "{body}");
    for (body, expected) in [
        (
            json!({"type": "document", "file_id": body["file_id"], "filename": "tercer-secreto.pdf"}),
            200,
        ),
        (
            json!({"type": "contact", "contact": {"name": "Ana-secreto", "phone": "5491158254299"}}),
            200,
        ),
        (
            json!({"type": "location", "latitude": 1, "longitude": 2, "address": "calle-secreto"}),
            200,
        ),
        (
            json!({"type": "image", "url": "https://secreto.example/a.png"}),
            400,
        ),
    ] {
        assert_eq!(send(&manager, body, None).await.0, expected);
    }
    standin
        .phone()
        .rule(None, SendBehavior::UploadFailed, Some(1));
    let body = json!({"type": "document", "file_id": body["file_id"], "caption": "pie-secreto"});
    assert_eq!(send(&manager, body, None).await.0, 502);
    manager.stop().await;
    let log = manager.service.output();
    assert!(log.contains("READY"));
    for private in ["secreto", TO, "5491158254299"] {
        let lines = log.lines().filter(|line| line.contains(private));
        let truncated_lines: Vec<String> = lines.map(|l| l.chars().take(200).collect()).collect();
        assert!(
            truncated_lines.is_empty(),
            "{private}: {truncated_lines:#?}"
        );
    }
}
