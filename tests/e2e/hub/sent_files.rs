//! Tests that a file which was sent from the hub can be seen again there.

use std::path::PathBuf;

use harness::standin::Settings;
use harness::{Hub, Manager, ManagerOptions, poll, start_linked};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};

use crate::sending::media::png;

const CHAT: &str = "5491158254201";

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
    let port = manager.service.url.rsplit(':').next().unwrap().to_owned();
    manager.set("PORT", port);
    manager.restart().await;
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
