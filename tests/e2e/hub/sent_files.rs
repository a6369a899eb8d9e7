//! Tests that a file which was sent from the hub can be seen again there.

use std::collections::BTreeSet;
use std::path::PathBuf;

use harness::standin::{SendBehavior, Settings};
use harness::{Hub, Manager, ManagerOptions, Scratch, poll, start_linked};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use super::people::ledger_contains_text;
use crate::sending::file_kinds::gif;
use crate::sending::media::png;

const CHAT: &str = "5491158254201";
const OTHER_CHAT: &str = "5491158254202";

async fn send_file(hub: &Hub, request: Value, name: &str, bytes: &[u8]) {
    let file = Part::bytes(bytes.to_vec()).file_name(name.to_owned());
    let form = Form::new()
        .text("json", request.to_string())
        .part("file", file);
    let request = hub.client().post(hub.url("/api/send")).multipart(form);
    let response = request.send().await.expect("an answer");
    let status = response.status();
    assert_eq!(status, 200, "{name}: {:?}", response.text().await);
}

/// Returns the newest message of the chat once the hub knows its file.
async fn newest_with_file(hub: &Hub) -> Value {
    poll::until("the file in the history", async || {
        let path = format!("/api/listener/history/{CHAT}?limite=1");
        let (_, page) = hub.get(&path).await;
        let message = page["mensajes"][0].clone();
        message["media"].is_object().then_some(message)
    })
    .await
}

async fn fetch(hub: &Hub, message: &Value) -> (u16, String, Vec<u8>) {
    let url = message["media_url"].as_str().expect("a path");
    let response = hub.client().get(hub.url(url)).send().await;
    let response = response.expect("an answer");
    let status = response.status().as_u16();
    let mime = response.headers()["content-type"].to_str();
    let mime = mime.expect("a type").to_owned();
    (status, mime, response.bytes().await.expect("a body").into())
}

fn stored_files(manager: &Manager) -> usize {
    let folder: PathBuf = manager.folder.join("data/files/inbound");
    std::fs::read_dir(folder).map_or(0, Iterator::count)
}

#[tokio::test]
async fn sent_files_are_seen_again() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;

    let photo = png(300, 200);
    let request = json!({"to": CHAT, "type": "image", "caption": "la casa"});
    send_file(&hub, request, "casa.png", &photo).await;
    let message = newest_with_file(&hub).await;
    let media = &message["media"];
    assert_eq!(message["mensaje"], "la casa");
    assert_eq!(
        (&media["mime"], &media["size"], &media["state"]),
        (&json!("image/png"), &json!(photo.len()), &json!("remote"))
    );
    assert_eq!(
        (&media["width"], &media["height"]),
        (&json!(300), &json!(200))
    );
    let preview = media["thumbnail"].as_str().expect("a preview");
    assert!(
        preview.starts_with("data:image/jpeg;base64,/9j/"),
        "{preview}"
    );

    let plan = b"%PDF-1.7 the plan".to_vec();
    let request = json!({"to": CHAT, "type": "document"});
    send_file(&hub, request, "plano ñ.pdf", &plan).await;
    let document = newest_with_file(&hub).await;
    assert_eq!(document["media"]["filename"], "plano ñ.pdf");

    // Whoever sent a file has it, so it is fetched only when it is asked for: also by a page that
    // was loaded anew, which no longer has it in memory.
    assert_eq!(stored_files(&manager), 0);
    manager.service.kill().await;
    start_again(&mut manager).await;
    manager.wait_for_state("READY").await;
    for (message, mime, sent) in [
        (&message, "image/png", &photo),
        (&document, "application/pdf", &plan),
    ] {
        let (status, served_mime, bytes) = fetch(&hub, message).await;
        assert_eq!((status, served_mime.as_str()), (200, mime));
        assert!(bytes == *sent, "{mime} was returned with other content");
    }
    assert_eq!(stored_files(&manager), 2);

    // What is deleted with the person leaves no file.
    let path = hub.url(&format!("/api/contacts/{CHAT}"));
    let (status, deletion) = harness::send_request(hub.client().delete(path)).await;
    assert_eq!(status, 200, "{deletion}");
    poll::until("the files to be deleted", async || {
        (stored_files(&manager) == 0).then_some(())
    })
    .await;
    drop(hub);
    manager.stop().await;
}

