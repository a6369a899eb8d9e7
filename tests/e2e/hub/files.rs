//! Sends real files through both services and back, byte for byte, as well as files that are made
//! to harm whoever opens, shows or stores them.

use std::path::Path;
use std::process::Command;

use harness::standin::{LeadContent, LeadMedia, LeadMessage, Settings, Standin};
use harness::{Hub, ManagerOptions, Scratch, poll, start_linked};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use service_runtime::process::usage::field;
use sha2::{Digest, Sha256};

const CHAT: &str = "5491158254201";

fn sha256(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn run_program(folder: &Path, program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    // Keep LibreOffice from leaving files elsewhere.
    command.env("HOME", folder).env("TMPDIR", folder);
    let output = command.args(arguments).output();
    let output = output.unwrap_or_else(|error| panic!("{program}: {error}: cargo xtask setup"));
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {output:?}"
    );
}

/// A file of some kind: its name, its type, WhatsApp's kind of its message, and its bytes.
struct Sample {
    name: String,
    mime: &'static str,
    kind: &'static str,
    bytes: Vec<u8>,
}

impl Sample {
    fn read(folder: &Path, name: &str, mime: &'static str, kind: &'static str) -> Self {
        let bytes = std::fs::read(folder.join(name));
        Self {
            name: name.to_owned(),
            mime,
            kind,
            bytes: bytes.unwrap_or_else(|error| panic!("{name}: {error}")),
        }
    }

    /// Returns the request that sends the file.
    fn request(&self) -> Value {
        match self.kind {
            "ptt" => json!({"to": CHAT, "type": "audio", "voice": true}),
            kind => json!({"to": CHAT, "type": kind}),
        }
    }
}

/// A document of LibreOffice Impress in its format of one XML file, which other programs write as
/// well.
const SLIDES: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
    xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
    xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
    xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0" office:version="1.2"
    office:mimetype="application/vnd.oasis.opendocument.presentation">
  <office:body><office:presentation><draw:page draw:name="1">
    <draw:frame svg:x="2cm" svg:y="2cm" svg:width="20cm" svg:height="3cm">
      <draw:text-box><text:p>Precios de alquiler</text:p></draw:text-box>
    </draw:frame>
  </draw:page></office:presentation></office:body>
</office:document>"#;

/// Creates a file of each kind that users send, with the programs that they use.
fn create_samples(folder: &Path) -> Vec<Sample> {
    std::thread::scope(|scope| {
        // LibreOffice takes the longest. A profile can be used by one of them at a time.
        let lists = scope.spawn(|| create_lists(folder));
        let documents = scope.spawn(|| create_documents(folder));
        let mut samples = create_media(folder);
        samples.extend(create_pictures(folder));
        for created in [lists, documents] {
            samples.extend(created.join().expect("the files of LibreOffice"));
        }
        samples
    })
}

/// Creates pictures, films and sounds with ffmpeg.
fn create_media(folder: &Path) -> Vec<Sample> {
    let (tone, bars) = ("sine=duration=1", "testsrc=size=64x48:rate=5:duration=1");
    let still = &["-frames:v", "1"][..];
    let mut samples = Vec::new();
    for (name, mime, kind, source, extra) in [
        ("foto.jpg", "image/jpeg", "image", bars, still),
        ("foto.png", "image/png", "image", bars, still),
        ("foto.webp", "image/webp", "image", bars, still),
        (
            "film.mp4",
            "video/mp4",
            "video",
            bars,
            &["-pix_fmt", "yuv420p"],
        ),
        (
            "film.mov",
            "video/quicktime",
            "video",
            bars,
            &["-pix_fmt", "yuv420p"],
        ),
        ("film.3gp", "video/3gpp", "video", bars, &["-c:v", "mpeg4"]),
        (
            "voz.ogg",
            "audio/ogg; codecs=opus",
            "audio",
            tone,
            &["-c:a", "libopus"],
        ),
        // As WhatsApp records it, so that nothing needs to be converted.
        (
            "nota.ogg",
            "audio/ogg; codecs=opus",
            "ptt",
            tone,
            &["-ac", "1", "-ar", "48000", "-c:a", "libopus"],
        ),
        ("tema.mp3", "audio/mpeg", "audio", tone, &[]),
        ("tema.m4a", "audio/mp4", "audio", tone, &[]),
        ("tema.wav", "audio/wav", "audio", tone, &[]),
        ("tema.aac", "audio/aac", "audio", tone, &[]),
        ("gato.gif", "image/gif", "document", bars, &[]),
    ] {
        let file = folder.join(name).display().to_string();
        let input = [
            "-nostdin",
            "-loglevel",
            "error",
            "-f",
            "lavfi",
            "-i",
            source,
        ];
        let arguments = [&input[..], extra, &[file.as_str()]].concat();
        run_program(folder, "ffmpeg", &arguments);
        samples.push(Sample::read(folder, name, mime, kind));
    }
    samples
}

