//! Tests how files arrive at the phone: their types and names, which files are converted because
//! phones do not show them, and which are rejected with a remedy.

use std::path::Path;
use std::process::Command;

use harness::standin::{Received, Settings, Standin};
use harness::{Hub, Manager, ManagerOptions, Scratch, start_linked};
use reqwest::multipart::{Form, Part};
use serde_json::{Value, json};
use service_runtime::process::usage::field;

use super::media::{
    TO, form, last_message, mp4, ogg, pdf, png, send, send_request, sha256, status_and_code,
    stored_files,
};

const OCTETS: &str = "application/octet-stream";

async fn start(options: ManagerOptions) -> (Standin, Manager, Hub) {
    let (standin, manager) = start_linked(Settings::default(), options).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    (standin, manager, hub)
}

/// Creates a file with ffmpeg. `input` and `output` are ffmpeg's arguments.
fn create_with_ffmpeg(folder: &Path, name: &str, input: &[&str], output: &[&str]) -> Vec<u8> {
    let file = folder.join(name);
    let result = Command::new("ffmpeg")
        .args(["-nostdin", "-loglevel", "error"])
        .args(input)
        .args(output)
        .arg(&file)
        .status()
        .expect("ffmpeg: cargo xtask setup installs it");
    assert!(result.success(), "{name}");
    std::fs::read(file).expect("the file that ffmpeg created")
}

const TONE: &[&str] = &["-f", "lavfi", "-i", "sine=frequency=440:duration=1"];
const BARS: &[&str] = &["-f", "lavfi", "-i", "testsrc=size=63x41:rate=5:duration=1"];

pub(crate) fn gif(folder: &Path) -> Vec<u8> {
    create_with_ffmpeg(folder, "a.gif", BARS, &[])
}

fn wav(folder: &Path) -> Vec<u8> {
    create_with_ffmpeg(folder, "a.wav", TONE, &[])
}

/// Returns a form as raw bytes, since no client library writes all of these headers.
fn raw_form(json: &Value, disposition: &str, mime: &str, file: &[u8]) -> Vec<u8> {
    [
        b"--x\r\nContent-Disposition: form-data; name=\"json\"\r\n\r\n".as_slice(),
        json.to_string().as_bytes(),
        b"\r\n--x\r\nContent-Disposition: form-data; name=\"file\"",
        disposition.as_bytes(),
        b"\r\nContent-Type: ",
        mime.as_bytes(),
        b"\r\n\r\n",
        file,
        b"\r\n--x--\r\n",
    ]
    .concat()
}

/// Sends a file as a document in each possible way. Returns how it arrived.
async fn send_each_way(
    standin: &Standin,
    manager: &Manager,
    hub: &Hub,
    (disposition, mime, file): (&str, &str, &[u8]),
) -> Vec<Received> {
    let json = json!({"to": TO, "type": "document"});
    let mut arrived = Vec::new();
    for url in [manager.url("/send"), hub.url("/send"), hub.url("/api/send")] {
        let body = raw_form(&json, disposition, mime, file);
        let request = manager.client().post(url);
        let request = request.header("content-type", "multipart/form-data; boundary=x");
        let (status, body) = send_request(request.body(body)).await;
        assert_eq!(status, 200, "{disposition}: {body}");
        arrived.push(last_message(standin));
    }
    arrived
}

