//! Tests of phone numbers as users write them, on every route.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::{FakeSessionManager, message};
use crate::support::{Hub, get, text, until_read};

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
async fn numbers_of_contact_cards_are_normalized() {
    let peer = FakeSessionManager::start().await;
    peer.is_in("READY");
    peer.takes_sends();
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    let local = "381 15 555\u{2011}1234";
    let card = |phone: &str| json!({"name": "Ana", "phone": phone});
    for (field, value) in [
        ("contact", card(local)),
        ("contacts", json!([card("11 5825-4202"), card(local)])),
    ] {
        let mut send = json!({"to": "5491158254201", "type": "contact"});
        send[field] = value;
        let (status, body) = asked(&hub, "/api/send", &send).await;
        assert_eq!(status, 200, "{body}");
        let sent = peer.sends().pop().unwrap().body;
        assert!(
            sent.contains("5493815551234") && !sent.contains("555-"),
            "{sent}"
        );
    }
    for wrong in ["15 5825-4201", "cincuenta"] {
        let send = json!({"to": "5491158254201", "type": "contact", "contact": card(wrong)});
        let (status, body) = asked(&hub, "/api/send", &send).await;
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
async fn bulk_refuses_what_is_not_documented() {
    let peer = FakeSessionManager::start().await;
    peer.is_in("READY");
    let hub = Hub::start(&peer.url).await;
    let path = "/api/sender/messages/bulk";
    let one =
        |n: usize, text: &str| json!({"destinatario": format!("54911{n:08}"), "mensaje": text});
    let many: Vec<_> = (0..5_001).map(|n| one(n, "hola")).collect();
    let none: Vec<Value> = Vec::new();
    for (case, messages, wanted) in [
        ("one too many", many, 400),
        ("none", none, 400),
        ("the longest text", vec![one(1, &"a".repeat(65_536))], 202),
        ("a text too long", vec![one(2, &"a".repeat(65_537))], 400),
        (
            "one bad number among good ones",
            vec![
                one(3, "hola"),
                json!({"destinatario": "15 5825-4201", "mensaje": "hola"}),
            ],
            400,
        ),
        (
            "a thousand of 1,700 characters",
            (10..1_010).map(|n| one(n, &"ñ".repeat(850))).collect(),
            202,
        ),
        ("one person twice", vec![one(4, "uno"), one(4, "dos")], 202),
    ] {
        let count = messages.len();
        let (status, body) = asked(&hub, path, &json!({"mensajes": messages})).await;
        assert_eq!(status, wanted, "{case}: {}", body["message"]);
        if wanted == 202 {
            assert_eq!(body["total"], count, "{case}");
        }
    }
    // Nothing of a refused request is stored.
    let left = get(&hub, "/api/sender/messages?destinatario=5491100000003").await;
    assert_eq!(left["mensajes"], json!([]), "{left}");
    hub.stop().await;
}

#[tokio::test]
async fn list_options_are_applied_over_http() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let campaign = json!({"nombre": "t", "mensaje": "Hola {nombre}"});
    let (_, campaign) = asked(&hub, "/api/sender/campaigns", &campaign).await;
    let path = format!("/api/sender/campaigns/{}/recipients", campaign["id"]);
    let look = async |query: &str, list: Vec<u8>| -> (u16, Value) {
        let request = hub
            .http
            .post(hub.url(&format!("{path}?probar=1&{query}")))
            .body(list);
        let (status, body) = text(request).await;
        (status, serde_json::from_str(&body).unwrap())
    };
    let found = |looked: &Value| {
        let first = &looked["primeros"][0];
        (
            first["numero"].as_str().unwrap_or_default().to_owned(),
            first["datos"]["nombre"]
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
        let (status, looked) = look(query, list.into()).await;
        assert_eq!(
            (status, found(&looked)),
            (200, ana.clone()),
            "{query} {looked}"
        );
        assert_eq!(looked["columnas_de_numero"], json!(["Dato 1"]), "{query}");
    }
    for query in ["columna=4", "columna=0", "columna=otra", "nombre=otra"] {
        let (status, body) = look(query, list.into()).await;
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
        let (status, looked) = look(query, list.into()).await;
        assert_eq!(
            (status, &looked["separador"]),
            (200, &json!(separator)),
            "{query} {looked}"
        );
        assert_eq!(found(&looked), ana, "{query} {looked}");
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
        let (status, looked) = look(&format!("codificacion={query}"), bytes.to_vec()).await;
        assert_eq!(
            (status, looked["codificacion"].as_str()),
            (200, Some(if query == "utf-8" { "UTF-8" } else { query })),
            "{looked}"
        );
        assert_eq!(found(&looked).1, "García", "{query}");
    }
    let (_, unasked) = look("", mac.to_vec()).await;
    assert_eq!(
        unasked["rechazos"][0]["codigo"], "TEXT_GARBLED",
        "{unasked}"
    );
    for query in ["codificacion=klingon", "separador=%23"] {
        let (status, body) = look(query, list.into()).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("INVALID_REQUEST")),
            "{query}"
        );
    }
    // Invisible characters are ignored.
    let marks = "\u{feff}Telé\u{ad}fono\u{200e};Nombre\n\u{202a}+54 9 11\u{a0}5825\u{2011}4201\u{202c};Ana\n\u{200b}11\u{2060}58254202;Bea\n";
    let (status, looked) = look("", marks.into()).await;
    assert_eq!((status, found(&looked)), (200, ana), "{looked}");
    assert_eq!(
        (&looked["aceptados"], &looked["primeros"][1]["numero"]),
        (&json!(2), &json!("5491158254202"))
    );
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

async fn uploaded(hub: &Hub, path: &str, list: &str) -> (u16, Value) {
    let (status, body) = hub.post(path, list).await;
    (status, serde_json::from_str(&body).unwrap())
}

on_both_engines! {
    async fn preview_counts_what_the_import_counts(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        peer.is_in("READY");
        let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "false")]).await;
        // A LID and its number are known to belong to one person.
        let lid = "247033104567642@lid";
        let mut told = message(&format!("false_{lid}_3A01"), lid, "hola");
        told["phone"] = json!("5491158254209");
        told["lid"] = json!(lid);
        until_read(&hub, peer.publish("message", &told)).await;
        let campaign = json!({"nombre": "t", "mensaje": "Hola"});
        let (_, campaign) = asked(&hub, "/api/sender/campaigns", &campaign).await;
        let path = format!("/api/sender/campaigns/{}/recipients", campaign["id"]);
        for (list, wanted) in [
            ("telefono\n5215512345678\n525512345678\n", (1, 1)),
            // A recipient is already in the campaign, under another spelling.
            ("telefono\n525512345678\n551187654321\n5511987654321\n", (1, 2)),
            ("telefono\n247033104567642@lid\n5491158254209\n541158254209\n", (1, 2)),
            ("telefono\n5491158254209\n+598 99 123 456\n", (1, 1)),
        ] {
            let (status, looked) = uploaded(&hub, &format!("{path}?probar=1"), list).await;
            assert_eq!(status, 200, "{looked}");
            let (status, taken) = uploaded(&hub, &path, list).await;
            assert_eq!(status, 201, "{taken}");
            for name in ["aceptados", "duplicados", "de_otro_pais", "paises"] {
                assert_eq!(looked[name], taken[name], "{name} of {list}: {looked} {taken}");
            }
            let counts = (looked["aceptados"].as_i64(), looked["duplicados"].as_i64());
            assert_eq!(counts, (Some(wanted.0), Some(wanted.1)), "{looked}");
        }
        hub.stop().await;
    }

    async fn numbers_of_other_countries_are_shown_before_the_approval(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.is_in("READY");
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let campaign = json!({"nombre": "t", "mensaje": "Hola", "pausa_min_s": 0, "pausa_max_s": 0});
        let (_, campaign) = asked(&hub, "/api/sender/campaigns", &campaign).await;
        let of = format!("/api/sender/campaigns/{}", campaign["id"]);
        let path = format!("{of}/recipients");
        let first = "telefono\n11 5825-4201\n11 5825-4202\n11 5825-4203\n+598 99 123 456\n";
        let (_, first) = uploaded(&hub, &path, first).await;
        assert_eq!((&first["de_otro_pais"], &first["lineas_de_otro_pais"]), (&json!(1), &json!([5])));
        // All numbers are from one country, but not from the campaign's most frequent one.
        let (_, second) = uploaded(&hub, &path, "telefono\n+598 99 123 457\n+598 99 123 458\n").await;
        assert_eq!(second["de_otro_pais"], 0, "{second}");
        // The count is stored with the list, and shown again at the approval.
        let import = get(&hub, &format!("{of}/imports/{}", first["id"])).await;
        assert_eq!((&import["de_otro_pais"], &import["lineas_de_otro_pais"]), (&json!(1), &json!([5])));
        let review = async |of: &str| get(&hub, &format!("{of}/stats")).await["revision"].clone();
        let all = review(&of).await;
        assert_eq!(all["de_otro_pais"], 3, "{all}");
        let counts = json!([{"pais": "AR", "aceptados": 3}, {"pais": "UY", "aceptados": 3}]);
        assert_eq!(all["paises"], counts);
        // A copy has the same recipients; a removed list no longer has any.
        let (_, copy) = asked(&hub, &format!("{of}/copy"), &json!({"nombre": "u"})).await;
        assert_eq!(review(&format!("/api/sender/campaigns/{}", copy["id"])).await["paises"], counts);
        let delete = hub.http.delete(hub.url(&format!("{of}/imports/{}", second["id"])));
        assert_eq!(text(delete).await.0, 200);
        assert_eq!(review(&of).await["de_otro_pais"], 1);
        hub.stop().await;
    }
}
