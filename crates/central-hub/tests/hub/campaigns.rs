//! Tests of campaigns over HTTP, from the upload to the end, on both database engines.

use std::collections::HashSet;
use std::time::Duration;

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, get, text, wait_until};

const REHEARSAL: &[(&str, &str)] = &[("AUTO_CAMPAIGNS_ENABLED", "true")];
const REAL: &[(&str, &str)] = &[("AUTO_CAMPAIGNS_ENABLED", "true"), ("DRY_RUN", "false")];
const CAMPAIGNS: &str = "/api/sender/campaigns";

async fn ready() -> FakeSessionManager {
    let peer = FakeSessionManager::start().await;
    peer.set_state("READY");
    peer.accept_sends();
    peer
}

async fn post(hub: &Hub, path: &str, body: &Value) -> (u16, Value) {
    ask(hub, "POST", path, Some(body)).await
}

/// Posts without a body, like curl.
async fn post_empty(hub: &Hub, path: &str) -> (u16, Value) {
    ask(hub, "POST", path, None).await
}

async fn upload(hub: &Hub, id: i64, query: &str, list: impl Into<reqwest::Body>) -> (u16, Value) {
    let path = format!("{CAMPAIGNS}/{id}/recipients{query}");
    let request = hub.http.post(hub.url(&path)).body(list.into());
    // Long enough for a busy machine.
    let request = request.timeout(Duration::from_secs(300));
    let (status, body) = text(request.header("content-type", "text/csv")).await;
    (status, serde_json::from_str(&body).unwrap())
}

fn number(body: &Value, field: &str) -> i64 {
    body[field]
        .as_i64()
        .unwrap_or_else(|| panic!("{field} in {body}"))
}

async fn create(hub: &Hub, body: &Value) -> i64 {
    let (status, body) = post(hub, CAMPAIGNS, body).await;
    assert_eq!(status, 201, "{body}");
    number(&body, "id")
}

fn campaign_body(text: &str) -> Value {
    json!({"nombre": "Marzo", "mensaje": text, "cliente_id": 51, "pausa_min_s": 0, "pausa_max_s": 0})
}

fn csv(count: usize) -> String {
    let line = |n| format!("54911{n:08};Ana {n}\r\n");
    std::iter::once("Teléfono;Nombre\r\n".to_owned())
        .chain((1..=count).map(line))
        .collect()
}

async fn get_campaign(hub: &Hub, id: i64) -> Value {
    get(hub, &format!("{CAMPAIGNS}/{id}")).await
}

async fn wait_for_estado(hub: &Hub, id: i64, estado: &str) {
    wait_until(estado, async || {
        get_campaign(hub, id).await["estado"] == estado
    })
    .await;
}