#[tokio::test]
async fn documents_have_the_type_and_name_that_phones_open() {
    let (standin, mut manager, hub) = start(ManagerOptions::default()).await;
    let zip = b"PK\x03\x04\x14\0\0\0\0\0 what follows".as_slice();
    let pdf = pdf();
    let sheet = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    for (disposition, mime, file, expected) in [
        // The name gives the type, since the content says nothing.
        (
            "; filename=\"precios.csv\"",
            OCTETS,
            b"a;b\n1;2\n".as_slice(),
            ("text/csv", "precios.csv"),
        ),
        (
            "; filename=\"nota.txt\"",
            OCTETS,
            b"hola\n",
            ("text/plain", "nota.txt"),
        ),
        (
            "; filename=\"lista.csv\"",
            "application/vnd.ms-excel",
            b"a;b\n",
            ("text/csv", "lista.csv"),
        ),
        (
            "; filename=\"lista.xlsx\"",
            OCTETS,
            zip,
            (sheet, "lista.xlsx"),
        ),
        (
            "; filename=\"cita.ics\"",
            OCTETS,
            b"BEGIN:VCALENDAR\r\n",
            ("text/calendar", "cita.ics"),
        ),
        (
            "; filename=\"autos.txt\"",
            OCTETS,
            b"BMW 320 del 2019\n",
            ("text/plain", "autos.txt"),
        ),
        (
            "; filename=\"foto.txt\"",
            OCTETS,
            &png(4, 4),
            ("image/png", "foto.txt"),
        ),
        // The type gives the extension, since the name has none.
        (
            "; filename=\"Presupuesto marzo\"",
            "application/pdf",
            &pdf,
            ("application/pdf", "Presupuesto marzo.pdf"),
        ),
        (
            "; filename=\"Presupuesto v1.2\"",
            OCTETS,
            &pdf,
            ("application/pdf", "Presupuesto v1.2.pdf"),
        ),
        (
            "; filename=\"Sr. Gomez\"",
            OCTETS,
            &png(4, 4),
            ("image/png", "Sr. Gomez.png"),
        ),
        ("", OCTETS, &pdf, ("application/pdf", "file.pdf")),
        // Programs encode names that are not ASCII in these ways.
        (
            "; filename*=UTF-8''men%C3%BA%20del%20d%C3%ADa.pdf",
            OCTETS,
            &pdf,
            ("application/pdf", "menú del día.pdf"),
        ),
        (
            "; filename=\"menu.pdf\"; filename*=utf-8'es'men%C3%BA.pdf",
            OCTETS,
            &pdf,
            ("application/pdf", "menú.pdf"),
        ),
        (
            "; filename*=iso-8859-1''a%F1o",
            OCTETS,
            &pdf,
            ("application/pdf", "año.pdf"),
        ),
        (
            "; filename*=UTF-8''precios.csv",
            OCTETS,
            b"a;b\n",
            ("text/csv", "precios.csv"),
        ),
        // None of these names can be trusted: they have a path, or only look like a name.
        (
            "; filename*=UTF-8''..%2f..%2fetc%2fpasswd",
            OCTETS,
            &pdf,
            ("application/pdf", "file.pdf"),
        ),
        (
            "; filename*=UTF-8''factura%E2%80%AEfdp.exe",
            OCTETS,
            &pdf,
            ("application/pdf", "file.pdf"),
        ),
    ] {
        for message in send_each_way(&standin, &manager, &hub, (disposition, mime, file)).await {
            assert_eq!(message.kind, "document");
            let file_at_phone = message.details.file.expect("a file");
            let name = file_at_phone.filename.as_deref().unwrap_or_default();
            assert_eq!(
                (file_at_phone.mime.as_str(), name),
                expected,
                "{disposition}"
            );
            assert_eq!(file_at_phone.sha256, sha256(file), "{disposition}");
        }
    }
    // The file is uploaded without a name, and named when it is sent.
    for (url, base) in [
        (manager.url("/files"), manager.url("/send")),
        (hub.url("/api/files"), hub.url("/send")),
    ] {
        let request = manager.client().post(url).header("content-type", OCTETS);
        let (status, body) = send_request(request.body("a;b\n")).await;
        assert_eq!((status, &body["mime"]), (201, &json!(OCTETS)), "{body}");
        let body = json!({"to": TO, "type": "document", "file_id": body["file_id"], "filename": "precios.csv"});
        let (status, body) = send_request(manager.client().post(base).json(&body)).await;
        assert_eq!(status, 200, "{body}");
        let file_at_phone = last_message(&standin).details.file.expect("a file");
        assert_eq!(file_at_phone.mime, "text/csv");
        assert_eq!(file_at_phone.filename.as_deref(), Some("precios.csv"));
    }
    drop(hub);
    manager.stop().await;
}

