//! Runs one turn of one contestant, from an empty folder to its end.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use whatsapp_standin::{LeadMessage, Settings, Standin};

use super::contestant::{Contestant, DeviceFolder, Running, is_code, is_ready};
use super::measure::{Measure, Samples};
use super::memory::{measure_memory_at_rest, total_cpu_time};
use super::stats::ms;
use super::{Amount, Part};

/// How long the stand-in's server takes to acknowledge a message.
pub const SERVER_ACK: Duration = Duration::from_millis(20);

/// How long the contestant is left idle before a measurement at rest.
const SETTLE_TIME: Duration = Duration::from_secs(45);

/// How long CPU time at rest is measured.
const CPU_TIME_WINDOW: Duration = Duration::from_secs(40);

/// A turn of one contestant.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The contestant.
    pub contestant: Contestant,
    /// The parts to measure.
    pub parts: &'a [Part],
    /// The amount to measure.
    pub amount: &'a Amount,
}

impl Turn<'_> {
    fn includes(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Runs the turn, and reports progress to `report`.
    pub async fn run(&self, samples: &mut Samples, report: impl Fn(&str)) {
        let settings = Settings {
            // Codes must not change during a measurement.
            first_code: Duration::from_secs(600),
            server_ack: SERVER_ACK,
            ..Settings::default()
        };
        let standin = harness::start_standin(settings).await;
        let mut device_folder = DeviceFolder::new(self.contestant, &standin);
        report("launch, code, link");
        let running = self.link(&mut device_folder, &standin, samples).await;
        // Warm up: the first requests are not measured.
        self.send_all(&running, 4, 40).await;
        if self.includes(Part::Send) {
            report("sends, one after the other");
            for time in self.send_all(&running, 1, self.amount.sends).await {
                let latency = ms(time.saturating_sub(SERVER_ACK));
                samples.add(Measure::SendP50, self.contestant, latency);
                samples.add(Measure::SendP99, self.contestant, latency);
            }
        }
        if self.includes(Part::Rate) {
            for (measure, callers) in [(Measure::Rate8, 8), (Measure::Rate64, 64)] {
                report(&format!("sends of {callers} callers"));
                let before = total_cpu_time(running.pid());
                let (rate, sent_count) = self.rate(&running, callers).await;
                samples.add(measure, self.contestant, rate);
                if measure == Measure::Rate64 {
                    let used = total_cpu_time(running.pid()).saturating_sub(before);
                    samples.add(
                        Measure::ProcessorPerSend,
                        self.contestant,
                        ms(used) / sent_count,
                    );
                }
            }
        }
        if self.includes(Part::Inbound) {
            report("inbound");
            self.inbound(&running, &standin, samples).await;
        }
        running.stop().await;

        if self.includes(Part::Launch) || self.includes(Part::Idle) {
            report("launch with a linked device");
            let running = device_folder.launch().await;
            running.events().await.read_until(is_ready).await;
            let ready = ms(running.launched.elapsed());
            if self.includes(Part::Launch) {
                samples.add(Measure::Ready, self.contestant, ready);
            }
            if self.includes(Part::Idle) {
                report("at idle");
                self.idle(&running, samples).await;
            }
            running.stop().await;
        }
        if self.includes(Part::Growth) {
            report("growth");
            let running = device_folder.launch().await;
            running.events().await.read_until(is_ready).await;
            self.growth(&running, &standin, samples).await;
            running.stop().await;
        }
        drop(device_folder);
        standin.stop().await;
    }

    async fn link(
        &self,
        device_folder: &mut DeviceFolder,
        standin: &Standin,
        samples: &mut Samples,
    ) -> Running {
        let running = device_folder.launch().await;
        let listening = ms(running.launched.elapsed());
        let mut events = running.events().await;
        let start = Instant::now();
        running.connect().await;
        events.read_until(is_code).await;
        let code = ms(start.elapsed());
        if self.includes(Part::Launch) {
            samples.add(Measure::Listening, self.contestant, listening);
            samples.add(Measure::Code, self.contestant, code);
        }
        device_folder.scan(standin, &mut events).await;
        running
    }

    /// Sends `count` messages from several callers, each to its own number. Returns the latencies.
    async fn send_all(&self, running: &Running, callers: usize, count: usize) -> Vec<Duration> {
        let each = count.div_ceil(callers);
        let times = join_all((0..callers).map(async |caller| {
            let to = contact_number(caller);
            let mut times = Vec::with_capacity(each);
            for n in 0..each {
                let start = Instant::now();
                running.send(&to, &format!("Hola, mensaje {n}")).await;
                times.push(start.elapsed());
            }
            times
        }));
        times.await.concat()
    }

    /// Returns the number of messages per second, and of messages.
    async fn rate(&self, running: &Running, callers: usize) -> (f64, f64) {
        let count = self.amount.sends * 4;
        let start = Instant::now();
        let sent_count = self.send_all(running, callers, count).await.len();
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let sent_count = sent_count as f64;
        (sent_count / start.elapsed().as_secs_f64(), sent_count)
    }

    /// Measures the latency from the phone to an event client, one message after another.
    async fn inbound(&self, running: &Running, standin: &Standin, samples: &mut Samples) {
        let mut events = running.events().await;
        for n in 0..self.amount.sends {
            let start = Instant::now();
            write_message(standin, n);
            events.read_until(|event| event.name == "message").await;
            let time = ms(start.elapsed());
            samples.add(Measure::InboundP50, self.contestant, time);
            samples.add(Measure::InboundP99, self.contestant, time);
        }
    }

    async fn idle(&self, running: &Running, samples: &mut Samples) {
        tokio::time::sleep(SETTLE_TIME).await;
        let (before, start) = (total_cpu_time(running.pid()), Instant::now());
        tokio::time::sleep(CPU_TIME_WINDOW).await;
        let cpu_time = total_cpu_time(running.pid()).saturating_sub(before);
        let cpu_ms_per_second = ms(cpu_time) / start.elapsed().as_secs_f64();
        samples.add(Measure::Processor, self.contestant, cpu_ms_per_second);
        let memory = measure_memory_at_rest(running.pid()).await;
        samples.add(Measure::ServiceMemory, self.contestant, memory.service_rss);
        samples.add(Measure::TreeMemory, self.contestant, memory.tree_anonymous);
        #[expect(clippy::cast_precision_loss, reason = "a dozen")]
        samples.add(Measure::Processes, self.contestant, memory.processes as f64);
    }

    /// Measures how much memory grows after many messages in both directions.
    async fn growth(&self, running: &Running, standin: &Standin, samples: &mut Samples) {
        tokio::time::sleep(SETTLE_TIME).await;
        let before = measure_memory_at_rest(running.pid()).await;
        let mut events = running.events().await;
        let inbound = async {
            // Keep as many messages in flight as on a busy morning, and no more.
            let mut received_count = 0;
            for n in 0..self.amount.growth {
                write_message(standin, n);
                while n >= received_count + 32 {
                    events.read_until(|event| event.name == "message").await;
                    received_count += 1;
                }
            }
            while received_count < self.amount.growth {
                events.read_until(|event| event.name == "message").await;
                received_count += 1;
            }
        };
        tokio::join!(inbound, self.send_all(running, 16, self.amount.growth));
        tokio::time::sleep(SETTLE_TIME).await;
        let after = measure_memory_at_rest(running.pid()).await;
        samples.add(
            Measure::ServiceGrowth,
            self.contestant,
            after.service_rss - before.service_rss,
        );
        samples.add(
            Measure::TreeGrowth,
            self.contestant,
            after.tree_anonymous - before.tree_anonymous,
        );
    }
}

fn contact_number(caller: usize) -> String {
    format!("54911{:08}", 40_000_000 + caller)
}

fn write_message(standin: &Standin, n: usize) {
    let message = LeadMessage {
        name: Some("Ana".to_owned()),
        ..LeadMessage::text(contact_number(n % 100), format!("Buenas, respuesta {n}"))
    };
    standin
        .phone()
        .lead_message(&message)
        .expect("a lead's message");
}
