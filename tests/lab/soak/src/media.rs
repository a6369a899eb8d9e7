//! Passes files through both services in both directions, and measures how much memory that costs.

use std::time::{Duration, Instant};

use reqwest::multipart::{Form, Part};
use serde_json::json;
use sha2::{Digest, Sha256};
use whatsapp_standin::{LeadContent, LeadMedia, LeadMessage, Settings, Standin};

use bench::{MemoryUsage, measure_memory, measure_memory_at_rest};
use harness::{Hub, ManagerOptions, poll, start_linked};

/// Size of each file, in MiB. It is below the size up to which files are prefetched.
const FILE_MIB: usize = 8;
const CHAT: &str = "5491158254201";

/// The memory of one process, in MiB: its anonymous memory. The kernel takes the pages of a program's
/// code away, and gives them back, as it needs memory for others.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Memory at rest, after two files in each direction, when everything that is loaded once has
    /// been loaded.
    pub before: f64,
    /// The highest memory after any file.
    pub max: f64,
    /// Memory at rest, after all files.
    pub after: f64,
}

/// The figures of a run.
#[derive(Clone, Copy, Debug, Default)]
pub struct MediaFigures {
    /// MiB that were sent, and as many that were received.
    pub mib_each_way: usize,
    /// How long the run took.
    pub took: Duration,
    /// The memory of session-manager.
    pub manager: Memory,
    /// The memory of central-hub.
    pub hub: Memory,
    /// The memory of Chrome and everything else below session-manager.
    pub tree: Memory,
    /// How often the page's thread was busy for more than 50 ms of wall clock time.
    pub long_tasks: usize,
    /// The longest of these busy periods, in milliseconds.
    pub longest_task: f64,
}

impl MediaFigures {
    /// Returns the figures as a table, as in `docs/performance.md`.
    #[must_use]
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} MiB out and {0} MiB in, files of {FILE_MIB} MiB, in {:.0} s\n\n\
             | MiB | before | at most | after |\n| --- | --: | --: | --: |\n",
            self.mib_each_way,
            self.took.as_secs_f64()
        );
        for (name, memory) in [
            ("session-manager", self.manager),
            ("central-hub", self.hub),
            ("Chrome's tree", self.tree),
        ] {
            let Memory { before, max, after } = memory;
            text.push_str(&format!(
                "| {name} | {before:.1} | {max:.1} | {after:.1} |\n"
            ));
        }
        text.push_str(&format!(
            "\nthe page's thread, stretches of more than 50 ms: {}, the longest {:.0} ms\n",
            self.long_tasks, self.longest_task
        ));
        text
    }
}

/// Sends and receives `mib` MiB of files, half of them in each direction. Reports each file to
/// `report`.
///
/// # Panics
/// If a file does not arrive, or not as it was sent.
pub async fn pass_files(mib: usize, report: impl Fn(usize, &MediaFigures)) -> MediaFigures {
    let options = ManagerOptions::default()
        .with("FILES_QUOTA_MIB", 1_048_576)
        .with("FILES_QUOTA_CLIENTE_MIB", 1_048_576)
        // The oldest files make way for new ones, as in a service that has run for long.
        .with("MEDIA_QUOTA_MIB", 64);
    let (standin, mut manager) = start_linked(Settings::default(), options).await;
    let hub = Hub::start(&manager, ManagerOptions::default().with("DRY_RUN", false)).await;
    for n in 0..2 {
        pass_file_both_ways(&standin, &hub, n).await;
    }
    let mut figures = MediaFigures::default();
    let pids = [manager.service.pid(), hub.service.pid()];
    let [manager_before, hub_before, tree_before] = measure_at_rest(pids).await;
    figures.manager.before = manager_before;
    figures.hub.before = hub_before;
    figures.tree.before = tree_before;
    let earlier_tasks = standin.phone().long_tasks().len();
    let start = Instant::now();
    let rounds = mib.div_ceil(2 * FILE_MIB);
    for n in 0..rounds {
        pass_file_both_ways(&standin, &hub, n + 2).await;
        let [manager_now, hub_now, tree_now] =
            memory_of(measure_memory(pids[0]), measure_memory(pids[1]));
        figures.manager.max = figures.manager.max.max(manager_now);
        figures.hub.max = figures.hub.max.max(hub_now);
        figures.tree.max = figures.tree.max.max(tree_now);
        figures.mib_each_way += FILE_MIB;
        figures.took = start.elapsed();
        report(n + 1, &figures);
    }
    let [manager_after, hub_after, tree_after] = measure_at_rest(pids).await;
    figures.manager.after = manager_after;
    figures.hub.after = hub_after;
    figures.tree.after = tree_after;
    let tasks = standin.phone().long_tasks().split_off(earlier_tasks);
    figures.long_tasks = tasks.len();
    figures.longest_task = tasks.iter().map(|task| task.ms).fold(0.0, f64::max);
    drop(hub);
    manager.stop().await;
    standin.stop().await;
    figures
}

