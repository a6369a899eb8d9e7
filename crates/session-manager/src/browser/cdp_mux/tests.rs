//! Tests the relay with real pipes. The test holds their far ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::browser::cdp::CdpError;

const PATIENCE: Duration = Duration::from_secs(10);

/// The far end of a pair of pipes: ChromeDriver's or Chrome's.
struct End {
    reads: BufReader<Receiver>,
    writes: Sender,
}

impl End {
    /// Returns a far end, and the ends that the relay reads from and writes to.
    fn new() -> (Self, OwnedFd, OwnedFd) {
        let (relay_reads, writes) = io::pipe().unwrap();
        let (reads, relay_writes) = io::pipe().unwrap();
        let end = Self {
            reads: BufReader::new(Receiver::from_owned_fd(reads.into()).unwrap()),
            writes: Sender::from_owned_fd(writes.into()).unwrap(),
        };
        (end, relay_reads.into(), relay_writes.into())
    }

    async fn says(&mut self, message: &Value) {
        let text = format!("{message}\0");
        self.writes.write_all(text.as_bytes()).await.unwrap();
    }

    /// Returns the next message; `None` at the end.
    async fn hears(&mut self) -> Option<Value> {
        let mut text = Vec::new();
        let heard = tokio::time::timeout(PATIENCE, next(&mut self.reads, &mut text));
        let heard = heard.await.expect("something within ten seconds");
        heard.then(|| serde_json::from_slice(&text[..text.len() - 1]).unwrap())
    }
}

struct Pair {
    driver: End,
    chrome: End,
    cdp: Cdp,
    events: mpsc::Receiver<CdpEvent>,
    shim: io::PipeWriter,
}

fn pair() -> Pair {
    let (driver, from_driver, to_driver) = End::new();
    let (chrome, from_chrome, to_chrome) = End::new();
    let (alive, shim) = io::pipe().unwrap();
    let pipes = Pipes {
        from_driver,
        to_driver,
        to_chrome,
        from_chrome,
        alive: alive.into(),
    };
    let (cdp, events) = multiplex(pipes).unwrap();
    Pair {
        driver,
        chrome,
        cdp,
        events,
        shim,
    }
}

/// Attaches to the browser, with Chrome's response.
async fn attached(pair: &mut Pair) -> Cdp {
    let root = pair.cdp.clone();
    let attaching = async {
        root.attach("Target.attachToBrowserTarget", json!({}), PATIENCE)
            .await
    };
    let answering = async {
        let asked = pair.chrome.hears().await.unwrap();
        assert_eq!(asked["method"], "Target.attachToBrowserTarget");
        let target = json!({"type": "browser", "targetId": "T"});
        let params = json!({"sessionId": "OURS", "targetInfo": target});
        let event = json!({"method": "Target.attachedToTarget", "params": params});
        pair.chrome.says(&event).await;
        let answer = json!({"id": asked["id"], "result": {"sessionId": "OURS"}});
        pair.chrome.says(&answer).await;
    };
    let attached = tokio::join!(attaching, answering).0.unwrap();
    let told = pair.events.recv().await.unwrap();
    assert_eq!(told.method, "Target.attachedToTarget");
    attached
}

#[tokio::test]
async fn responses_and_events_reach_their_own_client() {
    let mut pair = pair();
    let ours = attached(&mut pair).await;
    // ChromeDriver's own messages pass unchanged, in both directions.
    let command = json!({"id": 1, "method": "Browser.getVersion", "params": {}});
    pair.driver.says(&command).await;
    assert_eq!(pair.chrome.hears().await, Some(command));
    let answer = json!({"id": 1, "result": {"product": "Chrome/1"}});
    pair.chrome.says(&answer).await;
    // This is the first message that ChromeDriver gets: it sees none of this service's attachments.
    assert_eq!(pair.driver.hears().await, Some(answer));
    // Both attach to the same page; this session is this service's.
    let page = |session: &str| json!({"sessionId": session, "targetInfo": {"type": "page"}});
    let by = |session: &str, params: Value| json!({"method": "Target.attachedToTarget", "params": params, "sessionId": session});
    pair.chrome.says(&by("OURS", page("OUR-PAGE"))).await;
    let theirs = by("THEIRS", page("THEIR-PAGE"));
    pair.chrome.says(&theirs).await;
    assert_eq!(pair.driver.hears().await, Some(theirs));
    let event = |session: &str| json!({"method": "Page.loadEventFired", "params": {"of": session}, "sessionId": session});
    pair.chrome.says(&event("OUR-PAGE")).await;
    pair.chrome.says(&event("THEIR-PAGE")).await;
    assert_eq!(pair.driver.hears().await, Some(event("THEIR-PAGE")));
    let methods = [pair.events.recv().await, pair.events.recv().await]
        .map(|event| event.map(|event| event.method));
    let expected = ["Target.attachedToTarget", "Page.loadEventFired"];
    assert_eq!(methods, expected.map(|name| Some(name.to_owned())));
    drop(ours);
}

