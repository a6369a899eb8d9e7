//! Tests with lists saved by a real spreadsheet program (LibreOffice): its
//! files can be imported, and it can open the hub's exports.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, text};

const LIST: &str = "Listado de clientes;;\r\n;;\r\n\
    Nro. de celular;Nombre;Vence\r\n\
    5491158254201;Muñoz Íñigo;05/12/2026\r\n\
    1158254202;\"Zoë \"\"Z\"\"; hija\";\r\n\
    +54 9 351 555-1234;José;x\r\n";

/// Converts a file to another format with LibreOffice.
fn convert_to(file: &Path, format: &str) -> PathBuf {
    let folder = file.parent().unwrap();
    let extension = format.split(':').next().unwrap();
    let target = folder.join(extension);
    let profile = format!("-env:UserInstallation=file://{}/profile", folder.display());
    let output = Command::new("soffice")
        .args([
            &profile,
            "--headless",
            "--norestore",
            "--convert-to",
            format,
            "--outdir",
        ])
        .arg(&target)
        // The file is UTF-8 and separated by `;`, as in Argentina.
        .arg("--infilter=CSV:59,34,76,1,,11274,false,true")
        .arg(file)
        .env("HOME", folder)
        .env("TMPDIR", folder)
        .output()
        .expect("LibreOffice is missing: run `cargo xtask setup`");
    let saved = target.join(file.with_extension(extension).file_name().unwrap());
    assert!(saved.is_file(), "{output:?}");
    saved
}

async fn campaign(hub: &Hub, text: &str) -> i64 {
    let body = json!({"nombre": "Marzo", "mensaje": text});
    let (status, body) = ask(hub, "POST", "/api/sender/campaigns", Some(&body)).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_i64().unwrap()
}