on_both_engines! {
    async fn approval_preview_counts_messages_and_duration(database: Database) {
        let peer = ready().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REHEARSAL).await;
        let id = create(&hub, &campaign_body("Hola {nombre}")).await;
        upload(&hub, id, "", csv(4)).await;
        let review =
            async || get(&hub, &format!("{CAMPAIGNS}/{id}/stats")).await["revision"].clone();
        let first = review().await;
        assert_eq!(
            (&first["pidieron_baja"], &first["sin_horario"]),
            (&json!(0), &json!(true))
        );
        let out = json!({"telefono": "5491100000001"});
        assert_eq!(post(&hub, "/api/sender/bajas", &out).await.0, 201);
        let schedule = json!({
            "campania_id": id, "dias_semana": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
            "hora_inicio": "00:00", "hora_fin": "24:00", "cupo_diario": 1,
        });
        let (status, schedule) = post(&hub, "/api/sender/programaciones", &schedule).await;
        assert_eq!(status, 201, "{schedule}");
        // Three recipients remain, one per day from today on; a pending schedule
        // counts as well.
        let second = review().await;
        assert_eq!(
            (&second["pidieron_baja"], &second["sin_horario"]),
            (&json!(1), &json!(false))
        );
        let end: jiff::Timestamp = second["termina"].as_str().unwrap().parse().unwrap();
        let days = end.duration_since(jiff::Timestamp::now()).as_secs_f64() / 86_400.0;
        assert!(days > 1.0 && days <= 2.0, "{days}");
        post_empty(
            &hub,
            &format!("/api/sender/programaciones/{}/approve", schedule["id"]),
        )
        .await;
        post_empty(&hub, &format!("{CAMPAIGNS}/{id}/approve")).await;
        // The dry run is over. The copy would leave out both opted-out recipients, the
        // second of whom opted out since.
        wait_for_estado(&hub, id, "finalizado").await;
        let out = json!({"telefono": "5491100000002"});
        assert_eq!(post(&hub, "/api/sender/bajas", &out).await.0, 201);
        assert_eq!(review().await["pidieron_baja"], 2);
        hub.stop().await;
    }

    async fn dry_run_campaign_runs_from_upload_to_completion(database: Database) {
        let peer = ready().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REHEARSAL).await;
        let mut events = hub.events().await;
        let hook = json!({"url": "http://nobody.invalid/", "eventos": ["campaign"]});
        let (status, hook) = post(&hub, "/api/webhooks", &hook).await;
        assert_eq!(status, 201, "{hook}");
        let id = create(&hub, &campaign_body("Hola {nombre}, {{oferta}}")).await;
        let (status, report) = upload(&hub, id, "", csv(300)).await;
        assert_eq!(status, 201, "{report}");
        assert_eq!(
            (number(&report, "aceptados"), number(&report, "rechazados")),
            (300, 0)
        );
        assert_eq!(report["estado"], "completa");
        let (status, body) = post(
            &hub,
            "/api/sender/programaciones",
            &json!({
                "campania_id": id, "dias_semana": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                "hora_inicio": "09:00", "hora_fin": "18:00", "cupo_diario": 100,
            }),
        )
        .await;
        assert_eq!(
            (status, &body["estado"]),
            (201, &json!("pendiente")),
            "{body}"
        );
        assert_eq!(
            (&body["pausa_min_s"], &body["pausa_max_s"]),
            (&json!(30), &json!(90))
        );
        let path = format!("/api/sender/programaciones/{}/approve", body["id"]);
        assert_eq!(post_empty(&hub, &path).await.1["estado"], "aprobada");
        let (status, approved) = post_empty(&hub, &format!("{CAMPAIGNS}/{id}/approve")).await;
        assert_eq!(
            (status, &approved["estado"], &approved["simulacion"]),
            (200, &json!("en_progreso"), &json!(true))
        );
        wait_for_estado(&hub, id, "finalizado").await;
        let stats = get(&hub, &format!("{CAMPAIGNS}/{id}/stats")).await;
        assert_eq!(
            (number(&stats, "simulados"), number(&stats, "pendientes")),
            (300, 0)
        );
        assert!(
            (3..=4).contains(&stats["por_dia"].as_array().unwrap().len()),
            "{stats}"
        );
        assert!(stats["previsto_inicio"].as_str() < stats["previsto_fin"].as_str());
        // The simulated plan, page by page.
        let mut next = json!(0);
        let mut seen_count = 0;
        while !next.is_null() {
            let page = get(
                &hub,
                &format!("{CAMPAIGNS}/{id}/recipients?limite=90&despues={next}"),
            )
            .await;
            for person in page["destinatarios"].as_array().unwrap() {
                seen_count += 1;
                assert_eq!(person["estado"], "simulado");
                assert_eq!(
                    person["texto"],
                    format!("Hola Ana {seen_count}, {{oferta}}")
                );
                assert!(person["previsto"].is_string());
            }
            next = page["siguiente"].clone();
        }
        assert_eq!(seen_count, 300);
        assert!(peer.sends().is_empty(), "a dry run must send nothing");
        loop {
            let event = events.next_named("campaign").await;
            if event["id"] == id && event["estado"] == "finalizado" {
                assert_eq!(number(&event, "simulados"), 300);
                break;
            }
        }
        let deliveries = hub
            .store
            .deliveries(hook["id"].as_i64().unwrap(), None, None, 10)
            .await
            .unwrap();
        let deliveries: Vec<Value> = deliveries
            .iter()
            .map(|delivery| serde_json::from_str(&delivery.payload).unwrap())
            .collect();
        let states: Vec<_> = deliveries
            .iter()
            .map(|delivery| delivery["data"]["estado"].as_str().unwrap())
            .collect();
        assert_eq!(states, ["finalizado", "en_progreso"], "deliveries must be newest first");
        assert_eq!(
            (
                &deliveries[0]["data"]["id"],
                &deliveries[0]["data"]["dry_run"]
            ),
            (&json!(id), &json!(true))
        );
        let (status, copy) = post(
            &hub,
            &format!("{CAMPAIGNS}/{id}/copy"),
            &json!({"nombre": "De verdad"}),
        )
        .await;
        assert_eq!(
            (status, &copy["estado"], number(&copy, "pendientes")),
            (201, &json!("pendiente"), 300)
        );
        hub.stop().await;
    }

    async fn real_campaign_handles_a_failure_and_an_opt_out(database: Database) {
        let peer = ready().await;
        peer.fail_next_send(404, "NOT_ON_WHATSAPP");
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        let id = create(&hub, &campaign_body("Hola {nombre}")).await;
        upload(&hub, id, "", csv(40)).await;
        let (status, _) = post(
            &hub,
            "/api/sender/bajas",
            &json!({"telefono": "+54 9 11 0000-0002", "motivo": "llamó"}),
        )
        .await;
        assert_eq!(status, 201);
        post_empty(&hub, &format!("{CAMPAIGNS}/{id}/approve")).await;
        wait_for_estado(&hub, id, "finalizado").await;
        let end = get_campaign(&hub, id).await;
        assert_eq!(
            (
                number(&end, "enviados"),
                number(&end, "fallidos"),
                number(&end, "omitidos")
            ),
            (38, 1, 1),
            "{end}"
        );
        // A message that was retried keeps its key.
        let sends = peer.sends();
        let keys: HashSet<_> = sends
            .iter()
            .map(|send| send.headers["idempotency-key"].as_bytes())
            .collect();
        assert_eq!(keys.len(), 39);
        let failed = get(&hub, &format!("{CAMPAIGNS}/{id}/recipients?estado=fallido")).await;
        assert_eq!(number(&failed, "total"), 1);
        let failed = &failed["destinatarios"][0];
        assert_eq!(failed["causa"], "NOT_ON_WHATSAPP");
        // The campaign's message can be retried only through the campaign.
        let path = format!("/api/sender/messages/{}/retry", failed["mensaje_id"]);
        let (status, body) = post(&hub, &path, &json!({"motivo": "otra vez"})).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("MESSAGE_OF_CAMPAIGN"))
        );
        let path = format!("{CAMPAIGNS}/{id}/recipients/{}/retry", failed["id"]);
        assert_eq!(post(&hub, &path, &json!({"motivo": " "})).await.0, 400);
        let (status, repeated) = post(&hub, &path, &json!({"motivo": "ya tiene"})).await;
        assert_eq!(
            (status, &repeated["estado"]),
            (200, &json!("pendiente")),
            "{repeated}"
        );
        assert_eq!(
            post(&hub, &path, &json!({"motivo": "ya tiene"})).await.0,
            409
        );
        assert_eq!(
            get_campaign(&hub, id).await["motivo_pausa"]["codigo"],
            "RETRY"
        );
        post_empty(&hub, &format!("{CAMPAIGNS}/{id}/resume")).await;
        wait_for_estado(&hub, id, "finalizado").await;
        assert_eq!(number(&get_campaign(&hub, id).await, "enviados"), 39);
        let path = format!("{CAMPAIGNS}/{id}/recipients/{}", failed["id"]);
        let history = get(&hub, &path).await;
        let steps = history["historial"].as_array().unwrap();
        assert!(
            steps
                .iter()
                .any(|step| step["causa"] == "RETRY" && step["detalle"] == "ya tiene")
        );
        // Two contacts answer, one of them with an opt-out. The earlier opt-out
        // does not count for this campaign.
        let message = |number: u32, body: &str| {
            json!({
                "message_id": format!("false_54911{number:08}@c.us_A"), "from": format!("54911{number:08}@c.us"),
                "to": "5491158254201@c.us", "phone": format!("54911{number:08}"), "pushname": "Ana",
                "from_me": false, "type": "chat", "body": body, "at": jiff::Timestamp::now().to_string(),
            })
        };
        let replies = async || get(&hub, &format!("{CAMPAIGNS}/{id}/replies")).await;
        wait_until("the answers to be counted", async || {
            peer.send_event("message", message(5, "¿Cuánto sale?").to_string());
            peer.send_event("message", message(6, "BAJA").to_string());
            number(&replies().await["respuestas"], "total") == 2
        })
        .await;
        let replies = replies().await;
        assert_eq!(number(&replies["bajas"], "total"), 1, "{replies}");
        let out = &replies["bajas"]["personas"][0];
        assert_eq!(
            (&out["telefono"], &out["nombre"]),
            (&json!("5491100000006"), &json!("Ana 6"))
        );
        let limited = get(&hub, &format!("{CAMPAIGNS}/{id}/replies?limite=1")).await;
        assert_eq!(
            limited["respuestas"]["personas"].as_array().unwrap().len(),
            1
        );
        assert_eq!(number(&limited["respuestas"], "total"), 2);
        hub.stop().await;
    }

    async fn list_may_be_uploaded_before_the_text(database: Database) {
        let peer = ready().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        let (status, body) = post(&hub, CAMPAIGNS, &json!({"nombre": "Marzo"})).await;
        assert_eq!(status, 400, "{body}");
        let draft =
            json!({"nombre": "Marzo", "borrador": true, "pausa_min_s": 0, "pausa_max_s": 0});
        let id = create(&hub, &draft).await;
        let list = "Celular;Nombre;Propiedad\r\n5491100000001;Ana;PH\r\n5491100000002;Luis;\r\n5491100000003;Mu¤oz;PH\r\n";
        let (status, report) = upload(&hub, id, "", list).await;
        assert_eq!(status, 201, "{report}");
        // A name in a wrong encoding is rejected, whatever the text will be.
        assert_eq!(
            (number(&report, "aceptados"), number(&report, "rechazados")),
            (2, 1),
            "{report}"
        );
        let path = format!("{CAMPAIGNS}/{id}");
        let draft = get_campaign(&hub, id).await;
        assert_eq!(
            (&draft["mensaje"], &draft["columnas"]),
            (&json!(""), &json!(["celular", "nombre", "propiedad"]))
        );
        // The campaign cannot be approved before it has a text.
        let (status, body) = post_empty(&hub, &format!("{path}/approve")).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("CAMPAIGN_STATE")),
            "{body}"
        );
        let write =
            async |text: &str| ask(&hub, "PUT", &path, Some(&json!({"mensaje": text}))).await;
        let (status, body) = write("Hola {nombre}, por {otra}").await;
        assert_eq!(
            (status, &body["motivo"]),
            (400, &json!("TEMPLATE_UNKNOWN_VARIABLE")),
            "{body}"
        );
        let (status, body) = write("Hola {nombre}, por {Propiedad}").await;
        assert_eq!(
            (status, &body["motivo"]),
            (409, &json!("MISSING_VALUE")),
            "{body}"
        );
        assert_eq!(
            (&body["columna"], &body["personas"]),
            (&json!("propiedad"), &json!(1))
        );
        let (status, body) = write("Hola {nombre}, por {Propiedad|tu consulta}").await;
        assert_eq!(status, 200, "{body}");
        // One approval for the campaign and its schedules.
        let mut schedules = Vec::new();
        for cupo in [1, 2] {
            let (status, body) = post(&hub, "/api/sender/programaciones", &json!({
                    "campania_id": id, "dias_semana": ["mon", "tue", "wed", "thu", "fri", "sat", "sun"],
                    "hora_inicio": "00:00", "hora_fin": "24:00", "cupo_diario": cupo,
                })).await;
            assert_eq!(status, 201, "{body}");
            schedules.push(number(&body, "id"));
        }
        let rejected = format!("/api/sender/programaciones/{}/reject", schedules[1]);
        assert_eq!(post_empty(&hub, &rejected).await.0, 200);
        let approval = json!({"horarios": true});
        let (status, body) = post(&hub, &format!("{path}/approve"), &approval).await;
        assert_eq!(
            (status, &body["estado"]),
            (200, &json!("en_progreso")),
            "{body}"
        );
        for (schedule, state) in schedules.iter().zip(["aprobada", "rechazada"]) {
            let body = get(&hub, &format!("/api/sender/programaciones/{schedule}")).await;
            assert_eq!(body["estado"], state, "{body}");
        }
        // The quota is one message per day. The second is sent tomorrow, which
        // is the estimated end.
        wait_until("the first message to be sent", async || {
            number(&get_campaign(&hub, id).await, "enviados") == 1
        })
        .await;
        let stats = get(&hub, &format!("{path}/stats")).await;
        let end: jiff::Timestamp = stats["termina"].as_str().unwrap().parse().unwrap();
        assert!(end > jiff::Timestamp::now(), "{stats}");
        let sent: Value = serde_json::from_str(&peer.sends()[0].body).unwrap();
        assert_eq!(sent["message"], "Hola Ana, por PH");
        hub.stop().await;
    }

    async fn contact_who_writes_baja_gets_no_more_messages(database: Database) {
        let peer = ready().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REAL).await;
        hub.events().await.next_link_state("up").await;
        let message = json!({
            "message_id": "false_5491100000001@c.us_A", "from": "123456789@lid", "to": "5491158254201@c.us",
            "phone": "5491100000001", "lid": "123456789@lid", "pushname": "Ana", "from_me": false,
            "type": "chat", "body": "BAJA por favor", "at": "2026-01-14T13:02:09.336Z",
        });
        let path = "/api/sender/bajas/5491100000001";
        wait_until("the opt-out to be listed", async || {
            peer.send_event("message", message.to_string());
            ask(&hub, "GET", path, None).await.0 == 200
        })
        .await;
        let opt_outs = get(&hub, "/api/sender/bajas").await;
        assert_eq!(opt_outs["bajas"].as_array().unwrap().len(), 1, "{opt_outs}");
        assert_eq!(
            (
                &opt_outs["bajas"][0]["origen"],
                &opt_outs["bajas"][0]["motivo"]
            ),
            (&json!("mensaje"), &json!("BAJA por favor"))
        );
        // The opt-out also applies to the contact's other id.
        assert!(hub.store.is_opted_out("123456789@lid").await.unwrap());
        // A message to the contact is rejected on every route.
        let send = json!({"to": "5491100000001", "message": "hola"});
        let (status, body) = post(&hub, "/send", &send).await;
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("OPTED_OUT")),
            "{body}"
        );
        let single = json!({"destinatario": "5491100000001", "mensaje": "hola"});
        let (status, body) = post(&hub, "/api/sender/messages/send", &single).await;
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("OPTED_OUT")),
            "{body}"
        );
        let (status, body) = post(
            &hub,
            "/api/sender/messages/bulk",
            &json!({"mensajes": [single]}),
        )
        .await;
        assert_eq!(
            (status, &body["mensajes"][0]["error"]),
            (202, &json!("OPTED_OUT")),
            "{body}"
        );
        assert!(peer.sends().is_empty());
        assert_eq!(ask(&hub, "DELETE", path, None).await.0, 204);
        assert!(!hub.store.is_opted_out("123456789@lid").await.unwrap());
        assert_eq!(ask(&hub, "DELETE", path, None).await.0, 404);
        assert_eq!(post(&hub, "/send", &send).await.0, 200);
        hub.stop().await;
    }

    async fn rejected_lines_are_complete_and_can_be_uploaded_again(database: Database) {
        let peer = ready().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REHEARSAL).await;
        let id = create(&hub, &campaign_body("Hola {nombre}")).await;
        let list = "Celular;Nombre;Barrio\r\n11 5825-4201;Ana Gómez;Palermo\r\n\
                15 5825-4202;Luis;Núñez\r\n11 5825-4203;;Saavedra\r\n11 5825-4201;Ana;Palermo\r\n";
        let (status, report) = upload(&hub, id, "?archivo=clientes%20de%20mayo.csv", list).await;
        assert_eq!(status, 201, "{report}");
        let imports = get(&hub, &format!("{CAMPAIGNS}/{id}/imports")).await;
        let import = &imports["importaciones"][0];
        assert_eq!(import["archivo"], "clientes de mayo.csv");
        assert_eq!(import["titulos"], json!(["Celular", "Nombre", "Barrio"]));
        let path = format!("{CAMPAIGNS}/{id}/imports/{}/rejected", import["id"]);
        let rejected = get(&hub, &path).await["rechazos"].clone();
        let lines: Vec<_> = rejected
            .as_array()
            .unwrap()
            .iter()
            .map(|line| (line["codigo"].as_str().unwrap(), line["celdas"].clone()))
            .collect();
        assert_eq!(
            lines,
            [
                (
                    "PHONE_AREA_MISSING",
                    json!(["15 5825-4202", "Luis", "Núñez"])
                ),
                ("MISSING_VALUE", json!(["11 5825-4203", "", "Saavedra"])),
                ("DUPLICATE", json!([])),
            ]
        );
        // The file of rejected lines that the page creates, corrected: its
        // column of reasons is not data of the recipients.
        let corrected_list = "Celular;Nombre;Barrio;Qué corregir\r\n11 15 5825-4202;Luis;Núñez;Falta el código de área\r\n";
        let (status, report) = upload(&hub, id, "", corrected_list).await;
        assert_eq!((status, number(&report, "aceptados")), (201, 1), "{report}");
        assert_eq!(report["archivo"], Value::Null);
        let list =
            async |query: &str| get(&hub, &format!("{CAMPAIGNS}/{id}/recipients?{query}")).await;
        let everything = list("limite=10").await;
        assert_eq!(
            everything["destinatarios"][1]["datos"],
            json!({"barrio": "Núñez", "celular": "11 15 5825-4202", "nombre": "Luis"})
        );
        let names = async |query: &str| {
            let matching = list(query).await["destinatarios"]
                .as_array()
                .unwrap()
                .clone();
            matching
                .iter()
                .map(|row| row["nombre"].as_str().unwrap().to_owned())
                .collect::<Vec<_>>()
        };
        assert_eq!(names("buscar=gomez%20ana").await, ["Ana Gómez"]);
        assert_eq!(names("buscar=NUNEZ").await, ["Luis"]);
        assert_eq!(names("buscar=5825-42").await, ["Ana Gómez", "Luis"]);
        assert_eq!(
            names("buscar=5825-42&estado=enviado").await,
            Vec::<String>::new()
        );
        let first_page = list("buscar=5825-42&limite=1").await;
        assert_eq!(
            names(&format!(
                "buscar=5825-42&limite=1&despues={}",
                first_page["siguiente"]
            ))
            .await,
            ["Luis"]
        );
        let long_query = format!("{CAMPAIGNS}/{id}/recipients?buscar={}", "x".repeat(201));
        assert_eq!(ask(&hub, "GET", &long_query, None).await.0, 400);
        hub.stop().await;
    }

    async fn list_of_100_000_lines_is_streamed(database: Database) {
        let peer = ready().await;
        let hub = Hub::start_on(&database.url(), &peer.url, REHEARSAL).await;
        let id = create(&hub, &campaign_body("Hola {nombre}")).await;
        let mut list = csv(100_000);
        list.push_str("5491100000001;otra vez\r\n5.49116E+12;x\r\n");
        let (status, report) = upload(&hub, id, "", list.clone()).await;
        assert_eq!(status, 201, "{report}");
        assert_eq!(number(&report, "aceptados"), 100_000);
        assert_eq!(number(&report, "bytes"), i64::try_from(list.len()).unwrap());
        let refused_lines: Vec<_> = report["rechazos"]
            .as_array()
            .unwrap()
            .iter()
            .map(|line| {
                (
                    line["linea"].as_i64().unwrap(),
                    line["codigo"].as_str().unwrap().to_owned(),
                )
            })
            .collect();
        assert_eq!(
            refused_lines,
            [
                (100_002, "DUPLICATE".to_owned()),
                (100_003, "PHONE_SCIENTIFIC".to_owned())
            ]
        );
        assert_eq!(
            report["rechazos"][0]["motivo"],
            "line 2 has the same number"
        );
        assert_eq!(number(&get_campaign(&hub, id).await, "total"), 100_000);
        hub.stop().await;
    }
}

