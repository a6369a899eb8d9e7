//! Regression tests of an attack on the API: one business against another, and
//! one caller against all others.

use std::time::{Duration, Instant};

use central_hub::store::{Change, Composed, Filter, MessageState, NewMessage, Origin, Store};
use futures_util::StreamExt;
use futures_util::future::join_all;
use reqwest::Response;
use scratch_database::{Database, on_both_engines};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::access::{PASSWORD, admin_auth, basic_auth, bearer, send_request};
use crate::fake_session_manager::{FakeSessionManager, state};
use crate::support::{Events, Hub, wait_until};

const ANA: &str = "5491158254201";
const ANA_ID: &str = "5491158254201@c.us";
const OPEN: &[(&str, &str)] = &[("HUB_ADMIN_PASSWORD", PASSWORD)];

/// Creates a message of a business that WhatsApp accepted.
async fn sent(store: &Store, cliente_id: u64, campaign_id: Option<i64>, key: &str) {
    let message = Composed::text(Some(cliente_id), ANA, "hola").unwrap();
    let new = NewMessage {
        origin: Origin::Bulk,
        campaign_id,
        message: &message,
        idempotency_key: key,
        dry_run: false,
        due: None,
        claim: None,
    };
    let inserted = store.insert(&[new]).await.unwrap();
    assert_eq!(inserted.len(), 1);
    let newest = store.messages(&Filter::default(), 1).await.unwrap();
    let id = newest[0].id;
    let wa_id = format!("true_{ANA_ID}_{key}");
    let change = Change {
        wa_id: Some(&wa_id),
        ..Change::to(MessageState::Sent, "SENT")
    };
    store.change(id, change).await.unwrap().unwrap();
}

async fn post(hub: &Hub, caller: &str, path: &str, body: Value) -> (u16, Value) {
    hub.call_as(caller, "POST", path, body).await
}

async fn get(hub: &Hub, caller: &str, path: &str) -> (u16, Value) {
    hub.call_as(caller, "GET", path, json!(null)).await
}

async fn campaign(hub: &Hub, caller: &str, cliente_id: Option<u64>) -> i64 {
    let body = json!({"nombre": "marzo", "mensaje": "hola", "cliente_id": cliente_id});
    let (status, body) = post(hub, caller, "/api/sender/campaigns", body).await;
    assert_eq!(status, 201, "{body}");
    body["id"].as_i64().unwrap()
}

async fn start(database: &Database, peer: &FakeSessionManager) -> Hub {
    Hub::start_on(&database.url(), &peer.url, OPEN).await
}