async fn upload(hub: &Hub, path: &str, list: Vec<u8>) -> (u16, Value) {
    let request = hub.http.post(hub.url(path)).body(list);
    let request = request.header("content-type", "application/octet-stream");
    let (status, body) = text(request).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_saved_by_libreoffice_are_imported() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lista.csv");
    std::fs::write(&file, LIST).unwrap();
    let id = campaign(&hub, "Hola {nombre}").await;
    for format in ["xlsx", "ods"] {
        let converted = std::fs::read(convert_to(&file, format)).unwrap();
        // A campaign that has none of the list's recipients yet, because the
        // preview omits those that the campaign already has.
        let campaign_id = campaign(&hub, "Hola {nombre}").await;
        let path = format!("/api/sender/campaigns/{campaign_id}/recipients?probar=1");
        let (status, preview) = upload(&hub, &path, converted.clone()).await;
        assert_eq!(status, 200, "{preview}");
        assert_eq!(preview["hoja"], "lista", "{preview}");
        assert_eq!(preview["encabezado"], 3, "{preview}");
        let first_rows: Vec<_> = preview["primeros"].as_array().unwrap().iter().collect();
        let column = |field: &str| {
            first_rows
                .iter()
                .map(|row| row[field].clone())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            column("numero"),
            ["5491158254201", "5491158254202", "5493515551234"]
        );
        assert_eq!(column("linea"), [4, 5, 6]);
        let name = |it: &&Value| it["datos"]["nombre"].clone();
        let names: Vec<_> = first_rows.iter().map(name).collect();
        assert_eq!(names, ["Muñoz Íñigo", "Zoë \"Z\"; hija", "José"]);
        assert_eq!(first_rows[0]["datos"]["vence"], "05/12/2026", "{format}");
        let path = format!("/api/sender/campaigns/{id}/recipients?probar=1&hoja=otra");
        let (status, unknown) = upload(&hub, &path, converted.clone()).await;
        assert_eq!(status, 400, "{unknown}");
        assert_eq!(unknown["motivo"], "LIST_SHEET_UNKNOWN");
        assert_eq!(unknown["hojas"], json!(["lista"]), "{format}");
        for sheet in ["lista", "1"] {
            let path = format!("/api/sender/campaigns/{id}/recipients?probar=1&hoja={sheet}");
            let (status, chosen) = upload(&hub, &path, converted.clone()).await;
            assert_eq!(
                (status, &chosen["hoja"]),
                (200, &json!("lista")),
                "{format} {chosen}"
            );
        }
        // The list is imported for real; a second import adds no recipient.
        let path = format!("/api/sender/campaigns/{id}/recipients");
        let (status, report) = upload(&hub, &path, converted).await;
        assert_eq!(status, 201, "{report}");
        let taken = (report["aceptados"].as_i64(), report["duplicados"].as_i64());
        let expected = if format == "xlsx" { (3, 0) } else { (0, 3) };
        assert_eq!(taken, (Some(expected.0), Some(expected.1)), "{report}");
    }
    // The format of Excel before 2007.
    let converted = std::fs::read(convert_to(&file, "xls")).unwrap();
    let path = format!("/api/sender/campaigns/{id}/recipients");
    let (status, refusal) = upload(&hub, &path, converted).await;
    assert_eq!(
        (status, &refusal["motivo"]),
        (400, &json!("LIST_IS_WORKBOOK"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn exported_messages_survive_a_spreadsheet() {
    let peer = FakeSessionManager::start().await;
    peer.set_state("QR_REQUIRED");
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    let messages = json!({"mensajes": [
        {"destinatario": "5491158254201", "texto": "¿Cuánto; \"sale\"?"},
        {"destinatario": "11 5825-4202", "texto": "=1+1"},
    ]});
    let bulk = "/api/sender/messages/bulk";
    let (status, body) = ask(&hub, "POST", bulk, Some(&messages)).await;
    assert_eq!(status, 202, "{body}");
    let exported = hub.http.get(hub.url("/api/sender/messages.csv"));
    let exported = exported.send().await.unwrap().bytes().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("mensajes.csv");
    std::fs::write(&file, &exported).unwrap();
    let id = campaign(&hub, "Hola").await;
    for (name, list) in [
        ("csv", exported.to_vec()),
        ("xlsx", std::fs::read(convert_to(&file, "xlsx")).unwrap()),
        ("ods", std::fs::read(convert_to(&file, "ods")).unwrap()),
    ] {
        let path = format!("/api/sender/campaigns/{id}/recipients?probar=1");
        let (status, trial) = upload(&hub, &path, list).await;
        assert_eq!(status, 200, "{name} {trial}");
        let mut numbers: Vec<_> = trial["primeros"]
            .as_array()
            .unwrap()
            .iter()
            .map(|row| row["numero"].clone())
            .collect();
        numbers.sort_by_key(Value::to_string);
        assert_eq!(
            numbers,
            ["5491158254201", "5491158254202"],
            "{name} {trial}"
        );
    }
}

/// Checks that text resembling a formula is exported as text, even where a
/// spreadsheet might begin a new cell.
#[tokio::test(flavor = "multi_thread")]
async fn formulas_in_messages_are_exported_as_text() {
    let peer = FakeSessionManager::start().await;
    peer.set_state("QR_REQUIRED");
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    let formulas = [
        "=1+1",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "hola,=1+1",
        "hola;=1+1",
        "hola\n=1+1",
        "hola\t@SUM(A1)",
    ];
    let messages: Vec<_> = formulas
        .iter()
        .map(|text| json!({"destinatario": "5491158254201", "texto": text}))
        .collect();
    let bulk = "/api/sender/messages/bulk";
    let (status, body) = ask(&hub, "POST", bulk, Some(&json!({"mensajes": messages}))).await;
    assert_eq!(status, 202, "{body}");
    let exported = hub.http.get(hub.url("/api/sender/messages.csv"));
    let exported = exported.send().await.unwrap();
    assert!(
        exported.headers()["content-type"]
            .to_str()
            .unwrap()
            .starts_with("text/csv")
    );
    let exported = exported.text().await.unwrap();
    // By whatever character the spreadsheet splits cells, none of them begins with a formula.
    for separator in [',', ';', '\t', '\n'] {
        for cell in exported.split(separator) {
            let cell = cell.trim_start_matches(['"', ' ', '\r']);
            assert!(
                !cell.starts_with(['=', '+', '-', '@']),
                "{cell:?} in {exported}"
            );
        }
    }
    // No part of the text is lost.
    for text in ["'=1+1", "'+1+1", "'-1+1", "'@SUM(A1)"] {
        assert!(exported.contains(text), "{text} in {exported}");
    }
}