#[tokio::test]
async fn template_errors_report_their_position() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let mut campaign = campaign_body("Hola\nde {empresa}");
    // Before the upload, columns are not checked.
    let (status, body) = post(&hub, CAMPAIGNS, &campaign).await;
    assert_eq!(status, 201, "{body}");
    let id = body["id"].as_i64().unwrap();
    let (status, body) = upload(&hub, id, "", "telefono;ciudad\n5491158254201;X\n").await;
    assert_eq!(
        (status, &body["motivo"]),
        (400, &json!("LIST_MISSING_COLUMNS"))
    );
    let approve = format!("{CAMPAIGNS}/{id}/approve");
    assert_eq!(post_empty(&hub, &approve).await.0, 409);
    campaign["columnas"] = json!(["ciudad"]);
    let (status, body) = post(&hub, CAMPAIGNS, &campaign).await;
    assert_eq!((status, &body["code"]), (400, &json!("TEMPLATE_INVALID")));
    assert_eq!(body["motivo"], "TEMPLATE_UNKNOWN_VARIABLE");
    assert_eq!(body["variable"], "empresa");
    assert_eq!(
        body["lugar"],
        json!({"posicion": 8, "linea": 2, "columna": 4})
    );
    let (status, body) = post(&hub, CAMPAIGNS, &campaign_body("Hola {nombre")).await;
    assert_eq!(
        (status, &body["motivo"]),
        (400, &json!("TEMPLATE_UNCLOSED_BRACE"))
    );
    // Columns that are declared, or that come with the list, are known.
    let mut campaign = campaign_body("Hola {nombre} de {empresa}");
    campaign["columnas"] = json!(["Empresa"]);
    create(&hub, &campaign).await;
    let mut campaign = campaign_body("Hola {nombre} de {empresa}");
    campaign["destinatarios"] = json!([
        {"destinatario": "5491158254201", "nombre": "Ana", "empresa": "X"},
        {"destinatario": "hola", "nombre": "Bea", "empresa": "X"},
    ]);
    let (status, body) = post(&hub, CAMPAIGNS, &campaign).await;
    assert_eq!((status, number(&body, "pendientes")), (201, 1), "{body}");
    assert_eq!(body["importacion"]["rechazos"][0]["linea"], 2);
    let id = number(&body, "id");
    // A new text cannot use a column in which recipients have no value.
    let path = format!("{CAMPAIGNS}/{id}");
    let change = json!({"mensaje": "Hola {ciudad}", "columnas": ["ciudad"]});
    assert_eq!(ask(&hub, "PUT", &path, Some(&change)).await.0, 409);
    let change = json!({"mensaje": "Hola {ciudad|acá}", "columnas": ["ciudad"], "nombre": "Abril"});
    let (status, body) = ask(&hub, "PUT", &path, Some(&change)).await;
    assert_eq!((status, &body["nombre"]), (200, &json!("Abril")), "{body}");
    hub.stop().await;
}

