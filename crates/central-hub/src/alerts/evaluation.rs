//! Compares the observed facts with the limits and returns the conditions that are met.

use session_api::{LimitsEvent, NewChatStatus, SessionBody, SessionState};

use super::condition::{Backup, Code, Condition, LimitKind, PasskeyWait};

/// Limits of session-manager itself; PM2 restarts it at 1 GiB.
pub(super) const MANAGER_LIMITS: ServiceLimits = ServiceLimits {
    memory_mib: 512,
    restarts: 3,
};
/// Limits of the hub. PM2 restarts it at 1 GiB, and systemd and the container
/// runtime kill it there, so the alert is raised at four fifths of that.
pub(super) const HUB_LIMITS: ServiceLimits = ServiceLimits {
    memory_mib: 1024 * 4 / 5,
    restarts: 5,
};
/// Memory limit in MiB of Chrome with all its processes, as in
/// `deploy/prometheus/alerts.yml`: under systemd and in a container, Chrome
/// shares 2 GiB with session-manager.
const BROWSER_MIB: u64 = 1430;
const BROWSER: &str = "Chrome";
/// The owner named in an alert about the hub's own disk.
const HUB_DISK: &str = "central-hub";
/// The free space in MiB below which the doctors warn.
const MIN_FREE_MIB: u64 = 1000;
/// The profile size in MiB above which session-manager's doctor warns.
const LARGE_PROFILE_MIB: u64 = 2048;
const MAX_CLOCK_SKEW_SECONDS: u64 = 60;
/// Pause reasons that came from a person or that only a person can end; they raise no alert.
const MANUAL_PAUSES: [&str; 2] = ["PAUSED_BY_PERSON", "RETRY"];

/// The limits of a service above which an alert is raised.
#[derive(Clone, Copy, Debug)]
pub(super) struct ServiceLimits {
    pub(super) memory_mib: u64,
    pub(super) restarts: i64,
}

/// The known facts about a service.
#[derive(Clone, Debug)]
pub(super) struct ServiceFacts {
    pub(super) name: String,
    pub(super) limits: ServiceLimits,
    /// Restarts within the last hour.
    pub(super) restarts: i64,
    pub(super) resident_mib: Option<u64>,
}

impl ServiceFacts {
    fn has_many_restarts(&self) -> bool {
        self.restarts > self.limits.restarts
    }
}

/// Figures from session-manager's metrics.
#[derive(Clone, Debug, Default)]
pub(super) struct ManagerFigures {
    pub(super) profile_mib: Option<u64>,
    pub(super) free_mib: Option<u64>,
    pub(super) backup_hours: Option<u64>,
    pub(super) backup_failed: Option<bool>,
    /// Whether session-manager has a key for backups.
    pub(super) backup_wanted: Option<bool>,
    pub(super) browser_mib: Option<u64>,
    pub(super) skew_seconds: Option<u64>,
}

/// The state of the page's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct CertificateFacts {
    pub(super) host: String,
    pub(super) state: CertificateState,
}

/// The verdict on a certificate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CertificateState {
    Valid,
    ExpiresSoon,
    /// Browsers reject it.
    Rejected,
}

/// The state of the backups of the hub's database.
#[derive(Clone, Copy, Debug)]
pub(super) struct HubBackup {
    /// The age of the newest backup in hours; `None` if there is none.
    pub(super) hours: Option<u64>,
    pub(super) failed: bool,
}

/// A paused campaign.
#[derive(Clone, Debug)]
pub(super) struct PausedCampaign {
    pub(super) id: i64,
    pub(super) name: String,
    pub(super) reason: String,
}

/// The failed deliveries of a webhook.
#[derive(Clone, Debug)]
pub(super) struct DeadLetter {
    pub(super) webhook: i64,
    pub(super) name: String,
    pub(super) number: i64,
    pub(super) is_off: bool,
}