/// Returns what phones show of a message: kind, type, name and playback.
fn display_data(message: &Received) -> (&str, &str, &str, bool) {
    let file = message.details.file.as_ref().expect("a file");
    let name = file.filename.as_deref().unwrap_or_default();
    (&message.kind, &file.mime, name, file.gif)
}

#[tokio::test]
async fn gifs_sounds_and_pictures_are_converted_for_phones() {
    let (standin, mut manager, hub) = start(ManagerOptions::default()).await;
    let folder = Scratch::default();
    let mp3 = create_with_ffmpeg(folder.path(), "a.mp3", TONE, &[]);
    let vorbis = create_with_ffmpeg(folder.path(), "v.ogg", TONE, &["-c:a", "libvorbis"]);
    let m4a = create_with_ffmpeg(folder.path(), "a.m4a", TONE, &[]);
    let opus = create_with_ffmpeg(folder.path(), "o.ogg", TONE, &["-c:a", "libopus"]);
    let film = create_with_ffmpeg(
        folder.path(),
        "a.mp4",
        BARS,
        &["-vf", "scale=64:42", "-pix_fmt", "yuv420p"],
    );
    let webp = create_with_ffmpeg(folder.path(), "a.webp", BARS, &["-frames:v", "1"]);
    let (gif, wav) = (gif(folder.path()), wav(folder.path()));
    let ogg = "audio/ogg";
    for (body, name, file, expected, is_converted) in [
        (
            json!({"type": "image", "caption": "mirá"}),
            "gato.gif",
            &gif,
            ("video", "video/mp4", "gato.mp4", true),
            true,
        ),
        (
            json!({"type": "video"}),
            "gato.gif",
            &gif,
            ("video", "video/mp4", "gato.mp4", true),
            true,
        ),
        (
            json!({"type": "document"}),
            "gato.gif",
            &gif,
            ("document", "image/gif", "gato.gif", false),
            false,
        ),
        (
            json!({"type": "video", "gif": true}),
            "gato.mp4",
            &film,
            ("video", "video/mp4", "gato.mp4", true),
            false,
        ),
        (
            json!({"type": "video"}),
            "gato.mp4",
            &film,
            ("video", "video/mp4", "gato.mp4", false),
            false,
        ),
        (
            json!({"type": "audio", "voice": true}),
            "hola.wav",
            &wav,
            ("ptt", ogg, "hola.ogg", false),
            true,
        ),
        (
            json!({"type": "audio", "voice": true}),
            "hola.mp3",
            &mp3,
            ("ptt", ogg, "hola.ogg", false),
            true,
        ),
        (
            json!({"type": "audio", "voice": true}),
            "hola.ogg",
            &vorbis,
            ("ptt", ogg, "hola.ogg", false),
            true,
        ),
        (
            json!({"type": "audio", "voice": true}),
            "hola.m4a",
            &m4a,
            ("ptt", ogg, "hola.ogg", false),
            true,
        ),
        (
            json!({"type": "audio", "voice": true}),
            "hola.ogg",
            &opus,
            ("ptt", ogg, "hola.ogg", false),
            false,
        ),
        (
            json!({"type": "audio"}),
            "hola.wav",
            &wav,
            ("audio", "audio/wav", "hola.wav", false),
            false,
        ),
        (
            json!({"type": "sticker"}),
            "gato.webp",
            &webp,
            ("sticker", "image/webp", "gato.webp", false),
            false,
        ),
        (
            json!({"type": "sticker"}),
            "gato.png",
            &png(40, 20),
            ("sticker", "image/webp", "gato.webp", false),
            true,
        ),
    ] {
        let mut body = body;
        body["to"] = json!(TO);
        for (service, url) in [
            ("session-manager", manager.url("/send")),
            ("hub", hub.url("/api/send")),
        ] {
            let request = manager
                .client()
                .post(url)
                .multipart(form(&body, file.clone(), name));
            let (status, response_body) = send_request(request).await;
            assert_eq!(status, 200, "{service} {body} {name}: {response_body}");
            let message = last_message(&standin);
            assert_eq!(display_data(&message), expected, "{service} {body} {name}");
            assert_eq!(message.details.caption.as_deref(), body["caption"].as_str());
            let sha256_at_phone = message.details.file.expect("a file").sha256;
            assert_eq!(
                sha256_at_phone != sha256(file),
                is_converted,
                "{service} {body} {name}"
            );
        }
    }
    // A file that is named by its id, with a name and a key, is one message and is converted once.
    let (status, uploaded) = super::media::upload(&manager, "", OCTETS, gif.clone()).await;
    assert_eq!(status, 201, "{uploaded}");
    let body = json!({"type": "image", "file_id": uploaded["file_id"], "filename": "perro.gif"});
    let before = standin.phone().messages().len();
    let first_response = send(&manager, body.clone(), Some("k")).await;
    assert_eq!(first_response.0, 200, "{}", first_response.1);
    assert_eq!(send(&manager, body, Some("k")).await, first_response);
    assert_eq!(standin.phone().messages().len(), before + 1);
    assert_eq!(
        display_data(&last_message(&standin)),
        ("video", "video/mp4", "perro.mp4", true)
    );
    // The converted file is deleted with its message. The hub's uploads and this one stay.
    let stored_files = stored_files(&manager);
    assert_eq!(stored_files.len(), 13 + 1, "{stored_files:?}");
    assert!(
        stored_files.iter().all(|name| !name.ends_with(".part")),
        "{stored_files:?}"
    );
    drop(hub);
    manager.stop().await;
}

