//! Tests of `GET /api/overview`, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, text, wait_until};

const EVERY_DAY: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

async fn post(hub: &Hub, path: &str, body: Value) -> Value {
    let (status, answer) = ask(hub, "POST", path, Some(&body)).await;
    assert!(status < 300, "{path} {status} {answer}");
    answer
}

async fn overview(hub: &Hub) -> Value {
    let (status, body) = ask(hub, "GET", "/api/overview", None).await;
    assert_eq!(status, 200, "{body}");
    body
}

async fn campaign(hub: &Hub, name: &str, cliente_id: u64, people: u32) -> i64 {
    let people: Vec<_> = (0..people)
        .map(|n| json!({"destinatario": format!("54911{n:08}"), "nombre": "Ana"}))
        .collect();
    let body = json!({
        "nombre": name, "mensaje": "Hola {nombre}", "cliente_id": cliente_id,
        "pausa_min_s": 60, "pausa_max_s": 60, "destinatarios": people,
    });
    post(hub, "/api/sender/campaigns", body).await["id"]
        .as_i64()
        .unwrap()
}

async fn schedule(hub: &Hub, campaign: i64) -> Value {
    let body = json!({
        "campania_id": campaign, "dias_semana": EVERY_DAY,
        "hora_inicio": "00:00", "hora_fin": "24:00", "cupo_diario": 40,
    });
    post(hub, "/api/sender/programaciones", body).await
}

