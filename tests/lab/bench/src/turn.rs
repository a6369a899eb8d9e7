//! Runs one turn of one contestant, from an empty folder to its end.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use whatsapp_standin::{LeadMessage, Settings, Standin};

use super::contestant::{Contestant, Home, Running, is_code, is_ready};
use super::measure::{Measure, Samples};
use super::stats::ms;
use super::weigh::{processor_time, weight_at_rest};
use super::{Amount, Part};

/// How long the stand-in's server takes to acknowledge a message.
pub const SERVER_ACK: Duration = Duration::from_millis(20);

/// How long the contestant is left idle before a measurement at rest.
const SETTLE: Duration = Duration::from_secs(45);

/// How long CPU time at rest is measured.
const WATCHED: Duration = Duration::from_secs(40);

/// A turn of one contestant.
#[derive(Debug)]
pub struct Turn<'a> {
    /// The contestant.
    pub who: Contestant,
    /// The parts to measure.
    pub parts: &'a [Part],
    /// The amount to measure.
    pub amount: &'a Amount,
}

impl Turn<'_> {
    fn has(&self, part: Part) -> bool {
        self.parts.contains(&part)
    }

    /// Runs the turn, and reports progress to `say`.
    pub async fn run(&self, samples: &mut Samples, say: impl Fn(&str)) {
        let settings = Settings {
            // Codes must not change during a measurement.
            first_code: Duration::from_secs(600),
            server_ack: SERVER_ACK,
            ..Settings::default()
        };
        let standin = harness::standin(settings).await;
        let mut home = Home::new(self.who, &standin);
        say("launch, code, link");
        let running = self.link(&mut home, &standin, samples).await;
        // Warm up: the first requests are not measured.
        self.sends(&running, 4, 40).await;
        if self.has(Part::Send) {
            say("sends, one after the other");
            for time in self.sends(&running, 1, self.amount.sends).await {
                let over = ms(time.saturating_sub(SERVER_ACK));
                samples.add(Measure::SendP50, self.who, over);
                samples.add(Measure::SendP99, self.who, over);
            }
        }
        if self.has(Part::Rate) {
            for (measure, callers) in [(Measure::Rate8, 8), (Measure::Rate64, 64)] {
                say(&format!("sends of {callers} callers"));
                let before = processor_time(running.pid());
                let (rate, sent) = self.rate(&running, callers).await;
                samples.add(measure, self.who, rate);
                if measure == Measure::Rate64 {
                    let used = processor_time(running.pid()).saturating_sub(before);
                    samples.add(Measure::ProcessorPerSend, self.who, ms(used) / sent);
                }
            }
        }
        if self.has(Part::Inbound) {
            say("inbound");
            self.inbound(&running, &standin, samples).await;
        }
        running.stop().await;

        if self.has(Part::Launch) || self.has(Part::Idle) {
            say("launch with a linked device");
            let running = home.launch().await;
            running.events().await.until(is_ready).await;
            let ready = ms(running.launched.elapsed());
            if self.has(Part::Launch) {
                samples.add(Measure::Ready, self.who, ready);
            }
            if self.has(Part::Idle) {
                say("at idle");
                self.idle(&running, samples).await;
            }
            running.stop().await;
        }
        if self.has(Part::Growth) {
            say("growth");
            let running = home.launch().await;
            running.events().await.until(is_ready).await;
            self.growth(&running, &standin, samples).await;
            running.stop().await;
        }
        drop(home);
        standin.stop().await;
    }

    async fn link(&self, home: &mut Home, standin: &Standin, samples: &mut Samples) -> Running {
        let running = home.launch().await;
        let listening = ms(running.launched.elapsed());
        let mut events = running.events().await;
        let asked = Instant::now();
        running.connect().await;
        events.until(is_code).await;
        let code = ms(asked.elapsed());
        if self.has(Part::Launch) {
            samples.add(Measure::Listening, self.who, listening);
            samples.add(Measure::Code, self.who, code);
        }
        home.scan(standin, &mut events).await;
        running
    }

    /// Sends `count` messages from several callers, each to its own number. Returns the latencies.
    async fn sends(&self, running: &Running, callers: usize, count: usize) -> Vec<Duration> {
        let each = count.div_ceil(callers);
        let times = join_all((0..callers).map(async |caller| {
            let to = lead(caller);
            let mut times = Vec::with_capacity(each);
            for n in 0..each {
                let asked = Instant::now();
                running.send(&to, &format!("Hola, mensaje {n}")).await;
                times.push(asked.elapsed());
            }
            times
        }));
        times.await.concat()
    }

    /// Returns the number of messages per second, and of messages.
    async fn rate(&self, running: &Running, callers: usize) -> (f64, f64) {
        let count = self.amount.sends * 4;
        let start = Instant::now();
        let sent = self.sends(running, callers, count).await.len();
        #[expect(clippy::cast_precision_loss, reason = "some thousands")]
        let sent = sent as f64;
        (sent / start.elapsed().as_secs_f64(), sent)
    }

    /// Measures the latency from the phone to an event client, one message after another.
    async fn inbound(&self, running: &Running, standin: &Standin, samples: &mut Samples) {
        let mut events = running.events().await;
        for n in 0..self.amount.sends {
            let asked = Instant::now();
            writes(standin, n);
            events.until(|event| event.name == "message").await;
            let time = ms(asked.elapsed());
            samples.add(Measure::InboundP50, self.who, time);
            samples.add(Measure::InboundP99, self.who, time);
        }
    }

    async fn idle(&self, running: &Running, samples: &mut Samples) {
        tokio::time::sleep(SETTLE).await;
        let (before, start) = (processor_time(running.pid()), Instant::now());
        tokio::time::sleep(WATCHED).await;
        let used = processor_time(running.pid()).saturating_sub(before);
        let busy = ms(used) / start.elapsed().as_secs_f64();
        samples.add(Measure::Processor, self.who, busy);
        let weight = weight_at_rest(running.pid()).await;
        samples.add(Measure::ServiceMemory, self.who, weight.service_rss);
        samples.add(Measure::TreeMemory, self.who, weight.tree_anonymous);
        #[expect(clippy::cast_precision_loss, reason = "a dozen")]
        samples.add(Measure::Processes, self.who, weight.processes as f64);
    }

    /// Measures how much memory grows after many messages in both directions.
    async fn growth(&self, running: &Running, standin: &Standin, samples: &mut Samples) {
        tokio::time::sleep(SETTLE).await;
        let before = weight_at_rest(running.pid()).await;
        let mut events = running.events().await;
        let inbound = async {
            // Keep as many messages in flight as on a busy morning, and no more.
            let mut told = 0;
            for n in 0..self.amount.growth {
                writes(standin, n);
                while n >= told + 32 {
                    events.until(|event| event.name == "message").await;
                    told += 1;
                }
            }
            while told < self.amount.growth {
                events.until(|event| event.name == "message").await;
                told += 1;
            }
        };
        tokio::join!(inbound, self.sends(running, 16, self.amount.growth));
        tokio::time::sleep(SETTLE).await;
        let after = weight_at_rest(running.pid()).await;
        samples.add(
            Measure::ServiceGrowth,
            self.who,
            after.service_rss - before.service_rss,
        );
        samples.add(
            Measure::TreeGrowth,
            self.who,
            after.tree_anonymous - before.tree_anonymous,
        );
    }
}

fn lead(caller: usize) -> String {
    format!("54911{:08}", 40_000_000 + caller)
}

fn writes(standin: &Standin, n: usize) {
    let message = LeadMessage {
        name: Some("Ana".to_owned()),
        ..LeadMessage::text(lead(n % 100), format!("Buenas, respuesta {n}"))
    };
    standin
        .phone()
        .lead_message(&message)
        .expect("a lead's message");
}
