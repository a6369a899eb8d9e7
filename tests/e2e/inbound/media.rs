//! Tests files from leads: they are fetched, stored and served byte for byte, and never in part.

use std::path::PathBuf;
use std::time::Duration;

use harness::processes::{self, kill_hard};
use harness::standin::{LeadContent, LeadMedia, LeadMessage, Phone, Settings};
use harness::{Manager, ManagerOptions, poll, start_linked};
use serde_json::Value;
use sqlx::Connection as _;

const LEAD: &str = "5491158254201";
/// The beginning of a picture of 640 by 480 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\x02\x80\0\0\x01\xe0 and what follows";

/// Returns bytes without a pattern, so that a lost or repeated chunk is detected.
fn random_bytes(length: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_u32;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 17;
        state ^= state << 5;
        state.to_le_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

fn send_file(phone: &Phone, kind: &str, mime: &str, file: &[u8]) -> (String, String) {
    let path = phone.upload(file.to_vec());
    (send_uploaded(phone, kind, mime, &path), path)
}

/// Sends a file that was uploaded to this path. Returns the message's key.
fn send_uploaded(phone: &Phone, kind: &str, mime: &str, path: &str) -> String {
    let media = LeadMedia {
        path: path.to_owned(),
        kind: kind.to_owned(),
        mime: mime.to_owned(),
        filename: Some("mi casa ñ.png".to_owned()),
        ..LeadMedia::default()
    };
    let content = LeadContent {
        media: Some(media),
        ..LeadContent::default()
    };
    let message = LeadMessage::text(LEAD, "").with(content);
    phone.lead_message(&message).expect("a message")
}

/// Returns the file names in the folder of incoming files.
fn stored_files(manager: &Manager) -> Vec<String> {
    let folder: PathBuf = manager.folder.join("data/files/inbound");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect()
}

async fn fetch(manager: &Manager, key: &str) -> (u16, Vec<u8>) {
    let url = manager.url(&format!("/messages/{key}/media"));
    let response = manager.client().get(url).send().await.expect("an answer");
    let status = response.status().as_u16();
    (status, response.bytes().await.expect("a body").to_vec())
}

/// Returns the file once the message is known.
async fn wait_for_file(manager: &Manager, key: &str) -> Vec<u8> {
    poll::until("the file", async || {
        let (status, body) = fetch(manager, key).await;
        (status == 200).then_some(body)
    })
    .await
}

/// Returns the rejection once the message is known.
async fn wait_for_refusal(manager: &Manager, key: &str, code: &str) -> (u16, Value) {
    poll::until(format!("refusal {code}"), async || {
        let (status, body) = manager.get(&format!("/messages/{key}/media")).await;
        (body["code"] == code).then_some((status, body))
    })
    .await
}

#[tokio::test]
async fn parts_of_a_file_are_served() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let picture = [PNG, &random_bytes(200_000)].concat();
    let (key, _) = send_file(&standin.phone(), "image", "image/png", &picture);
    assert_eq!(wait_for_file(&manager, &key).await, picture);
    let url = manager.url(&format!("/messages/{key}/media"));
    let get = async |headers: &[(&str, &str)]| {
        let mut request = manager.client().get(&url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send().await.expect("an answer")
    };
    let length = picture.len();
    let etag = get(&[]).await.headers()["etag"].clone();
    let etag = etag.to_str().expect("ASCII");
    for (range, first, last) in [
        ("bytes=0-99", 0, 99),
        ("bytes=100000-100099", 100_000, 100_099),
        ("bytes=-10", length - 10, length - 1),
        ("bytes=200000-", 200_000, length - 1),
        ("bytes=200000-99999999", 200_000, length - 1),
    ] {
        for headers in [
            &[("range", range)][..],
            &[("range", range), ("if-range", etag)],
        ] {
            let response = get(headers).await;
            assert_eq!(response.status(), 206, "{headers:?}");
            let expected = format!("bytes {first}-{last}/{length}");
            assert_eq!(response.headers()["content-range"], expected.as_str());
            assert_eq!(response.headers()["etag"], etag);
            assert_eq!(
                response.bytes().await.expect("a body"),
                picture[first..=last]
            );
        }
    }
    let unsatisfiable = get(&[("range", "bytes=99999999-")]).await;
    assert_eq!(unsatisfiable.status(), 416);
    let expected = format!("bytes */{length}");
    assert_eq!(unsatisfiable.headers()["content-range"], expected.as_str());
    for headers in [
        &[("range", "bytes=0-9,20-29")][..],
        &[("range", "bytes=0-9"), ("if-range", "\"of another file\"")],
        &[
            ("range", "bytes=0-9"),
            ("if-range", "Tue, 01 Dec 2026 00:00:00 GMT"),
        ],
    ] {
        let response = get(headers).await;
        assert_eq!(response.status(), 200, "{headers:?}");
        assert_eq!(response.bytes().await.expect("a body"), picture);
    }
    let head = manager.client().head(&url).send().await.expect("an answer");
    assert_eq!(head.status(), 200);
    assert_eq!(
        head.headers()["content-length"],
        length.to_string().as_str()
    );
    manager.stop().await;
}

#[tokio::test]
async fn pictures_are_fetched_automatically_and_videos_on_request() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let picture = [PNG, &random_bytes(900_000)].concat();
    // The type that the sender states differs from the file's type.
    let (key, _) = send_file(&phone, "image", "text/html", &picture);
    poll::until("the picture", async || {
        (stored_files(&manager).len() == 1).then_some(())
    })
    .await;
    assert_eq!(phone.state().downloads, 1);
    let url = manager.url(&format!("/messages/{key}/media"));
    let get = || manager.client().get(&url);
    let response = get().send().await.expect("an answer");
    assert_eq!(response.status(), 200);
    let header = |name: &str| {
        let value = response.headers().get(name).expect(name);
        value.to_str().expect("ASCII").to_owned()
    };
    assert_eq!(header("content-type"), "image/png");
    assert_eq!(header("accept-ranges"), "bytes");
    assert_eq!(header("x-content-type-options"), "nosniff");
    assert_eq!(
        header("content-disposition"),
        "attachment; filename*=UTF-8''mi%20casa%20%C3%B1.png"
    );
    assert_eq!(response.bytes().await.expect("a body"), picture);
    // The file can be requested by the last part of its id as well.
    let short_id = key.rsplit('_').next().expect("a key");
    assert_eq!(fetch(&manager, short_id).await, (200, picture));

    // A video is fetched only on request, and once for all requests.
    let film = random_bytes(3_000_000);
    let (key, _) = send_file(&phone, "video", "video/mp4", &film);
    let (later_key, _) = send_file(&phone, "image", "image/png", PNG);
    assert_eq!(wait_for_file(&manager, &later_key).await, PNG);
    assert_eq!(phone.state().downloads, 2);
    let concurrent_requests = (0..8).map(|_| fetch(&manager, &key));
    for (status, body) in futures_util::future::join_all(concurrent_requests).await {
        assert!(
            (status, &body) == (200, &film),
            "{status}, {} bytes",
            body.len()
        );
    }
    assert_eq!(phone.state().downloads, 3);
    manager.stop().await;
}

