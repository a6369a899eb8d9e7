//! Converts one row of the Node services' database into the row to insert, or
//! into the reason to skip it. All functions are pure.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use phone_number::{Home, PhoneFault};
use serde_json::Value;
use session_api::{Recipient, Timestamp};

use super::Campaign;
use super::source::Record;
use crate::auth::{canonical_name, is_bcrypt};
use crate::campaigns::columns::NAME;
use crate::campaigns::template::Template;
use crate::http::node::lenient;
use crate::sending_windows::{DEFAULT_QUOTA, Pause, Rules, Weekdays};
use crate::store::campaigns::{CampaignState, NewCampaign, RecipientState, ScheduleState};
use crate::store::{NodeMessage, NodeRecipient, NodeStep, Role, wa_key};

/// The column that holds a recipient's own text.
const OWN_TEXT: &str = "mensaje_final";
/// Maximum bcrypt cost; a higher cost would delay a sign-in by seconds.
const MAX_BCRYPT_COST: u32 = 14;

/// Why a row is skipped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    NameTaken,
    Name,
    Password,
    Business,
    Role,
    NoCampaign,
    Text,
    Template,
    Number,
    Duplicate,
    State,
    Group,
    Rules,
}

impl Fault {
    /// Returns a human-readable reason, worded to follow "because".
    pub(super) const fn reason(self) -> &'static str {
        match self {
            Self::NameTaken => "there is already a user with this name",
            Self::Name => "its name is not 1 to 64 letters, digits or any of . _ - + @",
            Self::Password => {
                "its password is not a bcrypt hash that can be verified: create the user manually"
            }
            Self::Business => "a cliente needs cliente_id, a positive number",
            Self::Role => "tipo is neither admin nor cliente",
            Self::NoCampaign => "its campaign is not here",
            Self::Text => "there is no text",
            Self::Template => "its text cannot be used in a campaign",
            Self::Number => "it has no telephone number",
            Self::Duplicate => "it duplicates another row",
            Self::State => "its state is unknown",
            Self::Group => "it belongs to a group, a broadcast or a status",
            Self::Rules => "its days, hours or dates are invalid",
        }
    }
}

pub(super) struct User {
    pub(super) name: String,
    pub(super) password: String,
    pub(super) role: Role,
    pub(super) cliente_id: Option<u64>,
    pub(super) is_active: bool,
}

pub(super) fn user(row: &Record) -> Result<User, Fault> {
    let name = canonical_name(row.text("usuario").unwrap_or_default());
    let fits = (1..=64).contains(&name.chars().count())
        && name
            .chars()
            .all(|letter| letter.is_alphanumeric() || "._-+@".contains(letter));
    if !fits {
        return Err(Fault::Name);
    }
    let password = row.text("password_hash").unwrap_or_default().trim();
    let cost = password.get(4..6).and_then(|cost| cost.parse::<u32>().ok());
    let is_sound = is_bcrypt(password)
        && password.len() == 60
        && cost.is_some_and(|cost| (4..=MAX_BCRYPT_COST).contains(&cost));
    if !is_sound {
        return Err(Fault::Password);
    }
    let cliente_id = positive(row, "cliente_id");
    let (role, cliente_id) = match row.text("tipo").unwrap_or_default().trim() {
        "admin" => (Role::Admin, None),
        "cliente" => (Role::Cliente, Some(cliente_id.ok_or(Fault::Business)?)),
        _ => return Err(Fault::Role),
    };
    Ok(User {
        name,
        password: password.to_owned(),
        role,
        cliente_id,
        is_active: row.text("activo").is_none_or(|active| active.trim() != "0"),
    })
}

fn positive(row: &Record, column: &str) -> Option<u64> {
    let number = row.number(column).filter(|number| *number > 0)?;
    u64::try_from(number).ok()
}

/// A campaign of the Node database.
pub(super) struct NodeCampaign {
    pub(super) new: NewCampaign,
    /// The text as the Node database stores it.
    pub(super) text: String,
    state: CampaignState,
    pub(super) at: i64,
}

impl NodeCampaign {
    /// Returns the state of the imported campaign and why it is paused.
    pub(super) fn initial_state(&self) -> (&'static str, Option<(&'static str, &'static str)>) {
        let pause = (self.state == CampaignState::Paused).then_some((
            "IMPORTED",
            "it was running in the Node pair: review it, then resume it",
        ));
        (self.state.as_str(), pause)
    }
}