#[tokio::test]
async fn console_events_are_kept_from_chromedriver() {
    let mut pair = pair();
    let event = |method: &str| json!({"method": method, "params": {}, "sessionId": "THEIRS"});
    let noise = [
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Runtime.exceptionRevoked",
        "Log.entryAdded",
    ];
    for method in noise {
        pair.chrome.says(&event(method)).await;
    }
    let wanted = event("Runtime.executionContextCreated");
    pair.chrome.says(&wanted).await;
    assert_eq!(pair.driver.hears().await, Some(wanted));
}

#[tokio::test]
async fn call_ends_with_answer_error_or_deadline() {
    let mut pair = pair();
    let ours = attached(&mut pair).await;
    let call = |method: &'static str, patience| {
        let ours = ours.clone();
        tokio::spawn(async move { ours.call::<Value>(method, json!({"a": 1}), patience).await })
    };
    let late = call("Late.one", Duration::from_millis(20));
    let asked = pair.chrome.hears().await.unwrap();
    assert_eq!(asked["sessionId"], "OURS");
    assert_eq!(asked["params"], json!({"a": 1}));
    let told = late.await.unwrap();
    assert!(matches!(told, Err(CdpError::Timeout(_))), "{told:?}");
    // The call no longer waits for this response, and no other call gets it.
    let answer = |asked: &Value, key: &str, value: Value| json!({"id": asked["id"], "sessionId": "OURS", key: value});
    pair.chrome
        .says(&answer(&asked, "result", json!({"late": true})))
        .await;
    let refused = call("Bad.one", PATIENCE);
    let asked = pair.chrome.hears().await.unwrap();
    let error = json!({"code": -32000, "message": "no"});
    pair.chrome.says(&answer(&asked, "error", error)).await;
    let told = refused.await.unwrap();
    assert!(
        matches!(told, Err(CdpError::Remote { code: -32000, .. })),
        "{told:?}"
    );
    let good = call("Good.one", PATIENCE);
    let asked = pair.chrome.hears().await.unwrap();
    pair.chrome
        .says(&answer(&asked, "result", json!({"good": true})))
        .await;
    assert_eq!(good.await.unwrap().unwrap(), json!({"good": true}));
}

#[tokio::test]
async fn closing_one_pipe_closes_all() {
    for ends in ["chrome", "chromedriver", "chrome-shim"] {
        let mut pair = pair();
        let ours = attached(&mut pair).await;
        let waiting = tokio::spawn({
            let ours = ours.clone();
            async move {
                ours.call::<Value>("Never.answered", json!({}), PATIENCE)
                    .await
            }
        });
        pair.chrome.hears().await.unwrap();
        let Pair {
            mut driver,
            mut chrome,
            mut events,
            shim,
            ..
        } = pair;
        match ends {
            "chrome" => {
                drop(chrome);
                assert_eq!(driver.hears().await, None);
            }
            "chromedriver" => {
                drop(driver);
                assert_eq!(chrome.hears().await, None);
            }
            _ => {
                drop(shim);
                assert_eq!(chrome.hears().await, None);
                assert_eq!(driver.hears().await, None);
            }
        }
        assert!(matches!(waiting.await.unwrap(), Err(CdpError::Closed)));
        assert!(events.recv().await.is_none());
        let again = ours.call::<Value>("Too.late", json!({}), PATIENCE).await;
        assert!(matches!(again, Err(CdpError::Closed)), "{again:?}");
    }
}