#[tokio::test]
async fn expired_media_is_410_with_a_message() {
    let options = ManagerOptions::default().with("MEDIA_DOWNLOAD", "demand");
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let (key, path) = send_file(&phone, "document", "application/pdf", b"%PDF-1.7 ...");
    phone.forget_file(&path).expect("the file");
    let (status, body) = wait_for_refusal(&manager, &key, "MEDIA_GONE").await;
    assert_eq!(status, 410);
    assert!(
        body["message"]
            .as_str()
            .expect("words")
            .contains("no longer"),
        "{body}"
    );
    let text = phone
        .lead_message(&LeadMessage::text(LEAD, "hola"))
        .expect("a message");
    for unknown_id in [
        text.as_str(),
        "false_5491158254201@c.us_3A00",
        "..%2f..%2fledger.db",
        "x",
    ] {
        let (status, body) = manager.get(&format!("/messages/{unknown_id}/media")).await;
        assert_eq!(
            (status, &body["code"]),
            (404, &"MEDIA_NOT_FOUND".into()),
            "{unknown_id}"
        );
    }
    manager.stop().await;
    manager.set("MEDIA_DOWNLOAD", "off");
    manager.restart().await;
    manager.wait_for_state("READY").await;
    assert_eq!(wait_for_refusal(&manager, &key, "MEDIA_GONE").await.0, 410);
    let (key, _) = send_file(&phone, "image", "image/png", PNG);
    assert_eq!(wait_for_refusal(&manager, &key, "MEDIA_OFF").await.0, 409);
    assert_eq!(stored_files(&manager).len(), 0);
    manager.stop().await;
}