/// Creates pictures with ImageMagick.
fn create_pictures(folder: &Path) -> Vec<Sample> {
    let gradient = &["-size", "64x48", "gradient:red-blue"][..];
    // As large as WhatsApp has stickers, with transparent corners.
    let sticker = &[
        "-size",
        "512x512",
        "xc:none",
        "-fill",
        "orange",
        "-draw",
        "circle 256,256 256,20",
    ];
    let frames = &[
        "-delay", "20", "-size", "64x48", "xc:red", "xc:blue", "-loop", "0",
    ];
    let mut samples = Vec::new();
    for (name, mime, kind, arguments) in [
        ("casa.png", "image/png", "image", gradient),
        ("casa.jpg", "image/jpeg", "image", gradient),
        ("casa.webp", "image/webp", "image", gradient),
        ("plano.gif", "image/gif", "document", frames),
        ("plano.tiff", "image/tiff", "document", gradient),
        ("plano.bmp", "image/bmp", "document", gradient),
        ("gato.webp", "image/webp", "sticker", sticker),
    ] {
        let file = folder.join(name).display().to_string();
        run_program(folder, "convert", &[arguments, &[file.as_str()]].concat());
        samples.push(Sample::read(folder, name, mime, kind));
    }
    samples
}

/// Creates spreadsheets with LibreOffice Calc, from a list.
fn create_lists(folder: &Path) -> Vec<Sample> {
    std::fs::write(folder.join("lista.csv"), "Nombre,Precio\nÑandú,1\n").expect("a list");
    let mut samples = vec![Sample::read(folder, "lista.csv", "text/csv", "document")];
    for (extension, mime) in [
        ("pdf", "application/pdf"),
        ("xls", "application/vnd.ms-excel"),
        (
            "xlsx",
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        ),
        ("ods", "application/vnd.oasis.opendocument.spreadsheet"),
    ] {
        samples.push(convert_document(
            folder,
            "calc",
            "lista.csv",
            extension,
            mime,
        ));
    }
    samples
}

/// Creates texts with LibreOffice Writer, and slides with LibreOffice Impress.
fn create_documents(folder: &Path) -> Vec<Sample> {
    let text = "Estimada señora:\nla casa de la calle Güemes sigue en venta.\n";
    std::fs::write(folder.join("carta.txt"), text).expect("a text");
    std::fs::write(folder.join("precios.fodp"), SLIDES).expect("slides");
    let mut samples = vec![Sample::read(folder, "carta.txt", "text/plain", "document")];
    for (source, extension, mime) in [
        (
            "carta.txt",
            "docx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
        ),
        (
            "carta.txt",
            "odt",
            "application/vnd.oasis.opendocument.text",
        ),
        ("carta.txt", "doc", "application/msword"),
        ("carta.txt", "rtf", "application/rtf"),
        (
            "precios.fodp",
            "pptx",
            "application/vnd.openxmlformats-officedocument.presentationml.presentation",
        ),
        (
            "precios.fodp",
            "odp",
            "application/vnd.oasis.opendocument.presentation",
        ),
    ] {
        samples.push(convert_document(folder, "writer", source, extension, mime));
    }
    samples
}

/// Converts a document with LibreOffice, with the profile of this name.
fn convert_document(
    folder: &Path,
    profile: &str,
    source: &str,
    extension: &str,
    mime: &'static str,
) -> Sample {
    let path = |name: &str| folder.join(name).display().to_string();
    let profile = format!("-env:UserInstallation=file://{}", path(profile));
    let arguments = [
        &profile,
        "--headless",
        "--convert-to",
        extension,
        "--outdir",
        &folder.display().to_string(),
        &path(source),
    ];
    run_program(folder, "soffice", &arguments);
    let (name, _) = source.rsplit_once('.').expect("a name");
    Sample::read(folder, &format!("{name}.{extension}"), mime, "document")
}

