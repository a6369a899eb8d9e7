//! Tests the relay with real pipes. The test holds their far ends.

use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::browser::cdp::CdpError;

const DEADLINE: Duration = Duration::from_secs(10);

/// The far end of a pair of pipes: ChromeDriver's or Chrome's.
struct PipeEnd {
    reads: BufReader<Receiver>,
    writes: Sender,
}

impl PipeEnd {
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

    async fn send(&mut self, message: &Value) {
        let text = format!("{message}\0");
        self.writes.write_all(text.as_bytes()).await.unwrap();
    }

    /// Returns the next message; `None` at the end.
    async fn receive(&mut self) -> Option<Value> {
        let mut text = Vec::new();
        let received = tokio::time::timeout(DEADLINE, read_message(&mut self.reads, &mut text));
        let received = received.await.expect("a message within ten seconds");
        received.then(|| serde_json::from_slice(&text[..text.len() - 1]).unwrap())
    }
}

struct Pair {
    driver: PipeEnd,
    chrome: PipeEnd,
    cdp: Cdp,
    events: mpsc::Receiver<CdpEvent>,
    shim: io::PipeWriter,
}

fn connect() -> Pair {
    let (driver, from_driver, to_driver) = PipeEnd::new();
    let (chrome, from_chrome, to_chrome) = PipeEnd::new();
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
async fn attach(pair: &mut Pair) -> Cdp {
    let root = pair.cdp.clone();
    let attaching = async {
        root.attach("Target.attachToBrowserTarget", json!({}), DEADLINE)
            .await
    };
    let answering = async {
        let call = pair.chrome.receive().await.unwrap();
        assert_eq!(call["method"], "Target.attachToBrowserTarget");
        let target = json!({"type": "browser", "targetId": "T"});
        let params = json!({"sessionId": "OURS", "targetInfo": target});
        let event = json!({"method": "Target.attachedToTarget", "params": params});
        pair.chrome.send(&event).await;
        let answer = json!({"id": call["id"], "result": {"sessionId": "OURS"}});
        pair.chrome.send(&answer).await;
    };
    let attached = tokio::join!(attaching, answering).0.unwrap();
    let event = pair.events.recv().await.unwrap();
    assert_eq!(event.method, "Target.attachedToTarget");
    attached
}

#[tokio::test]
async fn responses_and_events_reach_their_own_client() {
    let mut pair = connect();
    let ours = attach(&mut pair).await;
    // ChromeDriver's own messages pass unchanged, in both directions.
    let command = json!({"id": 1, "method": "Browser.getVersion", "params": {}});
    pair.driver.send(&command).await;
    assert_eq!(pair.chrome.receive().await, Some(command));
    let answer = json!({"id": 1, "result": {"product": "Chrome/1"}});
    pair.chrome.send(&answer).await;
    // This is the first message that ChromeDriver gets: it sees none of this service's attachments.
    assert_eq!(pair.driver.receive().await, Some(answer));
    // Both attach to the same page; this session is this service's.
    let page = |session: &str| json!({"sessionId": session, "targetInfo": {"type": "page"}});
    let attached_by = |session: &str, params: Value| json!({"method": "Target.attachedToTarget", "params": params, "sessionId": session});
    pair.chrome
        .send(&attached_by("OURS", page("OUR-PAGE")))
        .await;
    let theirs = attached_by("THEIRS", page("THEIR-PAGE"));
    pair.chrome.send(&theirs).await;
    assert_eq!(pair.driver.receive().await, Some(theirs));
    let event = |session: &str| json!({"method": "Page.loadEventFired", "params": {"of": session}, "sessionId": session});
    pair.chrome.send(&event("OUR-PAGE")).await;
    pair.chrome.send(&event("THEIR-PAGE")).await;
    assert_eq!(pair.driver.receive().await, Some(event("THEIR-PAGE")));
    let methods = [pair.events.recv().await, pair.events.recv().await]
        .map(|event| event.map(|event| event.method));
    let expected = ["Target.attachedToTarget", "Page.loadEventFired"];
    assert_eq!(methods, expected.map(|name| Some(name.to_owned())));
    drop(ours);
}

#[tokio::test]
async fn console_events_are_kept_from_chromedriver() {
    let mut pair = connect();
    let event = |method: &str| json!({"method": method, "params": {}, "sessionId": "THEIRS"});
    let noise = [
        "Runtime.consoleAPICalled",
        "Runtime.exceptionThrown",
        "Runtime.exceptionRevoked",
        "Log.entryAdded",
    ];
    for method in noise {
        pair.chrome.send(&event(method)).await;
    }
    let expected = event("Runtime.executionContextCreated");
    pair.chrome.send(&expected).await;
    assert_eq!(pair.driver.receive().await, Some(expected));
}

#[tokio::test]
async fn call_ends_with_answer_error_or_deadline() {
    let mut pair = connect();
    let ours = attach(&mut pair).await;
    let start_call = |method: &'static str, deadline| {
        let ours = ours.clone();
        tokio::spawn(async move { ours.call::<Value>(method, json!({"a": 1}), deadline).await })
    };
    let late_call = start_call("Late.one", Duration::from_millis(20));
    let call = pair.chrome.receive().await.unwrap();
    assert_eq!(call["sessionId"], "OURS");
    assert_eq!(call["params"], json!({"a": 1}));
    let result = late_call.await.unwrap();
    assert!(matches!(result, Err(CdpError::Timeout(_))), "{result:?}");
    // The call no longer waits for this response, and no other call gets it.
    let answer = |call: &Value, key: &str, value: Value| json!({"id": call["id"], "sessionId": "OURS", key: value});
    pair.chrome
        .send(&answer(&call, "result", json!({"late": true})))
        .await;
    let refused_call = start_call("Bad.one", DEADLINE);
    let call = pair.chrome.receive().await.unwrap();
    let error = json!({"code": -32000, "message": "no"});
    pair.chrome.send(&answer(&call, "error", error)).await;
    let result = refused_call.await.unwrap();
    assert!(
        matches!(result, Err(CdpError::Remote { code: -32000, .. })),
        "{result:?}"
    );
    let good_call = start_call("Good.one", DEADLINE);
    let call = pair.chrome.receive().await.unwrap();
    pair.chrome
        .send(&answer(&call, "result", json!({"good": true})))
        .await;
    assert_eq!(good_call.await.unwrap().unwrap(), json!({"good": true}));
}

#[tokio::test]
async fn closing_one_pipe_closes_all() {
    for closed_end in ["chrome", "chromedriver", "chrome-shim"] {
        let mut pair = connect();
        let ours = attach(&mut pair).await;
        let pending_call = tokio::spawn({
            let ours = ours.clone();
            async move {
                ours.call::<Value>("Never.answered", json!({}), DEADLINE)
                    .await
            }
        });
        pair.chrome.receive().await.unwrap();
        let Pair {
            mut driver,
            mut chrome,
            mut events,
            shim,
            ..
        } = pair;
        match closed_end {
            "chrome" => {
                drop(chrome);
                assert_eq!(driver.receive().await, None);
            }
            "chromedriver" => {
                drop(driver);
                assert_eq!(chrome.receive().await, None);
            }
            _ => {
                drop(shim);
                assert_eq!(chrome.receive().await, None);
                assert_eq!(driver.receive().await, None);
            }
        }
        assert!(matches!(pending_call.await.unwrap(), Err(CdpError::Closed)));
        assert!(events.recv().await.is_none());
        let again = ours.call::<Value>("Too.late", json!({}), DEADLINE).await;
        assert!(matches!(again, Err(CdpError::Closed)), "{again:?}");
    }
}