/// Checks that a message which the new link does not have is not "try again" for ever.
#[tokio::test]
async fn file_of_an_earlier_link_is_410_once_the_history_is_there() {
    let settings = Settings {
        history: Duration::from_secs(15),
        ..Settings::default()
    };
    let options = ManagerOptions::default().with("MEDIA_DOWNLOAD", "demand");
    let (standin, mut manager) = start_linked(settings, options).await;
    let phone = standin.phone();
    let (key, _) = send_file(&phone, "video", "video/mp4", b"a film");
    wait_until_published(&manager, &key).await;
    manager.wait_until_stored().await;
    let (status, body) = manager.post("/logout", &Value::Null).await;
    assert_eq!(status, 200, "{body}");
    // The phone gives a new device its latest messages alone.
    for _ in 0..500 {
        let message = LeadMessage::text(LEAD, "entretanto");
        phone.lead_message(&message).expect("a message");
    }
    manager.link(&standin).await;
    let path = format!("/messages/{key}/media");
    let (status, body) = manager.get(&path).await;
    assert_eq!((status, &body["code"]), (502, &"FETCH_FAILED".into()));
    assert_eq!(media_state(&manager, &key).await, "remote");
    poll::until("the history", async || {
        let complete = manager.session().await["first_sync"]["complete"] == true;
        complete.then_some(())
    })
    .await;
    let (status, body) = manager.get(&path).await;
    assert_eq!((status, &body["code"]), (410, &"MEDIA_GONE".into()));
    assert_eq!(media_state(&manager, &key).await, "gone");
    manager.stop().await;
}

/// Checks that a failure of the network, after which the page offers the download again, is not
/// taken for a file that WhatsApp no longer has.
#[tokio::test]
async fn failed_download_is_repeated_on_request() {
    let options = ManagerOptions::default().with("MEDIA_DOWNLOAD", "demand");
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    phone.set_file_server(false);
    let (key, _) = send_file(&phone, "image", "image/png", PNG);
    let (status, _) = wait_for_refusal(&manager, &key, "FETCH_FAILED").await;
    assert_eq!(status, 502);
    phone.set_file_server(true);
    assert_eq!(fetch(&manager, &key).await, (200, PNG.to_vec()));
    manager.stop().await;
}

/// Checks that a file which the phone has to upload again does not hold up the prefetch of others, and
/// is fetched once the phone has done so.
#[tokio::test]
async fn file_that_the_phone_is_asked_for_holds_up_no_other() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let path = phone.upload(PNG);
    phone.expire_file(&path).expect("the file");
    let key = send_uploaded(&phone, "image", "image/png", &path);
    wait_until_published(&manager, &key).await;
    let url = manager.url(&format!("/messages/{key}/media"));
    let request = manager.client().get(url);
    let request = tokio::spawn(harness::send_request(request));
    let later_file = [PNG, b"later"].concat();
    let (later_key, _) = send_file(&phone, "image", "image/png", &later_file);
    assert_eq!(wait_for_prefetched(&manager, 1).await.len(), 1);
    assert_eq!(fetch(&manager, &later_key).await, (200, later_file));
    assert!(!request.is_finished(), "the phone was not waited for");
    // Whoever requests the file is told why it does not come, before the page gives up.
    let (status, body) = request.await.expect("an answer");
    assert_eq!((status, &body["code"]), (502, &"FETCH_FAILED".into()));
    let message = body["message"].as_str().expect("words");
    assert!(message.contains("once the phone is online"), "{message}");
    phone.upload_again(&path).expect("the file");
    assert_eq!(wait_for_file(&manager, &key).await, PNG);
    manager.stop().await;
}

#[tokio::test]
async fn interrupted_fetch_is_repeated_and_no_partial_file_is_served() {
    let options = ManagerOptions::default()
        .with("MEDIA_DOWNLOAD", "demand")
        .with("HEARTBEAT_MS", 500);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let file = random_bytes(24 << 20);
    let (key, _) = send_file(&phone, "document", "application/octet-stream", &file);
    wait_until_published(&manager, &key).await;
    manager.wait_until_stored().await;
    // Kill the service midway.
    let url = manager.url(&format!("/messages/{key}/media"));
    let client = manager.client().clone();
    let request = tokio::spawn(async move {
        client
            .get(url)
            .send()
            .await
            .map(|response| response.status())
    });
    wait_for_partial_file(&manager).await;
    manager.service.kill().await;
    let outcome = request.await.expect("a task");
    assert!(
        outcome.is_err(),
        "an incomplete file was served: {outcome:?}"
    );
    manager.restart().await;
    manager.wait_for_state("READY").await;
    // Kill Chrome midway.
    let url = manager.url(&format!("/messages/{key}/media"));
    let client = manager.client().clone();
    let request = tokio::spawn(async move { client.get(url).send().await.expect("an answer") });
    wait_for_partial_file(&manager).await;
    kill_hard(&processes::chrome(&manager.tokens()).expect("a chrome"));
    let response = request.await.expect("a task");
    assert_eq!(response.status(), 503, "{:?}", response.text().await);
    manager.wait_for_state("READY").await;
    assert!(
        wait_for_file(&manager, &key).await == file,
        "the file has other content"
    );
    poll::until("the partial file to be deleted", async || {
        (stored_files(&manager).len() == 1).then_some(())
    })
    .await;
    manager.stop().await;
}

