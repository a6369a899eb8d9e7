//! Tests of contacts, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::access::{admin_auth, start_with_password};
use crate::fake_session_manager::{FakeSessionManager, message};
use crate::support::{Hub, ask, code, get, text, wait_until, wait_until_read};

const REAL: &[(&str, &str)] = &[("DRY_RUN", "false")];
const ANA: &str = "5491158254201";
const LEO: &str = "5491158254202";
const LID: &str = "247033104567642@lid";

async fn start(url: &str) -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::with_event_log().await;
    peer.set_response("/status", 200, r#"{"status":"READY"}"#);
    peer.accept_sends();
    let hub = Hub::start_on(url, &peer.url, REAL).await;
    (peer, hub)
}

async fn send(hub: &Hub, to: &str, text: &str, cliente_id: Option<u64>) {
    let body = json!({"to": to, "message": text, "cliente_id": cliente_id});
    let (status, body) = ask(hub, "POST", "/api/send", Some(&body)).await;
    assert_eq!(status, 200, "{body}");
}

/// Publishes a message from a lead, and waits until the hub has read it.
async fn lead(hub: &Hub, peer: &FakeSessionManager, id: &str, from: &str, body: &str) {
    let mut event = message(&format!("false_{from}_{id}"), from, body);
    event["pushname"] = json!("anita");
    wait_until_read(hub, peer.publish("message", &event)).await;
}

async fn update_contact(hub: &Hub, who: &str, change: Value) -> Value {
    let (status, body) = ask(hub, "PUT", &format!("/api/contacts/{who}"), Some(&change)).await;
    assert_eq!(status, 200, "{body}");
    body
}

/// Returns the contacts in the list, by number or LID.
async fn list_contacts(hub: &Hub, query: &str) -> Vec<String> {
    let url = format!("/api/contacts?{query}");
    let list = get(hub, &url).await;
    let contacts = list["contactos"].as_array().unwrap().iter();
    contacts
        .map(|row| {
            row["telefono"]
                .as_str()
                .or(row["chat"].as_str())
                .unwrap()
                .to_owned()
        })
        .collect()
}

/// Returns the contacts with conversations, the most recent writer first.
async fn list_conversations(hub: &Hub, query: &str) -> Vec<String> {
    let list = get(hub, &format!("/api/listener/conversations?{query}")).await;
    let conversations = list["conversaciones"].as_array().unwrap().iter();
    conversations
        .map(|row| row["telefono"].as_str().unwrap().to_owned())
        .collect()
}

/// Returns session-manager's path for deleting the messages of a number's chat.
fn chat_records(number: &str) -> String {
    format!("/chats/{number}@c.us/messages")
}

/// Returns how many of a contact's messages are unread.
async fn unread_count(hub: &Hub, who: &str) -> i64 {
    let history = get(hub, &format!("/api/listener/history/{who}")).await;
    history["sin_leer"].as_i64().unwrap()
}

/// Creates a campaign with these recipients.
async fn create_campaign(hub: &Hub, name: &str, cliente_id: Option<u64>, to: &[&str]) {
    let recipients: Vec<_> = to.iter().map(|it| json!({"telefono": it})).collect();
    let body = json!({"nombre": name, "mensaje": "Hola", "cliente_id": cliente_id, "destinatarios": recipients});
    let (status, body) = ask(hub, "POST", "/api/sender/campaigns", Some(&body)).await;
    assert_eq!(status, 201, "{body}");
}

/// Returns the names of a contact's campaigns, and its state in each.
async fn campaigns_of(hub: &Hub, path: &str) -> Vec<String> {
    let contact = get(hub, &format!("/api/contacts/{path}")).await;
    let campaigns = contact["campanias"].as_array().unwrap().iter();
    campaigns
        .map(|row| {
            assert!(row["id"].is_i64() && row["fecha"].is_string(), "{row}");
            format!("{} {}", row["nombre"], row["estado"]).replace('"', "")
        })
        .collect()
}

fn texts(contact: &Value) -> Vec<&str> {
    let messages = contact["mensajes"].as_array().unwrap().iter();
    messages
        .map(|row| row["mensaje"].as_str().unwrap())
        .collect()
}

