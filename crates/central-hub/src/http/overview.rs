//! Serves `GET /api/overview`: the day's figures and the open tasks for the
//! start screen.
//!
//! A request runs a few queries concurrently, each of which uses a small index.

use std::collections::HashMap;

use api_docs::Failures;
use axum::Json;
use axum::extract::State;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::Serialize;
use session_api::{LimitsEvent, SessionState, Timestamp};
use utoipa::ToSchema;

use super::listener::MessageAnswer;
use crate::auth::{Caller, Scope};
use crate::error::HubError;
use crate::relay::Link;
use crate::scheduler::{CampaignBody, SchedulerContext, context};
use crate::sending_windows::{Rules, forecast, midnight, window};
use crate::state::AppState;
use crate::store::campaigns::{Campaign, CampaignFilter, Days, RecipientState, Schedule};
use crate::store::{DeadLetters, Filter, MAX_DEAD_LETTERS, MessageState, WEEK};

/// Maximum number of entries per list; the screen of that list shows the rest.
const MAX_LIST_ENTRIES: u32 = 5;
/// Maximum number of running schedules that are read.
const MAX_SCHEDULES: u32 = 500;
/// Number of days for which failures are listed; seven days cover a weekend.
const FAILED_DAYS: i64 = 7;

#[derive(Serialize, ToSchema)]
#[schema(as = overview::Overview)]
pub(crate) struct Overview {
    ahora: Timestamp,
    zona: String,
    /// The current date in that time zone, and the moment when the day began.
    dia: String,
    desde: Timestamp,
    dry_run: bool,
    auto_campaigns_enabled: bool,
    sesion: Session,
    hoy: Today,
    /// The last seven days, of which today is the last.
    semana: Week,
    campanias: List<RunningCampaign>,
    programaciones: Vec<WindowBody>,
    atencion: Attention,
    respuestas: Vec<MessageAnswer>,
    hay: Existing,
}

/// What exists at all, of whatever day.
#[derive(Serialize, ToSchema)]
#[schema(as = overview::Existing)]
struct Existing {
    /// Whether a message was sent or queued.
    mensajes: bool,
    campanias: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = overview::Session)]
struct Session {
    servicio: Link,
    estado: Option<SessionState>,
    codigo: Option<String>,
    /// WhatsApp's limits for the account, if known.
    limites: Option<LimitsEvent>,
}

/// Messages recorded today, by current state.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = overview::Today)]
struct Today {
    enviados: i64,
    entregados: i64,
    leidos: i64,
    fallidos: i64,
    simulados: i64,
    cancelados: i64,
    recibidos: i64,
    /// Number of messages in the outbox, whenever they were recorded.
    en_espera: i64,
}

/// The last days, day by day.
#[derive(Serialize, ToSchema)]
#[schema(as = overview::Week)]
struct Week {
    dias: Vec<WeekDay>,
    /// Number of people who wrote in these days after a message was sent to them.
    respondieron: i64,
}

/// The messages recorded on a day, by current state.
#[derive(Serialize, ToSchema)]
#[schema(as = overview::WeekDay)]
struct WeekDay {
    dia: String,
    enviados: i64,
    entregados: i64,
    leidos: i64,
    recibidos: i64,
}

impl WeekDay {
    fn from_outcomes(date: Date, outcomes: &[(MessageState, i64)]) -> Self {
        let Today {
            enviados,
            entregados,
            leidos,
            recibidos,
            ..
        } = Today::from_outcomes(outcomes, 0);
        Self {
            dia: date.to_string(),
            enviados,
            entregados,
            leidos,
            recibidos,
        }
    }
}

impl Today {
    fn from_outcomes(outcomes: &[(MessageState, i64)], waiting: i64) -> Self {
        let sum = |wanted: &dyn Fn(MessageState) -> bool| {
            let counts = outcomes.iter().filter(|(state, _)| wanted(*state));
            counts.map(|(_, count)| count).sum::<i64>()
        };
        let reached =
            |least| sum(&move |state: MessageState| state.is_accepted() && state >= least);
        let count_of = |wanted| sum(&move |state| state == wanted);
        Self {
            enviados: reached(MessageState::Sent),
            entregados: reached(MessageState::Delivered),
            leidos: reached(MessageState::Read),
            fallidos: count_of(MessageState::Failed),
            simulados: count_of(MessageState::Simulated),
            cancelados: count_of(MessageState::Cancelled),
            recibidos: count_of(MessageState::Received),
            en_espera: waiting,
        }
    }
}