/// Waits until a part of a file is on the disk.
async fn wait_for_partial_file(manager: &Manager) {
    poll::until("a partial file", async || {
        let names = stored_files(manager);
        names
            .iter()
            .any(|name| name.ends_with(".part"))
            .then_some(())
    })
    .await;
}

/// Waits until the message is published.
async fn wait_until_published(manager: &Manager, key: &str) {
    let mut events = harness::Events::open(&manager.url("/events?after=0"), None).await;
    events
        .read_until(|event| event.data["message_id"] == key)
        .await;
}

#[tokio::test]
async fn quota_evicts_the_oldest_file_which_is_fetched_again() {
    let options = ManagerOptions::default().with("MEDIA_QUOTA_MIB", 1);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let files: Vec<_> = (0..3)
        .map(|n| [PNG, &random_bytes(600_000 + n)].concat())
        .collect();
    let mut keys = Vec::new();
    for file in &files {
        let (key, _) = send_file(&phone, "image", "image/png", file);
        assert_eq!(wait_for_file(&manager, &key).await, *file);
        keys.push(key);
        assert_eq!(stored_files(&manager).len(), 1);
    }
    assert_eq!(wait_for_file(&manager, &keys[0]).await, files[0]);
    // A file that exceeds the quota is reported as too large.
    let (key, _) = send_file(&phone, "image", "image/png", &random_bytes(2 << 20));
    assert_eq!(
        wait_for_refusal(&manager, &key, "PAYLOAD_TOO_LARGE")
            .await
            .0,
        413
    );
    tokio::time::timeout(Duration::from_secs(5), manager.wait_for_state("READY"))
        .await
        .expect("READY");
    manager.stop().await;
}

#[tokio::test]
async fn deleted_file_is_not_fetched_again() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let (key, _) = send_file(&phone, "image", "image/png", PNG);
    assert_eq!(wait_for_file(&manager, &key).await, PNG);
    let url = manager.url(&format!("/messages/{key}/media"));
    let delete = async || {
        let response = manager.client().delete(&url).send().await;
        response.expect("an answer").status().as_u16()
    };
    assert_eq!(delete().await, 204);
    assert_eq!(stored_files(&manager), Vec::<String>::new());
    let (status, _) = wait_for_refusal(&manager, &key, "MEDIA_NOT_FOUND").await;
    assert_eq!((status, delete().await), (404, 404));
    manager.stop().await;
    manager.restart().await;
    let (status, _) = wait_for_refusal(&manager, &key, "MEDIA_NOT_FOUND").await;
    assert_eq!(status, 404);
    assert_eq!(phone.state().downloads, 1);
    manager.stop().await;
}

#[tokio::test]
async fn large_files_are_fetched_on_request_and_old_files_are_deleted() {
    let options = ManagerOptions::default()
        .with("MEDIA_AUTO_MIB", 1)
        .with("MEDIA_KEEP_DAYS", 3);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let large = random_bytes((1 << 20) + 1);
    let (large_key, _) = send_file_with_size(&phone, &large, large.len() as u64);
    let (key, _) = send_file(&phone, "image", "image/png", PNG);
    assert_eq!(wait_for_file(&manager, &key).await, PNG);
    assert_eq!(
        (stored_files(&manager).len(), phone.state().downloads),
        (1, 1)
    );
    assert!(
        wait_for_file(&manager, &large_key).await == large,
        "the file has other content"
    );
    assert_eq!(
        (stored_files(&manager).len(), phone.state().downloads),
        (2, 2)
    );
    // Four days pass for one of the files, during which nobody requests it.
    manager.stop().await;
    let url = format!("sqlite:{}", manager.folder.join("data/ledger.db").display());
    let mut ledger = sqlx::SqliteConnection::connect(&url)
        .await
        .expect("a ledger");
    let update =
        "UPDATE media SET stored_at = stored_at - 4 * 24 * 3600 * 1000 WHERE message_id = ?";
    let update = sqlx::query(update).bind(&key).execute(&mut ledger).await;
    assert_eq!(update.expect("a row").rows_affected(), 1);
    ledger.close().await.expect("closed");
    manager.restart().await;
    poll::until("the old file to be deleted", async || {
        (stored_files(&manager).len() == 1).then_some(())
    })
    .await;
    manager.wait_for_state("READY").await;
    assert!(
        wait_for_file(&manager, &large_key).await == large,
        "the file has other content"
    );
    // The file is fetched again, as long as WhatsApp has it.
    assert_eq!(wait_for_file(&manager, &key).await, PNG);
    assert_eq!(phone.state().downloads, 3);
    manager.stop().await;
}