#[tokio::test]
async fn unreadable_lists_store_nothing() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let id = create(&hub, &campaign_body("Hola {nombre}")).await;
    for (list, reason) in [
        ("", "LIST_EMPTY"),
        ("PK\u{3}\u{4}", "LIST_WORKBOOK_UNREADABLE"),
        ("nombre;ciudad\nAna;X\n", "LIST_WITHOUT_PHONE"),
        ("telefono;ciudad\n5491158254201;X\n", "LIST_MISSING_COLUMNS"),
        ("[{]", "LIST_NOT_JSON"),
    ] {
        let (status, body) = upload(&hub, id, "", list).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("LIST_INVALID")),
            "{body}"
        );
        assert_eq!(body["motivo"], reason);
        // The choices that are offered to the user.
        let titles = match reason {
            "LIST_WITHOUT_PHONE" => json!(["nombre", "ciudad"]),
            _ => Value::Null,
        };
        assert_eq!(body["titulos"], titles, "{body}");
    }
    let list = "telefono;Razón social, y nombre\n5491158254201;X\n";
    let (_, body) = upload(&hub, id, "?nombre=Cliente", list).await;
    assert_eq!(body["motivo"], "LIST_COLUMN_UNKNOWN", "{body}");
    let titles = json!(["telefono", "Razón social, y nombre"]);
    assert_eq!(body["titulos"], titles, "{body}");
    let imports = get(&hub, &format!("{CAMPAIGNS}/{id}/imports")).await;
    assert_eq!(imports["importaciones"], json!([]));
    let path = format!("{CAMPAIGNS}/{id}/recipients");
    let form = hub
        .http
        .post(hub.url(&path))
        .header("content-type", "multipart/form-data; boundary=x");
    assert_eq!(text(form.body("--x--")).await.0, 415);
    let big = hub
        .http
        .post(hub.url(&path))
        .body("x".repeat(1024))
        .header("content-length", "999999999");
    assert!(text(big).await.0 >= 400);
    let (status, body) = post_empty(&hub, &format!("{CAMPAIGNS}/{id}/approve")).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("CAMPAIGN_STATE")),
        "{body}"
    );
    hub.stop().await;
}

