//! Tests of phone numbers as users write them, on every route.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, message};
use crate::support::{Hub, get, text, wait_until_read};

async fn post(hub: &Hub, path: &str, body: &Value) -> (u16, Value) {
    let (status, body) = hub.post(path, &body.to_string()).await;
    (status, serde_json::from_str(&body).unwrap())
}

#[tokio::test]
async fn local_numbers_are_normalized_on_every_route() {
    let peer = FakeSessionManager::start().await;
    peer.set_state("READY");
    let hub = Hub::start(&peer.url).await;
    for written in [
        "11 5825-4201",
        "+54 11 5825-4201",
        "\u{2066}011 15-5825\u{2011}4201\u{2069}",
    ] {
        let single = json!({"destinatario": written, "mensaje": "Hola"});
        let (status, body) = post(&hub, "/api/sender/messages/send", &single).await;
        assert_eq!(
            (status, &body["destinatario"]),
            (201, &json!("5491158254201")),
            "{body}"
        );
        let bulk = json!({"mensajes": [single]});
        let (status, body) = post(&hub, "/api/sender/messages/bulk", &bulk).await;
        assert_eq!(status, 202, "{body}");
        assert_eq!(body["mensajes"][0]["destinatario"], "5491158254201");
        let out = json!({"telefono": written});
        let (status, body) = post(&hub, "/api/sender/bajas", &out).await;
        assert_eq!(
            (status, &body["telefono"]),
            (201, &json!("5491158254201")),
            "{body}"
        );
        let send = json!({"to": written, "message": "Hola"});
        let (status, body) = post(&hub, "/api/send", &send).await;
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
            let (status, answer) = post(&hub, path, &body).await;
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
async fn numbers_of_contact_cards_are_normalized() {
    let peer = FakeSessionManager::start().await;
    peer.set_state("READY");
    peer.accept_sends();
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    let local = "381 15 555\u{2011}1234";
    let card = |phone: &str| json!({"name": "Ana", "phone": phone});
    for (field, value) in [
        ("contact", card(local)),
        ("contacts", json!([card("11 5825-4202"), card(local)])),
    ] {
        let mut send = json!({"to": "5491158254201", "type": "contact"});
        send[field] = value;
        let (status, body) = post(&hub, "/api/send", &send).await;
        assert_eq!(status, 200, "{body}");
        let sent = peer.sends().pop().unwrap().body;
        assert!(
            sent.contains("5493815551234") && !sent.contains("555-"),
            "{sent}"
        );
    }
    for invalid_number in ["15 5825-4201", "cincuenta"] {
        let send =
            json!({"to": "5491158254201", "type": "contact", "contact": card(invalid_number)});
        let (status, body) = post(&hub, "/api/send", &send).await;
        assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
        assert!(body["motivo"].is_string(), "{body}");
    }
    assert_eq!(peer.sends().len(), 2);
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
    let expected =
        json!({"ok": true, "numero": "59899123456", "pais": "UY", "local": true, "tipo": "movil"});
    assert_eq!(read, expected);
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
    peer.set_state("READY");
    let hub = Hub::start(&peer.url).await;
    let text = "ñandú ".repeat(25);
    let messages: Vec<_> = (0..5_000)
        .map(|n| json!({"destinatario": format!("54911{n:08}"), "mensaje": text}))
        .collect();
    let (status, body) = post(
        &hub,
        "/api/sender/messages/bulk",
        &json!({"mensajes": messages}),
    )
    .await;
    assert_eq!((status, &body["total"]), (202, &json!(5_000)));
    hub.stop().await;
}

#[tokio::test]
async fn bulk_refuses_what_is_not_documented() {
    let peer = FakeSessionManager::start().await;
    peer.set_state("READY");
    let hub = Hub::start(&peer.url).await;
    let path = "/api/sender/messages/bulk";
    let message =
        |n: usize, text: &str| json!({"destinatario": format!("54911{n:08}"), "mensaje": text});
    let too_many: Vec<_> = (0..5_001).map(|n| message(n, "hola")).collect();
    let no_messages: Vec<Value> = Vec::new();
    for (case, messages, expected) in [
        ("one too many", too_many, 400),
        ("none", no_messages, 400),
        (
            "the longest text",
            vec![message(1, &"a".repeat(65_536))],
            202,
        ),
        (
            "a text too long",
            vec![message(2, &"a".repeat(65_537))],
            400,
        ),
        (
            "one bad number among good ones",
            vec![
                message(3, "hola"),
                json!({"destinatario": "15 5825-4201", "mensaje": "hola"}),
            ],
            400,
        ),
        (
            "a thousand of 1,700 characters",
            (10..1_010).map(|n| message(n, &"ñ".repeat(850))).collect(),
            202,
        ),
        (
            "one person twice",
            vec![message(4, "uno"), message(4, "dos")],
            202,
        ),
    ] {
        let count = messages.len();
        let (status, body) = post(&hub, path, &json!({"mensajes": messages})).await;
        assert_eq!(status, expected, "{case}: {}", body["message"]);
        if expected == 202 {
            assert_eq!(body["total"], count, "{case}");
        }
    }
    // Nothing of a refused request is stored.
    let stored = get(&hub, "/api/sender/messages?destinatario=5491100000003").await;
    assert_eq!(stored["mensajes"], json!([]), "{stored}");
    hub.stop().await;
}

#[tokio::test]
async fn list_options_are_applied_over_http() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let campaign = json!({"nombre": "t", "mensaje": "Hola {nombre}"});
    let (_, campaign) = post(&hub, "/api/sender/campaigns", &campaign).await;
    let path = format!("/api/sender/campaigns/{}/recipients", campaign["id"]);
    let preview = async |query: &str, list: Vec<u8>| -> (u16, Value) {
        let request = hub
            .http
            .post(hub.url(&format!("{path}?probar=1&{query}")))
            .body(list);
        let (status, body) = text(request).await;
        (status, serde_json::from_str(&body).unwrap())
    };
    let first_rows = |report: &Value| {
        let first_row = &report["primeros"][0];
        (
            first_row["numero"].as_str().unwrap_or_default().to_owned(),
            first_row["datos"]["nombre"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
        )
    };
    let ana = ("5491158254201".to_owned(), "Ana".to_owned());
    // The columns can be chosen by heading and by position.
    let list = "Dato 1;Dato 2;Celular\n11 5825-4201;Ana;11 4444-5555\n";
    for query in [
        "columna=Dato%201&nombre=Dato%202",
        "columna=1&nombre=2",
        "columna=dato_1&nombre=Dato+2",
    ] {
        let (status, report) = preview(query, list.into()).await;
        assert_eq!(
            (status, first_rows(&report)),
            (200, ana.clone()),
            "{query} {report}"
        );
        assert_eq!(report["columnas_de_numero"], json!(["Dato 1"]), "{query}");
    }
    for query in ["columna=4", "columna=0", "columna=otra", "nombre=otra"] {
        let (status, body) = preview(query, list.into()).await;
        assert_eq!(
            (status, &body["motivo"]),
            (400, &json!("LIST_COLUMN_UNKNOWN")),
            "{query}"
        );
        assert_eq!(body["titulos"], json!(["Dato 1", "Dato 2", "Celular"]));
    }
    // The separator can be chosen.
    for (query, separator, list) in [
        (
            "separador=%7C",
            "|",
            "Cel|Nombre, apellido; nota|Nombre\n1158254201|a,b;c|Ana\n",
        ),
        (
            "separador=tab",
            "\t",
            "Cel\tx;y;z\tNombre\n1158254201\t1;2;3\tAna\n",
        ),
        (
            "separador=,",
            ",",
            "Cel,x;y;z;w,Nombre\n1158254201,1;2;3;4,Ana\n",
        ),
        (
            "separador=;",
            ";",
            "Cel;x,y,z,w;Nombre\n1158254201;1,2,3,4;Ana\n",
        ),
    ] {
        let (status, report) = preview(query, list.into()).await;
        assert_eq!(
            (status, &report["separador"]),
            (200, &json!(separator)),
            "{query} {report}"
        );
        assert_eq!(first_rows(&report), ana, "{query} {report}");
    }
    // The encoding can be chosen.
    let list = "Cel;Nombre\n1158254201;García\n";
    let (mac, _, _) = encoding_rs::MACINTOSH.encode(list);
    let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(list);
    for (query, bytes) in [
        ("macintosh", &*mac),
        ("windows-1252", &*windows),
        ("utf-8", list.as_bytes()),
    ] {
        let (status, report) = preview(&format!("codificacion={query}"), bytes.to_vec()).await;
        assert_eq!(
            (status, report["codificacion"].as_str()),
            (200, Some(if query == "utf-8" { "UTF-8" } else { query })),
            "{report}"
        );
        assert_eq!(first_rows(&report).1, "García", "{query}");
    }
    let (_, unasked) = preview("", mac.to_vec()).await;
    assert_eq!(
        unasked["rechazos"][0]["codigo"], "TEXT_GARBLED",
        "{unasked}"
    );
    for query in ["codificacion=klingon", "separador=%23"] {
        let (status, body) = preview(query, list.into()).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("INVALID_REQUEST")),
            "{query}"
        );
    }
    // Invisible characters are ignored.
    let marks = "\u{feff}Telé\u{ad}fono\u{200e};Nombre\n\u{202a}+54 9 11\u{a0}5825\u{2011}4201\u{202c};Ana\n\u{200b}11\u{2060}58254202;Bea\n";
    let (status, report) = preview("", marks.into()).await;
    assert_eq!((status, first_rows(&report)), (200, ana), "{report}");
    assert_eq!(
        (&report["aceptados"], &report["primeros"][1]["numero"]),
        (&json!(2), &json!("5491158254202"))
    );
    hub.stop().await;
}