on_both_engines! {
    async fn overview_has_todays_figures(database: Database) {
        let peer = FakeSessionManager::start().await;
        peer.set_state("READY");
        peer.accept_sends();
        let real = [("AUTO_CAMPAIGNS_ENABLED", "true"), ("DRY_RUN", "false")];
        let hub = Hub::start_on(&database.url(), &peer.url, &real).await;
        hub.events().await.next_link_state("up").await;

        let empty = overview(&hub).await;
        assert_eq!(empty["zona"], "America/Argentina/Buenos_Aires");
        assert_eq!(
            empty["sesion"],
            json!({"servicio": "up", "estado": "READY", "codigo": null, "limites": null})
        );
        for field in [
            "enviados",
            "fallidos",
            "simulados",
            "recibidos",
            "en_espera",
        ] {
            assert_eq!(empty["hoy"][field], 0, "{field}");
        }
        let days = empty["semana"]["dias"].as_array().unwrap();
        assert_eq!((days.len(), &days[6]["dia"]), (7, &empty["dia"]));
        assert_eq!(empty["atencion"]["grabacion"], true);
        assert_eq!(empty["atencion"]["webhooks"], json!([]));

        let hay = json!({"mensajes": false, "campanias": false});
        assert_eq!(empty["hay"], hay);

        // A running campaign with an open schedule: 100 recipients at 40 per day.
        let running = campaign(&hub, "Marzo", 51, 100).await;
        let hay = json!({"mensajes": false, "campanias": true});
        assert_eq!(overview(&hub).await["hay"], hay);
        let open = schedule(&hub, running).await;
        assert_eq!(
            (&open["campania_nombre"], &open["campania_estado"]),
            (&json!("Marzo"), &json!("pendiente"))
        );
        post(
            &hub,
            &format!("/api/sender/programaciones/{}/approve", open["id"]),
            json!({}),
        )
        .await;
        post(
            &hub,
            &format!("/api/sender/campaigns/{running}/approve"),
            json!({}),
        )
        .await;
        wait_until("the first message to be sent", async || {
            overview(&hub).await["hoy"]["enviados"] == 1
        })
        .await;
        // A campaign that a user paused, and a schedule that is not approved.
        let paused = campaign(&hub, "Abril", 52, 3).await;
        let unseen = schedule(&hub, paused).await;
        post(
            &hub,
            &format!("/api/sender/campaigns/{paused}/approve"),
            json!({}),
        )
        .await;
        post(
            &hub,
            &format!("/api/sender/campaigns/{paused}/pause"),
            json!({"motivo": "feriado"}),
        )
        .await;
        // A list import that breaks off.
        let half = campaign(&hub, "Mayo", 52, 0).await;
        let upload = hub
            .http
            .post(hub.url(&format!("/api/sender/campaigns/{half}/recipients")));
        let list = "[{\"telefono\":\"5491100000001\"},\n{\"telefono\":";
        let (status, body) =
            text(upload.header("content-type", "application/json").body(list)).await;
        assert_eq!(status, 400, "{body}");
        post(&hub, "/api/listener/mode", json!({"mode": "off"})).await;
        peer.fail_next_send(404, "NOT_ON_WHATSAPP");
        let single = json!({"destinatario": "5491158254201", "mensaje": "hola", "cliente_id": 52});
        assert_eq!(
            ask(&hub, "POST", "/api/sender/messages/send", Some(&single))
                .await
                .0,
            404
        );

        let now = overview(&hub).await;
        assert_eq!(
            (&now["hoy"]["enviados"], &now["hoy"]["fallidos"]),
            (&json!(1), &json!(1)),
            "{now}"
        );
        assert_eq!(now["hay"], json!({"mensajes": true, "campanias": true}));
        let week = &now["semana"];
        assert_eq!(
            (&week["dias"][6]["enviados"], &week["dias"][5]["enviados"]),
            (&json!(1), &json!(0)),
            "{week}"
        );
        assert_eq!(week["respondieron"], 0);
        assert_eq!(now["campanias"]["total"], 1);
        let under_way = &now["campanias"]["items"][0];
        assert_eq!(
            (&under_way["id"], &under_way["enviados"]),
            (&json!(running), &json!(1))
        );
        // 39 more are sent today, or as many as the hour allows, 40 tomorrow,
        // and the rest after that.
        let end = under_way["previsto_fin"].as_str().expect("a forecast");
        assert!(end > now["ahora"].as_str().unwrap(), "{now}");
        let windows = now["programaciones"].as_array().unwrap();
        assert_eq!(windows.len(), 1, "{now}");
        assert_eq!(
            (&windows[0]["campania_nombre"], &windows[0]["usados"]),
            (&json!("Marzo"), &json!(1))
        );
        assert_eq!(
            (&windows[0]["hora_inicio"], &windows[0]["hora_fin"]),
            (&json!("00:00"), &json!("24:00"))
        );
        assert_eq!(windows[0]["inicio"], now["desde"]);
        let attention = &now["atencion"];
        assert_eq!(attention["fallidos"], 1);
        let pause = &attention["campanias_pausadas"]["items"][0]["motivo_pausa"];
        assert_eq!(
            (&pause["codigo"], &pause["detalle"]),
            (&json!("PAUSED_BY_PERSON"), &json!("feriado"))
        );
        assert_eq!(
            (
                &attention["programaciones"]["total"],
                &attention["programaciones"]["items"][0]["id"]
            ),
            (&json!(1), &unseen["id"])
        );
        assert_eq!(attention["importaciones"][0]["campania_nombre"], "Mayo");
        assert_eq!(attention["importaciones"][0]["codigo"], "LIST_NOT_JSON");
        assert_eq!(attention["grabacion"], false);
        hub.stop().await;
    }

    async fn campaigns_are_searched_by_name(database: Database) {
        let peer = FakeSessionManager::start().await;
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let mut ids = Vec::new();
        for (name, cliente_id) in [
            ("Promoción de Marzo", 51),
            ("Aviso", 51),
            ("promocion de abril", 52),
        ] {
            ids.push(campaign(&hub, name, cliente_id, 0).await);
        }
        for (query, expected) in [
            ("buscar=PROMOCI%C3%93N", vec![ids[2], ids[0]]),
            ("buscar=promocion&cliente_id=51", vec![ids[0]]),
            ("buscar=%20&estado=pendiente", vec![ids[2], ids[1], ids[0]]),
            ("buscar=promocion&estado=pausada", vec![]),
        ] {
            let (status, body) = ask(
                &hub,
                "GET",
                &format!("/api/sender/campaigns?limite=50&{query}"),
                None,
            )
            .await;
            assert_eq!(status, 200, "{body}");
            let campaigns: Vec<_> = body["campanias"]
                .as_array()
                .unwrap()
                .iter()
                .map(|campaign| campaign["id"].as_i64().unwrap())
                .collect();
            assert_eq!(campaigns, expected, "{query}");
        }
        // The search results, page by page.
        let (_, first_page) = ask(
            &hub,
            "GET",
            "/api/sender/campaigns?buscar=promo&limite=1",
            None,
        )
        .await;
        let path = format!(
            "/api/sender/campaigns?buscar=promo&limite=1&antes={}",
            first_page["siguiente"]
        );
        let (_, second_page) = ask(&hub, "GET", &path, None).await;
        assert_eq!(
            (
                &second_page["campanias"][0]["id"],
                &second_page["siguiente"]
            ),
            (&json!(ids[0]), &Value::Null)
        );
        let long_query = format!("/api/sender/campaigns?buscar={}", "x".repeat(201));
        assert_eq!(ask(&hub, "GET", &long_query, None).await.0, 400);
        hub.stop().await;
    }

    async fn schedules_are_filtered_by_week_and_state(database: Database) {
        let peer = FakeSessionManager::start().await;
        let hub = Hub::start_on(&database.url(), &peer.url, &[]).await;
        let id = campaign(&hub, "Marzo", 51, 0).await;
        let mut ids = Vec::new();
        for (from_date, to_date) in [
            ("", ""),
            ("2026-03-10", ""),
            ("", "2026-03-05"),
            ("2026-03-05", "2026-03-05"),
        ] {
            let body = json!({
                "campania_id": id, "dias_semana": ["mon"], "hora_inicio": "22:00", "hora_fin": "02:00",
                "fecha_inicio": from_date, "fecha_fin": to_date,
            });
            ids.push(
                post(&hub, "/api/sender/programaciones", body).await["id"]
                    .as_i64()
                    .unwrap(),
            );
        }
        post(
            &hub,
            &format!("/api/sender/programaciones/{}/approve", ids[0]),
            json!({}),
        )
        .await;
        for (query, expected) in [
            ("", vec![3, 2, 1, 0]),
            ("&desde=2026-03-02&hasta=2026-03-08", vec![3, 2, 0]),
            ("&desde=2026-03-06&hasta=2026-03-09", vec![0]),
            ("&desde=2026-03-06&hasta=2026-03-10", vec![1, 0]),
            ("&estado=aprobada", vec![0]),
            ("&estado=pendiente&desde=2026-03-06", vec![1]),
        ] {
            let (status, body) = ask(
                &hub,
                "GET",
                &format!("/api/sender/programaciones?limite=50{query}"),
                None,
            )
            .await;
            assert_eq!(status, 200, "{body}");
            let schedules: Vec<_> = body["programaciones"]
                .as_array()
                .unwrap()
                .iter()
                .map(|schedule| schedule["id"].as_i64().unwrap())
                .collect();
            let expected: Vec<_> = expected.iter().map(|n| ids[*n]).collect();
            assert_eq!(schedules, expected, "{query}");
            assert_eq!(body["programaciones"][0]["campania_nombre"], "Marzo");
        }
        for invalid_query in ["?desde=hoy", "?estado=abierta"] {
            let (status, body) = ask(
                &hub,
                "GET",
                &format!("/api/sender/programaciones{invalid_query}"),
                None,
            )
            .await;
            assert_eq!((status, &body["code"]), (400, &json!("INVALID_REQUEST")));
        }
        hub.stop().await;
    }
}