#[tokio::test]
async fn without_ffmpeg_convertible_files_are_refused_with_a_remedy() {
    let options = ManagerOptions::default().with("FFMPEG_BIN", "off");
    let (standin, mut manager, hub) = start(options).await;
    let dry = Hub::start(&manager, ManagerOptions::default()).await;
    let folder = Scratch::default();
    let (gif, wav) = (gif(folder.path()), wav(folder.path()));
    // The page explains these in its own words, so they have a code of their own.
    for url in [manager.url("/files"), hub.url("/api/files")] {
        let refusal = send_request(manager.client().post(&url)).await;
        assert_eq!(status_and_code(&refusal), (400, "INVALID_REQUEST"), "{url}");
        assert_eq!(refusal.1["motivo"], "FILE_EMPTY", "{url}");
    }
    for (body, name, file, cure) in [
        (json!({"type": "image"}), "a.gif", &gif, "gif true"),
        (json!({"type": "video"}), "a.gif", &gif, "type document"),
        (
            json!({"type": "audio", "voice": true}),
            "a.wav",
            &wav,
            "libopus",
        ),
        // The content does not match the stated type.
        (
            json!({"type": "audio", "voice": true}),
            "a.ogg",
            &wav,
            "libopus",
        ),
        (json!({"type": "sticker"}), "a.png", &png(4, 4), "WebP"),
        (json!({"type": "sticker"}), "a.webp", &pdf(), "WebP"),
    ] {
        let mut body = body;
        body["to"] = json!(TO);
        for url in [
            manager.url("/send"),
            manager.url("/send/check"),
            hub.url("/api/send"),
            dry.url("/api/send"),
        ] {
            let request = manager.client().post(&url);
            let refusal = send_request(request.multipart(form(&body, file.clone(), name))).await;
            assert_eq!(
                status_and_code(&refusal),
                (400, "INVALID_REQUEST"),
                "{url} {body}"
            );
            let message = refusal.1["message"].as_str().expect("words");
            assert!(message.contains(cure), "{url} {body}: {message}");
            let motivo = (name != "a.webp").then_some("FILE_NOT_CONVERTIBLE");
            assert_eq!(refusal.1["motivo"].as_str(), motivo, "{url} {body}");
        }
    }
    // These fields are valid only for their own types.
    for body in [
        json!({"type": "image", "gif": true}),
        json!({"type": "sticker", "caption": "a"}),
        json!({"type": "video", "voice": true}),
    ] {
        let mut body = body;
        body["to"] = json!(TO);
        let request = manager.client().post(hub.url("/send"));
        let refusal = send_request(request.multipart(form(&body, mp4(), "a.mp4"))).await;
        assert_eq!(
            status_and_code(&refusal),
            (400, "INVALID_REQUEST"),
            "{body}"
        );
    }
    assert!(standin.phone().messages().is_empty());
    // A file that needs no conversion is sent as usual.
    let body = json!({"to": TO, "type": "audio", "voice": true});
    let request = manager.client().post(manager.url("/send"));
    let response = send_request(request.multipart(form(&body, ogg(), "a.ogg"))).await;
    assert_eq!(response.0, 200, "{}", response.1);
    assert_eq!(last_message(&standin).kind, "ptt");
    drop((hub, dry));
    manager.stop().await;
}