#[tokio::test]
async fn list_preview_stores_nothing() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let campaign = json!({"nombre": "t", "mensaje": "Hola {nombre}"});
    let (_, campaign) = post(&hub, "/api/sender/campaigns", &campaign).await;
    let campaign_path = format!("/api/sender/campaigns/{}", campaign["id"]);
    let list = "Nombre;Nro. de celular;Tel. fijo\nAna;381 15 555-1234;\nBea;;15 5825-4201\nCarla;+598 99 123 456;\nDora;11 5825-4201;\nAna;381 15 555-1234;\n";
    let (status, text) = hub
        .post(&format!("{campaign_path}/recipients?probar=1"), list)
        .await;
    let report: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(status, 200, "{text}");
    for (name, expected) in [
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
        assert_eq!(report[name], expected, "{name} of {report}");
    }
    assert_eq!(report["primeros"][0]["numero"], "5493815551234");
    assert_eq!(report["rechazos"][0]["codigo"], "PHONE_AREA_MISSING");
    let (_, text) = hub.get(&campaign_path).await;
    let campaign: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(campaign["total"], 0, "{text}");
    hub.stop().await;
}

async fn upload(hub: &Hub, path: &str, list: &str) -> (u16, Value) {
    let (status, body) = hub.post(path, list).await;
    (status, serde_json::from_str(&body).unwrap())
}