#[tokio::test]
async fn incomplete_list_is_not_sent() {
    let peer = ready().await;
    let hub = Hub::start_with(&peer.url, REHEARSAL).await;
    let id = create(&hub, &campaign_body("Hola {nombre}")).await;
    let broken = "[{\"telefono\":\"5491100000001\",\"nombre\":\"Ana\"},{\"telefono\":";
    let (status, body) = upload(&hub, id, "", broken).await;
    assert_eq!(
        (status, &body["motivo"]),
        (400, &json!("LIST_NOT_JSON")),
        "{body}"
    );
    assert_eq!(number(&body, "aceptados"), 1);
    let approve = format!("{CAMPAIGNS}/{id}/approve");
    let (status, body) = post_empty(&hub, &approve).await;
    assert_eq!(
        (status, &body["code"]),
        (409, &json!("IMPORT_INCOMPLETE")),
        "{body}"
    );
    // Uploading the whole list again completes the import.
    let (status, report) = upload(
        &hub,
        id,
        "?prefijo=549",
        "telefono;nombre\n1100000001;Ana\n1100000002;Bea\n",
    )
    .await;
    assert_eq!(status, 201, "{report}");
    assert_eq!(
        (number(&report, "aceptados"), number(&report, "duplicados")),
        (1, 1)
    );
    assert_eq!(post_empty(&hub, &approve).await.0, 200);
    wait_for_estado(&hub, id, "finalizado").await;
    hub.stop().await;
}