#[tokio::test]
async fn file_larger_than_stated_is_fetched_on_request_only() {
    let options = ManagerOptions::default()
        .with("MEDIA_AUTO_MIB", 1)
        .with("MEDIA_QUOTA_MIB", 2);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let phone = standin.phone();
    let picture = [PNG, &random_bytes(900_000)].concat();
    let _ = send_file(&phone, "image", "image/png", &picture);
    let stored = wait_for_prefetched(&manager, 1).await;

    // The prefetch is broken off: it keeps nothing, and no other file makes way for it.
    let large = random_bytes((2 << 20) - 1_000);
    let (large_key, _) = send_file_with_size(&phone, &large, 10);
    poll::until("the prefetch", async || {
        (phone.state().downloads == 2).then_some(())
    })
    .await;
    // Files are prefetched one after the other, so the first one has ended by then.
    let _ = send_file(&phone, "image", "image/png", PNG);
    let files = wait_for_prefetched(&manager, 2).await;
    assert!(files.contains(&stored[0]), "{files:?}");
    let (state, tries, size) = media_row(&manager, &large_key).await;
    assert_eq!((state.as_str(), tries), ("remote", 0));
    assert_eq!(size, Some((1 << 20) + 1));

    // It is not prefetched after a restart either.
    manager.stop().await;
    manager.restart().await;
    manager.wait_for_state("READY").await;
    let _ = send_file(&phone, "image", "image/png", PNG);
    wait_for_prefetched(&manager, 3).await;
    assert_eq!(phone.state().downloads, 4);

    // A request gets the whole file, for which the oldest make way.
    let (status, body) = fetch(&manager, &large_key).await;
    assert_eq!(status, 200);
    assert!(body == large, "the file has other content");
    assert!(!stored_files(&manager).contains(&stored[0]));

    // A request gets it as well if the prefetch is still running.
    let (key, _) = send_file_with_size(&phone, &large, 10);
    wait_until_published(&manager, &key).await;
    let (status, body) = fetch(&manager, &key).await;
    assert_eq!(status, 200);
    assert!(body == large, "the file has other content");
    manager.stop().await;
}

/// Waits until exactly this many files are stored, and none in part. Returns their names.
async fn wait_for_prefetched(manager: &Manager, count: usize) -> Vec<String> {
    poll::until(format!("{count} prefetched files"), async || {
        let files = stored_files(manager);
        let whole = !files.iter().any(|name| name.ends_with(".part"));
        (whole && files.len() == count).then_some(files)
    })
    .await
}

/// Returns the state of a message's file in the ledger.
async fn media_state(manager: &Manager, key: &str) -> String {
    media_row(manager, key).await.0
}

/// Returns the state of a message's file, the number of failed fetches and the known size.
async fn media_row(manager: &Manager, key: &str) -> (String, i64, Option<i64>) {
    let url = format!("sqlite:{}", manager.folder.join("data/ledger.db").display());
    let mut ledger = sqlx::SqliteConnection::connect(&url)
        .await
        .expect("a ledger");
    let row = sqlx::query_as("SELECT state, tries, told_size FROM media WHERE message_id = ?")
        .bind(key)
        .fetch_one(&mut ledger)
        .await
        .expect("a row");
    ledger.close().await.expect("closed");
    row
}

/// Sends a document, of which the sender's phone states this size.
fn send_file_with_size(phone: &Phone, file: &[u8], size: u64) -> (String, String) {
    let path = phone.upload(file.to_vec());
    let media = LeadMedia {
        path: path.clone(),
        kind: "document".to_owned(),
        mime: "application/octet-stream".to_owned(),
        size: Some(size),
        ..LeadMedia::default()
    };
    let content = LeadContent {
        media: Some(media),
        ..LeadContent::default()
    };
    let message = LeadMessage::text(LEAD, "").with(content);
    (phone.lead_message(&message).expect("a message"), path)
}