on_both_engines! {
    async fn preview_counts_what_the_import_counts(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.set_state("READY");
        let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "false")]).await;
        // A LID and its number are known to belong to one person.
        let lid = "247033104567642@lid";
        let mut event = message(&format!("false_{lid}_3A01"), lid, "hola");
        event["phone"] = json!("5491158254209");
        event["lid"] = json!(lid);
        wait_until_read(&hub, peer.publish("message", &event)).await;
        let campaign = json!({"nombre": "t", "mensaje": "Hola"});
        let (_, campaign) = post(&hub, "/api/sender/campaigns", &campaign).await;
        let path = format!("/api/sender/campaigns/{}/recipients", campaign["id"]);
        for (list, expected) in [
            ("telefono\n5215512345678\n525512345678\n", (1, 1)),
            // A recipient is already in the campaign, under another spelling.
            (
                "telefono\n525512345678\n551187654321\n5511987654321\n",
                (1, 2),
            ),
            (
                "telefono\n247033104567642@lid\n5491158254209\n541158254209\n",
                (1, 2),
            ),
            ("telefono\n5491158254209\n+598 99 123 456\n", (1, 1)),
        ] {
            let (status, preview) = upload(&hub, &format!("{path}?probar=1"), list).await;
            assert_eq!(status, 200, "{preview}");
            let (status, imported) = upload(&hub, &path, list).await;
            assert_eq!(status, 201, "{imported}");
            for name in ["aceptados", "duplicados", "de_otro_pais", "paises"] {
                assert_eq!(
                    preview[name], imported[name],
                    "{name} of {list}: {preview} {imported}"
                );
            }
            let counts = (
                preview["aceptados"].as_i64(),
                preview["duplicados"].as_i64(),
            );
            assert_eq!(counts, (Some(expected.0), Some(expected.1)), "{preview}");
        }
        hub.stop().await;
    }

    async fn numbers_of_other_countries_are_shown_before_the_approval(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("READY");
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let campaign =
            json!({"nombre": "t", "mensaje": "Hola", "pausa_min_s": 0, "pausa_max_s": 0});
        let (_, campaign) = post(&hub, "/api/sender/campaigns", &campaign).await;
        let campaign_path = format!("/api/sender/campaigns/{}", campaign["id"]);
        let path = format!("{campaign_path}/recipients");
        let first_list = "telefono\n11 5825-4201\n11 5825-4202\n11 5825-4203\n+598 99 123 456\n";
        let (_, first_list) = upload(&hub, &path, first_list).await;
        assert_eq!(
            (
                &first_list["de_otro_pais"],
                &first_list["lineas_de_otro_pais"]
            ),
            (&json!(1), &json!([5]))
        );
        // All numbers are from one country, but not from the campaign's most frequent one.
        let (_, second_list) =
            upload(&hub, &path, "telefono\n+598 99 123 457\n+598 99 123 458\n").await;
        assert_eq!(second_list["de_otro_pais"], 0, "{second_list}");
        // The count is stored with the list, and shown again at the approval.
        let import = get(
            &hub,
            &format!("{campaign_path}/imports/{}", first_list["id"]),
        )
        .await;
        assert_eq!(
            (&import["de_otro_pais"], &import["lineas_de_otro_pais"]),
            (&json!(1), &json!([5]))
        );
        let review = async |campaign_path: &str| {
            get(&hub, &format!("{campaign_path}/stats")).await["revision"].clone()
        };
        let review_result = review(&campaign_path).await;
        assert_eq!(review_result["de_otro_pais"], 3, "{review_result}");
        let counts = json!([{"pais": "AR", "aceptados": 3}, {"pais": "UY", "aceptados": 3}]);
        assert_eq!(review_result["paises"], counts);
        // A copy has the same recipients; a removed list no longer has any.
        let (_, copy) = post(
            &hub,
            &format!("{campaign_path}/copy"),
            &json!({"nombre": "u"}),
        )
        .await;
        assert_eq!(
            review(&format!("/api/sender/campaigns/{}", copy["id"])).await["paises"],
            counts
        );
        let delete = hub
            .http
            .delete(hub.url(&format!("{campaign_path}/imports/{}", second_list["id"])));
        assert_eq!(text(delete).await.0, 200);
        assert_eq!(review(&campaign_path).await["de_otro_pais"], 1);
        hub.stop().await;
    }
}
