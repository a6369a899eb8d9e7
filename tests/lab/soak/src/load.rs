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
const CONTACT_COUNT: usize = 500;

/// The latencies since the last sample.
#[derive(Debug, Default)]
pub struct Latencies {
    /// Latency from the request to the hub's response, including the server's
    /// ack.
    pub sends: Vec<Duration>,
    /// Latency from the phone to a client of the hub's events.
    pub inbound: Vec<Duration>,
}

/// A steady load in both directions.
#[derive(Debug)]
pub struct Load {
    latencies: Arc<Mutex<Latencies>>,
    tasks: Vec<JoinHandle<()>>,
}

impl Load {
    /// Starts the load, with rates per second.
    pub async fn start(hub: &Hub, standin: &Standin, sends: f64, inbound: f64) -> Self {
        let latencies = Arc::<Mutex<Latencies>>::default();
        let written = Arc::<Mutex<HashMap<String, Instant>>>::default();
        let events = Events::open(&hub.url("/api/events"), None).await;
        let tasks = vec![
            tokio::spawn(send_messages(
                hub.client().clone(),
                hub.url("/api/send"),
                sends,
                latencies.clone(),
            )),
            tokio::spawn(write_messages(standin.phone(), inbound, written.clone())),
            tokio::spawn(receive_messages(events, written, latencies.clone())),
        ];
        Self { latencies, tasks }
    }

    /// Returns the latencies since the last call.
    ///
    /// # Panics
    /// If the event stream broke off.
    pub fn take_latencies(&self) -> Latencies {
        let has_stopped = self.tasks.iter().any(JoinHandle::is_finished);
        assert!(!has_stopped, "a task of the load ended: see its output");
        std::mem::take(&mut self.latencies.lock().expect("the latencies"))
    }

    /// Stops the load.
    pub async fn stop(self) {
        for task in self.tasks {
            task.abort();
            let _ = task.await;
        }
    }
}

fn contact_number(n: usize) -> String {
    format!("54911{:08}", 40_000_000 + n % CONTACT_COUNT)
}

fn steady_interval(per_second: f64) -> tokio::time::Interval {
    let mut interval = tokio::time::interval(Duration::from_secs_f64(1.0 / per_second));
    // After a stall there is no burst.
    interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
    interval
}

async fn send_messages(
    client: reqwest::Client,
    url: String,
    per_second: f64,
    latencies: Arc<Mutex<Latencies>>,
) {
    let mut interval = steady_interval(per_second);
    for n in 0.. {
        interval.tick().await;
        let body = json!({"to": contact_number(n), "message": format!("Hola, mensaje {n}")});
        let start = Instant::now();
        let response = client.post(&url).json(&body).send().await;
        let response = response.expect("an answer");
        let status = response.status();
        let text = response.text().await.expect("a body");
        assert!(status.is_success(), "message {n}: {status} {text}");
        let latency = start.elapsed();
        latencies.lock().expect("the latencies").sends.push(latency);
    }
}

async fn write_messages(
    phone: Phone,
    per_second: f64,
    written: Arc<Mutex<HashMap<String, Instant>>>,
) {
    let mut interval = steady_interval(per_second);
    for n in 0.. {
        interval.tick().await;
        let text = format!("Buenas, respuesta {n}");
        written
            .lock()
            .expect("the written messages")
            .insert(text.clone(), Instant::now());
        phone
            .lead_message(&LeadMessage::text(contact_number(n), text))
            .expect("a lead's message");
    }
}

async fn receive_messages(
    mut events: Events,
    written: Arc<Mutex<HashMap<String, Instant>>>,
    latencies: Arc<Mutex<Latencies>>,
) {
    loop {
        for event in events.read_until(|event| event.name == "message").await {
            let text = event.data["body"].as_str().unwrap_or_default();
            let written_at = written.lock().expect("the written messages").remove(text);
            if let Some(written_at) = written_at {
                let latency = written_at.elapsed();
                latencies
                    .lock()
                    .expect("the latencies")
                    .inbound
                    .push(latency);
            }
        }
        // Messages that were not published stay on the list, which would grow without limit.
        let unpublished = written.lock().expect("the written messages").len();
        assert!(
            unpublished < 200,
            "{unpublished} inbound messages were not published"
        );
    }
}
