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
        .help("addresses to listen on, separated by commas; beyond loopback only with a password"),
    NODE_ENV,
    flag("DRY_RUN", true).help("only false sends for real"),
    flag("AUTO_CAMPAIGNS_ENABLED", false).help("only true lets the scheduler send"),
    text("DATA_DIR", "data").help("where hub.db is, unless DATABASE_URL is set"),
    computed("DATABASE_URL", "sqlite:DATA_DIR/hub.db")
        .secret()
        .help("sqlite:<file>, or postgres://… for several hubs"),
    text("TZ", "America/Argentina/Buenos_Aires").help("zone of the schedules' hours"),
    text("PHONE_REGION", "AR")
        .help("country of numbers that are written without one, as two letters"),
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
        .help("the previous token, accepted as well during the change"),
    optional("TRUSTED_PROXIES")
        .help("networks, besides this machine, that are trusted to report a client's address"),
    optional("WEBHOOK_ALLOWED_HOSTS")
        .help("hosts and networks outside the internet that webhooks may call"),
    optional("SMTP_URL")
        .secret()
        .help("mail server for alerts, such as smtps://user:password@mail.example.com"),
    computed("ALERT_EMAIL_FROM", "required with SMTP_URL").help("the sender"),
    computed("ALERT_EMAIL_TO", "required with SMTP_URL").help("the receivers, separated by commas"),
    optional("ALERT_WEBHOOK_URL")
        .secret()
        .help("the URL that alerts are posted to"),
    computed("ALERT_WEBHOOK_BODY", "the envelope of every webhook")
        .help("the body, with {{title}}, {{text}}, {{message}}, …"),
    words("ALERT_WEBHOOK_TYPE", &["json", "form", "text"])
        .help("how values are encoded in the body"),
    optional("ALERT_WEBHOOK_SECRET")
        .secret()
        .help("secret of its signatures, as for other webhooks"),
    number("ALERT_AFTER_MINUTES", 10, 0..=1_440).help("how long the session may not be READY"),
    number("ALERT_REPEAT_HOURS", 4, 0..=168).help("how often open alerts are repeated; 0: never"),
    // Three times the longest interval.
    computed_number(
        "ALERT_BACKUP_HOURS",
        "three times BACKUP_EVERY_HOURS: 72",
        1..=26_280,
    )
    .help("how old the newest backup may be, and how long there may be none"),
    optional("ALERT_QUIET_HOURS").help("when only urgent alerts are sent, such as 22:00-07:00"),
    optional("ALERT_DIGEST_AT").help("when the daily summary is sent, such as 08:00"),
    words("ALERT_LANGUAGE", &["es", "en"]).help("language of the texts"),
    optional("ALERT_CERTIFICATE_URL")
        .help("the page's https:// address, whose certificate is watched"),
    optional("BACKUP_KEY")
        .secret()
        .help("age key that backups of hub.db are encrypted with; no backups without it"),
    text("BACKUP_DIR", "backups").help("where they go"),
    number("BACKUP_EVERY_HOURS", 24, 0..=8_760)
        .help("how often one is taken automatically; 0: only on request"),
    number("BACKUP_KEEP", 7, 1..=10_000).help("how many are kept"),
    WATCHDOG_SECONDS,
    OTEL_EXPORTER_OTLP_ENDPOINT,
    RUST_LOG,
]);