/// The observed facts. `None` stands for a fact that could not be observed: the
/// conditions that depend on it are neither raised nor cleared.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    /// Why session-manager is unreachable; `Some(None)` if it answers.
    pub(super) link: Option<Option<String>>,
    pub(super) session: Option<SessionBody>,
    pub(super) limits: Option<LimitsEvent>,
    pub(super) figures: Option<ManagerFigures>,
    pub(super) services: Vec<ServiceFacts>,
    pub(super) hub_free_mib: Option<u64>,
    pub(super) paused: Option<Vec<PausedCampaign>>,
    pub(super) dead_letters: Option<Vec<DeadLetter>>,
    pub(super) certificate: Option<CertificateFacts>,
    pub(super) hub_backup: Option<HubBackup>,
}

/// The conditions that are met, and the codes that could not be evaluated.
#[derive(Clone, Debug, Default)]
pub(super) struct Evaluation {
    pub(super) conditions: Vec<Condition>,
    pub(super) unknown: Vec<String>,
}

impl Evaluation {
    /// Returns whether the condition of this alert was evaluated.
    pub(super) fn knows(&self, key: &str) -> bool {
        let code = key.split('/').next().unwrap_or(key);
        !self.unknown.iter().any(|it| it == key || it == code)
    }
}

/// Evaluates the facts. A backup older than `backup_hours` counts as old.
pub(super) fn evaluate(facts: &Facts, backup_hours: u64) -> Evaluation {
    let mut evaluation = Evaluation::default();
    let conditions = &mut evaluation.conditions;
    if let Some(Some(reason)) = &facts.link {
        conditions.push(Condition::SessionManagerDown {
            reason: reason.clone(),
        });
    }
    if let Some(session) = &facts.session {
        conditions.extend(session_conditions(session));
    }
    if let Some(limits) = &facts.limits {
        conditions.extend(limit_condition(limits));
    }
    if let Some(figures) = &facts.figures {
        conditions.extend(figure_conditions(figures));
        conditions.extend(session_backup_conditions(facts, figures, backup_hours));
    }
    for service in &facts.services {
        conditions.extend(service_conditions(service));
    }
    if let Some(free) = facts.hub_free_mib {
        conditions.extend(low_disk(HUB_DISK, free));
    }
    for campaign in facts.paused.iter().flatten() {
        if !MANUAL_PAUSES.contains(&campaign.reason.as_str()) {
            conditions.push(Condition::CampaignStopped {
                id: campaign.id,
                name: campaign.name.clone(),
                reason: campaign.reason.clone(),
            });
        }
    }
    for letter in facts.dead_letters.iter().flatten() {
        conditions.push(Condition::WebhookDeadLetters {
            webhook: letter.webhook,
            name: letter.name.clone(),
            number: letter.number,
            is_off: letter.is_off,
        });
    }
    if let Some(certificate) = &facts.certificate
        && certificate.state != CertificateState::Valid
    {
        conditions.push(Condition::Certificate {
            host: certificate.host.clone(),
            is_over: certificate.state == CertificateState::Rejected,
        });
    }
    if let Some(backup) = facts.hub_backup {
        let none = backup.hours.is_none();
        conditions.extend(backup_condition(
            Backup::Hub,
            backup.hours,
            none,
            backup_hours,
        ));
        conditions.extend(failed_backup(Backup::Hub, backup.failed));
    }
    evaluation.unknown = unknown(facts);
    evaluation
}

