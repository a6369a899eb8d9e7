//! The table of the hub's environment variables, in the order of `--help`.

use service_runtime::env::variable::{
    NODE_ENV, OTEL_EXPORTER_OTLP_ENDPOINT, RUST_LOG, Variables, WATCHDOG_SECONDS, computed,
    computed_number, flag, number, optional, required, text, words,
};

/// The default of `PORT`.
pub const DEFAULT_PORT: u16 = 3012;

/// All variables that the service reads.
pub static VARIABLES: Variables = Variables(&[
    required("SESSION_MANAGER_BASE_URL")
        .help("where session-manager is, such as http://127.0.0.1:3001"),
    number("PORT", DEFAULT_PORT as u64, 0..=65_535).help("port to listen on"),
    text("HOST", "127.0.0.1,::1")
        .help("addresses to listen on, by commas; beyond loopback only with a password"),
    NODE_ENV,
    flag("DRY_RUN", true).help("only false sends for real"),
    flag("AUTO_CAMPAIGNS_ENABLED", false).help("only true lets the scheduler send"),
    text("DATA_DIR", "data").help("where hub.db is, unless DATABASE_URL says otherwise"),
    computed("DATABASE_URL", "sqlite:DATA_DIR/hub.db")
        .secret()
        .help("sqlite:<file>, or postgres://… for several hubs"),
    text("TZ", "America/Argentina/Buenos_Aires").help("zone of the schedules' hours"),
    text("PHONE_REGION", "AR").help("country of numbers that are written without one, two letters"),
    optional("SESSION_MANAGER_TOKEN")
        .secret()
        .help("bearer token for session-manager"),
    optional("HUB_ADMIN_PASSWORD")
        .secret()
        .help("password of the page and the API, user admin"),
    optional("INTERNAL_TOKEN")
        .secret()
        .help("token of programs that report messages, in X-Internal-Token"),
    optional("INTERNAL_TOKEN_PREVIOUS")
        .secret()
        .help("the token before, which is taken as well while they change over"),
    optional("TRUSTED_PROXIES")
        .help("networks whose word for a client's address is believed, beside this machine"),
    optional("WEBHOOK_ALLOWED_HOSTS")
        .help("hosts and networks beyond the internet that webhooks may have"),
    optional("SMTP_URL")
        .secret()
        .help("mail server for alerts, such as smtps://user:password@mail.example.com"),
    computed("ALERT_EMAIL_FROM", "required beside SMTP_URL").help("who they are from"),
    computed("ALERT_EMAIL_TO", "required beside SMTP_URL").help("who gets them, by commas"),
    optional("ALERT_WEBHOOK_URL")
        .secret()
        .help("an address that alerts are posted to"),
    computed("ALERT_WEBHOOK_BODY", "the envelope of every webhook")
        .help("what is posted, with {{title}}, {{text}}, {{message}}, …"),
    words("ALERT_WEBHOOK_TYPE", &["json", "form", "text"]).help("how values stand in it"),
    optional("ALERT_WEBHOOK_SECRET")
        .secret()
        .help("what it is signed with, as other webhooks are"),
    number("ALERT_AFTER_MINUTES", 10, 0..=1_440)
        .help("how long the session may be other than READY"),
    number("ALERT_REPEAT_HOURS", 4, 0..=168).help("how often what holds is told again; 0: never"),
    // Three times the longest interval.
    computed_number(
        "ALERT_BACKUP_HOURS",
        "three times BACKUP_EVERY_HOURS: 72",
        1..=26_280,
    )
    .help("how old the newest backup may be, and how long there may be none"),
    optional("ALERT_QUIET_HOURS").help("when only what cannot wait is told, such as 22:00-07:00"),
    optional("ALERT_DIGEST_AT").help("when the day's summary is told, such as 08:00"),
    words("ALERT_LANGUAGE", &["es", "en"]).help("of the texts"),
    optional("ALERT_CERTIFICATE_URL")
        .help("the page's https:// address, whose certificate is watched"),
    optional("BACKUP_KEY")
        .secret()
        .help("age key that backups of hub.db are encrypted with; no backups without it"),
    text("BACKUP_DIR", "backups").help("where they go"),
    number("BACKUP_EVERY_HOURS", 24, 0..=8_760)
        .help("how often one is taken by itself; 0: only when asked"),
    number("BACKUP_KEEP", 7, 1..=10_000).help("how many are kept"),
    WATCHDOG_SECONDS,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    RUST_LOG,
]);