on_both_engines! {
    async fn contacts_are_listed_searched_and_annotated(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        assert!(list_contacts(&hub, "").await.is_empty());
        send(&hub, ANA, "Hola Ana", Some(51)).await;
        lead(&hub, &peer, "3A01", &format!("{LEO}@c.us"), "¿Cuánto sale?").await;
        assert_eq!(list_contacts(&hub, "").await, [LEO, ANA]);
        let first = get(&hub, "/api/contacts?limite=1").await;
        assert_eq!(first["contactos"][0]["telefono"], LEO);
        let rest = format!("limite=1&antes={}", first["siguiente"]);
        assert_eq!(list_contacts(&hub, &rest).await, [ANA]);
        assert_eq!(
            get(&hub, &format!("/api/contacts?{rest}")).await["siguiente"],
            Value::Null
        );
        let contact = get(&hub, &format!("/api/contacts/{LEO}")).await;
        assert_eq!(
            (
                &contact["nombre"],
                &contact["nombre_whatsapp"],
                &contact["baja"]
            ),
            (&Value::Null, &json!("anita"), &json!(false))
        );
        assert_eq!(
            (texts(&contact), &contact["ultimo"]["mensaje"]),
            (vec!["¿Cuánto sale?"], &json!("¿Cuánto sale?"))
        );
        // The contact is found by any spelling of the number.
        let updated = update_contact(&hub, "541158254201", json!({"nombre": " Ana María Gómez ", "etiquetas": ["alquiler", "VIP", "alquiler", " "], "nota": "llama de noche"})).await;
        assert_eq!(
            (&updated["telefono"], &updated["nombre"]),
            (&json!(ANA), &json!("Ana María Gómez"))
        );
        assert_eq!(updated["etiquetas"], json!(["alquiler", "VIP"]));
        // Omitted fields stay; empty fields are deleted.
        let updated = update_contact(&hub, ANA, json!({"nota": ""})).await;
        assert_eq!(
            (&updated["nombre"], &updated["nota"]),
            (&json!("Ana María Gómez"), &Value::Null)
        );
        for words in [
            "gomez ana",
            "mar%C3%ADa+g",
            "alquiler",
            "vip",
            "5825-4201",
            "54 11 5825 4201",
        ] {
            assert_eq!(
                list_contacts(&hub, &format!("buscar={words}")).await,
                [ANA],
                "{words}"
            );
        }
        assert_eq!(list_contacts(&hub, "buscar=anita").await, [LEO]);
        assert_eq!(list_contacts(&hub, "etiqueta=VIP").await, [ANA]);
        for none in [
            "buscar=nadie",
            "buscar=!!",
            "etiqueta=VI",
            "etiqueta=%25",
            "etiqueta=_IP",
        ] {
            assert!(list_contacts(&hub, none).await.is_empty(), "{none}");
        }
        let conversations = get(&hub, "/api/listener/conversations?buscar=gomez").await;
        assert_eq!(
            conversations["conversaciones"][0]["nombre"],
            "Ana María Gómez"
        );
        lead(&hub, &peer, "3A02", &format!("{LEO}@c.us"), "BAJA").await;
        let contact = get(&hub, &format!("/api/contacts/{LEO}")).await;
        assert_eq!(
            (&contact["baja"], &contact["desde_baja"]["origen"]),
            (&json!(true), &json!("mensaje"))
        );
        let (status, file) = hub.get("/api/contacts.csv").await;
        assert_eq!(status, 200);
        let lines: Vec<_> = file.trim_start_matches('\u{feff}').lines().collect();
        assert_eq!(
            lines[0],
            "telefono;nombre;nombre_whatsapp;etiquetas;nota;baja;ultimo_mensaje"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("5491158254202;;anita;;;si;20")),
            "{file}"
        );
        assert!(
            lines
                .iter()
                .any(|line| line.starts_with("5491158254201;Ana María Gómez;;alquiler, VIP;;;")),
            "{file}"
        );
        hub.stop().await;
    }

    async fn invalid_contacts_are_rejected(database: Database) {
        let (_peer, hub) = start(&database.url()).await;
        let path = format!("/api/contacts/{ANA}");
        for (method, path, body) in [
            ("GET", path.clone(), None),
            ("DELETE", path.clone(), None),
            ("POST", format!("{path}/join"), Some(json!({"con": LEO}))),
        ] {
            let (status, body) = ask(&hub, method, &path, body.as_ref()).await;
            assert_eq!(
                (status, &body["code"]),
                (404, &json!("CONTACT_NOT_FOUND")),
                "{method} {path}"
            );
        }
        let (status, body) = ask(
            &hub,
            "POST",
            &format!("{path}/part"),
            Some(&json!({"direccion": LEO})),
        )
        .await;
        assert_eq!((status, &body["code"]), (409, &json!("CONTACT_NOT_JOINED")));
        for (path, body) in [
            ("/api/contacts/hola".to_owned(), json!({"nombre": "x"})),
            (path.clone(), json!({"nombre": "x".repeat(201)})),
            (path.clone(), json!({"nota": "x".repeat(4001)})),
            (path.clone(), json!({"nota": "x\0"})),
            (path.clone(), json!({"etiquetas": ["x".repeat(51)]})),
            (
                path.clone(),
                json!({"etiquetas": (0..21).map(|n| n.to_string()).collect::<Vec<_>>()}),
            ),
            (path.clone(), json!({"etiquetas": "vip"})),
            (path.clone(), json!({"cliente_id": 0})),
        ] {
            let (status, answer) = ask(&hub, "PUT", &path, Some(&body)).await;
            assert_eq!(
                (status, &answer["code"]),
                (400, &json!("INVALID_REQUEST")),
                "{path}"
            );
        }
        for query in ["limite=0", "limite=501", "antes=x", "cliente_id=0"] {
            assert_eq!(
                hub.get(&format!("/api/contacts?{query}")).await.0,
                400,
                "{query}"
            );
        }
        let long = format!("/api/contacts?buscar={}", "a".repeat(201));
        assert_eq!(code(&hub.get(&long).await.1), "INVALID_REQUEST");
        // A new contact is created by hand.
        update_contact(&hub, ANA, json!({"nombre": "Ana"})).await;
        assert_eq!(list_contacts(&hub, "").await, [ANA]);
        hub.stop().await;
    }

    async fn contacts_are_merged_by_hand_and_split_again(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        send(&hub, ANA, "a Ana", Some(51)).await;
        send(&hub, LEO, "a Leo", Some(52)).await;
        lead(&hub, &peer, "3A01", &format!("{LEO}@c.us"), "de Leo").await;
        update_contact(&hub, ANA, json!({"nombre": "Ana", "nota": "uno"})).await;
        update_contact(
            &hub,
            LEO,
            json!({"nombre": "Leo", "nota": "dos", "etiquetas": ["vip"]}),
        )
        .await;
        let body = json!({"telefono": LEO});
        assert_eq!(
            ask(&hub, "POST", "/api/sender/bajas", Some(&body)).await.0,
            201
        );
        let join = |of: &str| format!("/api/contacts/{of}/join");
        let (status, contact) = ask(&hub, "POST", &join(ANA), Some(&json!({"con": LEO}))).await;
        assert_eq!(
            (status, &contact["telefono"]),
            (200, &json!(ANA)),
            "{contact}"
        );
        assert_eq!(texts(&contact), ["de Leo", "a Leo", "a Ana"]);
        assert_eq!(
            (&contact["nombre"], &contact["nota"], &contact["etiquetas"]),
            (&json!("Ana"), &json!("uno\ndos"), &json!(["vip"]))
        );
        assert_eq!(
            (
                &contact["baja"],
                contact["direcciones"].as_array().unwrap().len()
            ),
            (&json!(true), 2)
        );
        assert_eq!(contact["uniones"][0]["fuente"], "hand");
        assert_eq!(list_contacts(&hub, "").await, [ANA]);
        assert_eq!(
            (
                list_conversations(&hub, "").await,
                unread_count(&hub, ANA).await
            ),
            (vec![ANA.to_owned()], 1)
        );
        for (cliente, texts_of) in [(51, vec!["a Ana"]), (52, vec!["de Leo", "a Leo"])] {
            let contact = get(&hub, &format!("/api/contacts/{LEO}?cliente_id={cliente}")).await;
            assert_eq!(texts(&contact), texts_of, "{contact}");
        }
        let (status, repeated) = ask(&hub, "POST", &join(LEO), Some(&json!({"con": ANA}))).await;
        assert_eq!(
            (status, &repeated["code"]),
            (409, &json!("CONTACT_ALREADY_JOINED"))
        );
        // Later data of either contact belongs to the merged one.
        send(&hub, "5491158254203", "otro", None).await;
        let (_, two) = ask(
            &hub,
            "POST",
            &join(ANA),
            Some(&json!({"con": "5491158254203"})),
        )
        .await;
        assert_eq!(two["direcciones"].as_array().unwrap().len(), 3);
        let part = format!("/api/contacts/{ANA}/part");
        let (status, refusal) = ask(&hub, "POST", &part, Some(&json!({"direccion": ANA}))).await;
        assert_eq!(
            (status, &refusal["code"]),
            (409, &json!("CONTACT_MAIN_ADDRESS"))
        );
        for leaving in ["5491158254203", LEO] {
            let (status, body) =
                ask(&hub, "POST", &part, Some(&json!({"direccion": leaving}))).await;
            assert_eq!(status, 200, "{body}");
        }
        let (ana, leo) = (
            get(&hub, &format!("/api/contacts/{ANA}")).await,
            get(&hub, &format!("/api/contacts/{LEO}")).await,
        );
        assert_eq!(
            (texts(&ana), texts(&leo)),
            (vec!["a Ana"], vec!["de Leo", "a Leo"])
        );
        assert!(
            ana["uniones"]
                .as_array()
                .unwrap()
                .iter()
                .all(|merge| merge["deshecha"] != Value::Null),
            "{ana}"
        );
        let with = list_conversations(&hub, "").await;
        assert!(
            with.len() == 3 && with.contains(&LEO.to_owned()),
            "{with:?}"
        );
        assert_eq!(list_conversations(&hub, "cliente_id=52").await, [LEO]);
        assert_eq!(
            (unread_count(&hub, ANA).await, unread_count(&hub, LEO).await),
            (0, 1)
        );
        // The opt-out must be honored, so it stays with both contacts.
        assert_eq!((&ana["baja"], &leo["baja"]), (&json!(true), &json!(true)));
        assert_eq!(list_contacts(&hub, "").await.len(), 3);
        assert_eq!(list_contacts(&hub, "cliente_id=52").await, [LEO]);
        assert_eq!(list_contacts(&hub, "cliente_id=51").await, [ANA]);
        // Later messages belong to the contact who sends them.
        lead(&hub, &peer, "3A02", &format!("{LEO}@c.us"), "otra vez").await;
        assert_eq!(
            texts(&get(&hub, &format!("/api/contacts/{LEO}")).await)[0],
            "otra vez"
        );
        hub.stop().await;
    }

    async fn undone_merge_returns_names_tags_and_notes(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        lead(&hub, &peer, "3A01", &format!("{LEO}@c.us"), "de Leo").await;
        update_contact(
            &hub,
            ANA,
            json!({"etiquetas": ["vip", "casa"], "nota": "uno"}),
        )
        .await;
        update_contact(
            &hub,
            LEO,
            json!({"nombre": "Leo", "nota": "dos", "etiquetas": ["vip", "alquiler"]}),
        )
        .await;
        update_contact(
            &hub,
            LEO,
            json!({"nombre": "Leo de 52", "nota": "solo 52", "cliente_id": 52}),
        )
        .await;
        update_contact(&hub, LEO, json!({"nota": "solo 51", "cliente_id": 51})).await;
        let join = |con: &str| json!({"con": con});
        let (join_path, part_path) = (
            format!("/api/contacts/{ANA}/join"),
            format!("/api/contacts/{ANA}/part"),
        );
        let (status, contact) = ask(&hub, "POST", &join_path, Some(&join(LEO))).await;
        assert_eq!(
            (status, &contact["nombre"], &contact["nota"]),
            (200, &json!("Leo"), &json!("uno\ndos")),
            "{contact}"
        );
        // A third contact is merged, and what a user changes meanwhile stays.
        update_contact(
            &hub,
            "5491158254203",
            json!({"nombre": "Eva", "etiquetas": ["eva"]}),
        )
        .await;
        assert_eq!(
            ask(&hub, "POST", &join_path, Some(&join("5491158254203")))
                .await
                .0,
            200
        );
        update_contact(&hub, ANA, json!({"nota": "uno, dos y tres"})).await;
        // A business that deletes its data does not get them back.
        let (status, _) = ask(
            &hub,
            "DELETE",
            &format!("/api/contacts/{ANA}?cliente_id=51"),
            None,
        )
        .await;
        assert_eq!(status, 200);
        let (status, ana) = ask(&hub, "POST", &part_path, Some(&json!({"direccion": LEO}))).await;
        assert_eq!(status, 200, "{ana}");
        // Eva's name would have been used if Leo's name had not been there first.
        assert_eq!(
            (&ana["nombre"], &ana["nota"]),
            (&json!("Eva"), &json!("uno, dos y tres")),
            "{ana}"
        );
        assert_eq!(ana["etiquetas"], json!(["vip", "casa", "eva"]), "{ana}");
        assert_eq!(
            (&ana["nombre_whatsapp"], &ana["negocios"]),
            (&Value::Null, &json!([])),
            "{ana}"
        );
        let leo = get(&hub, &format!("/api/contacts/{LEO}")).await;
        assert_eq!(
            (&leo["nombre"], &leo["nota"], &leo["nombre_whatsapp"]),
            (&json!("Leo"), &json!("dos"), &json!("anita")),
            "{leo}"
        );
        assert_eq!(leo["etiquetas"], json!(["vip", "alquiler"]), "{leo}");
        assert_eq!(
            leo["negocios"],
            json!([{"cliente_id": 52, "nombre": "Leo de 52", "etiquetas": [], "nota": "solo 52"}]),
            "{leo}"
        );
        assert_eq!(list_contacts(&hub, "cliente_id=52").await, [LEO]);
        assert!(
            !list_contacts(&hub, "cliente_id=51")
                .await
                .contains(&ANA.to_owned())
        );
        assert_eq!(list_contacts(&hub, "buscar=alquiler").await, [LEO]);
        // After the third contact is split off, the first is as it was before as well.
        assert_eq!(
            ask(
                &hub,
                "POST",
                &part_path,
                Some(&json!({"direccion": "5491158254203"}))
            )
            .await
            .0,
            200
        );
        let ana = get(&hub, &format!("/api/contacts/{ANA}")).await;
        assert_eq!(
            (&ana["nombre"], &ana["etiquetas"]),
            (&Value::Null, &json!(["vip", "casa"])),
            "{ana}"
        );
        let eva = get(&hub, "/api/contacts/5491158254203").await;
        assert_eq!(
            (&eva["nombre"], &eva["etiquetas"]),
            (&json!("Eva"), &json!(["eva"])),
            "{eva}"
        );
        // No state of a merge is left.
        let remaining = "SELECT COUNT(*) FROM person_joinings WHERE kept IS NOT NULL";
        let remaining: i64 = sqlx::query_scalar(remaining)
            .fetch_one(hub.store.reader())
            .await
            .unwrap();
        assert_eq!(remaining, 0);
        hub.stop().await;
    }

    async fn undone_merge_returns_the_recipient_that_was_taken_out(database: Database) {
        let (_peer, hub) = start(&database.url()).await;
        let campaign = json!({"nombre": "Marzo", "mensaje": "Hola {nombre}", "cliente_id": 51});
        let (_, campaign) = ask(&hub, "POST", "/api/sender/campaigns", Some(&campaign)).await;
        let path = format!("/api/sender/campaigns/{}", campaign["id"]);
        let list = "telefono;nombre\n5491158254201;Ana\n5491158254202;Leo\n";
        assert_eq!(
            text(
                hub.http
                    .post(hub.url(&format!("{path}/recipients")))
                    .body(list)
            )
            .await
            .0,
            201
        );
        update_contact(&hub, ANA, json!({"nombre": "Ana"})).await;
        update_contact(&hub, LEO, json!({"nombre": "Leo"})).await;
        let states = async || {
            let list = get(&hub, &format!("{path}/recipients")).await;
            let recipients = list["destinatarios"].as_array().unwrap().iter();
            recipients
                .map(|row| {
                    (
                        row["destinatario"].as_str().unwrap().to_owned(),
                        row["estado"].as_str().unwrap().to_owned(),
                    )
                })
                .collect::<Vec<_>>()
        };
        let expected = |second: &str| {
            vec![
                (ANA.to_owned(), "pendiente".to_owned()),
                (LEO.to_owned(), second.to_owned()),
            ]
        };
        for _ in 0..2 {
            let (status, _) = ask(
                &hub,
                "POST",
                &format!("/api/contacts/{ANA}/join"),
                Some(&json!({"con": LEO})),
            )
            .await;
            assert_eq!((status, states().await), (200, expected("omitido")));
            let (status, _) = ask(
                &hub,
                "POST",
                &format!("/api/contacts/{ANA}/part"),
                Some(&json!({"direccion": LEO})),
            )
            .await;
            assert_eq!((status, states().await), (200, expected("pendiente")));
        }
        let stats = get(&hub, &format!("{path}/stats")).await;
        assert_eq!(
            (&stats["pendientes"], &stats["omitidos"]),
            (&json!(2), &json!(0)),
            "{stats}"
        );
        hub.stop().await;
    }

    async fn undone_merge_returns_what_came_by_a_lid(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        let of_leo = |id: &str, body: &str| {
            let mut event = message(&format!("false_{LID}_{id}"), LID, body);
            event["phone"] = json!(LEO);
            event["lid"] = json!(LID);
            event
        };
        wait_until_read(&hub, peer.publish("message", &of_leo("3A01", "por el LID"))).await;
        send(&hub, LEO, "a Leo", Some(52)).await;
        send(&hub, ANA, "a Ana", Some(51)).await;
        let join = json!({"con": LEO});
        let part = format!("/api/contacts/{ANA}/part");
        // The contact can be split off by any of the addresses that came with it.
        for (round, leaving) in [LEO, LID].into_iter().enumerate() {
            let (status, contact) = ask(
                &hub,
                "POST",
                &format!("/api/contacts/{ANA}/join"),
                Some(&join),
            )
            .await;
            assert_eq!(
                (status, contact["direcciones"].as_array().unwrap().len()),
                (200, 3),
                "{contact}"
            );
            let body = json!({"direccion": leaving});
            let (status, ana) = ask(&hub, "POST", &part, Some(&body)).await;
            assert_eq!((status, texts(&ana)), (200, vec!["a Ana"]), "{ana}");
            for id in [LEO, LID] {
                let leo = get(&hub, &format!("/api/contacts/{id}")).await;
                assert_eq!(leo["telefono"], LEO, "{leo}");
                assert_eq!(leo["direcciones"].as_array().unwrap().len(), 2, "{leo}");
                let mut all = texts(&leo);
                all.sort_unstable();
                assert_eq!(all.len(), 2 + round, "{leo}");
                assert!(
                    all.contains(&"por el LID") && all.contains(&"a Leo"),
                    "{leo}"
                );
            }
            assert_eq!(list_conversations(&hub, "cliente_id=51").await, [ANA]);
            assert!(
                ana["uniones"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .all(|merge| merge["deshecha"] != Value::Null),
                "{ana}"
            );
            // The next message belongs to Leo.
            let next = of_leo(&format!("3B0{round}"), "otra vez");
            wait_until_read(&hub, peer.publish("message", &next)).await;
            assert_eq!(
                texts(&get(&hub, &format!("/api/contacts/{LEO}")).await)[0],
                "otra vez"
            );
            assert_eq!(
                texts(&get(&hub, &format!("/api/contacts/{ANA}")).await),
                ["a Ana"]
            );
        }
        hub.stop().await;
    }

    async fn contact_lists_its_campaigns_under_any_address(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        create_campaign(&hub, "Marzo", Some(51), &["541158254201", LID]).await;
        create_campaign(&hub, "Abril", Some(51), &[LID]).await;
        create_campaign(&hub, "Mayo", Some(52), &[ANA]).await;
        create_campaign(&hub, "Junio", Some(51), &[LEO]).await;
        let mut event = message(&format!("false_{LID}_3A01"), LID, "hola");
        (event["phone"], event["lid"]) = (json!(ANA), json!(LID));
        wait_until_read(&hub, peer.publish("message", &event)).await;
        for cliente in [51, 52, 53] {
            update_contact(&hub, ANA, json!({"nombre": "Ana", "cliente_id": cliente})).await;
        }
        // The LID and the number turned out to be one recipient of "Marzo".
        for address in [ANA, "541158254201"] {
            assert_eq!(
                campaigns_of(&hub, &format!("{address}?cliente_id=51")).await,
                ["Abril pendiente", "Marzo pendiente"],
                "{address}"
            );
        }
        // Another business sees only its own campaigns.
        assert_eq!(
            campaigns_of(&hub, &format!("{ANA}?cliente_id=52")).await,
            ["Mayo pendiente"]
        );
        assert!(
            campaigns_of(&hub, &format!("{ANA}?cliente_id=53"))
                .await
                .is_empty()
        );
        assert_eq!(
            campaigns_of(&hub, LID).await,
            ["Mayo pendiente", "Abril pendiente", "Marzo pendiente"]
        );
        // Only the newest are listed.
        for name in ["Julio", "Agosto", "Octubre"] {
            create_campaign(&hub, name, None, &[ANA]).await;
        }
        assert_eq!(
            campaigns_of(&hub, ANA).await,
            [
                "Octubre pendiente",
                "Agosto pendiente",
                "Julio pendiente",
                "Mayo pendiente",
                "Abril pendiente"
            ]
        );
        hub.stop().await;
    }

    async fn merged_lid_is_identified_by_its_number(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        lead(&hub, &peer, "3A01", LID, "BAJA").await;
        send(&hub, ANA, "a Ana", None).await;
        let path = format!("/api/contacts/{LID}/join");
        let (status, contact) = ask(&hub, "POST", &path, Some(&json!({"con": ANA}))).await;
        assert_eq!(
            (status, &contact["telefono"], &contact["baja"]),
            (200, &json!(ANA), &json!(true)),
            "{contact}"
        );
        let send_body = json!({"to": ANA, "message": "Promo"});
        assert_eq!(
            ask(&hub, "POST", "/api/send", Some(&send_body)).await.1["code"],
            "OPTED_OUT"
        );
        let (status, _) = ask(
            &hub,
            "POST",
            &format!("/api/contacts/{ANA}/part"),
            Some(&json!({"direccion": LID})),
        )
        .await;
        assert_eq!(status, 200);
        assert_eq!(
            texts(&get(&hub, &format!("/api/contacts/{LID}")).await),
            ["BAJA"]
        );
        hub.stop().await;
    }

    async fn deleted_contact_keeps_only_its_opt_out(database: Database) {
        let (peer, hub) = start(&database.url()).await;
        peer.set_response(&chat_records(ANA), 200, r#"{"deleted":4,"unsettled":0}"#);
        let campaign = json!({"nombre": "Marzo", "mensaje": "Hola {nombre}", "cliente_id": 51});
        let (_, campaign) = ask(&hub, "POST", "/api/sender/campaigns", Some(&campaign)).await;
        let recipients = format!("/api/sender/campaigns/{}/recipients", campaign["id"]);
        let list = "telefono;nombre\n5491158254201;Ana\n5491158254202;Leo\n+54 9 11 5825-4201;Ana\n11 5825-4202;Leo\n";
        assert_eq!(
            text(hub.http.post(hub.url(&recipients)).body(list)).await.0,
            201
        );
        for (to, cliente) in [(ANA, 51), (ANA, 52), (LEO, 51)] {
            send(&hub, to, "secreto", Some(cliente)).await;
        }
        lead(&hub, &peer, "3A01", &format!("{ANA}@c.us"), "otro secreto").await;
        update_contact(&hub, ANA, json!({"nombre": "Ana Secreta"})).await;
        // One business has no data any more; the other still has.
        let (status, deletion) = ask(
            &hub,
            "DELETE",
            &format!("/api/contacts/{ANA}?cliente_id=51"),
            None,
        )
        .await;
        assert_eq!(
            (status, &deletion["mensajes"], &deletion["destinatarios"]),
            (200, &json!(1), &json!(1)),
            "{deletion}"
        );
        // As long as the other business has data, session-manager keeps its own.
        assert!(
            peer.requests()
                .iter()
                .all(|request| request.method != "DELETE")
        );
        assert!(
            !list_contacts(&hub, "cliente_id=51")
                .await
                .contains(&ANA.to_owned())
        );
        assert_eq!(list_contacts(&hub, "cliente_id=52").await, [ANA]);
        assert_eq!(
            (
                list_conversations(&hub, "cliente_id=51").await,
                list_conversations(&hub, "cliente_id=52").await
            ),
            (vec![LEO.to_owned()], vec![ANA.to_owned()])
        );
        assert_eq!(unread_count(&hub, ANA).await, 1);
        let stats = get(
            &hub,
            &format!("/api/sender/campaigns/{}/stats", campaign["id"]),
        )
        .await;
        assert_eq!(stats["pendientes"], 1, "{stats}");
        lead(&hub, &peer, "3A02", &format!("{ANA}@c.us"), "BAJA").await;
        let (status, deletion) = ask(&hub, "DELETE", &format!("/api/contacts/{ANA}"), None).await;
        assert_eq!(
            (
                status,
                &deletion["baja_conservada"],
                &deletion["sesion_pendiente"]
            ),
            (200, &json!(true), &json!(false)),
            "{deletion}"
        );
        assert_eq!(list_contacts(&hub, "").await, [LEO]);
        assert_eq!(list_conversations(&hub, "").await, [LEO]);
        let inbox = get(&hub, "/api/listener/inbox").await;
        assert_eq!(
            (&inbox["sin_responder"], &inbox["sin_leer"]),
            (&json!(0), &json!(0)),
            "{inbox}"
        );
        for path in [
            "/api/sender/messages?direccion=todas&buscar=secreto",
            "/api/sender/messages?direccion=todas&buscar=otro",
        ] {
            let remaining = get(&hub, path).await;
            let remaining = remaining["mensajes"].as_array().unwrap().iter();
            assert!(
                remaining
                    .clone()
                    .all(|message| message["destinatario"] == LEO),
                "{path}"
            );
        }
        assert!(
            get(&hub, &format!("/api/listener/history/{ANA}")).await["mensajes"]
                .as_array()
                .unwrap()
                .is_empty()
        );
        assert!(list_contacts(&hub, "buscar=secreta").await.is_empty());
        // A dump of the whole database contains neither address.
        let mut dump = Vec::new();
        central_hub::store::dump::export(&hub.store, &mut dump)
            .await
            .unwrap();
        let dump = String::from_utf8(dump).unwrap();
        let lines: Vec<_> = dump.lines().filter(|line| line.contains(ANA)).collect();
        assert!(
            lines.iter().all(|line| line.contains("\"opt_outs\"")),
            "{lines:?}"
        );
        assert!(!dump.contains("Secreta") && !dump.contains("otro secreto"));
        // Refused lines of lists do not contain them either.
        let cells = "SELECT cell FROM import_refusals ORDER BY line";
        let cells: Vec<String> = sqlx::query_scalar(cells)
            .fetch_all(hub.store.reader())
            .await
            .unwrap();
        assert_eq!(cells, ["", LEO]);
        let second_send = json!({"to": ANA, "message": "Promo"});
        assert_eq!(
            ask(&hub, "POST", "/api/send", Some(&second_send)).await.1["code"],
            "OPTED_OUT"
        );
        hub.stop().await;
    }

    async fn session_manager_eventually_deletes_the_records_of_a_contact(database: Database) {
        let (mut peer, hub) = start(&database.url()).await;
        let mut event = message(&format!("false_{LID}_3A01"), LID, "hola");
        (event["phone"], event["lid"]) = (json!(ANA), json!(LID));
        wait_until_read(&hub, peer.publish("message", &event)).await;
        send(&hub, LEO, "a Leo", Some(52)).await;
        peer.stop_listening().await;
        let (status, deletion) = ask(&hub, "DELETE", &format!("/api/contacts/{ANA}"), None).await;
        assert_eq!(
            (status, &deletion["sesion_pendiente"]),
            (200, &json!(true)),
            "{deletion}"
        );
        peer.listen_again().await;
        // session-manager is asked again until everything that was sent is settled.
        for address in [format!("{ANA}@c.us"), LID.to_owned()] {
            let path = format!("/chats/{address}/messages");
            peer.set_response(&path, 200, r#"{"deleted":1,"unsettled":1}"#);
        }
        let deletion_count = |address: &str| {
            let path = format!("/chats/{address}/messages");
            let deletion_count = peer.requests().into_iter();
            deletion_count
                .filter(|request| request.method == "DELETE" && request.path == path)
                .count()
        };
        let queued = async || {
            let statement = "SELECT COUNT(*) FROM chat_deletions";
            sqlx::query_scalar::<_, i64>(statement)
                .fetch_one(hub.store.reader())
                .await
                .unwrap()
        };
        let due = async || {
            sqlx::query("UPDATE chat_deletions SET due_at = 0")
                .execute(hub.store.writer())
                .await
                .unwrap();
        };
        assert_eq!(queued().await, 2);
        due().await;
        let number = format!("{ANA}@c.us");
        wait_until("the deletion request to session-manager", async || {
            deletion_count(&number) == 1 && deletion_count(LID) == 1
        })
        .await;
        assert_eq!(queued().await, 2);
        for address in [&*number, LID] {
            let path = format!("/chats/{address}/messages");
            peer.set_response(&path, 200, r#"{"deleted":1,"unsettled":0}"#);
        }
        due().await;
        wait_until("session-manager to delete the records", async || {
            queued().await == 0
        })
        .await;
        // The deletion for one business includes session-manager once no other business has data.
        peer.set_response(&chat_records(LEO), 200, r#"{"deleted":1,"unsettled":0}"#);
        let path = format!("/api/contacts/{LEO}?cliente_id=52");
        let (status, deletion) = ask(&hub, "DELETE", &path, None).await;
        assert_eq!(
            (status, &deletion["sesion_pendiente"]),
            (200, &json!(false)),
            "{deletion}"
        );
        assert_eq!(deletion_count(&format!("{LEO}@c.us")), 1);
        hub.stop().await;
    }
}

#[tokio::test]
async fn contacts_are_visible_only_to_their_business() {
    let (_peer, hub) = start_with_password().await;
    let (ana, luis) = (
        hub.add_cliente("ana", 51).await,
        hub.add_cliente("luis", 52).await,
    );
    let path = format!("/api/contacts/{ANA}");
    let (status, _) = hub
        .call_as(
            &ana,
            "PUT",
            &path,
            json!({"nombre": "Ana", "nota": "la de 51"}),
        )
        .await;
    assert_eq!(status, 200);
    // Another business can neither see, change nor delete the contact.
    let (status, body) = hub.call_as(&luis, "GET", &path, json!(null)).await;
    assert_eq!((status, &body["code"]), (404, &json!("CONTACT_NOT_FOUND")));
    assert_eq!(hub.call_as(&luis, "DELETE", &path, json!({})).await.0, 404);
    let (_, list) = hub
        .call_as(&luis, "GET", "/api/contacts", json!(null))
        .await;
    assert_eq!(list["contactos"], json!([]));
    for (method, path, body) in [
        ("GET", "/api/contacts?cliente_id=51".to_owned(), json!(null)),
        ("GET", format!("{path}?cliente_id=51"), json!(null)),
        (
            "GET",
            "/api/contacts.csv?cliente_id=51".to_owned(),
            json!(null),
        ),
        (
            "PUT",
            path.clone(),
            json!({"nombre": "x", "cliente_id": 51}),
        ),
        ("DELETE", format!("{path}?cliente_id=51"), json!({})),
        ("POST", format!("{path}/join"), json!({"con": LEO})),
        ("POST", format!("{path}/part"), json!({"direccion": LEO})),
    ] {
        let (status, body) = hub.call_as(&luis, method, &path, body).await;
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("FORBIDDEN")),
            "{method} {path}"
        );
    }
    // Each business has its own note; an administrator sees both.
    let (_, body) = hub
        .call_as(
            &luis,
            "PUT",
            &path,
            json!({"nombre": "Anita", "nota": "la de 52"}),
        )
        .await;
    assert_eq!(
        (&body["nombre"], &body["negocios"]),
        (&json!("Anita"), &json!([]))
    );
    let (_, body) = hub.call_as(&ana, "GET", &path, json!(null)).await;
    assert_eq!(
        (&body["nombre"], &body["nota"]),
        (&json!("Ana"), &json!("la de 51"))
    );
    assert_eq!(body["direcciones"], json!([]));
    let (_, body) = hub.call_as(&admin_auth(), "GET", &path, json!(null)).await;
    assert_eq!(body["negocios"].as_array().unwrap().len(), 2, "{body}");
    assert_eq!(body["nota"], Value::Null);
    // A contact that one business deleted still belongs to the other.
    assert_eq!(hub.call_as(&ana, "DELETE", &path, json!({})).await.0, 200);
    assert_eq!(hub.call_as(&ana, "GET", &path, json!(null)).await.0, 404);
    assert_eq!(
        hub.call_as(&luis, "GET", &path, json!(null)).await.1["nota"],
        "la de 52"
    );
    hub.stop().await;
}