#[derive(Serialize, ToSchema)]
#[schema(as = overview::List)]
struct List<T> {
    total: i64,
    items: Vec<T>,
}

#[derive(Serialize, ToSchema)]
#[schema(as = overview::UnderWay)]
struct RunningCampaign {
    #[serde(flatten)]
    campaign: CampaignBody,
    /// Estimated end, if the schedules determine one.
    previsto_fin: Option<Timestamp>,
}

/// A time window of today in which a campaign may send.
#[derive(Serialize, ToSchema)]
#[schema(as = overview::WindowBody)]
struct WindowBody {
    programacion_id: i64,
    campania_id: i64,
    campania_nombre: String,
    hora_inicio: String,
    hora_fin: String,
    inicio: Timestamp,
    fin: Timestamp,
    cupo_diario: Option<u32>,
    /// Number of messages that this schedule sent today.
    usados: u32,
}

/// Items that require a user's attention.
#[derive(Serialize, ToSchema)]
#[schema(as = overview::Attention)]
struct Attention {
    /// Number of messages that failed within the last days and were not retried.
    fallidos: i64,
    fallidos_desde: Timestamp,
    campanias_pausadas: List<CampaignBody>,
    programaciones: List<Unapproved>,
    importaciones: Vec<UnfinishedImport>,
    /// The failing webhooks; only for administrators, like webhooks in general.
    webhooks: Option<Vec<Webhook>>,
    /// Number of undecided messages that contain an opt-out word.
    posibles_bajas: i64,
    grabacion: bool,
}

#[derive(Serialize, ToSchema)]
#[schema(as = overview::Unapproved)]
struct Unapproved {
    id: i64,
    campania_id: i64,
    campania_nombre: String,
    fecha: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[schema(as = overview::HalfList)]
struct UnfinishedImport {
    campania_id: i64,
    campania_nombre: String,
    importacion_id: i64,
    codigo: Option<String>,
    fecha: Timestamp,
}

#[derive(Serialize, ToSchema)]
#[schema(as = overview::Webhook)]
struct Webhook {
    id: i64,
    nombre: String,
    descartadas: i64,
    /// Whether the count reached the maximum.
    hay_mas: bool,
    motivo: Option<String>,
}

impl From<DeadLetters> for Webhook {
    fn from(letters: DeadLetters) -> Self {
        Self {
            id: letters.webhook,
            nombre: letters.name,
            descartadas: letters.dead,
            hay_mas: letters.dead >= MAX_DEAD_LETTERS,
            motivo: letters.disabled_cause,
        }
    }
}

/// The current day in the business's time zone.
struct Day {
    date: Date,
    begin: Timestamp,
    failed_since: Timestamp,
    /// The last days with the moments when they began; today is the last.
    week: [(Date, Timestamp); WEEK],
}

impl Day {
    fn at(now: Timestamp, zone: &TimeZone) -> Self {
        let date = zone.to_datetime(to_jiff(now)).date();
        let begin = |date: Date| midnight(date, zone).map_or(now, Timestamp::from);
        let week = jiff::Span::new().days(FAILED_DAYS - 1);
        let before = |days: usize| {
            let span = jiff::Span::new().try_days(i64::try_from(days).unwrap_or(0));
            span.and_then(|span| date.checked_sub(span)).unwrap_or(date)
        };
        Self {
            week: std::array::from_fn(|at| {
                let date = before(WEEK - 1 - at);
                (date, begin(date))
            }),
            date,
            begin: begin(date),
            failed_since: begin(date.checked_sub(week).unwrap_or(date)),
        }
    }
}

fn to_jiff(at: Timestamp) -> jiff::Timestamp {
    jiff::Timestamp::from_millisecond(at.as_millis()).unwrap_or(jiff::Timestamp::UNIX_EPOCH)
}

/// Returns the sending rules of a campaign.
fn rules_of<'a>(
    campaign: &'a Campaign,
    schedules: &'a [Schedule],
) -> impl Iterator<Item = Rules> + 'a {
    let own = schedules
        .iter()
        .filter(|it| it.campaign_id == campaign.id)
        .map(|it| it.rules.clone());
    let always = (!campaign.scheduled).then(|| Rules::always(campaign.pause));
    own.chain(always)
}

/// The data from which forecasts are made.
struct Plans<'a> {
    context: SchedulerContext,
    zone: &'a TimeZone,
    schedules: &'a [Schedule],
    days: &'a HashMap<i64, Days>,
    /// Number of campaigns that share the phone's sending capacity.
    sharing: u32,
}

