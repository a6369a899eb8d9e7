//! Tests session-manager's HTTP contract on the real binary: its responses to valid and invalid
//! requests before any browser runs.

use super::http_requests::{
    FILE, HttpResponse, MESSAGE, READS, get, post, request_to, routes, send, start_plain,
    without_browser,
};
use harness::ManagerOptions;
use reqwest::Method;
use serde_json::{Value, json};
use session_api::Timestamp;

const NUMBER: &str = "5491133445566";
const TEXT: &str = "la-seña-del-depto-en-Caballito";

/// Returns the rejection, which must not repeat the content of the request.
fn refusal_without_echo(answer: &HttpResponse) -> (u16, String) {
    let body = &answer.body;
    assert!(!body.contains(NUMBER) && !body.contains(TEXT), "{body}");
    answer.refusal()
}

#[tokio::test]
async fn response_bodies_match_byte_for_byte() {
    let mut manager = start_plain().await;
    let health = get(&manager, "/health").await;
    let stamp = health
        .body
        .strip_prefix(r#"{"status":"ok","service":"session-manager","timestamp":""#)
        .and_then(|rest| rest.strip_suffix(r#""}"#))
        .unwrap_or_else(|| panic!("{}", health.body));
    let shape: String = stamp
        .chars()
        .map(|c| if c.is_ascii_digit() { '0' } else { c })
        .collect();
    assert_eq!(shape, "0000-00-00T00:00:00.000Z", "{stamp}");
    let reported: Timestamp = serde_json::from_value(json!(stamp)).unwrap();
    let difference_ms = Timestamp::now().as_millis() - reported.as_millis();
    assert!(
        (0..10_000).contains(&difference_ms),
        "{stamp} is {difference_ms} ms ago"
    );

    let status = get(&manager, "/status").await;
    let qr = get(&manager, "/qr").await;
    for answer in [&health, &status, &qr] {
        assert_eq!((answer.status, answer.kind()), (200, "application/json"));
    }
    assert_eq!(status.body, r#"{"status":"INIT"}"#);
    assert_eq!(qr.body, r#"{"status":"NO_QR"}"#);
    for form in ["/qr.png", "/qr.svg", "/qr.txt"] {
        let answer = get(&manager, form).await;
        assert_eq!(answer.refusal(), (404, "QR_NOT_AVAILABLE".to_owned()));
    }

    let connect = post(&manager, "/connect", "").await;
    assert_eq!((connect.status, connect.kind()), (200, "application/json"));
    let message = serde_json::from_str::<Value>(&connect.body).unwrap()["message"].clone();
    assert_eq!(
        connect.body,
        format!(
            r#"{{"success":true,"message":{message},"session":"admin","state":"INIT","alreadyConnected":false}}"#
        )
    );
    manager.wait_for_state("ERROR").await;
    assert_eq!(get(&manager, "/status").await.body, r#"{"status":"ERROR"}"#);
    for (path, state) in [("/disconnect", "DISCONNECTED"), ("/logout", "DISCONNECTED")] {
        let answer = post(&manager, path, "").await;
        let message = serde_json::from_str::<Value>(&answer.body).unwrap()["message"].clone();
        assert_eq!(
            (answer.status, answer.body),
            (
                200,
                format!(
                    r#"{{"success":true,"message":{message},"session":"admin","state":"{state}"}}"#
                )
            )
        );
    }
    assert!(manager.stop().await.success());
}

#[tokio::test]
async fn head_answers_as_get_without_a_body() {
    let mut manager = start_plain().await;
    for path in READS {
        let head_response = send(request_to(&manager, Method::HEAD, path)).await;
        assert_eq!(head_response.body, "", "{path}");
        if path == "/events" {
            // The response to GET does not end, so there is nothing to compare with.
            assert_eq!(
                (head_response.status, head_response.kind()),
                (200, "text/event-stream")
            );
            continue;
        }
        let get = get(&manager, path).await;
        assert_eq!(head_response.status, get.status, "{path}");
        for name in ["content-type", "content-length"] {
            if path != "/session" || name != "content-length" {
                assert_eq!(
                    head_response.headers.get(name),
                    get.headers.get(name),
                    "{path} {name}"
                );
            }
        }
    }
    assert_eq!(
        send(request_to(&manager, Method::HEAD, "/connect"))
            .await
            .status,
        405
    );
    assert_eq!(
        manager.state().await,
        "INIT",
        "HEAD must not connect the session"
    );
    manager.stop().await;
}

#[tokio::test]
async fn cliente_id_header_is_one_positive_integer() {
    let mut manager = start_plain().await;
    let request_with_ids = |method, path, ids: &[&str]| {
        let request = request_to(&manager, method, path);
        let request = ids
            .iter()
            .fold(request, |request, id| request.header("x-cliente-id", *id));
        send(request)
    };
    let huge = "9".repeat(300);
    let invalid_ids: [&[&str]; 15] = [
        &["0"],
        &["-1"],
        &["+1"],
        &["abc"],
        &["1.5"],
        &["1e3"],
        &["0x1"],
        &[""],
        &["1 2"],
        &["1,2"],
        &["ñ"],
        &["9223372036854775808"],
        &[&huge],
        &["51", "51"],
        &["51", "abc"],
    ];
    for (method, path) in routes() {
        for ids in invalid_ids {
            let answer = request_with_ids(method.clone(), path, ids).await;
            assert_eq!(
                answer.refusal(),
                (400, "INVALID_HEADER".to_owned()),
                "{method} {path} {ids:?}"
            );
        }
    }
    assert_eq!(
        manager.state().await,
        "INIT",
        "a refused request must have no effect"
    );
    for id in ["1", "51", "007", " 51 ", "9223372036854775807"] {
        for path in ["/health", "/status", "/qr", "/session"] {
            assert_eq!(
                request_with_ids(Method::GET, path, &[id]).await.status,
                200,
                "{path} {id:?}"
            );
        }
    }
    manager.stop().await;
}

#[tokio::test]
async fn unknown_paths_are_404_and_wrong_methods_405() {
    let mut manager = start_plain().await;
    let paths = [
        "/",
        "/nada",
        "/status/",
        "/STATUS",
        "//status",
        "/status/..%2fqr",
        "/%73tatus",
        "/status%00",
        "/%zz",
        "/api/status",
        "/index.html",
        "/.env",
        "/%2e%2e/%2e%2e/etc/passwd",
    ];
    for path in paths {
        for method in [Method::GET, Method::POST, Method::DELETE] {
            let answer = send(request_to(&manager, method, path)).await;
            assert_eq!(answer.refusal(), (404, "NOT_FOUND".to_owned()), "{path}");
        }
    }
    let methods = [
        "GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW",
    ];
    for (allowed_method, path) in routes() {
        // An uploaded file is read and deleted under the same path.
        let allowed_methods: &[&str] = match path {
            FILE => &["GET", "DELETE"],
            MESSAGE => &["GET", "PUT", "DELETE"],
            "/passkey" => &["GET", "POST"],
            _ => &[allowed_method.as_str()],
        };
        for wrong_method in methods
            .into_iter()
            .filter(|name| !allowed_methods.contains(name))
        {
            let method = Method::from_bytes(wrong_method.as_bytes()).unwrap();
            let answer = send(request_to(&manager, method, path)).await;
            assert_eq!(
                answer.refusal(),
                (405, "METHOD_NOT_ALLOWED".to_owned()),
                "{wrong_method} {path}"
            );
            let allow = match path {
                FILE => "GET,HEAD,DELETE",
                MESSAGE => "GET,HEAD,PUT,DELETE",
                "/passkey" => "GET,HEAD,POST",
                _ if allowed_method == Method::GET => "GET,HEAD",
                _ => allowed_method.as_str(),
            };
            assert_eq!(answer.headers["allow"], allow, "{wrong_method} {path}");
        }
    }
    // A query string is ignored.
    assert_eq!(
        get(&manager, "/status?a=%zz&b").await.body,
        r#"{"status":"INIT"}"#
    );
    manager.stop().await;
}

#[tokio::test]
async fn bad_bodies_are_refused_and_never_echoed() {
    // At this level the service logs everything that it can log.
    let mut manager = without_browser(ManagerOptions::default().with("RUST_LOG", "trace")).await;
    let deep = format!(r#"{{"to":{}{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
    let unclosed = format!(
        r#"{{"phone":"{NUMBER}","to":"{NUMBER}","x":{}"#,
        "[".repeat(50_000)
    );
    let anywhere: Vec<(Vec<u8>, &str)> = [
        ("", "INVALID_JSON"),
        (" \n", "INVALID_JSON"),
        ("{", "INVALID_JSON"),
        ("hola", "INVALID_JSON"),
        ("to=5491133445566&message=la-seña-del-depto-en-Caballito", "INVALID_JSON"),
        (r#"{'to':'5491133445566','phone':'5491133445566'}"#, "INVALID_JSON"),
        (r#"{"to":"5491133445566","phone":"5491133445566",}"#, "INVALID_JSON"),
        (r#"{"to":"5491133445566","phone":"5491133445566"} {}"#, "INVALID_JSON"),
        (r#"{"to":"5491133445566","phone":"5491133445566"}x"#, "INVALID_JSON"),
        (r#"{"message":"la-seña-del-depto-en-Caballito"#, "INVALID_JSON"),
        (r#"{"to":NaN,"phone":NaN}"#, "INVALID_JSON"),
        (&unclosed, "INVALID_JSON"),
        ("null", "INVALID_REQUEST"),
        ("5491133445566", "INVALID_REQUEST"),
        (r#""la-seña-del-depto-en-Caballito""#, "INVALID_REQUEST"),
        (r#"["5491133445566","la-seña-del-depto-en-Caballito"]"#, "INVALID_REQUEST"),
        ("{}", "INVALID_REQUEST"),
        (&deep, "INVALID_REQUEST"),
        (r#"{"to":5491133445566,"phone":5491133445566}"#, "INVALID_REQUEST"),
        (r#"{"to":null,"phone":null}"#, "INVALID_REQUEST"),
        (r#"{"to":{"5491133445566":1},"phone":{"5491133445566":1}}"#, "INVALID_REQUEST"),
        (r#"{"to":"54911334455","to":"5491133445566","message":"a","phone":"1","phone":"5491133445566"}"#, "INVALID_REQUEST"),
        (r#"{"to":"la-seña-del-depto-en-Caballito","message":"a","phone":"la-seña-del-depto-en-Caballito"}"#, "INVALID_REQUEST"),
        (r#"{"to":"\ud800","message":"a","phone":"\ud800"}"#, "INVALID_REQUEST"),
    ]
    .into_iter()
    .map(|(body, code)| (body.as_bytes().to_vec(), code))
    .chain([
        (b"{\"to\":\"5491133445566\xff\",\"message\":\"a\",\"phone\":\"5491133445566\xff\"}".to_vec(), "INVALID_REQUEST"),
        (b"\xff\xfe{\0}\0".to_vec(), "INVALID_JSON"),
        (b"\0".repeat(100), "INVALID_JSON"),
    ])
    .collect();
    for path in ["/send", "/pairing-code", "/passkey"] {
        for (body, code) in &anywhere {
            let body_start = String::from_utf8_lossy(&body[..body.len().min(80)]).into_owned();
            let answer = post(&manager, path, body.clone()).await;
            assert_eq!(
                refusal_without_echo(&answer),
                (400, (*code).to_owned()),
                "{path} {body_start}"
            );
        }
    }
    for (to, message, cliente) in [
        (json!(NUMBER), json!(""), json!(51)),
        (json!(NUMBER), json!(" \n\t"), json!(51)),
        (json!(NUMBER), json!(format!("{TEXT}\0")), json!(51)),
        (json!(NUMBER), json!("a".repeat(65_537)), json!(51)),
        (json!(NUMBER), json!([TEXT]), json!(51)),
        (json!(NUMBER), json!(TEXT), json!(0)),
        (json!(NUMBER), json!(TEXT), json!(-1)),
        (json!(NUMBER), json!(TEXT), json!(1.5)),
        (json!(NUMBER), json!(TEXT), json!("abc")),
        (json!(NUMBER), json!(TEXT), json!(1e30)),
        (json!(format!("{NUMBER}123")), json!(TEXT), json!(51)),
        (json!(format!("{NUMBER}@g.us")), json!(TEXT), json!(51)),
        (
            json!(format!("{NUMBER}@evil.example")),
            json!(TEXT),
            json!(51),
        ),
        (json!(""), json!(TEXT), json!(51)),
    ] {
        let body = json!({"to": to, "message": message, "cliente_id": cliente}).to_string();
        let answer = post(&manager, "/send", body.clone()).await;
        assert_eq!(
            refusal_without_echo(&answer),
            (400, "INVALID_REQUEST".to_owned()),
            "{body:.80}"
        );
    }
    let valid_body =
        json!({"to": NUMBER, "message": TEXT, "cliente_id": 51, "phone": NUMBER}).to_string();
    for (path, refusal) in [
        ("/send", (503, "SESSION_NOT_READY")),
        ("/pairing-code", (404, "QR_NOT_AVAILABLE")),
        ("/passkey", (400, "INVALID_REQUEST")),
    ] {
        for label in ["text/html", "multipart/form-data; boundary=x", "image/png"] {
            let request = request_to(&manager, Method::POST, path).header("content-type", label);
            let answer = send(request.body(valid_body.clone())).await;
            // A send may include its file. This request declares a file, but has none.
            let expected = match (path, label.starts_with("multipart")) {
                ("/send", true) => (400, "INVALID_REQUEST".to_owned()),
                _ => (415, "UNSUPPORTED_MEDIA_TYPE".to_owned()),
            };
            assert_eq!(refusal_without_echo(&answer), expected, "{label}");
        }
        for (size, expected) in [
            (512 * 1024, refusal),
            (512 * 1024 + 1, (413, "PAYLOAD_TOO_LARGE")),
            (3_000_000, (413, "PAYLOAD_TOO_LARGE")),
        ] {
            let answer = post(
                &manager,
                path,
                valid_body.clone() + &" ".repeat(size - valid_body.len()),
            )
            .await;
            assert_eq!(
                refusal_without_echo(&answer),
                (expected.0, expected.1.to_owned()),
                "{path} {size}"
            );
        }
    }
    assert_eq!(get(&manager, "/health").await.status, 200);
    assert_eq!(manager.stop().await.code(), Some(0));
    let log = manager.service.output();
    assert!(log.contains("DEBUG"), "{log}");
    assert!(!log.contains(NUMBER) && !log.contains(TEXT), "{log}");
    assert!(!log.contains("panicked"), "{log}");
}
