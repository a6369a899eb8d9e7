//! `central-hub doctor`: looks for causes that prevent messages from being
//! sent, now or later.
//!
//! ```text
//!  process, PORT ─> configuration ─> folder, disk, database ─> port
//!     ─> session-manager, the session ─> access ─> outbox
//! ```

use std::path::Path;
use std::time::{Duration, SystemTime};

use service_runtime::doctor::{
    self, Check, DoctorReport, EnvironmentOf, Service, ServiceManager, Subject, disk, folder,
    folder_of, logs, port, secrets, watchdog,
};
use service_runtime::env::mask_userinfo;
use session_api::{SERVICE_NAME, SessionState};
use session_client::{ClientError, SessionClient, Timeouts};

use crate::backup::Backups;
use crate::config::{Config, DatabaseLocation};
use crate::store::Store;

const SERVICE: Service = Service {
    name: "central-hub",
    pm2_name: "leadmaster-central-hub",
    unit: "leadmaster-central-hub",
    version: env!("CARGO_PKG_VERSION"),
    port: 3012,
};
/// session-manager, which usually runs under the same service manager as the hub.
const SESSION_MANAGER: Service = Service {
    name: SERVICE_NAME,
    pm2_name: SERVICE_NAME,
    unit: "leadmaster-session-manager",
    port: 3001,
    ..SERVICE
};
/// Timeout of the database check.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Runs all checks.
pub async fn examine(environment_of: EnvironmentOf) -> DoctorReport {
    doctor::examine(
        &SERVICE,
        environment_of,
        Config::from_env,
        Config::summary,
        checks,
    )
    .await
}

async fn checks(config: &Config, subject: &Subject) -> Vec<Check> {
    let mut checks = Vec::new();
    if let DatabaseLocation::Sqlite(file) = &config.database {
        let data = file.parent().unwrap_or(Path::new("."));
        checks.push(folder_of("DATA_DIR", file));
        checks.push(disk(data));
    }
    checks.push(database(&config.database).await);
    checks.extend(backups(config));
    checks.extend(secrets(&SERVICE, subject));
    checks.extend(logs(subject));
    checks.extend(watchdog(subject));
    checks.push(port(&config.hosts, config.port, subject.process.as_ref()).await);
    checks.extend(session_manager(config, subject.manager).await);
    checks.push(match &config.admin_password {
        Some(_) => Check::ok("access", "a password is set"),
        None => Check::warning(
            "access",
            "HUB_ADMIN_PASSWORD is not set: only this machine is served, and everybody on it",
            format!(
                "set HUB_ADMIN_PASSWORD in {}",
                subject.manager.settings(&SERVICE)
            ),
        ),
    });
    checks.push(Check::ok(
        "sending",
        match (config.dry_run, config.auto_campaigns) {
            (true, _) => "DRY_RUN=true: a dry run, nothing is sent",
            (false, true) => "DRY_RUN=false: messages are sent, campaigns automatically",
            (false, false) => {
                "DRY_RUN=false: messages are sent; AUTO_CAMPAIGNS_ENABLED=false: campaigns are not"
            }
        },
    ));
    checks
}

/// Checks that the database exists and is intact, without creating one.
async fn database(location: &DatabaseLocation) -> Check {
    const NAME: &str = "database";
    if let DatabaseLocation::Sqlite(file) = location
        && !file.exists()
    {
        let found = format!("{} is created at the first start", file.display());
        return Check::ok(NAME, found);
    }
    let looked = tokio::time::timeout(TIMEOUT, Store::examine(location)).await;
    let cure = match location {
        DatabaseLocation::Sqlite(_) => "stop the hub and restore the file from a copy",
        DatabaseLocation::Postgres(_) => {
            "is PostgreSQL up? systemctl status postgresql; DATABASE_URL right?"
        }
    };
    match looked {
        Ok(Ok(found)) => Check::ok(NAME, found),
        Ok(Err(error)) => Check::failure(
            NAME,
            mask_userinfo(&service_runtime::error_chain(&error)),
            cure,
        ),
        Err(_) => Check::failure(NAME, "it does not answer", cure),
    }
}

/// Checks whether there is a backup to restore. The result is empty for
/// PostgreSQL, which has its own backup tools.
fn backups(config: &Config) -> Vec<Check> {
    const NAME: &str = "backups";
    if matches!(config.database, DatabaseLocation::Postgres(_)) {
        return Vec::new();
    }
    let place = &config.backups.folder;
    let mut checks = Vec::new();
    // Backups stay in the folder after the key is removed from the configuration.
    if config.backups.key.is_some() || place.exists() {
        checks.push(folder("BACKUP_DIR", place));
    }
    if config.backups.key.is_none() {
        checks.push(Check::warning(
            NAME,
            "BACKUP_KEY is not set: there are none of hub.db",
            "session-manager's BACKUP_KEY, or central-hub backup --new-key",
        ));
        return checks;
    }
    let backups = Backups::new(config.backups.clone(), config.database.clone());
    let Some(newest) = backups.newest() else {
        let found = format!("none in {}", place.display());
        checks.push(Check::warning(NAME, found, "central-hub backup"));
        return checks;
    };
    let age = SystemTime::now().duration_since(newest).unwrap_or_default();
    let found = format!(
        "the newest in {} is {} h old",
        place.display(),
        age.as_secs() / 3600
    );
    checks.push(match config.backups.every {
        Some(every) if age > every * 2 => {
            Check::warning(NAME, found, "central-hub backup shows the problem")
        }
        _ => Check::ok(NAME, found),
    });
    checks
}

/// Checks session-manager, its token, and the session.
async fn session_manager(config: &Config, manager: ServiceManager) -> Vec<Check> {
    const NAME: &str = "session-manager";
    let cure = format!(
        "{}; is SESSION_MANAGER_BASE_URL right?",
        manager.start(&SESSION_MANAGER)
    );
    let base = &config.session_manager;
    let client = SessionClient::new(
        base.clone(),
        config.session_manager_token.as_ref(),
        Timeouts::default(),
    );
    let client = match client {
        Ok(client) => client,
        Err(error) => return vec![Check::failure(NAME, error.to_string(), cure)],
    };
    let masked_url = mask_userinfo(base.as_str());
    if let Err(error) = client.health().await {
        return vec![Check::failure(NAME, format!("{masked_url}: {error}"), cure)];
    }
    let up = Check::ok(NAME, format!("{masked_url} answers"));
    let session = match client.session().await {
        Ok(session) => session,
        Err(error @ ClientError::TokenRefused) => {
            let cure = format!(
                "the same SESSION_MANAGER_TOKEN for both, the hub's in {}",
                manager.settings(&SERVICE)
            );
            return vec![up, Check::failure("token", error.to_string(), cure)];
        }
        Err(error) => return vec![up, Check::failure("session", error.to_string(), cure)],
    };
    let found = format!(
        "{} ({}): {}",
        session.state, session.cause, session.cause_message
    );
    let cure = "session-manager doctor";
    vec![
        up,
        match session.state {
            SessionState::Ready => Check::ok("session", found),
            SessionState::Error => Check::failure("session", found, cure),
            _ => Check::warning("session", found, cure),
        },
    ]
}