pub(super) struct Schedule {
    pub(super) cliente_id: Option<u64>,
    pub(super) rules: Rules,
    pub(super) comment: Option<String>,
    pub(super) reason: Option<String>,
    pub(super) state: &'static str,
}

pub(super) fn schedule(row: &Record) -> Result<Schedule, Fault> {
    let days: Vec<_> = row
        .text("dias_semana")
        .unwrap_or_default()
        .split(|c: char| c == ',' || c == '[' || c == ']' || c == '"' || c.is_whitespace())
        .filter(|name| !name.is_empty())
        .map(lenient::day)
        .collect();
    let hour = |column| {
        let text = lenient::hour(row.text(column).unwrap_or_default());
        Rules::minutes(text).map_err(|_| Fault::Rules)
    };
    let date = |column| match row.text(column).map(lenient::date) {
        None | Some("" | "0000-00-00") => Ok(None),
        Some(text) => text.parse().map(Some).map_err(|_| Fault::Rules),
    };
    let quota = row.number("cupo_diario").filter(|quota| *quota > 0);
    let quota = quota.and_then(|quota| u32::try_from(quota).ok());
    let rules = Rules {
        id: 0,
        days: Weekdays::from_names(days.iter().map(String::as_str)).map_err(|_| Fault::Rules)?,
        from: hour("hora_inicio")?,
        until: hour("hora_fin")?,
        first: date("fecha_inicio")?,
        last: date("fecha_fin")?,
        quota: quota.or(Some(DEFAULT_QUOTA)),
        pause: Pause::default(),
    };
    rules.check().map_err(|_| Fault::Rules)?;
    let state = match row.text("estado").unwrap_or_default().trim() {
        "" => ScheduleState::Pending,
        text => ScheduleState::from_estado(text).ok_or(Fault::State)?,
    };
    let non_blank = |column: &str| {
        let text = row.text(column).map(str::trim);
        text.filter(|text| !text.is_empty()).map(str::to_owned)
    };
    Ok(Schedule {
        cliente_id: positive(row, "cliente_id"),
        rules,
        comment: non_blank("comentario_cliente"),
        reason: non_blank("rechazo_motivo").or_else(|| non_blank("comentario_admin")),
        state: state.as_str(),
    })
}

/// Returns a person's WhatsApp id; `None` if `id` is anything else.
fn person_of(id: &str) -> Option<String> {
    let is_person = id.ends_with("@c.us") || id.ends_with("@lid");
    let id = is_person.then(|| Recipient::parse(id).ok())??;
    Some(id.as_str().to_owned())
}

/// Returns the person in a message id, `<from me>_<chat>_<key>`.
fn chat_of(message_id: &str, from_me: &str) -> Option<String> {
    let mut parts = message_id.trim().split('_');
    (parts.next()? == from_me).then_some(())?;
    person_of(parts.next()?)
}

/// Returns the id of the source row that a message's key contains.
pub(super) fn row_of(key: &str, is_sent: bool) -> Option<i64> {
    let prefix = if is_sent { SENT_KEY } else { RECORDED_KEY };
    key.strip_prefix(prefix)?.parse().ok()
}

/// Maximum difference in milliseconds between the time of a message and that of its row.
const CLOSE_IN_TIME_MS: i64 = 5 * 60 * 1000;

fn in_zone(text: Option<&str>, zone: &TimeZone) -> Option<i64> {
    let text = text?.trim();
    if let Ok(number) = text.parse::<i64>() {
        let millis = if number < 100_000_000_000 {
            number.saturating_mul(1000)
        } else {
            number
        };
        return (number > 0).then_some(millis);
    }
    lenient::parse_timestamp(text, zone).map(Timestamp::as_millis)
}

const SENT_KEY: &str = "node-envio-";
const RECORDED_KEY: &str = "node-mensaje-";

/// Converts rows, given the time zone in which the server wrote its times.
pub(super) struct RowConverter {
    zone: TimeZone,
    home: Home,
    now: i64,
    /// Whether `ts_wa` is in UTC; all other times are in the server's local time.
    pub(super) recorded_in_utc: bool,
}

impl RowConverter {
    pub(super) fn new(zone: TimeZone, home: Home) -> Self {
        Self {
            zone,
            home,
            now: Timestamp::now().as_millis(),
            recorded_in_utc: false,
        }
    }

