//! The table of session-manager's environment variables, in the order of
//! `--help`.

use service_runtime::env::variable::{
    NODE_ENV, OTEL_EXPORTER_OTLP_ENDPOINT, RUST_LOG, Variables, WATCHDOG_SECONDS, computed,
    computed_number, number, optional, text, words,
};

/// The default of `PORT`.
pub const DEFAULT_PORT: u16 = 3001;
/// The default of `WHATSAPP_WEB_URL`.
pub(super) const PAGE: &str = "https://web.whatsapp.com/";
/// A terabyte, in MiB.
const MAX_MIB: u64 = 1_048_576;

/// All variables that the service reads.
pub static VARIABLES: Variables = Variables(&[
    number("PORT", DEFAULT_PORT as u64, 0..=65_535).help("port to listen on"),
    text("HOST", "127.0.0.1,::1")
        .help("addresses to listen on, by commas; beyond loopback only with a token"),
    NODE_ENV,
    optional("SESSION_MANAGER_TOKEN")
        .secret()
        .help("bearer token that every caller has to present"),
    optional("SESSION_MANAGER_TOKEN_PREVIOUS")
        .secret()
        .help("the token before, which is taken as well while callers change over"),
    text("TOKENS_DIR", "tokens").help("the browser profile that keeps the device linked"),
    text("DATA_DIR", "data").help("the ledger: what must survive a crash"),
    text("WHATSAPP_WEB_URL", PAGE).help("the page"),
    computed("WA_JS_PATH", "built in").help("a newer wa-js bundle than the built-in one"),
    computed("CHROME_BIN", "found on PATH").help("Chrome or Chromium"),
    computed("CHROMEDRIVER_BIN", "found on PATH").help("ChromeDriver of the same version"),
    optional("CHROME_ARGS").help("further Chrome flags, split as a shell splits words"),
    computed("FFMPEG_BIN", "found on PATH").help(
        "ffmpeg, which converts GIFs, sounds and pictures that phones do not show as they are; \
         without it, or with off, they are refused",
    ),
    number("QR_ROUNDS", 6, 0..=1_000)
        .help("times an unscanned page is refreshed before it is closed"),
    number("RESTART_BUDGET", 5, 0..=1_000)
        .help("browser restarts allowed within RESTART_WINDOW_SECONDS"),
    number("RESTART_WINDOW_SECONDS", 600, 1..=86_400).help("see RESTART_BUDGET"),
    number("RESTART_BACKOFF_MS", 500, 0..=60_000)
        .help("pause before the first restart; doubles with each"),
    number("RETRY_SECONDS", 30, 1..=3_600)
        .help("pause between tries while Chrome or the page cannot be had"),
    number("HEARTBEAT_MS", 15_000, 100..=600_000).help("pause between two heartbeats of the page"),
    number("HEARTBEAT_DEADLINE_MS", 15_000, 100..=600_000)
        .help("how long the page may take to answer one"),
    number("BOOT_PATIENCE_SECONDS", 90, 1..=3_600)
        .help("how long a page may show neither code nor session"),
    number("SYNC_PATIENCE_SECONDS", 600, 1..=86_400)
        .help("how long a sync may show no progress before the page is loaded anew"),
    // As long as the page itself holds a send for it.
    number("DELIVERY_PATIENCE_SECONDS", 300, 1..=3_600)
        .help("how long WhatsApp may deliver what waited before the session is READY all the same"),
    number("TOOLS_PATIENCE_SECONDS", 30, 1..=3_600).help(
        "how long a connected page may lack what sending needs before the cause is TOOLS_BROKEN",
    ),
    words("PRESENCE", &["unavailable", "available"]).help("whether the account shows as online"),
    number("IDEMPOTENCY_DAYS", 30, 1..=3_650).help("how long sends and their keys are remembered"),
    number("EVENTS_DAYS", 30, 1..=3_650)
        .help("how long events are kept for listeners that come back"),
    number("SETTLE_TRIES", 10, 1..=1_000)
        .help("tries to find out what became of a message before a person decides"),
    number("SENDS_IN_FLIGHT", 32, 1..=256).help("messages sent side by side"),
    number("SENDS_WAITING", 256, 0..=100_000)
        .help("messages that may wait behind those; more is 503 OVERLOADED"),
    // Less than the hub's timeout (60 s), so that it gets the outcome.
    number("SEND_DEADLINE_MS", 50_000, 1_000..=55_000)
        .help("how long a caller waits for WhatsApp's word"),
    number("ACK_PATIENCE_SECONDS", 20, 1..=600)
        .help("how long WhatsApp may acknowledge nothing before the browser is started again"),
    // WhatsApp accepts documents up to 2 GiB; more is useless.
    number("FILE_MAX_MIB", 64, 1..=2_048).help("largest file that is taken, in MiB"),
    number("FILES_QUOTA_MIB", 1_024, 1..=MAX_MIB).help("room for all files together, in MiB"),
    computed_number(
        "FILES_QUOTA_CLIENTE_MIB",
        "a quarter of FILES_QUOTA_MIB",
        1..=MAX_MIB,
    )
    .help("room for the files of one business, in MiB"),
    number("FILES_KEEP_HOURS", 24, 1..=8_760).help("how long an uploaded file is kept"),
    optional("FILE_URL_HOSTS")
        .help("hosts that files may be fetched from, such as cdn.example.com,*.example.com"),
    words("MEDIA_DOWNLOAD", &["auto", "demand", "off"]).help("which files of leads are fetched"),
    number("MEDIA_AUTO_MIB", 16, 1..=2_048).help("largest file that is fetched by itself, in MiB"),
    number("MEDIA_QUOTA_MIB", 2_048, 1..=MAX_MIB)
        .help("room for files that came in, in MiB; the oldest go first"),
    number("MEDIA_KEEP_DAYS", 90, 1..=3_650).help("how long a file that came in is kept"),
    optional("BACKUP_KEY").secret().help(
        "age key that backups of the session are encrypted with; no backups without it \
         (`session-manager backup --new-key` makes one)",
    ),
    text("BACKUP_DIR", "backups").help("where they go"),
    number("BACKUP_EVERY_HOURS", 24, 0..=8_760)
        .help("how often one is taken by itself, while READY; 0: only when asked"),
    number("BACKUP_KEEP", 7, 1..=10_000).help("how many are kept"),
    WATCHDOG_SECONDS,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    RUST_LOG,
]);
