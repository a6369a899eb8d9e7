//! Generates a steady load of sends and inbound messages.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use serde_json::json;
use tokio::task::JoinHandle;
use tokio::time::MissedTickBehavior;
use whatsapp_standin::{LeadMessage, Phone, Standin};

use harness::{Events, Hub};

/// Number of contacts that receive and write messages.
const LEADS: usize = 500;

/// The latencies since the last sample.
#[derive(Debug, Default)]
pub struct Times {
    /// Latency from the request to the hub's response, including the server's
    /// ack.
    pub sends: Vec<Duration>,
    /// Latency from the phone to a client of the hub's events.
    pub inbound: Vec<Duration>,
}

/// A steady load in both directions.
#[derive(Debug)]
pub struct Load {
    times: Arc<Mutex<Times>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the load, with rates per second.
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

    /// Returns the latencies since the last call.
    ///
    /// # Panics
    /// If the event stream broke off.
    pub fn take(&self) -> Times {
        let broken = self.tasks.iter().any(JoinHandle::is_finished);
        assert!(!broken, "the stream broke off: its output says why");
        std::mem::take(&mut self.times.lock().expect("the times"))
    }

    /// Stops the load.
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
    // After a stall there is no burst.
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
        // Messages that were not published stay on the list, which would grow without limit.
        let waiting = written.lock().expect("what was written").len();
        assert!(
            waiting < 200,
            "{waiting} messages that came in are not told"
        );
    }
}