impl Plans<'_> {
    fn used(&self, campaign: i64, schedule: i64, day: Date) -> u32 {
        let days = self.days.get(&campaign);
        days.map_or(0, |days| days.used(schedule, day))
    }

    /// Returns the estimated end; `None` for a dry run, which takes no time,
    /// and for a blocked campaign.
    fn end_of(&self, campaign: &Campaign) -> Option<Timestamp> {
        if campaign.is_dry_run() || self.context.obstacle(campaign).is_some() {
            return None;
        }
        let rules: Vec<_> = rules_of(campaign, self.schedules).collect();
        let used = |schedule, day| self.used(campaign.id, schedule, day);
        let remaining = u64::try_from(campaign.count(RecipientState::Pending)).unwrap_or(0);
        let now = to_jiff(self.context.now);
        forecast(now, self.zone, &rules, &used, remaining, self.sharing).map(Timestamp::from)
    }

    /// Returns the windows that overlap today, sorted by start.
    fn windows(&self, day: &Day, names: &HashMap<i64, String>) -> Vec<WindowBody> {
        let yesterday = day.date.yesterday().unwrap_or(day.date);
        let mut found = Vec::new();
        for schedule in self.schedules {
            for date in [yesterday, day.date] {
                let Some(window) = window(&schedule.rules, date, self.zone) else {
                    continue;
                };
                let (begin, end) = (Timestamp::from(window.begin), Timestamp::from(window.end));
                if end <= day.begin {
                    continue;
                }
                found.push(WindowBody {
                    programacion_id: schedule.id,
                    campania_id: schedule.campaign_id,
                    campania_nombre: names
                        .get(&schedule.campaign_id)
                        .cloned()
                        .unwrap_or_default(),
                    hora_inicio: Rules::time(schedule.rules.from),
                    hora_fin: Rules::time(schedule.rules.until),
                    inicio: begin,
                    fin: end,
                    cupo_diario: schedule.rules.quota,
                    usados: self.used(schedule.campaign_id, schedule.id, day.date),
                });
            }
        }
        found.sort_by_key(|it| (it.inicio, it.fin, it.programacion_id));
        found
    }
}