/// Checks that deleting an own message for everyone deletes the copy of its file as well.
#[tokio::test]
async fn deleted_own_message_has_no_file() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let request = json!({"to": CHAT, "type": "document"});
    send_file(&hub, request, "plano.pdf", b"%PDF-1.7 the plan").await;
    let message = newest_with_file(&hub).await;
    assert_eq!(fetch(&hub, &message).await.0, 200);
    assert_eq!(stored_files(&manager), 1);
    let path = hub.url(&format!("/api/listener/messages/{}", message["id"]));
    let (status, deletion) = harness::send_request(hub.client().delete(path)).await;
    assert_eq!(status, 200, "{deletion}");
    poll::until("the file to be deleted", async || {
        (stored_files(&manager) == 0).then_some(())
    })
    .await;
    assert_eq!(fetch(&hub, &message).await.0, 410);
    drop(hub);
    manager.stop().await;
}

/// Uploads a file to the hub. Returns its id.
async fn upload(hub: &Hub, name: &str, bytes: &[u8]) -> String {
    let url = hub.url(&format!("/api/files?filename={name}"));
    let request = hub.client().post(url).body(bytes.to_vec());
    let (status, body) = harness::send_request(request).await;
    assert_eq!(status, 201, "{body}");
    body["file_id"].as_str().expect("an id").to_owned()
}

async fn send_by_id(hub: &Hub, to: &str, kind: &str, file_id: &str) -> (u16, Value) {
    let request = json!({"to": to, "type": kind, "file_id": file_id});
    hub.post("/api/send", &request).await
}

fn uploads_folder(manager: &Manager) -> PathBuf {
    manager.folder.join("data/files")
}

/// Returns the ids of the uploaded files that session-manager stores.
fn uploads(manager: &Manager) -> BTreeSet<String> {
    let entries = std::fs::read_dir(uploads_folder(manager)).expect("the folder");
    let names = entries.map(|entry| entry.expect("an entry").file_name());
    let names = names.map(|name| name.into_string().expect("a name"));
    names.filter(|name| name != "inbound").collect()
}

async fn delete_contact(hub: &Hub, number: &str) -> Value {
    let path = hub.url(&format!("/api/contacts/{number}"));
    let (status, deletion) = harness::send_request(hub.client().delete(path)).await;
    assert_eq!(status, 200, "{deletion}");
    deletion
}

async fn wait_for_uploads(manager: &Manager, expected: &[&String]) {
    let expected: BTreeSet<_> = expected.iter().copied().cloned().collect();
    poll::until("the uploaded files to be deleted", async || {
        (uploads(manager) == expected).then_some(())
    })
    .await;
}

/// Starts session-manager again on its port after a kill.
async fn start_again(manager: &mut Manager) {
    let port = manager
        .service
        .url
        .rsplit(':')
        .next()
        .expect("a port")
        .to_owned();
    manager.set("PORT", port);
    manager.restart().await;
}

/// Checks that an uploaded file is deleted with the last person who got it, or was to get it.
#[tokio::test]
async fn uploaded_file_is_deleted_with_its_last_person() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let folder = Scratch::default();
    let mut ids = Vec::new();
    for name in ["propio", "rechazado", "compartido", "ajeno", "sin-uso"] {
        ids.push(upload(&hub, &format!("{name}.pdf"), name.as_bytes()).await);
    }
    let [own, refused, shared, others, unused] = &ids[..] else {
        panic!("five files were uploaded");
    };
    // What is sent instead of this one is made from it.
    let converted = upload(&hub, "gato.gif", &gif(folder.path())).await;
    for (to, kind, file_id) in [
        (CHAT, "document", own),
        (CHAT, "document", shared),
        (CHAT, "image", &converted),
        (OTHER_CHAT, "document", shared),
        (OTHER_CHAT, "document", others),
    ] {
        let (status, body) = send_by_id(&hub, to, kind, file_id).await;
        assert_eq!(status, 200, "{body}");
    }
    phone.rule(Some(CHAT), SendBehavior::Refuse, None);
    let (status, body) = send_by_id(&hub, CHAT, "document", refused).await;
    assert_ne!(status, 200, "{body}");
    phone.rule(Some(CHAT), SendBehavior::Ok, None);
    let request = json!({"to": CHAT, "type": "image"});
    send_file(&hub, request, "adjunto.png", &png(30, 20)).await;
    assert_eq!(uploads(&manager).len(), 7);

    assert_eq!(delete_contact(&hub, CHAT).await["sesion_pendiente"], false);
    wait_for_uploads(&manager, &[shared, others, unused]).await;
    let ledger = manager.folder.join("data/ledger.db");
    for (name, is_kept) in [
        ("propio.pdf", false),
        ("rechazado.pdf", false),
        ("gato", false),
        ("adjunto", false),
        ("compartido.pdf", true),
        ("ajeno.pdf", true),
        ("sin-uso.pdf", true),
    ] {
        assert_eq!(ledger_contains_text(&ledger, name).await, is_kept, "{name}");
    }
    for (file_id, status) in [(own, 404), (&converted, 404), (shared, 200), (unused, 200)] {
        assert_eq!(hub.get(&format!("/api/files/{file_id}")).await.0, status);
    }
    let (status, body) = send_by_id(&hub, OTHER_CHAT, "document", own).await;
    assert_eq!((status, &body["code"]), (404, &json!("FILE_NOT_FOUND")));

    delete_contact(&hub, OTHER_CHAT).await;
    wait_for_uploads(&manager, &[unused]).await;
    drop(hub);
    manager.stop().await;
}