#[tokio::test]
async fn nothing_is_sent_unless_campaigns_are_enabled() {
    let peer = ready().await;
    let hub = Hub::start_with(&peer.url, &[("DRY_RUN", "false")]).await;
    let id = create(&hub, &campaign_body("Hola {nombre}")).await;
    upload(&hub, id, "", csv(3)).await;
    let (status, body) = post_empty(&hub, &format!("{CAMPAIGNS}/{id}/approve")).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(body["espera"]["codigo"], "AUTO_CAMPAIGNS_DISABLED");
    assert_eq!(
        (number(&body, "pendientes"), number(&body, "en_cola")),
        (3, 0)
    );
    assert!(peer.sends().is_empty());
    let (status, body) = post_empty(&hub, &format!("{CAMPAIGNS}/{id}/pause")).await;
    assert_eq!(
        (status, &body["estado"]),
        (200, &json!("pausada")),
        "{body}"
    );
    let pause = &body["motivo_pausa"];
    assert_eq!(
        (&pause["codigo"], &pause["por"]),
        (&json!("PAUSED_BY_PERSON"), &json!("this machine"))
    );
    let since = pause["fecha"].as_str().expect("since when").to_owned();
    assert_eq!(get_campaign(&hub, id).await["motivo_pausa"]["fecha"], since);
    let (status, body) = post_empty(&hub, &format!("{CAMPAIGNS}/{id}/resume")).await;
    assert_eq!((status, &body["motivo_pausa"]), (200, &Value::Null));
    hub.stop().await;
}