/// Returns an overview of the day: sent messages, running campaigns and open tasks.
#[utoipa::path(
    get, path = "/overview", tag = "service", operation_id = "overview_overview",
    responses((status = 200, description = "The day", body = Overview), Failures)
)]
pub(crate) async fn overview(
    State(state): State<AppState>,
    caller: Caller,
) -> Result<Json<Overview>, HubError> {
    let store = &state.store;
    let own = caller.cliente_id;
    let context = context(&state.config, &state.relay, store);
    let zone = &state.config.zone;
    let day = Day::at(context.now, zone);
    let is_admin = own.is_none() && caller.may(Scope::Admin);
    let sees_names = caller.sees(None);
    let replies = Filter {
        cliente_id: own,
        is_inbound: Some(true),
        ..Filter::default()
    };
    let outbound = Filter {
        cliente_id: own,
        is_inbound: Some(false),
        ..Filter::default()
    };
    let campaigns = CampaignFilter {
        cliente_id: own,
        ..CampaignFilter::default()
    };
    let dead = async {
        if is_admin {
            store.dead_letters().await.map(Some)
        } else {
            Ok(None)
        }
    };
    let (outcomes, waiting, failed, running, schedules, days) = tokio::try_join!(
        store.outcomes(day.begin, own),
        store.waiting(own),
        store.failed_since(day.failed_since, own),
        store.running_campaigns(own, MAX_LIST_ENTRIES),
        store.running_schedules(own, MAX_SCHEDULES),
        store.running_days(day.date),
    )?;
    let (by_day, answered, newest_message, newest_campaign) = tokio::try_join!(
        store.outcomes_by_day(day.week.map(|(_, begin)| begin), own),
        store.answered_since(day.week[0].1, own),
        store.search_messages(&outbound, None, 1),
        store.campaigns(&campaigns, 1),
    )?;
    let (paused, unapproved, unfinished, dead, recording, replies, sharing, possible) = tokio::try_join!(
        store.paused_campaigns(own, MAX_LIST_ENTRIES),
        store.unapproved_schedules(own, MAX_LIST_ENTRIES),
        store.unfinished_imports(own, MAX_LIST_ENTRIES),
        dead,
        store.is_recording(),
        store.search_messages(&replies, None, MAX_LIST_ENTRIES),
        store.sharing_campaigns(),
        store.possible_opt_outs(own, 0),
    )?;
    let mut ids: Vec<_> = schedules.iter().map(|it| it.campaign_id).collect();
    ids.sort_unstable();
    ids.dedup();
    let names = store.campaign_names(&ids).await?;
    let names = names
        .into_iter()
        .map(|(id, (name, _))| (id, name))
        .collect();
    let plans = Plans {
        context,
        zone,
        schedules: &schedules,
        days: &days,
        sharing,
    };
    let (link, session, code) = state.relay.health();
    let limits = state.relay.limits();
    Ok(Json(Overview {
        ahora: context.now,
        zona: state.config.zone_name().to_owned(),
        dia: day.date.to_string(),
        desde: day.begin,
        dry_run: context.dry_run,
        auto_campaigns_enabled: context.auto,
        sesion: Session {
            servicio: link,
            estado: session,
            codigo: code,
            limites: limits,
        },
        hoy: Today::from_outcomes(&outcomes, waiting),
        semana: Week {
            dias: day
                .week
                .iter()
                .zip(&by_day)
                .map(|((date, _), counts)| WeekDay::from_outcomes(*date, counts))
                .collect(),
            respondieron: answered,
        },
        campanias: List {
            total: running.total,
            items: running
                .items
                .iter()
                .map(|it| RunningCampaign {
                    campaign: CampaignBody::new(it, context, sees_names),
                    previsto_fin: plans.end_of(it),
                })
                .collect(),
        },
        programaciones: plans.windows(&day, &names),
        atencion: Attention {
            fallidos: failed,
            fallidos_desde: day.failed_since,
            campanias_pausadas: List {
                total: paused.total,
                items: paused
                    .items
                    .iter()
                    .map(|it| CampaignBody::new(it, context, sees_names))
                    .collect(),
            },
            programaciones: List {
                total: unapproved.total,
                items: unapproved
                    .items
                    .into_iter()
                    .map(|it| Unapproved {
                        id: it.schedule.id,
                        campania_id: it.schedule.campaign_id,
                        campania_nombre: it.campaign,
                        fecha: it.schedule.updated_at,
                    })
                    .collect(),
            },
            importaciones: unfinished
                .into_iter()
                .map(|it| UnfinishedImport {
                    campania_id: it.campaign,
                    campania_nombre: it.name,
                    importacion_id: it.import,
                    codigo: it.error_code,
                    fecha: it.at,
                })
                .collect(),
            webhooks: dead.map(|all| all.into_iter().map(Webhook::from).collect()),
            posibles_bajas: possible.0,
            grabacion: recording,
        },
        respuestas: super::listener::to_answers(&state, own, replies.messages).await?,
        hay: Existing {
            mensajes: !newest_message.messages.is_empty(),
            campanias: !newest_campaign.is_empty(),
        },
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_the_zones() {
        let zone = TimeZone::get("America/Argentina/Buenos_Aires").unwrap();
        let day_at = |at: &str| {
            let at: jiff::Timestamp = at.parse().unwrap();
            Day::at(Timestamp::from(at), &zone)
        };
        let late = day_at("2026-03-11T02:59:59Z");
        assert_eq!(late.date.to_string(), "2026-03-10");
        let text = |at: Timestamp| to_jiff(at).to_string();
        assert_eq!(text(late.begin), "2026-03-10T03:00:00Z");
        assert_eq!(text(late.failed_since), "2026-03-04T03:00:00Z");
        assert_eq!(
            day_at("2026-03-11T03:00:00Z").date.to_string(),
            "2026-03-11"
        );
        // Santiago's day begins at 01:00 when the clock skips midnight.
        let zone = TimeZone::get("America/Santiago").unwrap();
        let at: jiff::Timestamp = "2026-09-06T15:00:00Z".parse().unwrap();
        assert_eq!(
            text(Day::at(Timestamp::from(at), &zone).begin),
            "2026-09-06T04:00:00Z"
        );
    }

    #[test]
    fn read_messages_count_as_sent_and_delivered() {
        let outcomes = [
            (MessageState::Sent, 1),
            (MessageState::Delivered, 2),
            (MessageState::Read, 4),
            (MessageState::Played, 8),
            (MessageState::Failed, 16),
            (MessageState::Received, 32),
        ];
        let today = Today::from_outcomes(&outcomes, 3);
        assert_eq!(
            (today.enviados, today.entregados, today.leidos),
            (15, 14, 12)
        );
        assert_eq!(
            (today.fallidos, today.recibidos, today.simulados),
            (16, 32, 0)
        );
        assert_eq!(today.en_espera, 3);
    }
}