async fn start_with_password_on(database: &Database) -> (FakeSessionManager, Hub) {
    let peer = FakeSessionManager::start().await;
    peer.set_response("/status", 200, r#"{"status":"READY"}"#);
    let hub = start(database, &peer).await;
    (peer, hub)
}

/// Returns inbound messages, newest first: text, business and campaign.
async fn inbound(hub: &Hub) -> Vec<(Value, Value, Value)> {
    let (status, body) = get(hub, &admin_auth(), "/api/listener/messages").await;
    assert_eq!(status, 200, "{body}");
    let messages = body["mensajes"].as_array().unwrap().iter();
    messages
        .map(|row| {
            (
                row["mensaje"].clone(),
                row["cliente_id"].clone(),
                row["campañaId"].clone(),
            )
        })
        .collect()
}

on_both_engines! {
    async fn reply_belongs_to_the_business_that_wrote_last(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let answered = async |number: u32| {
            let text = format!("respuesta {number}");
            peer.publish_message(&format!("false_{ANA_ID}_3A{number:02}"), ANA_ID, &text);
            let mut found = None;
            wait_until("the reply to be stored", async || {
                found = inbound(&hub).await.into_iter().find(|(it, ..)| *it == text);
                found.is_some()
            })
            .await;
            let (_, cliente, campaign) = found.unwrap();
            (cliente, campaign)
        };
        let of_51 = campaign(&hub, &admin_auth(), Some(51)).await;
        sent(&hub.store, 51, Some(of_51), "K1").await;
        assert_eq!(answered(1).await, (json!(51), json!(of_51)));
        // A later message of another business, without a campaign.
        sent(&hub.store, 52, None, "K2").await;
        assert_eq!(answered(2).await, (json!(52), json!(null)));
        // The first business writes again; its campaign still applies.
        sent(&hub.store, 51, None, "K3").await;
        assert_eq!(answered(3).await, (json!(51), json!(of_51)));
        let of_52 = campaign(&hub, &admin_auth(), Some(52)).await;
        sent(&hub.store, 52, Some(of_52), "K4").await;
        assert_eq!(answered(4).await, (json!(52), json!(of_52)));
        hub.stop().await;
    }

    async fn business_opts_out_only_its_own_contacts(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let (ana, luis) = (
            hub.add_cliente("ana", 51).await,
            hub.add_cliente("luis", 52).await,
        );
        sent(&hub.store, 51, None, "K1").await;
        let path = "/api/sender/bajas";
        let opt_out_path = format!("{path}/{ANA}");
        let opt_out = json!({"telefono": ANA, "motivo": "lo pidió por teléfono"});
        let (status, body) = post(&hub, &luis, path, opt_out.clone()).await;
        assert_eq!(
            (status, &body["code"]),
            (403, &json!("FORBIDDEN")),
            "{body}"
        );
        assert_eq!(get(&hub, &luis, &opt_out_path).await.0, 404);
        let (status, body) = post(&hub, &ana, path, opt_out.clone()).await;
        assert_eq!(status, 201, "{body}");
        assert_eq!(
            (&body["por"], &body["cliente_id"]),
            (&json!("ana"), &json!(51))
        );
        // Every caller sees the opt-out; only its business sees the reason.
        let (status, body) = get(&hub, &luis, &opt_out_path).await;
        assert_eq!(status, 200);
        for hidden in ["motivo", "por", "cliente_id"] {
            assert_eq!(body[hidden], json!(null), "{body}");
        }
        // A repeated opt-out does not reveal it either.
        let (_, repeated) = post(&hub, &admin_auth(), path, opt_out).await;
        assert_eq!(repeated["por"], "ana", "the first author of the opt-out must stay");
        let (_, list) = get(&hub, &admin_auth(), path).await;
        assert_eq!(list["bajas"][0]["motivo"], "lo pidió por teléfono");
        // A campaign's recipients count as the business's contacts; an
        // administrator may opt out any number.
        let other_number = "5491158254209";
        let id = campaign(&hub, &luis, Some(52)).await;
        let list = hub
            .http
            .post(hub.url(&format!("/api/sender/campaigns/{id}/recipients")));
        let list = list
            .header("authorization", &luis)
            .header("content-type", "text/csv");
        assert_eq!(
            send_request(list.body(format!("telefono\n{other_number}\n")))
                .await
                .0,
            201
        );
        assert_eq!(
            post(&hub, &luis, path, json!({"telefono": other_number}))
                .await
                .0,
            201
        );
        assert_eq!(
            post(
                &hub,
                &admin_auth(),
                path,
                json!({"telefono": "5491158254207"})
            )
            .await
            .0,
            201
        );
        hub.stop().await;
    }

    async fn long_messages_do_not_slow_down_a_search(database: Database) {
        let peer = FakeSessionManager::start().await;
        let hub = Hub::start_on(&database.url(), &peer.url, OPEN).await;
        let mut tx = hub.store.begin().await.unwrap();
        let text = "ñandú ".repeat(8_000);
        for number in 0..200 {
            let body = if number == 0 {
                "la aguja".to_owned()
            } else {
                format!("{number} {text}")
            };
            sqlx::query("INSERT INTO messages (direction, origin, cliente_id, chat, kind, body, state, due_at, created_at, updated_at)
                 VALUES ('in', 'chat', 51, $1, 'text', $2, 'received', 0, 0, 0)")
                    .bind(format!("54911{number:08}@c.us"))
                    .bind(body)
                    .execute(&mut *tx).await.unwrap();
        }
        tx.commit().await.unwrap();
        hub.store.rebuild_index().await.unwrap();
        let pages = async |list: &str, key: &str| {
            let (mut pages, mut found, mut before) = (0, 0, String::new());
            loop {
                let path = format!("{list}?buscar=AGUJA&limite=50{before}");
                let (status, page) = get(&hub, &admin_auth(), &path).await;
                assert_eq!(status, 200, "{page}");
                pages += 1;
                found += page[key].as_array().unwrap().len();
                let Some(next) = page["siguiente"].as_i64() else {
                    return (pages, found);
                };
                before = format!("&antes={next}");
            }
        };
        // 11 MB of text, of which the search reads one message thanks to the index.
        for (list, key) in [
            ("/api/listener/messages", "mensajes"),
            ("/api/listener/conversations", "conversaciones"),
        ] {
            let (pages, found) = pages(list, key).await;
            assert_eq!(found, 1, "{list}");
            assert_eq!(pages, 1, "{list}");
        }
        // A large page is limited by its size.
        let (_, page) = get(&hub, &admin_auth(), "/api/listener/messages?limite=200").await;
        let length = page["mensajes"].as_array().unwrap().len();
        assert!(
            (50..=100).contains(&length) && page["siguiente"].is_i64(),
            "{length}"
        );
        // The number of concurrent searches per business is limited.
        let caller = admin_auth();
        let searches = (0..20).map(|_| {
            get(
                &hub,
                &caller,
                "/api/listener/messages?buscar=nandu&limite=5",
            )
        });
        let searched = join_all(searches);
        let pending_searches = async {
            let mut worst = Duration::ZERO;
            for _ in 0..10 {
                let start = Instant::now();
                assert_eq!(hub.get("/health").await.0, 200);
                worst = worst.max(start.elapsed());
            }
            worst
        };
        let (answers, worst) = tokio::join!(searched, pending_searches);
        assert!(worst < Duration::from_secs(2), "{worst:?}");
        let refusals: Vec<_> = answers
            .iter()
            .filter(|(status, _)| *status == 429)
            .collect();
        assert!(!refusals.is_empty());
        assert!(
            refusals
                .iter()
                .all(|(_, body)| body["code"] == "TOO_MANY_AT_ONCE")
        );
        assert!(answers.iter().filter(|(status, _)| *status == 200).count() >= 4);
        hub.stop().await;
    }

    async fn nul_characters_and_out_of_range_ids_cause_no_500(database: Database) {
        let (_peer, hub) = start_with_password_on(&database).await;
        let caller = admin_auth();
        let text = "a\u{0}b";
        let mut messages = String::new();
        for path in [
            "/api/sender/messages?buscar=a%00b",
            "/api/sender/messages?telefono=a%00b&estado=a%00b",
            "/api/listener/messages?buscar=a%00b",
            "/api/listener/conversations?buscar=a%00b",
            "/api/listener/history/a%00b",
            "/api/sender/bajas/a%00b",
            "/api/sender/messages/status/a%00b",
            "/api/users/9223372036854775808",
        ] {
            let (status, body) = get(&hub, &caller, path).await;
            assert!(status < 500, "{path}: {body}");
            messages += &body.to_string();
        }
        for (path, body) in [
            ("/api/tokens", json!({"name": text, "scopes": ["read"]})),
            (
                "/api/sender/bajas",
                json!({"telefono": ANA, "motivo": text}),
            ),
            (
                "/api/sender/messages/send",
                json!({"destinatario": ANA, "mensaje": text}),
            ),
            (
                "/api/sender/campaigns",
                json!({"nombre": text, "mensaje": text}),
            ),
            (
                "/api/auth/login",
                json!({"username": text, "password": text}),
            ),
            (
                "/api/webhooks",
                json!({"url": format!("https://example.com/{text}"), "descripcion": text}),
            ),
        ] {
            let (status, body) = post(&hub, &caller, path, body).await;
            assert!(status < 500, "{path}: {body}");
            messages += &body.to_string();
        }
        // SQLite stores a NUL; on PostgreSQL the caller gets an error.
        let is_postgres = matches!(database, Database::Postgres { .. });
        assert_eq!(messages.contains("cannot store"), is_postgres, "{messages}");
        hub.stop().await;
    }

    async fn accounts_made_without_a_password_are_marked(database: Database) {
        let peer = FakeSessionManager::unused_url().await;
        let hub = Hub::start_on(&database.url(), &peer, &[]).await;
        let token = json!({"name": "vieja", "scopes": ["read"]});
        let (status, body) = send_request(hub.http.post(hub.url("/api/tokens")).json(&token)).await;
        assert_eq!((status, &body["unguarded"]), (201, &json!(true)), "{body}");
        let old = bearer(body["token"].as_str().unwrap());
        let user = json!({"username": "eva", "password": "una clave larga", "role": "admin"});
        assert_eq!(
            send_request(hub.http.post(hub.url("/api/users")).json(&user))
                .await
                .0,
            201
        );
        hub.stop().await;
        let hub = Hub::start_on(&database.url(), &peer, OPEN).await;
        assert_eq!(hub.store.unguarded().await.unwrap(), (1, 1));
        let (_, tokens) = get(&hub, &admin_auth(), "/api/tokens").await;
        assert_eq!(tokens["tokens"][0]["unguarded"], true);
        let new = hub.add_token(&admin_auth(), &["read"], None).await;
        let (_, users) = get(&hub, &admin_auth(), "/api/users").await;
        let marked: Vec<_> = users["users"]
            .as_array()
            .unwrap()
            .iter()
            .map(|user| {
                (
                    user["username"].as_str().unwrap(),
                    user["unguarded"].as_bool().unwrap(),
                )
            })
            .collect();
        assert_eq!(marked, [("admin", false), ("eva", true)]);
        // Each user and token can be revoked or secured separately.
        let eva = users["users"][1]["id"].clone();
        let (status, body) = hub
            .call_as(
                &admin_auth(),
                "PUT",
                &format!("/api/users/{eva}"),
                json!({"password": "otra clave larga"}),
            )
            .await;
        assert_eq!((status, &body["unguarded"]), (200, &json!(false)));
        let id = tokens["tokens"][0]["id"].clone();
        assert_eq!(
            hub.call_as(
                &admin_auth(),
                "DELETE",
                &format!("/api/tokens/{id}"),
                json!(null)
            )
            .await
            .0,
            200
        );
        assert_eq!(get(&hub, &old, "/api/config").await.0, 401);
        assert_eq!(get(&hub, &bearer(&new), "/api/config").await.0, 200);
        assert_eq!(hub.store.unguarded().await.unwrap(), (0, 0));
        hub.stop().await;
    }

    async fn bulk_accepts_only_the_callers_own_campaigns(database: Database) {
        let (_peer, hub) = start_with_password_on(&database).await;
        let (ana, luis) = (
            hub.add_cliente("ana", 51).await,
            hub.add_cliente("luis", 52).await,
        );
        let own_campaign = campaign(&hub, &ana, None).await;
        let bulk = async |caller: &str, campaign: i64, cliente_id: Option<u64>| {
            let message = json!({"destinatario": ANA, "mensaje": "hola", "cliente_id": cliente_id});
            let body = json!({"campañaId": campaign, "mensajes": [message]});
            post(&hub, caller, "/api/sender/messages/bulk", body).await
        };
        for (caller, id) in [(&luis, own_campaign), (&luis, 999), (&admin_auth(), 999)] {
            let (status, body) = bulk(caller, id, None).await;
            assert_eq!(
                (status, &body["code"]),
                (404, &json!("NOT_FOUND")),
                "{body}"
            );
        }
        let (status, body) = bulk(&admin_auth(), own_campaign, Some(52)).await;
        assert_eq!(
            (status, &body["code"]),
            (400, &json!("INVALID_REQUEST")),
            "{body}"
        );
        for caller in [&ana, &admin_auth()] {
            let (status, body) = bulk(caller, own_campaign, None).await;
            assert_eq!(status, 202, "{body}");
            let message = &body["mensajes"][0];
            assert_eq!(
                (&message["campañaId"], &message["cliente_id"]),
                (&json!(own_campaign), &json!(51))
            );
        }
        hub.stop().await;
    }

    async fn linking_code_requires_the_permission_to_link(database: Database) {
        let (peer, hub) = start_with_password_on(&database).await;
        let code = json!({"status": "QR_AVAILABLE", "qr": "data:1", "expires_in_ms": 60_000});
        peer.set_first_events(&[("state", state("QR_REQUIRED", 3)), ("qr", code.to_string())]);
        let reads = bearer(&hub.add_token(&admin_auth(), &["read"], None).await);
        let of_business = bearer(&hub.add_token(&admin_auth(), &["read"], Some(51)).await);
        let links = bearer(&hub.add_token(&admin_auth(), &["read", "link"], None).await);
        let ana = hub.add_cliente("ana", 51).await;
        let by_password = admin_auth();
        peer.send_event("qr", code.to_string());
        let listeners = [
            (&reads, false),
            (&of_business, false),
            (&links, true),
            (&ana, true),
            (&by_password, true),
        ];
        for (generation, (caller, sees)) in (10..).zip(listeners) {
            let mut events = Events::from_response(listen(&hub, caller).await);
            peer.send_event("qr", code.to_string());
            peer.send_event("state", state("READY", generation));
            let mut codes = 0;
            loop {
                let (name, data) = events.next().await.unwrap();
                codes += u32::from(name == "qr");
                if name == "state" && data["generation"] == generation {
                    break;
                }
            }
            assert_eq!(codes > 0, sees, "{caller}");
        }
        hub.stop().await;
    }

    async fn open_stream_ends_when_permissions_are_reduced(database: Database) {
        let (_peer, hub) = start_with_password_on(&database).await;
        let user = json!({"username": "eva", "password": "una clave larga", "role": "admin"});
        let (_, eva) = post(&hub, &admin_auth(), "/api/users", user).await;
        let path = format!("/api/users/{}", eva["id"]);
        let change = async |change: Value| {
            let (status, body) = hub.call_as(&admin_auth(), "PUT", &path, change).await;
            assert_eq!(status, 200, "{body}");
        };
        let by_password = basic_auth("eva", "una clave larga");
        let token = bearer(&hub.add_token(&by_password, &["read"], None).await);
        let session = hub.sign_in("eva", "una clave larga").await;
        // After a demotion, the session, the password and the user's token end.
        let mut open = Vec::new();
        for caller in [&bearer(&session.jwt), &by_password, &token] {
            open.push(listen(&hub, caller).await);
        }
        let others = listen(&hub, &admin_auth()).await;
        change(json!({"role": "cliente", "cliente_id": 51})).await;
        for stream in open {
            ends(stream).await;
        }
        // After a move to another business.
        let stream = listen(&hub, &by_password).await;
        change(json!({"cliente_id": 52})).await;
        ends(stream).await;
        // After a password change, for streams opened with any credential.
        let stream = listen(&hub, &by_password).await;
        change(json!({"password": "otra clave larga"})).await;
        ends(stream).await;
        // After a token is revoked.
        let (_, tokens) = get(&hub, &admin_auth(), "/api/tokens").await;
        let token = bearer(&hub.add_token(&admin_auth(), &["read"], None).await);
        let stream = listen(&hub, &token).await;
        let id = tokens["tokens"][0]["id"].as_i64().unwrap() + 1;
        let path = format!("/api/tokens/{id}");
        assert_eq!(
            hub.call_as(&admin_auth(), "DELETE", &path, json!(null))
                .await
                .0,
            200
        );
        ends(stream).await;
        // Other callers' streams stay open.
        let mut others = others.bytes_stream();
        let end = async { while let Some(Ok(_)) = others.next().await {} };
        assert!(
            tokio::time::timeout(Duration::from_millis(100), end)
                .await
                .is_err()
        );
        hub.stop().await;
    }

    async fn event_streams_per_caller_are_limited(database: Database) {
        let (_peer, hub) = start_with_password_on(&database).await;
        let token = bearer(&hub.add_token(&admin_auth(), &["read"], None).await);
        let mut open = join_all((0..64).map(|_| listen(&hub, &token))).await;
        assert!(open.iter().all(|response| response.status() == 200));
        let refusal = listen(&hub, &token).await;
        assert_eq!(refusal.status(), 429);
        assert!(refusal.headers().contains_key("retry-after"));
        let body: Value = refusal.json().await.unwrap();
        assert_eq!(body["code"], "TOO_MANY_AT_ONCE");
        // Other callers, and other requests of this one, are unaffected.
        assert_eq!(listen(&hub, &admin_auth()).await.status(), 200);
        assert_eq!(get(&hub, &token, "/api/config").await.0, 200);
        open.pop();
        wait_until("a free event stream", async || {
            listen(&hub, &token).await.status() == 200
        })
        .await;
        // The users of a business share its limit.
        let ana = hub.add_cliente("ana", 51).await;
        let first_token = bearer(&hub.add_token(&ana, &["read"], None).await);
        let second_token = bearer(&hub.add_token(&ana, &["read"], None).await);
        let callers = [&ana, &first_token, &second_token];
        let streams = join_all((0..150).map(|number| listen(&hub, callers[number % 3]))).await;
        let let_in = streams
            .iter()
            .filter(|stream| stream.status() == 200)
            .count();
        assert_eq!(let_in, 128);
        drop((open, streams));
        hub.stop().await;
    }

    async fn tokens_of_a_business_are_bounded(database: Database) {
        let (_peer, hub) = start_with_password_on(&database).await;
        let ana = hub.add_cliente("ana", 51).await;
        let luis = hub.add_cliente("luis", 52).await;
        let make = async |caller: &str, cliente_id: Option<u64>| {
            let body = json!({"name": "tienda", "scopes": ["read"], "cliente_id": cliente_id});
            post(&hub, caller, "/api/tokens", body).await
        };
        for _ in 0..100 {
            let (status, body) = make(&ana, None).await;
            assert_eq!(status, 201, "{body}");
        }
        // Whoever creates the token, the business already has the maximum.
        for (caller, cliente_id) in [(ana.as_str(), None), (admin_auth().as_str(), Some(51))] {
            let (status, body) = make(caller, cliente_id).await;
            assert_eq!(
                (status, &body["code"]),
                (409, &json!("TOO_MANY_TOKENS")),
                "{body}"
            );
        }
        // Other businesses are unaffected, and revoking a token makes room.
        assert_eq!(make(&luis, None).await.0, 201);
        assert_eq!(make(&admin_auth(), None).await.0, 201);
        let (_, listed) = get(&hub, &ana, "/api/tokens?limit=1").await;
        let path = format!("/api/tokens/{}", listed["tokens"][0]["id"]);
        assert_eq!(hub.call_as(&ana, "DELETE", &path, json!(null)).await.0, 200);
        assert_eq!(make(&ana, None).await.0, 201);
        hub.stop().await;
    }

    async fn slow_uploads_do_not_block_sign_in(database: Database) {
        let (_peer, hub) = start_with_password_on(&database).await;
        let mut open = Vec::new();
        for business in 51..=56_u64 {
            let caller = hub.add_cliente(&format!("u{business}"), business).await;
            for _ in 0..5 {
                let id = campaign(&hub, &caller, None).await;
                open.push(slow_list(&hub, &caller, id).await);
            }
        }
        // Sixteen are accepted, four per business; the others are rejected.
        let mut refused_statuses = Vec::new();
        for stream in &mut open {
            let mut head = [0; 12];
            let read = stream.read_exact(&mut head);
            // Accepted uploads have no response yet.
            if let Ok(Ok(_)) = tokio::time::timeout(Duration::from_millis(200), read).await {
                refused_statuses.push(String::from_utf8(head[9..].to_vec()).unwrap());
            }
        }
        let count_of = |status: &str| {
            refused_statuses
                .iter()
                .filter(|item| *item == status)
                .count()
        };
        assert_eq!(refused_statuses.len(), 30 - 16, "{refused_statuses:?}");
        assert!(
            count_of("429") >= 4 && count_of("503") >= 1,
            "{refused_statuses:?}"
        );
        let start = Instant::now();
        hub.sign_in("admin", PASSWORD).await;
        assert!(start.elapsed() < Duration::from_secs(5));
        hub.stop().await;
    }

    async fn number_of_a_lid_is_hidden_from_other_businesses(database: Database) {
        let peer = FakeSessionManager::with_event_log().await;
        let hub = start(&database, &peer).await;
        let luis = hub.add_cliente("luis", 52).await;
        let ana = hub.add_cliente("ana", 51).await;
        sent(&hub.store, 51, None, "K1").await;
        let lid = "99887766554433@lid";
        let mut event =
            crate::fake_session_manager::message("false_99887766554433@lid_3A01", lid, "hola");
        event["phone"] = json!(ANA);
        event["lid"] = json!(lid);
        peer.publish("message", &event);
        wait_until("the messages to be stored", async || inbound(&hub).await.len() == 1).await;
        let path = format!("/api/listener/history/{lid}");
        let (_, stored) = get(&hub, &ana, &path).await;
        assert_eq!(
            (&stored["telefono"], &stored["chat"]),
            (&json!(ANA), &json!(ANA_ID))
        );
        let (status, unknown) = get(&hub, &luis, &path).await;
        assert_eq!(status, 200);
        assert_eq!(
            (&unknown["telefono"], &unknown["chat"]),
            (&json!(null), &json!(lid))
        );
        assert!(!unknown.to_string().contains(ANA), "{unknown}");
        // A message to the LID does not reveal it either, and neither does the opt-out list.
        let (_, answer) = post(
            &hub,
            &luis,
            "/api/sender/messages/bulk",
            json!({"mensajes": [{"destinatario": lid, "mensaje": "hola"}]}),
        )
        .await;
        assert!(!answer.to_string().contains(ANA), "{answer}");
        hub.store.opt_out(ANA_ID, None, None, "test").await.unwrap();
        for path in [
            format!("/api/sender/bajas/{lid}"),
            format!("/api/listener/history/{lid}"),
            "/api/sender/messages?direccion=todas".to_owned(),
            "/api/listener/messages?direccion=todas".to_owned(),
            "/api/listener/conversations".to_owned(),
        ] {
            let (status, body) = get(&hub, &luis, &path).await;
            assert_eq!(status, 200, "{path} {body}");
            assert!(!body.to_string().contains(ANA), "{path} {body}");
        }
        hub.stop().await;
    }
}

async fn listen(hub: &Hub, authorization: &str) -> Response {
    let request = hub.http.get(hub.url("/api/events"));
    request
        .header("authorization", authorization)
        .send()
        .await
        .unwrap()
}

/// Reads an open stream to its end.
async fn ends(response: Response) {
    ends_within(Duration::from_secs(10), response).await;
}

async fn ends_within(limit: Duration, response: Response) {
    assert_eq!(response.status(), 200);
    let mut bytes = response.bytes_stream();
    let end = async { while let Some(Ok(_)) = bytes.next().await {} };
    tokio::time::timeout(limit, end)
        .await
        .expect("the stream ends");
}

/// Starts an upload that stalls halfway.
async fn slow_list(hub: &Hub, caller: &str, campaign: i64) -> TcpStream {
    let address = hub.url.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!(
        "POST /api/sender/campaigns/{campaign}/recipients HTTP/1.1\r\nhost: localhost\r\nauthorization: {caller}\r\ncontent-type: text/csv\r\ncontent-length: 100000\r\n\r\ntelefono\n"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    stream
}

#[tokio::test]
async fn internal_token_guesses_are_rate_limited() {
    let peer = FakeSessionManager::start().await;
    let variables = [OPEN[0], ("INTERNAL_TOKEN", "hunter2hunter2hunter2")];
    let hub = Hub::start_with(&peer.url, &variables).await;
    let report = async |token: &str, from: &str| {
        let body = json!({"cliente_id": 51, "from": ANA, "message": "hola", "message_id": "A1"});
        let request = hub.http.post(hub.url("/api/listener/incoming-message"));
        let request = request.header("x-internal-token", token);
        send_request(request.header("x-forwarded-for", from).json(&body)).await
    };
    let guess = |number: usize| {
        let report = &report;
        async move { report(&format!("guess-{number}"), "203.0.113.9").await.0 }
    };
    let mut statuses = Vec::new();
    for numbers in (0..610).collect::<Vec<_>>().chunks(50) {
        statuses.extend(join_all(numbers.iter().map(|number| guess(*number))).await);
    }
    let count_of = |expected| {
        statuses
            .iter()
            .filter(|status| **status == expected)
            .count()
    };
    assert!(count_of(401) >= 600 && count_of(429) > 0 && count_of(401) + count_of(429) == 610);
    let (status, body) = report("hunter2hunter2hunter2", "203.0.113.9").await;
    assert_eq!((status, &body["code"]), (429, &json!("TOO_MANY_ATTEMPTS")));
    let (status, body) = report("hunter2hunter2hunter2", "203.0.113.10").await;
    assert_eq!(status, 200, "{body}");
    hub.stop().await;
}

/// Checks that a change at one of two hubs takes effect at the other.
#[tokio::test(flavor = "multi_thread")]
async fn two_hubs_enforce_rules_and_limits_together() {
    let database = Database::postgres();
    let peer = FakeSessionManager::with_event_log().await;
    let first_hub = start(&database, &peer).await;
    let second_hub = start(&database, &peer).await;
    let ana = first_hub.add_cliente("ana", 51).await;
    let token = bearer(&first_hub.add_token(&ana, &["read", "send"], None).await);
    let open = listen(&second_hub, &ana).await;
    let with_token = listen(&second_hub, &token).await;

    // The last sender gets the reply, which is stored once.
    sent(&first_hub.store, 51, None, "K1").await;
    sent(&second_hub.store, 52, None, "K2").await;
    peer.publish_message(&format!("false_{ANA_ID}_3A01"), ANA_ID, "respuesta");
    wait_until("the reply to be stored", async || {
        inbound(&first_hub).await.len() == 1
    })
    .await;
    for hub in [&first_hub, &second_hub] {
        let (text, cliente, _) = inbound(hub).await.remove(0);
        assert_eq!((text, cliente), (json!("respuesta"), json!(52)));
    }

    // After an opt-out at one hub, the other sends nothing.
    let opt_out = json!({"telefono": ANA});
    let (status, body) = post(&first_hub, &admin_auth(), "/api/sender/bajas", opt_out).await;
    assert_eq!(status, 201, "{body}");
    let path = format!("/api/sender/bajas/{ANA}");
    assert_eq!(get(&second_hub, &admin_auth(), &path).await.0, 200);
    let bulk_body = json!({"mensajes": [{"destinatario": ANA, "mensaje": "hola"}]});
    let path = "/api/sender/messages/bulk";
    let (status, body) = post(&second_hub, &token, path, bulk_body).await;
    let refusal = (status, &body["mensajes"][0]["error"]);
    assert_eq!(refusal, (202, &json!("OPTED_OUT")), "{body}");

    // A permission that was revoked at one hub ends at the other: at once for
    // requests, and within half a minute for open streams.
    let (_, users) = get(&first_hub, &admin_auth(), "/api/users").await;
    let users = users["users"].as_array().unwrap();
    let id = &users.iter().find(|user| user["username"] == "ana").unwrap()["id"];
    let path = format!("/api/users/{id}");
    let change = json!({"password": "otra clave larga", "cliente_id": 53});
    let (status, body) = first_hub.call_as(&admin_auth(), "PUT", &path, change).await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(get(&second_hub, &ana, "/api/auth/me").await.0, 401);
    let limit = Duration::from_secs(40);
    tokio::join!(ends_within(limit, open), ends_within(limit, with_token));
    first_hub.stop().await;
    second_hub.stop().await;
}