/// Makes a lead send a file. Returns the path of the file at the hub, and the hub's message.
async fn send_from_lead(
    standin: &Standin,
    hub: &Hub,
    sample: &Sample,
    name: &str,
) -> (String, Value) {
    let path = standin.phone().upload(sample.bytes.clone());
    let media = LeadMedia {
        path,
        kind: sample.kind.to_owned(),
        mime: sample.mime.to_owned(),
        filename: Some(name.to_owned()),
        ..LeadMedia::default()
    };
    let content = LeadContent {
        media: Some(media),
        ..LeadContent::default()
    };
    let message = LeadMessage::text(CHAT, "").with(content);
    let key = standin.phone().lead_message(&message).expect("a message");
    let message = poll::until("the message at the hub", async || {
        let (_, newest_messages) = hub.get("/api/listener/messages?limite=1").await;
        let newest_messages = &newest_messages["mensajes"][0];
        (newest_messages["message_id"] == key).then(|| newest_messages.clone())
    })
    .await;
    let id = &message["id"];
    (format!("/api/listener/messages/{id}/media"), message)
}

/// Returns the file at `path` of the hub, with its headers.
async fn fetch_served(hub: &Hub, path: &str) -> (reqwest::header::HeaderMap, Vec<u8>) {
    poll::until("the file", async || {
        let response = hub.client().get(hub.url(path)).send().await.ok()?;
        let headers = response.headers().clone();
        let is_there = response.status().is_success();
        let bytes = response.bytes().await.ok()?;
        is_there.then(|| (headers, bytes.to_vec()))
    })
    .await
}

#[tokio::test]
async fn real_files_pass_through_both_services_unchanged() {
    let folder = Scratch::default();
    let path = folder.path().to_owned();
    // That takes as long as the services need to start.
    let creating = tokio::task::spawn_blocking(move || create_samples(&path));
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    for sample in creating.await.expect("the files") {
        let Sample {
            name,
            mime,
            kind,
            bytes,
        } = &sample;
        let json = sample.request();
        let file = Part::bytes(bytes.clone()).file_name(name.clone());
        let file = file.mime_str("application/octet-stream").expect("a type");
        let form = Form::new()
            .text("json", json.to_string())
            .part("file", file);
        let request = hub.client().post(hub.url("/api/send")).multipart(form);
        let response = request.send().await.expect("an answer");
        let status = response.status();
        assert_eq!(status, 200, "{name}: {:?}", response.text().await);
        let message = standin.phone().messages().pop().expect("a message");
        assert_eq!(&message.kind, kind, "{name}");
        let arrived_file = message.details.file.expect("a file");
        assert_eq!(arrived_file.sha256, sha256(bytes), "{name}");
        assert_eq!(
            arrived_file.mime,
            mime.split(';').next().unwrap_or_default(),
            "{name}"
        );
        assert_eq!(arrived_file.filename.as_deref(), Some(name.as_str()));

        let (path, _) = send_from_lead(&standin, &hub, &sample, name).await;
        let (headers, served_bytes) = fetch_served(&hub, &path).await;
        assert!(
            served_bytes == *bytes,
            "{name} was returned with other content"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
    }
    drop(hub);
    manager.stop().await;
}

fn png_with_size(width: u32, height: u32, more: &[u8]) -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR".to_vec();
    bytes.extend(width.to_be_bytes());
    bytes.extend(height.to_be_bytes());
    bytes.extend([8, 6, 0, 0, 0, 0, 0, 0, 0]);
    bytes.extend(more);
    bytes
}