/// Returns the codes or keys of the conditions that could not be evaluated.
fn unknown(facts: &Facts) -> Vec<String> {
    let figures = facts.figures.clone().unwrap_or_default();
    let codes = [
        (facts.link.is_some(), Code::SessionManagerDown),
        (facts.session.is_some(), Code::SessionNotReady),
        (facts.session.is_some(), Code::BrowserRestarts),
        (facts.limits.is_some(), Code::WhatsappLimit),
        (facts.paused.is_some(), Code::CampaignStopped),
        (facts.dead_letters.is_some(), Code::WebhookDeadLetters),
        (facts.certificate.is_some(), Code::Certificate),
        (figures.profile_mib.is_some(), Code::LargeProfile),
        (figures.skew_seconds.is_some(), Code::ClockOff),
    ];
    let codes = codes.into_iter().filter(|(is_known, _)| !is_known);
    let codes = codes.map(|(_, code)| code.as_str().to_owned());
    let hub = facts.hub_backup.is_some();
    // The age is also absent if there is no backup.
    let knows_backup = figures.backup_wanted.is_some() || figures.backup_hours.is_some();
    let (session, other) = (Backup::Session.as_str(), Backup::Hub.as_str());
    let keys = [
        (
            figures.backup_failed.is_some(),
            Code::BackupFailed.key(session),
        ),
        (knows_backup, Code::BackupOld.key(session)),
        (knows_backup, Code::NoBackup.key(session)),
        (hub, Code::BackupFailed.key(other)),
        (hub, Code::BackupOld.key(other)),
        (hub, Code::NoBackup.key(other)),
        (figures.browser_mib.is_some(), Code::HighMemory.key(BROWSER)),
        (
            figures.free_mib.is_some(),
            Code::LowDisk.key(session_api::SERVICE_NAME),
        ),
        // The free space of a PostgreSQL server is never known.
        (facts.hub_free_mib.is_some(), Code::LowDisk.key(HUB_DISK)),
    ];
    let keys = keys.into_iter().filter(|(is_known, _)| !is_known);
    // An alert about a service that is no longer observed, such as a removed hub, is cleared.
    let silent = facts
        .services
        .iter()
        .filter(|service| service.resident_mib.is_none());
    let silent = silent.map(|service| Code::HighMemory.key(&service.name));
    // More restarts do not end the condition.
    let restarted = facts.services.iter().filter(|it| it.has_many_restarts());
    let restarted = restarted.map(|service| Code::ShortUptime.key(&service.name));
    codes
        .chain(keys.map(|(_, key)| key))
        .chain(silent)
        .chain(restarted)
        .collect()
}

fn session_conditions(session: &SessionBody) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if session.state != SessionState::Ready {
        conditions.push(Condition::SessionNotReady {
            state: session.state,
            cause: session.cause.clone(),
            message: session.cause_message.clone(),
            passkey: passkey_of(session),
        });
    }
    let restarts = &session.restarts;
    if restarts.budget > 0 && restarts.recent > restarts.budget / 2 {
        conditions.push(Condition::BrowserRestarts {
            number: restarts.recent,
            budget: restarts.budget,
            window_minutes: restarts.window_seconds / 60,
        });
    }
    conditions
}

/// Returns the passkey request that waits for a person. Once it is answered,
/// WhatsApp and the phone continue without help.
fn passkey_of(session: &SessionBody) -> Option<PasskeyWait> {
    let passkey = session.passkey.as_ref()?;
    (passkey.stage != "answered").then_some(PasskeyWait {
        since: passkey.since,
        until: passkey.expires_at,
    })
}

fn limit_condition(limits: &LimitsEvent) -> Option<Condition> {
    let (lock, chats) = (&limits.limits.reach_out, &limits.limits.new_chats);
    if lock.locked {
        return Some(Condition::WhatsappLimit {
            kind: LimitKind::ReachOut,
            until: lock.until,
        });
    }
    let kind = match chats.status {
        NewChatStatus::None => return None,
        NewChatStatus::FirstWarning | NewChatStatus::SecondWarning => LimitKind::NewChatsNear,
        NewChatStatus::Capped => LimitKind::NewChats,
    };
    Some(Condition::WhatsappLimit {
        kind,
        until: chats.cycle_end,
    })
}

fn figure_conditions(figures: &ManagerFigures) -> Vec<Condition> {
    let mut conditions = Vec::new();
    if let Some(mib) = figures.profile_mib.filter(|mib| *mib >= LARGE_PROFILE_MIB) {
        conditions.push(Condition::LargeProfile { mib });
    }
    let skew = figures.skew_seconds;
    if let Some(seconds) = skew.filter(|seconds| *seconds > MAX_CLOCK_SKEW_SECONDS) {
        conditions.push(Condition::ClockOff { seconds });
    }
    if let Some(free) = figures.free_mib {
        conditions.extend(low_disk(session_api::SERVICE_NAME, free));
    }
    if let Some(mib) = figures.browser_mib.filter(|mib| *mib > BROWSER_MIB) {
        conditions.push(Condition::HighMemory {
            service: BROWSER.to_owned(),
            mib,
            limit_mib: BROWSER_MIB,
        });
    }
    conditions
}

