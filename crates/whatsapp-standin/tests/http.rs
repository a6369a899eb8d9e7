//! Tests the addresses of the stand-in with requests from outside.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use whatsapp_standin::{PageHttp, PhoneError, Settings, Standin};

const CHROME: &str = "Mozilla/5.0 (X11; Linux x86_64) Chrome/156.0.0.0 Safari/537.36";

/// Returns an HTTP client. reqwest needs a TLS provider first, although nothing here uses TLS.
fn client() -> Client {
    // If another test installed the provider already, this does nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::new()
}

fn any_port() -> SocketAddr {
    SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
}

async fn start() -> Standin {
    Standin::start(any_port(), Settings::default())
        .await
        .expect("a free port")
}

async fn get(url: &str) -> reqwest::Response {
    client()
        .get(url)
        .header("user-agent", CHROME)
        .send()
        .await
        .expect("a response")
}

async fn post(standin: &Standin, path: &str, body: &str) -> (StatusCode, Value) {
    let url = format!("{}/api/{path}", standin.phone_url());
    let response = client()
        .post(url)
        .body(body.to_owned())
        .send()
        .await
        .expect("a response");
    let status = response.status();
    (status, response.json().await.expect("JSON"))
}

#[tokio::test]
async fn page_has_whatsapps_policy_and_all_its_files() {
    let standin = start().await;
    let page = get(&standin.web_url()).await;
    let policy = page.headers()["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.contains("script-src 'self' 'unsafe-eval' blob:;"),
        "{policy}"
    );
    let html = page.text().await.expect("text");
    let files: Vec<&str> = html
        .split('"')
        .filter(|part| part.starts_with("/app/"))
        .collect();
    assert!(files.len() > 10);
    for file in files {
        let answer = get(&format!("{}{}", standin.web_url(), &file[1..])).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
    }
    standin.stop().await;
}

#[tokio::test]
async fn headless_chrome_is_rejected() {
    let standin = start().await;
    let answer = client()
        .get(standin.web_url())
        .header("user-agent", CHROME.replace("Chrome/", "HeadlessChrome/"))
        .send()
        .await
        .expect("a response");
    let html = answer.text().await.expect("text");
    assert!(html.contains("works with Google Chrome 100+"));
    assert!(!html.contains("registry.js"));
}