#[tokio::test]
async fn hostile_files_harm_neither_service() {
    const SCRIPT: &str = "<script>fetch('/api/users')</script>";
    // Displayed as "catalogo" followed by "exe.gpj" spelled backwards.
    const NAME: &str = "../../../etc/cron.d/C:\\x\\catalogo\u{202e}gpj.exe";
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    let svg = format!("<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>{SCRIPT}</svg>");
    let memory = |pid: i32| field(&format!("/proc/{pid}/status"), "VmRSS:").expect("a figure");
    let pids = [manager.service.pid(), hub.service.pid()];
    let before = pids.map(memory);
    for (mime, kind, bytes) in [
        ("image/svg+xml", "image", svg.into_bytes()),
        (
            "image/png",
            "image",
            format!("<!DOCTYPE html>{SCRIPT}").into_bytes(),
        ),
        // A picture, a page and an archive in one file.
        (
            "text/html",
            "document",
            png_with_size(1, 1, SCRIPT.as_bytes()),
        ),
        (
            "image/gif",
            "image",
            [b"GIF89a/*\0\0\0", SCRIPT.as_bytes(), b"*/=1;"].concat(),
        ),
        (
            "application/pdf",
            "document",
            [b"%PDF-1.4\n", SCRIPT.as_bytes(), b"PK\x03\x04"].concat(),
        ),
        // A program that draws this picture needs 16 GiB.
        ("image/png", "image", png_with_size(65_535, 65_535, &[])),
        (
            "text/html\r\nset-cookie: a=b",
            "document",
            SCRIPT.as_bytes().to_vec(),
        ),
    ] {
        let sample = Sample {
            name: NAME.to_owned(),
            mime,
            kind,
            bytes,
        };
        let (path, message) = send_from_lead(&standin, &hub, &sample, NAME).await;
        let name = message["media"]["filename"].as_str().unwrap_or_default();
        assert!(!name.contains(['/', '\\', '\u{202e}']), "{message}");
        let key = message["message_id"].as_str().expect("an id");
        let (headers, bytes) = fetch_served(&hub, &path).await;
        let file_url = manager.url(&format!("/messages/{key}/media"));
        let file_url = hub.client().get(file_url).send().await.expect("an answer");
        assert!(bytes == sample.bytes, "{mime}: other content");
        for headers in [&headers, file_url.headers()] {
            assert_eq!(headers["x-content-type-options"], "nosniff", "{mime}");
            assert_eq!(
                headers["content-security-policy"],
                "default-src 'none'; sandbox"
            );
            assert!(headers.get("set-cookie").is_none());
            let disposition = headers["content-disposition"].to_str().expect("ASCII");
            assert!(
                !disposition.contains(['/', '\\']) && !disposition.contains("%E2%80%AE"),
                "{disposition}"
            );
        }
        // A browser shows the file only as a type that runs nothing.
        let kind = headers["content-type"].to_str().expect("ASCII");
        let disposition = headers["content-disposition"].to_str().expect("ASCII");
        let is_picture = matches!(kind, "image/png" | "image/gif");
        assert_eq!(
            disposition.starts_with("inline"),
            is_picture,
            "{mime}: {kind}"
        );
        // Whatever it is said to be, a page gets only what it can show.
        let to_show = hub.url(&format!("{path}?mostrar=1"));
        let to_show = hub.client().get(to_show).send().await.expect("an answer");
        assert_eq!(to_show.status() == 200, is_picture, "{mime}: {kind}");
        let is_bomb = sample.bytes == png_with_size(65_535, 65_535, &[]);
        assert!(!(is_bomb && is_picture), "a picture of 16 GiB is shown");
        assert!(
            is_picture || matches!(kind, "application/octet-stream" | "application/pdf"),
            "{kind}"
        );
    }
    let photo = "A".repeat(10 << 20);
    let card = format!("BEGIN:VCARD\nFN:Ana\nTEL:4444-3333\nPHOTO;ENCODING=b:{photo}\nEND:VCARD");
    let content = LeadContent {
        cards: Some(vec![card]),
        ..LeadContent::default()
    };
    let message = LeadMessage::text(CHAT, "").with(content);
    standin.phone().lead_message(&message).expect("a message");
    poll::until("the card at the hub", async || {
        let (_, newest_messages) = hub.get("/api/listener/messages?limite=1").await;
        let is_it = newest_messages["mensajes"][0]["contacts"][0]["name"] == "Ana";
        assert!(newest_messages.to_string().len() < 64 * 1024);
        is_it.then_some(())
    })
    .await;
    // All files are in their folder, under names that the service chose.
    let stored_files =
        std::fs::read_dir(manager.folder.join("data/files/inbound")).expect("the files");
    for entry in stored_files {
        let name = entry.expect("an entry").file_name();
        let name = name.to_str().expect("ASCII");
        assert!(
            name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{name}"
        );
    }
    for (pid, before) in pids.into_iter().zip(before) {
        let growth = memory(pid).saturating_sub(before);
        assert!(growth < 64 * 1024, "{growth} KiB");
    }
    manager.wait_for_state("READY").await;
    drop(hub);
    manager.stop().await;
}