fn session_backup_conditions(
    facts: &Facts,
    figures: &ManagerFigures,
    backup_hours: u64,
) -> Vec<Condition> {
    let (what, hours) = (Backup::Session, figures.backup_hours);
    // Without a linked phone there is nothing to back up yet.
    let is_linked = facts.session.as_ref().is_some_and(|session| session.linked);
    let none = is_linked && figures.backup_wanted == Some(true) && hours.is_none();
    let failed = figures.backup_failed.unwrap_or(false);
    let standing = backup_condition(what, hours, none, backup_hours);
    standing
        .into_iter()
        .chain(failed_backup(what, failed))
        .collect()
}

fn backup_condition(what: Backup, hours: Option<u64>, none: bool, limit: u64) -> Option<Condition> {
    if none {
        return Some(Condition::NoBackup { what });
    }
    let hours = hours.filter(|hours| *hours > limit)?;
    Some(Condition::BackupOld { what, hours })
}

fn failed_backup(what: Backup, failed: bool) -> Option<Condition> {
    failed.then_some(Condition::BackupFailed { what })
}

fn low_disk(what: &str, free_mib: u64) -> Option<Condition> {
    (free_mib < MIN_FREE_MIB).then(|| Condition::LowDisk {
        what: what.to_owned(),
        free_mib,
    })
}