/// Returns the memory of session-manager, of the hub, and of everything below session-manager.
fn memory_of(manager: MemoryUsage, hub: MemoryUsage) -> [f64; 3] {
    [
        manager.service_anonymous,
        hub.service_anonymous,
        manager.tree_anonymous,
    ]
}

async fn measure_at_rest([manager, hub]: [i32; 2]) -> [f64; 3] {
    let (manager, hub) = tokio::join!(measure_memory_at_rest(manager), measure_memory_at_rest(hub));
    memory_of(manager, hub)
}

/// Sends a file through the hub, and makes the phone send one that the hub serves.
async fn pass_file_both_ways(standin: &Standin, hub: &Hub, n: usize) {
    let (outbound, inbound) = (random_bytes(2 * n), random_bytes(2 * n + 1));
    let hash = sha256_hex(&outbound);
    let body = json!({"to": CHAT, "type": "document", "filename": "archivo.bin"});
    let form = Form::new()
        .text("json", body.to_string())
        .part("file", Part::bytes(outbound));
    let response = hub
        .client()
        .post(hub.url("/api/send"))
        .multipart(form)
        .send();
    let response = response.await.expect("an answer");
    let status = response.status();
    let text = response.text().await.expect("a body");
    assert!(status.is_success(), "file {n}: {status} {text}");
    let received = standin.phone().messages().pop().expect("a message");
    let file = received.details.file.expect("a file");
    assert_eq!(file.sha256, hash, "file {n} arrived with other content");

    let path = standin.phone().upload(inbound.clone());
    let media = LeadMedia {
        path: path.clone(),
        kind: "document".to_owned(),
        mime: "application/octet-stream".to_owned(),
        filename: Some("archivo.bin".to_owned()),
        ..LeadMedia::default()
    };
    let content = LeadContent {
        media: Some(media),
        ..LeadContent::default()
    };
    let message = LeadMessage::text(CHAT, "").with(content);
    let key = standin.phone().lead_message(&message).expect("a message");
    let id = poll::until("the message at the hub", async || {
        let (_, newest) = hub.get("/api/listener/messages?limite=1").await;
        let newest = &newest["mensajes"][0];
        (newest["message_id"] == key).then(|| newest["id"].clone())
    })
    .await;
    let received_bytes = poll::until("the file at the hub", async || {
        let url = hub.url(&format!("/api/listener/messages/{id}/media"));
        let response = hub.client().get(url).send().await.ok()?;
        let is_available = response.status().is_success();
        let bytes = response.bytes().await.ok()?;
        is_available.then_some(bytes)
    })
    .await;
    assert!(
        received_bytes == inbound,
        "file {n} was served with other content"
    );
    // The stand-in runs in this process. Its memory is not measured, but has to suffice.
    standin.phone().forget_file(&path).expect("the file");
}

fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Returns the bytes of file `n`, without a pattern.
fn random_bytes(n: usize) -> Vec<u8> {
    let mut state = (n as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let mut bytes = Vec::with_capacity(FILE_MIB << 20);
    while bytes.len() < FILE_MIB << 20 {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend_from_slice(&state.to_le_bytes());
    }
    bytes
}

/// Performs the check of `cargo xtask soak --media`. Returns what grew too much; `None` if nothing
/// did.
#[must_use]
pub fn find_excessive_growth(figures: &MediaFigures) -> Option<String> {
    /// How much a service may keep, in MiB: buffers, and what the allocator holds.
    const MAX_GROWTH_MIB: f64 = 16.0;
    let services = [
        ("session-manager", figures.manager),
        ("central-hub", figures.hub),
    ];
    let grown = services
        .into_iter()
        .find(|(_, memory)| memory.after - memory.before > MAX_GROWTH_MIB);
    grown.map(|(name, memory)| {
        format!(
            "{name} keeps {:.1} MiB more than before",
            memory.after - memory.before
        )
    })
}
