//! Load generator: steady sends and inbound messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use whatsapp_standin::{LeadMessage, Phone, Standin};

use harness::{Events, Hub};

/// So many numbers are written to, and write.
const LEADS: usize = 500;

/// How long things took since the last look.
#[derive(Debug, Default)]
pub struct Times {
    /// From the request to the hub's answer, the server's ack within it.
    pub sends: Vec<Duration>,
    /// From the phone to the hub's listener.
    pub inbound: Vec<Duration>,
}

/// A steady stream both ways.
#[derive(Debug)]
pub struct Load {
    times: Arc<Mutex<Times>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts it: so many sends and so many inbound messages a second.
    pub async fn start(hub: &Hub, standin: &Standin, sends: f64, inbound: f64) -> Self {
        let times = Arc::<Mutex<Times>>::default();
        let written = Arc::<Mutex<HashMap<String, Instant>>>::default();
        let events = Events::open(&hub.url("/api/events"), None).await;
        let tasks = vec![
            tokio::spawn(send(
                hub.client().clone(),
                hub.url("/api/send"),
                sends,
                times.clone(),
            )),
            tokio::spawn(write(standin.phone(), inbound, written.clone())),
            tokio::spawn(listen(events, written, times.clone())),
        ];
        Self { times, tasks }
    }

    /// What took how long since this was asked last.
    ///
    /// # Panics
    /// If the stream broke off.
    pub fn take(&self) -> Times {
        let broken = self.tasks.iter().any(JoinHandle::is_finished);
        assert!(!broken, "the stream broke off: its output says why");
        std::mem::take(&mut self.times.lock().expect("the times"))
    }

    /// Ends it.
    pub async fn stop(self) {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

fn lead(n: usize) -> String {
    format!("54911{:08}", 40_000_000 + n % LEADS)
}

fn pace(a_second: f64) -> tokio::time::Interval {
    let mut pace = tokio::time::interval(Duration::from_secs_f64(1.0 / a_second));
    // A stall is not made up for by a burst.
    pace.set_missed_tick_behavior(MissedTickBehavior::Delay);
    pace
}

async fn send(client: reqwest::Client, url: String, a_second: f64, times: Arc<Mutex<Times>>) {
    let mut pace = pace(a_second);
    for n in 0.. {
        pace.tick().await;
        let body = json!({"to": lead(n), "message": format!("Hola, mensaje {n}")});
        let asked = Instant::now();
        let answer = client.post(&url).json(&body).send().await;
        let answer = answer.expect("an answer");
        let status = answer.status();
        let text = answer.text().await.expect("a body");
        assert!(status.is_success(), "message {n}: {status} {text}");
        let took = asked.elapsed();
        times.lock().expect("the times").sends.push(took);
    }
}

async fn write(phone: Phone, a_second: f64, written: Arc<Mutex<HashMap<String, Instant>>>) {
    let mut pace = pace(a_second);
    for n in 0.. {
        pace.tick().await;
        let text = format!("Buenas, respuesta {n}");
        written
            .lock()
            .expect("what was written")
            .insert(text.clone(), Instant::now());
        phone
            .lead_message(&LeadMessage::text(lead(n), text))
            .expect("a lead's message");
    }
}

async fn listen(
    mut events: Events,
    written: Arc<Mutex<HashMap<String, Instant>>>,
    times: Arc<Mutex<Times>>,
) {
    loop {
        for event in events.until(|event| event.name == "message").await {
            let text = event.data["body"].as_str().unwrap_or_default();
            let asked = written.lock().expect("what was written").remove(text);
            if let Some(asked) = asked {
                let took = asked.elapsed();
                times.lock().expect("the times").inbound.push(took);
            }
        }
        // What is not told is left there, and would grow without end.
        let waiting = written.lock().expect("what was written").len();
        assert!(
            waiting < 200,
            "{waiting} messages that came in are not told"
        );
    }
}