/// Returns the resident memory of the service, in bytes.
fn rss(manager: &Manager) -> u64 {
    let status = format!("/proc/{}/status", manager.service.pid());
    field(&status, "VmRSS:").expect("a figure") * 1024
}

/// Checks files that are made to break, mislead or escape the program that opens them.
#[tokio::test]
async fn hostile_files_break_no_conversion() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let folder = Scratch::default();
    let (gif, wav) = (gif(folder.path()), wav(folder.path()));
    // 65535 by 65535 pixels in a few bytes: a program that draws it needs 17 GiB.
    let mut bomb = gif.clone();
    bomb[6..10].copy_from_slice(&[0xff; 4]);
    let list = b"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\nfile:///etc/passwd\n".as_slice();
    let before = rss(&manager);
    for (body, file, mime) in [
        (json!({"type": "image"}), bomb, "image/gif"),
        (json!({"type": "image"}), gif[..13].to_vec(), "image/gif"),
        // Lists of other files, alone and after the first bytes of another format.
        (
            json!({"type": "audio", "voice": true}),
            list.to_vec(),
            "audio/mpeg",
        ),
        (
            json!({"type": "audio", "voice": true}),
            [b"ID3\x03\0\0\0\0\0\0", list].concat(),
            "audio/mpeg",
        ),
        (
            json!({"type": "image"}),
            [b"GIF89a", list].concat(),
            "image/gif",
        ),
        (
            json!({"type": "audio", "voice": true}),
            wav[..20].to_vec(),
            "audio/wav",
        ),
        (
            json!({"type": "sticker"}),
            [&png(4, 4)[..24], &[0xff; 8], &[0; 64]].concat(),
            "image/png",
        ),
    ] {
        let mut json = body;
        json["to"] = json!(TO);
        let part = Part::bytes(file)
            .file_name("a")
            .mime_str(mime)
            .expect("a type");
        let form = Form::new()
            .text("json", json.to_string())
            .part("file", part);
        let request = manager.client().post(manager.url("/send"));
        let refusal = send_request(request.multipart(form)).await;
        assert_eq!(
            status_and_code(&refusal),
            (400, "INVALID_REQUEST"),
            "{json} {}",
            refusal.1
        );
    }
    assert!(standin.phone().messages().is_empty());
    assert_eq!(stored_files(&manager), Vec::<String>::new());
    let growth = rss(&manager).saturating_sub(before);
    assert!(growth < 32 << 20, "{growth} bytes");
    // The next caller is served.
    let body = json!({"to": TO, "type": "image"});
    let request = manager.client().post(manager.url("/send"));
    let response = send_request(request.multipart(form(&body, gif, "a.gif"))).await;
    assert_eq!(response.0, 200, "{}", response.1);
    manager.stop().await;
}