fn service_conditions(service: &ServiceFacts) -> Vec<Condition> {
    let (name, limits) = (&service.name, service.limits);
    let mut conditions = Vec::new();
    if service.has_many_restarts() {
        conditions.push(Condition::ManyRestarts {
            service: name.clone(),
            number: service.restarts,
        });
    } else if service.restarts > 1 {
        conditions.push(Condition::ShortUptime {
            service: name.clone(),
        });
    }
    let resident = service.resident_mib;
    if let Some(mib) = resident.filter(|mib| *mib > limits.memory_mib) {
        conditions.push(Condition::HighMemory {
            service: name.clone(),
            mib,
            limit_mib: limits.memory_mib,
        });
    }
    conditions
}

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(facts: &Facts) -> Vec<String> {
        let evaluation = evaluate(facts, 72);
        evaluation.conditions.iter().map(Condition::key).collect()
    }

    fn service(restarts: i64, resident_mib: u64) -> Facts {
        Facts {
            services: vec![ServiceFacts {
                name: "session-manager".to_owned(),
                limits: MANAGER_LIMITS,
                restarts,
                resident_mib: Some(resident_mib),
            }],
            ..Facts::default()
        }
    }

    #[test]
    fn service_limits() {
        assert!(codes(&service(1, 512)).is_empty());
        assert_eq!(codes(&service(2, 80)), ["SHORT_UPTIME/session-manager"]);
        assert_eq!(codes(&service(3, 80)), ["SHORT_UPTIME/session-manager"]);
        assert_eq!(
            codes(&service(4, 513)),
            [
                "MANY_RESTARTS/session-manager",
                "HIGH_MEMORY/session-manager"
            ]
        );
        assert_eq!((HUB_LIMITS.memory_mib, HUB_LIMITS.restarts), (819, 5));
    }

    /// The memory limits at which a service is ended are in `deploy/`.
    #[test]
    fn memory_alert_is_below_the_kill_limit() {
        let compose = include_str!("../../../../deploy/container/compose.yaml");
        let rules = include_str!("../../../../deploy/prometheus/alerts.yml");
        for (file, line) in [
            (
                include_str!("../../../../deploy/central-hub/ecosystem.config.js"),
                "max_memory_restart: '1G'",
            ),
            (
                include_str!("../../../../deploy/systemd/leadmaster-central-hub.service"),
                "MemoryMax=1G",
            ),
            (compose, "mem_limit: 1g"),
            (
                include_str!("../../../../deploy/session-manager/ecosystem.config.cjs"),
                "max_memory_restart: '1024M'",
            ),
            (
                include_str!("../../../../deploy/systemd/leadmaster-session-manager.service"),
                "MemoryMax=2G",
            ),
            (compose, "mem_limit: 2g"),
        ] {
            assert!(
                file.contains(line),
                "{line}: if this limit changed, change the alert limits too"
            );
        }
        const { assert!(HUB_LIMITS.memory_mib <= 1024 * 4 / 5) };
        const { assert!(MANAGER_LIMITS.memory_mib <= 1024 * 4 / 5) };
        const { assert!(MANAGER_LIMITS.memory_mib + BROWSER_MIB < 2048) };
        for mib in [HUB_LIMITS.memory_mib, MANAGER_LIMITS.memory_mib] {
            assert!(rules.contains(&format!("> {}", mib << 20)), "{mib}");
        }
    }

    #[test]
    fn manual_pause_raises_no_alert() {
        let paused = ["PAUSED_BY_PERSON", "RETRY", "MANY_FAILURES"];
        let paused = (1..).zip(paused).map(|(id, reason)| PausedCampaign {
            id,
            name: "Mayo".to_owned(),
            reason: reason.to_owned(),
        });
        let facts = Facts {
            paused: Some(paused.collect()),
            ..Facts::default()
        };
        assert_eq!(codes(&facts), ["CAMPAIGN_STOPPED/3"]);
    }

    #[test]
    fn figures_beyond_their_limits() {
        let figures = ManagerFigures {
            profile_mib: Some(2048),
            free_mib: Some(999),
            backup_hours: Some(73),
            backup_failed: Some(true),
            backup_wanted: Some(true),
            browser_mib: Some(1431),
            skew_seconds: Some(61),
        };
        let facts = Facts {
            figures: Some(figures),
            hub_backup: Some(HubBackup {
                hours: Some(72),
                failed: false,
            }),
            ..Facts::default()
        };
        assert_eq!(
            codes(&facts),
            [
                "LARGE_PROFILE",
                "CLOCK_OFF",
                "LOW_DISK/session-manager",
                "HIGH_MEMORY/Chrome",
                "BACKUP_OLD/session",
                "BACKUP_FAILED/session"
            ]
        );
    }

    #[test]
    fn unobserved_facts_raise_and_clear_nothing() {
        let nothing = evaluate(&Facts::default(), 72);
        assert!(nothing.conditions.is_empty());
        for key in ["SESSION_NOT_READY", "BACKUP_OLD/hub", "CAMPAIGN_STOPPED/3"] {
            assert!(!nothing.knows(key), "{key}");
        }
        let facts = Facts {
            link: Some(None),
            paused: Some(Vec::new()),
            ..Facts::default()
        };
        let evaluation = evaluate(&facts, 72);
        assert!(evaluation.knows("SESSION_MANAGER_DOWN") && evaluation.knows("CAMPAIGN_STOPPED/3"));
        assert!(!evaluation.knows("SESSION_NOT_READY"));
    }

    #[test]
    fn whatsapp_limits_by_kind() {
        let mut limits = LimitsEvent::default();
        assert_eq!(limit_condition(&limits), None);
        limits.limits.new_chats.status = NewChatStatus::SecondWarning;
        let kind = |limits: &LimitsEvent| match limit_condition(limits) {
            Some(Condition::WhatsappLimit { kind, .. }) => Some(kind),
            _ => None,
        };
        assert_eq!(kind(&limits), Some(LimitKind::NewChatsNear));
        limits.limits.new_chats.status = NewChatStatus::Capped;
        assert_eq!(kind(&limits), Some(LimitKind::NewChats));
        limits.limits.reach_out.locked = true;
        assert_eq!(kind(&limits), Some(LimitKind::ReachOut));
    }
}
