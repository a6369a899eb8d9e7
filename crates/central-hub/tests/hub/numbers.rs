//! Phone numbers as users write them, on every route.

use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, text};

async fn asked(hub: &Hub, path: &str, body: &Value) -> (u16, Value) {
    let (status, body) = hub.post(path, &body.to_string()).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn local_numbers_are_normalized_on_every_route() {
    let peer = FakeSessionManager::start().await;
    peer.is_in("READY");
    let hub = Hub::start(&peer.url).await;
    for written in [
        "11 5825-4201",
        "+54 11 5825-4201",
        "\u{2066}011 15-5825\u{2011}4201\u{2069}",
    ] {
        let single = json!({"destinatario": written, "mensaje": "Hola"});
        let (status, body) = asked(&hub, "/api/sender/messages/send", &single).await;
        assert_eq!(
            (status, &body["destinatario"]),
            (201, &json!("5491158254201")),
            "{body}"
        );
        let bulk = json!({"mensajes": [single]});
        let (status, body) = asked(&hub, "/api/sender/messages/bulk", &bulk).await;
        assert_eq!(status, 202, "{body}");
        assert_eq!(body["mensajes"][0]["destinatario"], "5491158254201");
        let out = json!({"telefono": written});
        let (status, body) = asked(&hub, "/api/sender/bajas", &out).await;
        assert_eq!(
            (status, &body["telefono"]),
            (201, &json!("5491158254201")),
            "{body}"
        );
        let send = json!({"to": written, "message": "Hola"});
        let (status, body) = asked(&hub, "/api/send", &send).await;
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("OPTED_OUT")),
            "{body}"
        );
        let delete = hub.http.delete(hub.url("/api/sender/bajas/5491158254201"));
        let (status, _) = text(delete).await;
        assert_eq!(status, 204);
    }
    for (written, why) in [
        ("15 5825-4201", "PHONE_AREA_MISSING"),
        ("4444-3333", "PHONE_AREA_MISSING"),
        ("cincuenta", "PHONE_CHARACTERS"),
    ] {
        for (path, body) in [
            ("/api/send", json!({"to": written, "message": "Hola"})),
            (
                "/api/sender/messages/send",
                json!({"destinatario": written, "mensaje": "Hola"}),
            ),
            ("/api/sender/bajas", json!({"telefono": written})),
            (
                "/api/admin/whatsapp/pairing-code",
                json!({"phone": written}),
            ),
        ] {
            let (status, answer) = asked(&hub, path, &body).await;
            assert_eq!(
                (status, &answer["motivo"]),
                (400, &json!(why)),
                "{path} {answer}"
            );
        }
    }
    hub.stop().await;
}

#[tokio::test]
async fn number_check_explains_the_normalization() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start_with(&peer.url, &[("PHONE_REGION", "UY")]).await;
    let phone = async |query: &str| -> Value {
        let (status, text) = hub.get(&format!("/api/phone?{query}")).await;
        assert_eq!(status, 200, "{text}");
        serde_json::from_str(&text).unwrap()
    };
    let read = phone("numero=099%20123%20456").await;
    let wanted =
        json!({"ok": true, "numero": "59899123456", "pais": "UY", "local": true, "tipo": "movil"});
    assert_eq!(read, wanted);
    let read = phone("numero=11%205825-4201&prefijo=549").await;
    assert_eq!(
        (&read["numero"], &read["pais"]),
        (&json!("5491158254201"), &json!("AR"))
    );
    let read = phone("numero=15%205825-4201&prefijo=549").await;
    assert_eq!(
        (&read["ok"], &read["motivo"]),
        (&json!(false), &json!("PHONE_AREA_MISSING"))
    );
    assert_eq!(hub.get("/api/phone").await.0, 400);
    assert_eq!(hub.get("/api/phone?numero=1&prefijo=0").await.0, 400);
    hub.stop().await;
}

#[tokio::test]
async fn bulk_accepts_five_thousand_messages() {
    let peer = FakeSessionManager::start().await;
    peer.is_in("READY");
    let hub = Hub::start(&peer.url).await;
    let text = "ñandú ".repeat(25);
    let messages: Vec<_> = (0..5_000)
        .map(|n| json!({"destinatario": format!("54911{n:08}"), "mensaje": text}))
        .collect();
    let (status, body) = asked(
        &hub,
        "/api/sender/messages/bulk",
        &json!({"mensajes": messages}),
    )
    .await;
    assert_eq!((status, &body["total"]), (202, &json!(5_000)));
    hub.stop().await;
}

#[tokio::test]
async fn list_preview_stores_nothing() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let campaign = json!({"nombre": "t", "mensaje": "Hola {nombre}"});
    let (_, campaign) = asked(&hub, "/api/sender/campaigns", &campaign).await;
    let of = format!("/api/sender/campaigns/{}", campaign["id"]);
    let list = "Nombre;Nro. de celular;Tel. fijo\nAna;381 15 555-1234;\nBea;;15 5825-4201\nCarla;+598 99 123 456;\nDora;11 5825-4201;\nAna;381 15 555-1234;\n";
    let (status, text) = hub.post(&format!("{of}/recipients?probar=1"), list).await;
    let looked: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200, "{text}");
    for (name, wanted) in [
        ("separador", json!(";")),
        (
            "columnas_de_numero",
            json!(["Nro. de celular", "Tel. fijo"]),
        ),
        ("columna_de_nombre", json!("Nombre")),
        ("aceptados", json!(3)),
        ("duplicados", json!(1)),
        ("rechazados", json!(1)),
        ("de_otro_pais", json!(1)),
        ("lineas_de_otro_pais", json!([4])),
    ] {
        assert_eq!(looked[name], wanted, "{name} of {looked}");
    }
    assert_eq!(looked["primeros"][0]["numero"], "5493815551234");
    assert_eq!(looked["rechazos"][0]["codigo"], "PHONE_AREA_MISSING");
    let (_, text) = hub.get(&of).await;
    let campaign: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(campaign["total"], 0, "{text}");
    hub.stop().await;
}