#[tokio::test]
async fn bad_requests_are_rejected_with_a_code() {
    let peer = FakeSessionManager::start().await;
    let hub = Hub::start(&peer.url).await;
    let id = create(&hub, &campaign_body("Hola")).await;
    let schedule = |change: Value| {
        let mut body = json!({
            "campania_id": id, "dias_semana": "mon,tue", "hora_inicio": "09:00", "hora_fin": "18:00",
        });
        body.as_object_mut()
            .unwrap()
            .extend(change.as_object().unwrap().clone());
        body
    };
    let programaciones = "/api/sender/programaciones";
    for change in [
        json!({"dias_semana": ["luna"]}),
        json!({"dias_semana": []}),
        json!({"hora_inicio": "9"}),
        json!({"hora_fin": "09:00"}),
        json!({"cupo_diario": 0}),
        json!({"cupo_diario": -1}),
        json!({"fecha_inicio": "31/12/2026"}),
        json!({"fecha_inicio": "2026-03-02", "fecha_fin": "2026-03-01"}),
        json!({"pausa_min_s": 90, "pausa_max_s": 30}),
        json!({"cliente_id": 0}),
    ] {
        let (status, body) = post(&hub, programaciones, &schedule(change.clone())).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("INVALID_REQUEST")),
            "{change} {body}"
        );
    }
    let (status, body) = post(&hub, programaciones, &schedule(json!({"campania_id": 999}))).await;
    assert_eq!(
        (status, &body["code"]),
        (404, &json!("NOT_FOUND")),
        "{body}"
    );
    let (_, created) = post(
        &hub,
        programaciones,
        &schedule(json!({"fecha_fin": "2026-12-31"})),
    )
    .await;
    let path = format!("{programaciones}/{}", created["id"]);
    let (status, body) = post(
        &hub,
        &format!("{path}/reject"),
        &json!({"motivo": "feriado"}),
    )
    .await;
    assert_eq!(
        (status, &body["estado"], &body["motivo"]),
        (200, &json!("rechazada"), &json!("feriado"))
    );
    let (status, body) = ask(
        &hub,
        "PUT",
        &path,
        Some(&json!({"cupo_diario": 7, "fecha_fin": ""})),
    )
    .await;
    assert_eq!(
        (status, &body["cupo_diario"], &body["fecha_fin"]),
        (200, &json!(7), &Value::Null),
        "{body}"
    );
    assert_eq!(
        body["estado"], "pendiente",
        "a changed schedule must be approved again"
    );
    let schedules = get(&hub, &format!("{programaciones}?limite=9&campania_id={id}")).await;
    assert_eq!(schedules["zona"], "America/Argentina/Buenos_Aires");
    assert_eq!(schedules["programaciones"].as_array().unwrap().len(), 1);
    assert_eq!(ask(&hub, "DELETE", &path, None).await.0, 204);
    assert_eq!(ask(&hub, "DELETE", &path, None).await.0, 404);
    for (method, path, status) in [
        ("GET", "/api/sender/campaigns/999", 404),
        ("GET", "/api/sender/campaigns/x", 400),
        ("GET", "/api/sender/campaigns?limite=0", 400),
        ("GET", "/api/sender/campaigns?estado=loca", 400),
        ("POST", "/api/sender/campaigns/999/approve", 404),
        ("DELETE", "/api/sender/campaigns/999", 404),
        ("GET", "/api/sender/campaigns/999/stats", 404),
        ("GET", "/api/sender/bajas/hola", 400),
        ("PATCH", "/api/sender/campaigns", 405),
    ] {
        let (found, body) = ask(&hub, method, path, None).await;
        assert_eq!(found, status, "{method} {path} {body}");
    }
    for body in [
        json!({}),
        json!({"nombre": "x"}),
        json!({"nombre": " ", "mensaje": "x"}),
        json!({"nombre": "x", "mensaje": "x", "cliente_id": 0}),
    ] {
        assert_eq!(post(&hub, CAMPAIGNS, &body).await.0, 400, "{body}");
    }
    let opt_out_words = json!({"palabras": ["No más", "stop"]});
    let (status, body) = ask(
        &hub,
        "PUT",
        "/api/sender/bajas/palabras",
        Some(&opt_out_words),
    )
    .await;
    assert_eq!(
        (status, &body["palabras"]),
        (200, &json!(["no mas", "stop"]))
    );
    assert_eq!(get(&hub, "/api/sender/bajas/palabras").await, body);
    assert_eq!(
        ask(&hub, "DELETE", &format!("{CAMPAIGNS}/{id}"), None)
            .await
            .0,
        204
    );
    assert_eq!(
        ask(&hub, "GET", &format!("{CAMPAIGNS}/{id}"), None).await.0,
        404
    );
    // The route also works without the prefix.
    assert_eq!(get(&hub, "/sender/campaigns").await, json!([]));
    hub.stop().await;
}