    /// Returns today's date in the time zone.
    pub(super) fn today(&self) -> String {
        let now = jiff::Timestamp::from_millisecond(self.now);
        let now = now.unwrap_or(jiff::Timestamp::UNIX_EPOCH);
        self.zone.to_datetime(now).date().to_string()
    }

    /// Returns whether `ts_wa` is in UTC. The newest Node hub wrote it in UTC
    /// whatever the server's zone; older ones did not. A row is created moments
    /// after its message, and its `created_at` is in the server's local time,
    /// so the difference tells.
    pub(super) fn detects_utc<'a>(
        &self,
        times: impl Iterator<Item = (Option<&'a str>, Option<&'a str>)>,
    ) -> bool {
        let (mut utc, mut local) = (0_u64, 0_u64);
        for (recorded, made) in times {
            let Some(made) = self.time(made) else {
                continue;
            };
            let is_near =
                |at: Option<i64>| at.is_some_and(|at| (made - at).abs() <= CLOSE_IN_TIME_MS);
            match (
                is_near(in_zone(recorded, &TimeZone::UTC)),
                is_near(self.time(recorded)),
            ) {
                (true, false) => utc += 1,
                (false, true) => local += 1,
                // Both readings are the same, or the row was created long after its message.
                _ => {}
            }
        }
        utc > local
    }

    /// Parses a time of [`super::RECORDED`] into milliseconds since 1970.
    pub(super) fn recorded_time(&self, text: Option<&str>) -> Option<i64> {
        if self.recorded_in_utc {
            in_zone(text, &TimeZone::UTC)
        } else {
            self.time(text)
        }
    }

    /// Parses a time as the server writes it, or Unix time in seconds or
    /// milliseconds.
    pub(super) fn time(&self, text: Option<&str>) -> Option<i64> {
        in_zone(text, &self.zone)
    }

    pub(super) fn campaign(
        &self,
        row: &Record,
        has_own_texts: bool,
    ) -> Result<NodeCampaign, Fault> {
        let text = row.text("mensaje").unwrap_or_default().trim();
        let name = row.text("nombre").map(str::trim).unwrap_or_default();
        let name: String = name.chars().filter(|c| *c != '\0').take(200).collect();
        if text.is_empty() && !has_own_texts {
            return Err(Fault::Text);
        }
        // In the source, braces are literal; here they would name a column.
        let plain = text.replace('{', "{{").replace('}', "}}");
        let (text_here, columns) = if has_own_texts {
            (format!("{{{OWN_TEXT}}}"), vec![OWN_TEXT.to_owned()])
        } else {
            (plain, Vec::new())
        };
        if text.contains('\0')
            || text.chars().count() > session_api::MAX_MESSAGE_CHARS
            || Template::parse(&text_here).is_err()
        {
            return Err(Fault::Template);
        }
        let state = match row.text("estado").unwrap_or_default().trim() {
            "en_progreso" | "activa" | "pausada" => CampaignState::Paused,
            "finalizado" | "completada" => CampaignState::Finished,
            "" | "pendiente" | "pendiente_aprobacion" | "programada" => CampaignState::Draft,
            _ => return Err(Fault::State),
        };
        let fallback = || format!("Campaña {}", row.id);
        Ok(NodeCampaign {
            new: NewCampaign {
                cliente_id: positive(row, "cliente_id"),
                name: Some(name)
                    .filter(|it| !it.is_empty())
                    .unwrap_or_else(fallback),
                text: text_here,
                columns,
                pause: Pause::default(),
            },
            text: text.to_owned(),
            state,
            at: self.time(row.text("fecha_creacion")).unwrap_or(self.now),
        })
    }

    /// Returns the recipient of a number in the source. A number that is valid
    /// in no country is kept as the Node hub wrote to it; a number without an
    /// area code identifies nobody and is refused.
    fn number(&self, cell: &str) -> Result<Recipient, Fault> {
        match phone_number::recipient(cell, &self.home) {
            Ok(recipient) => Ok(recipient),
            Err(PhoneFault::NotANumber) => Recipient::parse(cell).map_err(|_| Fault::Number),
            Err(_) => Err(Fault::Number),
        }
    }

    fn chat(&self, row: &Record) -> Result<String, Fault> {
        let cell = row.text("telefono_wapp").unwrap_or_default();
        let recipient = self.number(cell)?;
        Ok(recipient.as_str().to_owned())
    }

    /// Returns the text that was sent to a recipient.
    fn sent_text(row: &Record, campaign: &Campaign) -> String {
        let own_text = row.text("mensaje_final").map(str::trim).unwrap_or_default();
        let text = if own_text.is_empty() {
            &campaign.text
        } else {
            own_text
        };
        text.replace('\0', "")
    }

    pub(super) fn sent_message(
        &self,
        row: &Record,
        campaign: &Campaign,
    ) -> Result<NodeMessage, Fault> {
        let at = self.time(row.text("fecha_envio")).unwrap_or(self.now);
        let wa_id = row.text("message_id").map(str::trim);
        let wa_id = wa_id.filter(|id| !id.is_empty()).map(str::to_owned);
        Ok(NodeMessage {
            key: format!("{SENT_KEY}{}", row.id),
            direction: "out",
            origin: "campaign",
            cliente_id: campaign.cliente_id.and_then(|id| i64::try_from(id).ok()),
            campaign_id: Some(campaign.id),
            chat: self.chat(row)?,
            kind: "text".to_owned(),
            body: Self::sent_text(row, campaign),
            state: "sent",
            wa_key: wa_id.as_deref().map(|id| wa_key(id).to_owned()),
            wa_id,
            at,
        })
    }

    /// Returns the number of a campaign's recipient and the chat to which
    /// WhatsApp sent the message, if they differ.
    pub(super) fn addresses_of_sent(&self, row: &Record) -> Option<(String, String)> {
        let number = self.chat(row).ok()?;
        let chat = chat_of(row.text("message_id")?, "true")?;
        (number != chat).then_some((number, chat))
    }

    /// Returns the other party of a message as its row names it and as
    /// WhatsApp's id names it, if they differ.
    pub(super) fn addresses_of_recorded(&self, row: &Record) -> Option<(String, String)> {
        let is_inbound = row.text("direction")?.trim() == "IN";
        let (column, from_me) = match is_inbound {
            true => ("wa_from", "false"),
            false => ("wa_to", "true"),
        };
        let raw: Value = serde_json::from_str(row.text("raw_json")?).ok()?;
        let other = row.text(column)?.trim();
        if ["@g.us", "@broadcast", "@newsletter"]
            .iter()
            .any(|server| other.ends_with(server))
        {
            return None;
        }
        let address = self.number(other).ok()?.as_str().to_owned();
        let side = raw[if is_inbound { "from" } else { "to" }].as_str();
        let wa_id = [&raw["id"]["_serialized"], &raw["id"], &raw["message_id"]]
            .into_iter()
            .find_map(Value::as_str);
        let chat = wa_id
            .and_then(|id| chat_of(id, from_me))
            .filter(|chat| *chat != address);
        let side = side.and_then(person_of).filter(|chat| *chat != address);
        chat.or(side).map(|chat| (address, chat))
    }

    pub(super) fn recipient(
        &self,
        row: &Record,
        campaign: &Campaign,
        message_id: Option<i64>,
    ) -> Result<NodeRecipient, Fault> {
        let chat = self.chat(row)?;
        let state = match row.text("estado").unwrap_or_default().trim() {
            "" | "pendiente" => RecipientState::Pending,
            "enviado" | "sent_manual" => RecipientState::Sent,
            "error" | "fallido" => RecipientState::Failed,
            _ => return Err(Fault::State),
        };
        let mut fields = BTreeMap::new();
        let name = row
            .text("nombre_destino")
            .map(str::trim)
            .unwrap_or_default();
        if !name.is_empty() {
            fields.insert(NAME, name.replace('\0', ""));
        }
        if let Some(place) = row.number("lugar_id") {
            fields.insert("lugar_id", place.to_string());
        }
        if campaign.has_own_texts {
            fields.insert(OWN_TEXT, Self::sent_text(row, campaign));
        }
        let sent_at = self.time(row.text("fecha_envio"));
        let was_sent = state == RecipientState::Sent;
        Ok(NodeRecipient {
            line: row.id,
            campaign_id: campaign.id,
            chat,
            fields: serde_json::to_string(&fields).unwrap_or_default(),
            state: state.as_str(),
            message_id,
            attempt: i64::from(was_sent),
            planned_at: was_sent.then(|| sent_at.unwrap_or(self.now)),
            cause: (state != RecipientState::Pending).then_some("NODE_PAIR"),
            at: sent_at.unwrap_or(self.now),
        })
    }

    /// Returns a change of state; `None` if one of the states is not a recipient's.
    pub(super) fn step(&self, row: &Record, recipient_id: i64) -> Option<NodeStep> {
        let state = |column: &str| match row.text(column).unwrap_or("pendiente").trim() {
            "pendiente" | "" => Some(RecipientState::Pending.as_str()),
            "enviado" | "sent_manual" => Some(RecipientState::Sent.as_str()),
            "error" | "fallido" => Some(RecipientState::Failed.as_str()),
            _ => None,
        };
        let origin = row.text("origen").unwrap_or("nodo").to_uppercase();
        let origin: String = origin
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .take(60)
            .collect();
        let detail = row.text("detalle").map(|text| text.replace('\0', ""));
        let user = row.text("usuario_id").map(|id| format!("usuario {id}"));
        let detail = match (detail, user) {
            (Some(detail), Some(user)) => Some(format!("{detail} ({user})")),
            (detail, user) => detail.or(user),
        };
        Some(NodeStep {
            recipient_id,
            from_state: state("estado_anterior")?,
            to_state: state("estado_nuevo")?,
            cause: format!("NODE_{origin}"),
            detail,
            at: self.time(row.text("created_at")).unwrap_or(self.now),
        })
    }

    /// Returns a recorded message, inbound or outbound.
    pub(super) fn recorded_message(&self, row: &Record) -> Result<NodeMessage, Fault> {
        let is_inbound = match row.text("direction").unwrap_or_default().trim() {
            "IN" => true,
            "OUT" => false,
            _ => return Err(Fault::State),
        };
        let other = row.text(if is_inbound { "wa_from" } else { "wa_to" });
        let other = other.unwrap_or_default().trim();
        if ["@g.us", "@broadcast", "@newsletter"]
            .iter()
            .any(|server| other.ends_with(server))
        {
            return Err(Fault::Group);
        }
        let chat = self.number(other)?;
        let raw = row.text("raw_json").unwrap_or_default();
        let raw: Value = serde_json::from_str(raw).unwrap_or_default();
        let wa_id = [&raw["id"]["_serialized"], &raw["id"], &raw["message_id"]]
            .into_iter()
            .find_map(Value::as_str)
            .filter(|id| !id.is_empty() && id.len() <= 200)
            .map(str::to_owned);
        let hash = row.text("message_hash").map(str::trim);
        let hash = hash.filter(|hash| !hash.is_empty());
        // A message without a WhatsApp id is still imported once.
        let wa_id = wa_id.or_else(|| hash.map(|hash| format!("node-{hash}")));
        let wa_id = wa_id.unwrap_or_else(|| format!("node-row-{}", row.id));
        let kind = match raw["type"].as_str() {
            None | Some("chat" | "") => "text",
            Some(kind) => kind,
        };
        let at = self.recorded_time(row.text("ts_wa"));
        let at = at.or_else(|| self.time(row.text("created_at")));
        let cliente_id = positive(row, "cliente_id");
        Ok(NodeMessage {
            key: format!("{RECORDED_KEY}{}", row.id),
            direction: if is_inbound { "in" } else { "out" },
            origin: if is_inbound { "chat" } else { "phone" },
            cliente_id: cliente_id.and_then(|id| i64::try_from(id).ok()),
            campaign_id: None,
            chat: chat.as_str().to_owned(),
            kind: kind.chars().take(40).collect(),
            body: row.text("message").unwrap_or_default().replace('\0', ""),
            state: if is_inbound { "received" } else { "sent" },
            wa_key: Some(wa_key(&wa_id).to_owned()),
            wa_id: Some(wa_id),
            at: at.unwrap_or(self.now),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn converter() -> RowConverter {
        RowConverter::new(
            TimeZone::get("America/Argentina/Buenos_Aires").unwrap(),
            Home::default(),
        )
    }

    const HASH: &str = "$2b$10$abcdefghijklmnopqrstuuabcdefghijklmnopqrstuabcdefghij";

    #[test]
    fn users() {
        let convert = |tipo, cliente, hash| {
            let row = Record::with_values(
                1,
                [
                    ("usuario", " Ana "),
                    ("password_hash", hash),
                    ("tipo", tipo),
                    ("cliente_id", cliente),
                    ("activo", "0"),
                ],
            );
            user(&row).map(|user| (user.name, user.role, user.cliente_id, user.is_active))
        };
        assert_eq!(HASH.len(), 60);
        let ana = ("ana".to_owned(), Role::Cliente, Some(51), false);
        assert_eq!(convert("cliente", "51", HASH), Ok(ana));
        assert_eq!(convert("admin", "51", HASH).unwrap().2, None);
        assert_eq!(convert("cliente", "0", HASH), Err(Fault::Business));
        assert_eq!(convert("otro", "51", HASH), Err(Fault::Role));
        let dear = HASH.replacen("$10$", "$31$", 1);
        for bad in ["", "hunter2", "$2b$10$short", &dear] {
            assert_eq!(convert("admin", "51", bad), Err(Fault::Password), "{bad}");
        }
    }

    #[test]
    fn a_campaign_under_way_is_paused_and_its_braces_are_braces() {
        let recipient = |estado, own| {
            let row = Record::with_values(
                3,
                [
                    ("nombre", "Marzo"),
                    ("mensaje", "Hola {vos}"),
                    ("estado", estado),
                    ("fecha_creacion", "2026-01-14 10:00:00"),
                ],
            );
            converter().campaign(&row, own)
        };
        let under_way = recipient("en_progreso", false).ok().unwrap();
        assert_eq!(under_way.initial_state().0, "paused");
        assert_eq!(under_way.initial_state().1.unwrap().0, "IMPORTED");
        assert_eq!(under_way.new.text, "Hola {{vos}}");
        assert_eq!(under_way.at, 1_768_395_600_000);
        assert_eq!(
            recipient("pendiente", true).ok().unwrap().new.text,
            "{mensaje_final}"
        );
        assert_eq!(
            recipient("finalizado", false).ok().unwrap().initial_state(),
            ("finished", None)
        );
        assert_eq!(recipient("rara", false).err(), Some(Fault::State));
    }

    #[test]
    fn recorded_messages() {
        let message_of = |direction, from, to, raw| {
            let row = Record::with_values(
                9,
                [
                    ("direction", direction),
                    ("wa_from", from),
                    ("wa_to", to),
                    ("message", "Hola"),
                    ("ts_wa", "2026-03-01 12:48:27"),
                    ("message_hash", "abc"),
                    ("raw_json", raw),
                ],
            );
            converter().recorded_message(&row)
        };
        let raw = r#"{"id":{"_serialized":"false_5491158254201@c.us_3EB0"},"type":"chat"}"#;
        let came = message_of("IN", "5491158254201@c.us", "x", raw)
            .ok()
            .unwrap();
        assert_eq!(
            (came.direction, came.chat.as_str()),
            ("in", "5491158254201@c.us")
        );
        assert_eq!(came.wa_key.as_deref(), Some("3EB0"));
        assert_eq!(came.at, 1_772_380_107_000);
        let went = message_of("OUT", "x", "5491158254201", "").ok().unwrap();
        assert_eq!(
            (went.origin, went.wa_id.as_deref()),
            ("phone", Some("node-abc"))
        );
        assert_eq!(
            message_of("IN", "120363@g.us", "x", "").err(),
            Some(Fault::Group)
        );
        assert_eq!(
            message_of("IN", "nobody", "x", "").err(),
            Some(Fault::Number)
        );
        // Without an area code, a number from another country could be anybody's.
        assert_eq!(
            message_of("IN", "15 5825-4201", "x", "").err(),
            Some(Fault::Number)
        );
        assert_eq!(
            message_of("IN", "4444-3333", "x", "").err(),
            Some(Fault::Number)
        );
        // Not valid in any country, but the Node hub wrote to it.
        let message = message_of("IN", "5490000000000", "x", "").ok().unwrap();
        assert_eq!(message.chat, "5490000000000@c.us");
    }

    #[test]
    fn a_row_names_a_number_and_the_chat_that_it_went_to() {
        let pair = |one: &str, other: &str| Some((one.to_owned(), other.to_owned()));
        let sent = |number, message_id| {
            let row =
                Record::with_values(1, [("telefono_wapp", number), ("message_id", message_id)]);
            converter().addresses_of_sent(&row)
        };
        let (number, lid) = ("5491158254201@c.us", "247033104567642@lid");
        assert_eq!(
            sent("5491158254201", "true_247033104567642@lid_3EB0A"),
            pair(number, lid)
        );
        assert_eq!(
            sent("5491158254201", "true_541158254201@c.us_3EB0A"),
            pair(number, "541158254201@c.us")
        );
        for (number, id) in [
            ("5491158254201", "true_5491158254201@c.us_3EB0A"),
            ("5491158254201", "false_247033104567642@lid_3EB0A"),
            ("5491158254201", "true_120363@g.us_3EB0A"),
            ("5491158254201", "3EB0A"),
            ("nadie", "true_247033104567642@lid_3EB0A"),
        ] {
            assert_eq!(sent(number, id), None, "{number} {id}");
        }
        let recorded = |direction, raw| {
            let columns = [
                ("direction", direction),
                (
                    "wa_from",
                    if direction == "IN" {
                        number
                    } else {
                        "5491150000000@c.us"
                    },
                ),
                (
                    "wa_to",
                    if direction == "IN" {
                        "5491150000000@c.us"
                    } else {
                        number
                    },
                ),
                ("raw_json", raw),
            ];
            converter().addresses_of_recorded(&Record::with_values(1, columns))
        };
        let by_id =
            r#"{"id":{"_serialized":"false_247033104567642@lid_3A"},"from":"5491158254201@c.us"}"#;
        assert_eq!(recorded("IN", by_id), pair(number, lid));
        let by_side = r#"{"id":"false_5491158254201@c.us_3A","from":"247033104567642@lid"}"#;
        assert_eq!(recorded("IN", by_side), pair(number, lid));
        let ours = r#"{"id":"true_247033104567642@lid_3A","from":"5491150000000@c.us"}"#;
        assert_eq!(recorded("OUT", ours), pair(number, lid));
        for raw in [
            "",
            "{}",
            "[]",
            r#"{"from":"5491158254201@c.us"}"#,
            r#"{"from":"x@g.us"}"#,
        ] {
            assert_eq!(recorded("IN", raw), None, "{raw}");
        }
    }

    #[test]
    fn the_zone_of_ts_wa_is_found_in_when_its_rows_were_made() {
        let finds = |times: &[(&str, &str)]| {
            let times = times
                .iter()
                .map(|(recorded, made)| (Some(*recorded), Some(*made)));
            converter().detects_utc(times)
        };
        let utc = ("2026-03-01 15:48:27", "2026-03-01 12:48:29");
        let local = ("2026-03-01 12:48:27", "2026-03-01 12:48:29");
        let late = ("2026-03-01 12:48:27", "2026-03-01 20:00:00");
        let early = ("2026-03-01 12:48:27", "2026-01-01 00:00:00");
        assert!(finds(&[utc]));
        assert!(finds(&[utc, local, utc, late, early]));
        for local in [
            &[][..],
            &[local],
            &[utc, local],
            &[late, early],
            &[("", ""), ("x", "y")],
        ] {
            assert!(!finds(local), "{local:?}");
        }
        let row = Record::with_values(
            9,
            [
                ("direction", "IN"),
                ("wa_from", "5491158254201"),
                ("ts_wa", utc.0),
            ],
        );
        let mut converter = converter();
        let at = |converter: &RowConverter| converter.recorded_message(&row).ok().unwrap().at;
        assert_eq!(at(&converter), 1_772_390_907_000);
        converter.recorded_in_utc = true;
        assert_eq!(at(&converter), 1_772_380_107_000);
    }

    #[test]
    fn schedules_in_spanish() {
        let row = Record::with_values(
            1,
            [
                ("dias_semana", "lun,mié, sab"),
                ("hora_inicio", "09:00:00"),
                ("hora_fin", "18:30:00"),
                ("fecha_inicio", "2026-01-01"),
                ("estado", "aprobada"),
                ("cupo_diario", "40"),
            ],
        );
        let schedule = schedule(&row).ok().unwrap();
        assert_eq!(schedule.rules.days.to_string(), "mon,wed,sat");
        assert_eq!((schedule.rules.from, schedule.rules.until), (540, 1110));
        assert_eq!(
            (schedule.rules.quota, schedule.state),
            (Some(40), "approved")
        );
        let nonsense = Record::with_values(1, [("dias_semana", "nunca")]);
        assert_eq!(super::schedule(&nonsense).err(), Some(Fault::Rules));
    }
}
