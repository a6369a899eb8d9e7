//! Tests the access of every kind of caller to every route. A new route needs a
//! line here and one in `routes/mod.rs`.

use std::collections::BTreeSet;

use central_hub::routes::rules;
use serde_json::json;

use super::{admin_auth, bearer, start_with_password};
use crate::support::Hub;

/// The callers with access to each route, as one letter each: `n`o credentials,
/// the `A`dmin, an a`G`ente, a `C`liente, tokens with one scope each (`r`ead,
/// `s`end, `k` for campaigns, `l`ink, `a`dmin), and the same tokens of one
/// business (`R S K L`).
const EXPECTED: &[(&str, &str)] = &[
    ("POST /auth/login", "nAGCrsklaRSKL"),
    ("POST /auth/logout", "AGCrsklaRSKL"),
    // Only a session can be refreshed.
    ("POST /auth/refresh", ""),
    ("GET /auth/me", "AGCrsklaRSKL"),
    // Only a user has a password.
    ("POST /auth/password", "AGCa"),
    ("POST /auth/verify", "AGCrsklaRSKL"),
    ("POST /auth/change-password", "AGCa"),
    ("GET /users", "Aa"),
    ("POST /users", "Aa"),
    ("GET /users/{id}", "Aa"),
    ("PUT /users/{id}", "Aa"),
    ("DELETE /users/{id}", "Aa"),
    ("GET /tokens", "ACa"),
    ("POST /tokens", "ACa"),
    ("DELETE /tokens/{id}", "ACa"),
    ("GET /config", "AGCrsklaRSKL"),
    ("GET /events", "AGCraR"),
    ("GET /overview", "AGCraR"),
    ("GET /sending", "AGCraR"),
    ("PUT /sending", "Aa"),
    ("GET /metrics", "Ara"),
    ("GET /phone", "AGCraR"),
    ("GET /status", "Ara"),
    ("GET /qr", "Ala"),
    ("POST /connect", "Ala"),
    ("GET /qr-code", "AClaL"),
    ("GET /whatsapp-v2/status", "AGCraR"),
    ("GET /whatsapp-v2/qr", "AClaL"),
    ("POST /whatsapp-v2/connect", "AClaL"),
    ("GET /admin/whatsapp/status", "AGra"),
    ("GET /admin/whatsapp/session", "AGra"),
    ("GET /admin/whatsapp/qr", "Ala"),
    ("POST /admin/whatsapp/connect", "Ala"),
    ("POST /admin/whatsapp/disconnect", "Ala"),
    ("POST /admin/whatsapp/logout", "Ala"),
    ("POST /admin/whatsapp/pairing-code", "Ala"),
    ("GET /admin/whatsapp/passkey", "Ala"),
    ("POST /admin/whatsapp/passkey", "Ala"),
    ("POST /admin/whatsapp/passkey/confirm", "Ala"),
    ("POST /admin/whatsapp/passkey/cancel", "Ala"),
    ("GET /whatsapp/{cliente_id}/status", "AGCraR"),
    ("GET /whatsapp/{cliente_id}/session", "AGCraR"),
    ("GET /whatsapp/{cliente_id}/qr", "AClaL"),
    ("POST /whatsapp/{cliente_id}/connect", "AClaL"),
    ("POST /whatsapp/{cliente_id}/disconnect", "Ala"),
    ("POST /whatsapp/{cliente_id}/logout", "Ala"),
    ("POST /whatsapp/{cliente_id}/pairing-code", "Ala"),
    ("POST /send", "AGCsaS"),
    ("POST /sender/send", "AGCsaS"),
    ("POST /files", "AGCsaS"),
    ("GET /files/{id}", "AGCsaS"),
    ("DELETE /files/{id}", "AGCsaS"),
    ("GET /sender/messages", "AGCraR"),
    ("GET /sender/messages.csv", "AGCraR"),
    ("POST /sender/messages/send", "AGCsaS"),
    ("POST /sender/messages/bulk", "ACsaS"),
    ("GET /sender/messages/status/{id}", "AGCraR"),
    ("POST /sender/messages/{id}/retry", "AGCsaS"),
    ("POST /sender/messages/{id}/decide", "AGCsaS"),
    ("GET /sender/campaigns", "AGCraR"),
    ("POST /sender/campaigns", "ACkaK"),
    ("GET /sender/campaigns/{id}", "AGCraR"),
    ("PUT /sender/campaigns/{id}", "ACkaK"),
    ("DELETE /sender/campaigns/{id}", "ACkaK"),
    // A business prepares campaigns; an administrator approves them.
    ("POST /sender/campaigns/{id}/approve", "Aka"),
    ("POST /sender/campaigns/{id}/pause", "ACkaK"),
    ("POST /sender/campaigns/{id}/resume", "Aka"),
    ("POST /sender/campaigns/{id}/copy", "ACkaK"),
    ("GET /sender/campaigns/{id}/stats", "AGCraR"),
    ("GET /sender/campaigns/{id}/replies", "AGCraR"),
    ("GET /sender/campaigns/{id}/recipients", "AGCraR"),
    ("POST /sender/campaigns/{id}/recipients", "ACkaK"),
    ("POST /sender/campaigns/{id}/recipients/retry", "ACkaK"),
    (
        "GET /sender/campaigns/{id}/recipients/{recipient}",
        "AGCraR",
    ),
    (
        "POST /sender/campaigns/{id}/recipients/{recipient}/retry",
        "ACkaK",
    ),
    ("GET /sender/campaigns/{id}/check", "AGCraR"),
    ("POST /sender/campaigns/{id}/check", "ACkaK"),
    ("POST /sender/campaigns/{id}/check/skip", "ACkaK"),
    ("GET /sender/campaigns/{id}/imports", "AGCraR"),
    ("GET /sender/campaigns/{id}/imports/{import}", "AGCraR"),
    ("DELETE /sender/campaigns/{id}/imports/{import}", "ACkaK"),
    (
        "GET /sender/campaigns/{id}/imports/{import}/rejected",
        "AGCraR",
    ),
    ("GET /sender/programaciones", "AGCraR"),
    ("POST /sender/programaciones", "ACkaK"),
    ("GET /sender/programaciones/{id}", "AGCraR"),
    ("PUT /sender/programaciones/{id}", "ACkaK"),
    ("DELETE /sender/programaciones/{id}", "ACkaK"),
    ("POST /sender/programaciones/{id}/approve", "Aka"),
    ("POST /sender/programaciones/{id}/reject", "Aka"),
    ("POST /sender/programaciones/{id}/pause", "ACkaK"),
    ("GET /sender/bajas", "AGra"),
    ("POST /sender/bajas", "AGCkaK"),
    ("GET /sender/bajas/palabras", "AGCraR"),
    ("PUT /sender/bajas/palabras", "Aka"),
    ("GET /sender/bajas/posibles", "AGCraR"),
    ("POST /sender/bajas/posibles/{id}", "AGCkaK"),
    ("GET /sender/bajas/respuesta", "AGCraR"),
    ("PUT /sender/bajas/respuesta", "Aka"),
    ("GET /sender/bajas/{telefono}", "AGCraR"),
    ("DELETE /sender/bajas/{telefono}", "Aka"),
    ("GET /listener/status", "AGCraR"),
    ("POST /listener/mode", "Aa"),
    ("GET /listener/conversations", "AGCraR"),
    ("GET /listener/inbox", "AGCraR"),
    ("POST /listener/conversations/{number}/read", "AGCa"),
    ("POST /listener/conversations/{number}/attended", "AGCsaS"),
    ("GET /listener/messages", "AGCraR"),
    ("GET /listener/history/{number}", "AGCraR"),
    ("GET /listener/messages/{id}/media", "AGCraR"),
    ("PUT /listener/messages/{id}", "AGCsaS"),
    ("DELETE /listener/messages/{id}", "AGCsaS"),
    ("PUT /listener/messages/{id}/reaction", "AGCsaS"),
    ("DELETE /listener/messages/{id}/reaction", "AGCsaS"),
    ("POST /listener/conversations/{number}/seen", "AGCsaS"),
    ("POST /listener/conversations/{number}/typing", "AGCsaS"),
    ("GET /contacts/{telefono}/whatsapp", "AGCsaS"),
    ("GET /media/{token}", "nAGCrsklaRSKL"),
    ("GET /contacts", "AGCraR"),
    ("GET /contacts.csv", "AGCraR"),
    ("POST /contacts/check", "ACkaK"),
    ("GET /contacts/{telefono}", "AGCraR"),
    ("PUT /contacts/{telefono}", "ACkaK"),
    ("DELETE /contacts/{telefono}", "ACkaK"),
    ("POST /contacts/{telefono}/join", "Aka"),
    ("POST /contacts/{telefono}/part", "Aka"),
    ("GET /quick-answers", "AGCraR"),
    ("POST /quick-answers", "AGCsaS"),
    ("PUT /quick-answers/{id}", "AGCsaS"),
    ("DELETE /quick-answers/{id}", "AGCsaS"),
    // Authenticated by a separate token, which this hub does not have.
    ("POST /listener/incoming-message", "nAGCrsklaRSKL"),
    ("POST /listener/outgoing-message", "nAGCrsklaRSKL"),
    ("GET /sender/destinatarios/campania/{id}", "AGCraR"),
    ("GET /sender/destinatarios/campania/{id}/resumen", "AGCraR"),
    ("POST /sender/destinatarios/campania/{id}/agregar", "ACkaK"),
    ("DELETE /sender/destinatarios/campania/{id}/quitar", "ACkaK"),
    ("GET /session-manager/sessions", "Ara"),
    ("GET /session-manager/status", "Ara"),
    ("GET /session-manager/state", "Ara"),
    ("GET /session-manager/qr", "Ala"),
    ("POST /session-manager/admin/login", "Ala"),
    ("POST /session-manager/admin/logout", "Ala"),
    ("GET /stats/health", "nAGCrsklaRSKL"),
    ("GET /stats/dashboard", "AGCraR"),
    ("GET /alerts", "Aa"),
    ("POST /alerts/test", "Aa"),
    ("GET /webhooks", "Aa"),
    ("POST /webhooks", "Aa"),
    ("GET /webhooks/{id}", "Aa"),
    ("PUT /webhooks/{id}", "Aa"),
    ("DELETE /webhooks/{id}", "Aa"),
    ("POST /webhooks/{id}/rotate", "Aa"),
    ("POST /webhooks/{id}/test", "Aa"),
    ("GET /webhooks/{id}/deliveries", "Aa"),
    ("POST /webhooks/{id}/deliveries/replay", "Aa"),
    ("GET /webhooks/{id}/deliveries/{number}", "Aa"),
    ("POST /webhooks/{id}/deliveries/{number}/replay", "Aa"),
];