#[tokio::test]
async fn every_bad_request_has_a_code_and_a_reason() {
    let standin = start().await;
    for (path, body, status, code) in [
        ("scan", "", 409, "no_code_shown"),
        ("scan", r#"{"code":"2@x,a,b,c"}"#, 400, "code_unknown"),
        ("scan", "{", 400, "bad_request"),
        ("link-code", "{}", 400, "bad_request"),
        ("link-code", r#"{"code":"ABCD-EFGH"}"#, 400, "code_unknown"),
        (
            "lead-messages",
            r#"{"from":"+54 9","body":"x"}"#,
            400,
            "bad_request",
        ),
        (
            "lead-messages",
            r#"{"from":"5491100000000"}"#,
            400,
            "bad_request",
        ),
        (
            "own-messages",
            r#"{"to":"1","body":"x"}"#,
            400,
            "bad_request",
        ),
        ("acks", r#"{"id":"x","ack":1}"#, 404, "message_unknown"),
        ("acks", r#"{"id":"x","ack":9}"#, 400, "bad_request"),
        ("unlink", "", 409, "no_device"),
        ("conflict", "", 409, "no_device"),
        ("network", "{}", 400, "bad_request"),
        ("block", r#"{"state":"MOON"}"#, 400, "bad_request"),
        ("rules", r#"{"outcome":"perhaps"}"#, 400, "bad_request"),
        (
            "contacts",
            r#"{"phone":"5491100000000"}"#,
            400,
            "bad_request",
        ),
        ("settings", r#"{"moon_ms":1}"#, 400, "bad_request"),
        ("page", r#"{"http":"slow"}"#, 400, "bad_request"),
        ("nonsense", "{}", 404, "not_found"),
        ("state", "{}", 405, "method_not_allowed"),
    ] {
        let (status_code, answer) = post(&standin, path, body).await;
        assert_eq!(status_code.as_u16(), status, "{path} {body}: {answer}");
        assert_eq!(answer["error"], true, "{path} {body}: {answer}");
        assert_eq!(answer["code"], code, "{path} {body}: {answer}");
        assert!(
            answer["message"]
                .as_str()
                .is_some_and(|text| !text.is_empty())
        );
    }
    assert_eq!(standin.phone().scan_current(), Err(PhoneError::NoCode));
}

#[tokio::test]
async fn settings_are_patched_and_read_back() {
    let standin = start().await;
    let (status, answer) = post(&standin, "settings", r#"{"first_code_ms":1234}"#).await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(answer["settings"]["first_code_ms"], 1234);
    assert_eq!(answer["settings"]["next_code_ms"], 20_000);
    let state: Value = get(&format!("{}/api/state", standin.phone_url()))
        .await
        .json()
        .await
        .expect("JSON");
    assert_eq!(state["settings"]["first_code_ms"], 1234);
    assert_eq!(state["codes"], json!([]));
}

#[tokio::test]
async fn page_can_be_unreachable_while_the_phone_responds() {
    let standin = start().await;
    standin.phone().page(PageHttp::Error);
    assert_eq!(
        get(&standin.web_url()).await.status(),
        StatusCode::INTERNAL_SERVER_ERROR
    );
    standin.phone().page(PageHttp::Hang);
    let pending = client()
        .get(standin.web_url())
        .timeout(Duration::from_millis(200))
        .send();
    assert!(pending.await.expect_err("no answer").is_timeout());
    assert_eq!(get(&standin.phone_url()).await.status(), StatusCode::OK);
    // A page that never answers must not delay the stop.
    tokio::time::timeout(Duration::from_secs(2), standin.stop())
        .await
        .expect("an end in time");
}

#[tokio::test]
async fn events_begin_with_the_state() {
    let standin = start().await;
    let mut events = get(&format!("{}/api/events", standin.phone_url())).await;
    let first_chunk = events.chunk().await.expect("a chunk").expect("not the end");
    let text = String::from_utf8_lossy(&first_chunk);
    assert!(text.starts_with("event: hello\ndata: {"), "{text}");
    standin.phone().set_network(false);
    let next = events.chunk().await.expect("a chunk").expect("not the end");
    assert!(String::from_utf8_lossy(&next).contains(r#""network_up":false"#));
}

#[tokio::test]
async fn phone_page_has_all_its_files() {
    let standin = start().await;
    let html = get(&standin.phone_url()).await.text().await.expect("text");
    let files: Vec<&str> = html
        .split('"')
        .filter(|part| part.starts_with("/phone/"))
        .collect();
    assert_eq!(files.len(), 4, "{files:?}");
    for file in files {
        let answer = get(&format!("{}{}", standin.web_url(), &file[1..])).await;
        assert_eq!(answer.status(), StatusCode::OK, "{file}");
    }
}

#[tokio::test]
async fn leads_messages_and_changes_are_read_back_after_a_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data.json");
    let open = || Standin::start_with_data(any_port(), Settings::default(), &file);
    let standin = open().await.expect("a free port");
    let message = r#"{"from":"5491155550001","body":"a las 10"}"#;
    let (_, written) = post(&standin, "lead-messages", message).await;
    let key = written["key"].as_str().expect("a key").to_owned();
    let edit = json!({"key": key, "body": "a las 11"}).to_string();
    post(&standin, "lead-edits", &edit).await;
    let reaction = json!({"key": key, "emoji": ""}).to_string();
    post(&standin, "lead-reactions", &reaction).await;
    standin.stop().await;

    let standin = open().await.expect("a free port");
    let read = async |path: &str| -> Value {
        let answer = get(&format!("{}/api/{path}", standin.phone_url())).await;
        answer.json().await.expect("JSON")
    };
    let messages = read("lead-messages").await;
    assert_eq!(messages.as_array().map(Vec::len), Some(1), "{messages}");
    assert_eq!(messages[0]["key"], key);
    // A change does not alter the message itself.
    assert_eq!(messages[0]["body"], "a las 10");
    assert_eq!(
        read("lead-changes").await,
        json!([
            {"kind": "edit", "target": key, "text": "a las 11"},
            {"kind": "reaction", "target": key, "text": ""},
        ])
    );
    standin.stop().await;
}

#[tokio::test]
async fn files_are_served_in_whole_or_in_part_and_never_as_a_page() {
    let standin = start().await;
    let path = standin.phone().upload("<script>0123456789");
    let url = format!("{}/api/files?path={path}", standin.phone_url());
    let ask = async |range: Option<&str>| {
        let mut request = client().get(&url);
        if let Some(range) = range {
            request = request.header("range", range);
        }
        let answer = request.send().await.expect("a response");
        for (name, value) in [
            ("content-type", "application/octet-stream"),
            ("content-disposition", "attachment"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(answer.headers()[name], value, "{range:?}");
        }
        let part = answer.headers().get("content-range").cloned();
        let part = part.map(|value| value.to_str().expect("text").to_owned());
        let status = answer.status().as_u16();
        (status, part, answer.text().await.expect("text"))
    };
    let whole = (200, None, "<script>0123456789".to_owned());
    assert_eq!(ask(None).await, whole);
    for (range, told, part) in [
        ("bytes=8-", "bytes 8-17/18", "0123456789"),
        ("bytes=9-10", "bytes 9-10/18", "12"),
        ("bytes=17-99", "bytes 17-17/18", "9"),
    ] {
        let expected = (206, Some(told.to_owned()), part.to_owned());
        assert_eq!(ask(Some(range)).await, expected, "{range}");
    }
    for range in ["bytes=18-", "bytes=5-4", "bytes=x-", "bytes=-5", "lines=1-"] {
        assert_eq!(ask(Some(range)).await, whole, "{range}");
    }

    standin.phone().forget_file(&path).expect("a file");
    let (status, answer) = {
        let answer = get(&url).await;
        let status = answer.status();
        (status, answer.json::<Value>().await.expect("JSON"))
    };
    assert_eq!(
        (status.as_u16(), &answer["code"]),
        (404, &json!("not_found"))
    );
}

#[tokio::test]
async fn dropped_standin_stops_listening() {
    let standin = start().await;
    let url = standin.web_url();
    drop(standin);
    let deadline = tokio::time::Instant::now() + Duration::from_secs(2);
    while client().get(&url).send().await.is_ok() {
        assert!(
            tokio::time::Instant::now() < deadline,
            "the stand-in still responds"
        );
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn port_in_use_is_an_error() {
    let standin = start().await;
    let address_in_use: SocketAddr = standin
        .web_url()
        .trim_start_matches("http://")
        .trim_end_matches('/')
        .parse()
        .expect("an address");
    Standin::start(address_in_use, Settings::default())
        .await
        .expect_err("taken");
}

#[tokio::test]
async fn foreign_data_file_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("data.json");
    std::fs::write(&file, "another format").expect("written");
    let error = Standin::start_with_data(any_port(), Settings::default(), &file)
        .await
        .expect_err("refused");
    assert!(error.to_string().contains("data.json"), "{error}");
}
