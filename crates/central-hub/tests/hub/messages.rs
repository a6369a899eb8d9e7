//! Tests of the search and the CSV export of messages, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, text};

async fn list(hub: &Hub, query: &str) -> (u16, Value) {
    let path = format!("/api/sender/messages?{query}");
    let (status, body) = text(hub.http.get(hub.url(&path))).await;
    (status, serde_json::from_str(&body).unwrap())
}

async fn found(hub: &Hub, query: &str) -> Vec<String> {
    let (status, body) = list(hub, query).await;
    assert_eq!(status, 200, "{query} {body}");
    let messages = body["mensajes"].as_array().unwrap().iter();
    messages
        .map(|message| message["mensaje"].as_str().unwrap().to_owned())
        .collect()
}

async fn write(hub: &Hub, cliente_id: u64, texts: &[String]) {
    let messages: Vec<_> = texts
        .iter()
        .enumerate()
        .map(|(n, text)| json!({"destinatario": format!("54911{n:08}"), "mensaje": text}))
        .collect();
    let body = json!({"cliente_id": cliente_id, "mensajes": messages});
    let request = hub.http.post(hub.url("/api/sender/messages/bulk"));
    let (status, body) = text(request.json(&body)).await;
    assert_eq!(status, 202, "{body}");
}

on_both_engines! {
    async fn messages_are_searched_and_exported(database: Database) {
        let peer = FakeSessionManager::start().await;
        // Nothing is sent, so all messages wait.
        peer.set_state("QR_REQUIRED");
        let hub = Hub::start_on(&database.url(), &peer.url, &[("DRY_RUN", "false")]).await;
        let texts: Vec<_> = (0..1_100).map(|n| format!("Vence el {n}")).collect();
        write(&hub, 51, &texts).await;
        write(
            &hub,
            52,
            &["¿Cuánto; \"sale\"?".to_owned(), "=1+1".to_owned()],
        )
        .await;
        let card = json!({"nombre": "Ana Gómez", "cliente_id": 51});
        let (status, body) = ask(&hub, "PUT", "/api/contacts/5491100001099", Some(&card)).await;
        assert_eq!(status, 200, "{body}");

        assert_eq!(found(&hub, "buscar=cuanto").await, ["¿Cuánto; \"sale\"?"]);
        assert_eq!(
            found(&hub, "buscar=vence%20el%2077&limite=2").await,
            ["Vence el 779", "Vence el 778"]
        );
        assert_eq!(found(&hub, "cliente_id=52").await.len(), 2);
        let (_, newest) = list(&hub, "cliente_id=51&limite=2").await;
        assert_eq!(newest["mensajes"][0]["nombre"], "Ana Gómez");
        assert_eq!(newest["mensajes"][1]["nombre"], Value::Null);
        assert_eq!(
            found(&hub, "destinatario=5491100000001&cliente_id=51").await,
            ["Vence el 1"]
        );
        assert!(found(&hub, "direccion=entrante").await.is_empty());
        assert_eq!(found(&hub, "direccion=todas&limite=500").await.len(), 500);
        let zone = jiff::tz::TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let today = zone.to_datetime(jiff::Timestamp::now()).date();
        let (yesterday, tomorrow) = (today.yesterday().unwrap(), today.tomorrow().unwrap());
        assert_eq!(
            found(
                &hub,
                &format!("desde={yesterday}&hasta={tomorrow}&cliente_id=52")
            )
            .await
            .len(),
            2
        );
        assert!(found(&hub, &format!("desde={tomorrow}")).await.is_empty());
        assert!(found(&hub, &format!("hasta={yesterday}")).await.is_empty());
        for invalid_query in [
            "desde=ayer",
            "hasta=2026-02-30",
            "direccion=arriba",
            "estado=x",
            "limite=0",
        ] {
            let (status, body) = list(&hub, invalid_query).await;
            assert_eq!(
                (status, &body["code"]),
                (400, &json!("INVALID_REQUEST")),
                "{invalid_query}"
            );
        }

        let response = hub
            .http
            .get(hub.url("/api/sender/messages.csv?cliente_id=51"))
            .send()
            .await
            .unwrap();
        assert_eq!(
            response.headers()["content-type"],
            "text/csv; charset=utf-8; header=present"
        );
        let name = format!("attachment; filename=\"mensajes-{today}.csv\"");
        assert_eq!(response.headers()["content-disposition"], *name);
        let file = response.text().await.unwrap();
        let lines: Vec<_> = file.split("\r\n").collect();
        assert!(lines[0].starts_with("\u{feff}id;fecha;direccion;numero;nombre;mensaje;"));
        assert_eq!(
            lines.len(),
            1 + 1_100 + 1,
            "the file must have a heading, all messages and a final line break"
        );
        assert!(
            lines[1].contains(";saliente;54 9 1100001099;Ana Gómez;Vence el 1099;text;pendiente;"),
            "{}",
            lines[1]
        );
        let (_, file) = text(
            hub.http
                .get(hub.url("/api/sender/messages.csv?cliente_id=52")),
        )
        .await;
        assert!(
            file.contains(";'=1+1;") && file.contains(";\"¿Cuánto; \"\"sale\"\"?\";"),
            "{file}"
        );
        let (status, _) = text(hub.http.get(hub.url("/api/sender/messages.csv?estado=x"))).await;
        assert_eq!(status, 400);
    }
}