#[tokio::test]
async fn business_sees_only_its_own_campaigns() {
    let peer = FakeSessionManager::start().await;
    let password = "una-clave-de-prueba";
    let hub = Hub::start_with(&peer.url, &[("HUB_ADMIN_PASSWORD", password)]).await;
    let bearer = async |token: &str, method: &str, path: &str, body: Option<&Value>| {
        let request = hub
            .http
            .request(method.parse().unwrap(), hub.url(path))
            .bearer_auth(token);
        let request = match body {
            Some(body) => request.json(body),
            None => request,
        };
        let (status, body) = text(request).await;
        (
            status,
            serde_json::from_str::<Value>(&body).unwrap_or(Value::Null),
        )
    };
    let mut tokens = Vec::new();
    for cliente_id in [51, 52] {
        let expected =
            json!({"name": "prueba", "scopes": ["read", "campaigns"], "cliente_id": cliente_id});
        let (status, body) = bearer(password, "POST", "/api/tokens", Some(&expected)).await;
        assert_eq!(status, 201, "{body}");
        tokens.push(body["token"].as_str().unwrap().to_owned());
    }
    let (own_token, other_token) = (&tokens[0], &tokens[1]);
    let mut body = campaign_body("Hola");
    let (status, created) = bearer(own_token, "POST", CAMPAIGNS, Some(&body)).await;
    assert_eq!(
        (status, &created["cliente_id"]),
        (201, &json!(51)),
        "{created}"
    );
    body["cliente_id"] = json!(52);
    assert_eq!(
        bearer(own_token, "POST", CAMPAIGNS, Some(&body)).await.0,
        403
    );
    let id = number(&created, "id");
    let path = format!("{CAMPAIGNS}/{id}");
    let schedule = json!({"campania_id": id, "dias_semana": "mon", "hora_inicio": "09:00", "hora_fin": "18:00"});
    let programaciones = "/api/sender/programaciones";
    assert_eq!(
        bearer(other_token, "POST", programaciones, Some(&schedule))
            .await
            .0,
        404
    );
    let (status, schedule) = bearer(own_token, "POST", programaciones, Some(&schedule)).await;
    assert_eq!(status, 201, "{schedule}");
    let schedule_path = format!("{programaciones}/{}", schedule["id"]);
    for (method, path) in [
        ("GET", path.clone()),
        ("PUT", path.clone()),
        ("DELETE", path.clone()),
        ("POST", format!("{path}/pause")),
        ("GET", format!("{path}/stats")),
        ("GET", format!("{path}/recipients")),
        ("POST", format!("{path}/recipients")),
        ("GET", format!("{path}/imports")),
        ("GET", schedule_path.clone()),
        ("DELETE", schedule_path.clone()),
    ] {
        let empty_body = json!({});
        let body = (method == "PUT").then_some(&empty_body);
        let (status, response) = bearer(other_token, method, &path, body).await;
        assert_eq!(status, 404, "{method} {path} {response}");
    }
    for (method, path) in [
        ("POST", format!("{path}/approve")),
        ("POST", format!("{path}/resume")),
        ("POST", format!("{schedule_path}/approve")),
        ("GET", "/api/sender/bajas".to_owned()),
    ] {
        assert_eq!(
            bearer(own_token, method, &path, None).await.0,
            403,
            "{method} {path}"
        );
    }
    let (_, list) = bearer(other_token, "GET", CAMPAIGNS, None).await;
    assert_eq!(list, json!([]));
    let (_, list) = bearer(own_token, "GET", CAMPAIGNS, None).await;
    assert_eq!(list[0]["id"], id);
    assert_eq!(
        bearer(password, "POST", &format!("{schedule_path}/approve"), None)
            .await
            .0,
        200
    );
    assert_eq!(bearer(own_token, "DELETE", &path, None).await.0, 204);
    hub.stop().await;
}