/// Checks that a file stays while a message with an unknown outcome may have to be sent again with
/// it, and goes with the outcome.
#[tokio::test]
async fn uploaded_file_of_an_unsettled_message_is_deleted_once_it_is_settled() {
    let deadline = ManagerOptions::default().with("SEND_DEADLINE_MS", 1_500);
    let (standin, mut manager) = start_linked(Settings::default(), deadline).await;
    let phone = standin.phone();
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let file_id = upload(&hub, "plano.pdf", b"%PDF-1.7 the plan").await;
    phone.rule(Some(CHAT), SendBehavior::Unknown, None);
    let (status, body) = send_by_id(&hub, CHAT, "document", &file_id).await;
    assert_eq!((status, &body["code"]), (504, &json!("SEND_UNCONFIRMED")));
    // While the hub asks for the outcome it refuses.
    let deletion = poll::until("the deletion", async || {
        let path = hub.url(&format!("/api/contacts/{CHAT}"));
        let (status, deletion) = harness::send_request(hub.client().delete(path)).await;
        match status {
            200 => Some(deletion),
            409 => None,
            _ => panic!("{status}: {deletion}"),
        }
    })
    .await;
    assert_eq!(deletion["sesion_pendiente"], true, "{deletion}");
    assert_eq!(uploads(&manager), BTreeSet::from([file_id.clone()]));
    assert_eq!(phone.messages().len(), 0);
    phone.rule(Some(CHAT), SendBehavior::Ok, None);
    wait_for_uploads(&manager, &[]).await;
    assert_eq!(phone.messages().len(), 1);
    poll::until("the file's row to be deleted", async || {
        let (status, _) = hub.get(&format!("/api/files/{file_id}")).await;
        (status == 404).then_some(())
    })
    .await;
    drop(hub);
    manager.stop().await;
}

/// Checks that a kill between the deletion in the ledger and that on the disk leaves no file.
#[tokio::test]
async fn uploaded_file_of_a_deleted_person_is_deleted_after_a_kill() {
    let (_standin, mut manager) =
        start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let file_id = upload(&hub, "plano.pdf", b"%PDF-1.7 the plan").await;
    let (status, body) = send_by_id(&hub, CHAT, "document", &file_id).await;
    assert_eq!(status, 200, "{body}");
    // A folder in its place cannot be deleted as a file, so the service gets no further.
    let path = uploads_folder(&manager).join(&file_id);
    std::fs::remove_file(&path).expect("the file");
    std::fs::create_dir(&path).expect("a folder in its place");
    assert_eq!(delete_contact(&hub, CHAT).await["sesion_pendiente"], false);
    let ledger = manager.folder.join("data/ledger.db");
    assert!(ledger_contains_text(&ledger, &file_id).await);
    manager.service.kill().await;
    std::fs::remove_dir(&path).expect("the folder");
    std::fs::write(&path, b"%PDF-1.7 the plan").expect("the file again");
    start_again(&mut manager).await;
    wait_for_uploads(&manager, &[]).await;
    poll::until("the file's row to be deleted", async || {
        (!ledger_contains_text(&ledger, &file_id).await).then_some(())
    })
    .await;
    drop(hub);
    manager.stop().await;
}