/// Returns the status of the response, and the code if it is an error.
async fn ask(hub: &Hub, caller: &str, method: &str, path: &str) -> (u16, String) {
    let method: reqwest::Method = method.parse().unwrap();
    let mut request = hub.http.request(method.clone(), hub.url(path));
    if !caller.is_empty() {
        request = request.header("authorization", caller);
    }
    if method != reqwest::Method::GET {
        request = request.json(&json!({}));
    }
    let response = request.send().await.unwrap();
    let status = response.status().as_u16();
    if status < 400 {
        // An event stream would not end, so it is not read.
        return (status, String::new());
    }
    let body: serde_json::Value = response.json().await.unwrap();
    // A 404 must not come from an unknown path.
    assert!(
        body["message"] != "there is no such path" || path.ends_with("/nothing"),
        "{path}"
    );
    (status, body["code"].as_str().unwrap_or_default().to_owned())
}

#[test]
fn every_route_is_expected() {
    let documented_routes: BTreeSet<String> = rules()
        .into_iter()
        .map(|rule| format!("{} {}", rule.method, rule.path))
        .collect();
    let expected: BTreeSet<String> = EXPECTED.iter().map(|(route, _)| (*route).into()).collect();
    assert_eq!(documented_routes, expected);
}

#[tokio::test]
async fn every_route_for_every_caller() {
    let (_peer, hub) = start_with_password().await;
    let cliente = hub.add_cliente("ana", 51).await;
    let agente = hub.add_agente("luz").await;
    let mut callers = vec![
        ('n', String::new()),
        ('A', admin_auth()),
        ('G', agente),
        ('C', cliente),
    ];
    for (letter, scope) in [
        ('r', "read"),
        ('s', "send"),
        ('k', "campaigns"),
        ('l', "link"),
        ('a', "admin"),
    ] {
        let token = hub.add_token(&admin_auth(), &[scope], None).await;
        callers.push((letter, bearer(&token)));
        if scope != "admin" {
            let token = hub.add_token(&admin_auth(), &[scope], Some(51)).await;
            callers.push((letter.to_ascii_uppercase(), bearer(&token)));
        }
    }
    for (route, allowed) in EXPECTED {
        let (method, path) = route.split_once(' ').unwrap();
        let path = [
            ("{cliente_id}", "51"),
            ("{id}", "999999"),
            ("{recipient}", "999999"),
            ("{import}", "999999"),
            ("{number}", "999999"),
            ("{telefono}", "5491158254201"),
        ]
        .iter()
        .fold(path.to_owned(), |path, (name, value)| {
            path.replace(name, value)
        });
        for (letter, caller) in &callers {
            for prefix in ["", "/api"] {
                let (status, code) = ask(&hub, caller, method, &format!("{prefix}{path}")).await;
                let case = format!("{letter}: {method} {prefix}{path} answered {status} {code}");
                let refusal = if *letter == 'n' {
                    (401, "UNAUTHORIZED")
                } else {
                    (403, "FORBIDDEN")
                };
                if allowed.contains(*letter) {
                    // The handler rejects tokens where only users are allowed.
                    let by_handler = matches!(&*path, "/auth/password" | "/auth/change-password")
                        && *letter == 'a';
                    assert!(by_handler || (status, &*code) != refusal, "{case}");
                    assert!(!matches!(status, 405 | 500), "{case}");
                } else {
                    assert_eq!((status, &*code), refusal, "{case}");
                }
            }
        }
        // Paths of another business.
        if path.contains("/51/") {
            let other_path = path.replace("/51/", "/52/");
            for (letter, caller) in callers
                .iter()
                .filter(|(letter, _)| "CRSKL".contains(*letter))
            {
                let (status, code) = ask(&hub, caller, method, &format!("/api{other_path}")).await;
                assert_eq!(
                    (status, &*code),
                    (403, "FORBIDDEN"),
                    "{letter} {other_path}"
                );
            }
        }
    }
    // A wrong method gets 405 for every caller.
    assert_eq!(ask(&hub, "", "DELETE", "/api/send").await.0, 405);
    assert_eq!(ask(&hub, "", "GET", "/api/nothing").await.0, 404);
    hub.stop().await;
}
