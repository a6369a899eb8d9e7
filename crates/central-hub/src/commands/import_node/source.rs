//! Reads the Node services' database, and never writes to it.
//!
//! Every column is read as text, as the server writes it, because the tables
//! were made by hand over the years: what is a number in one is text in
//! another. A missing column or table reads as empty.

use std::collections::{HashMap, HashSet};
use std::fmt::Write as _;
use std::str::FromStr;

use sqlx::mysql::{MySqlConnectOptions, MySqlConnection, MySqlRow};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Row};

use super::NodeError;

/// A row, by column name.
pub(super) struct Record {
    /// The `id` column; 0 in a table without one.
    pub(super) id: i64,
    values: HashMap<&'static str, String>,
}

impl Record {
    /// Returns the value of a column; `None` if it is null.
    pub(super) fn text(&self, column: &str) -> Option<&str> {
        self.values.get(column).map(String::as_str)
    }

    /// Returns the value of a column as an integer; `None` if it is not one.
    pub(super) fn number(&self, column: &str) -> Option<i64> {
        self.text(column)?.trim().parse().ok()
    }

    #[cfg(test)]
    pub(super) fn with_values<const N: usize>(id: i64, values: [(&'static str, &str); N]) -> Self {
        let values = values.map(|(column, value)| (column, value.to_owned()));
        Self {
            id,
            values: values.into_iter().collect(),
        }
    }
}

/// The time of a message, as the server writes it.
pub(super) struct MessageTime {
    pub(super) at: Option<String>,
    /// Whether the row is from `ll_envios_whatsapp`.
    pub(super) is_sent: bool,
    pub(super) id: i64,
    /// When the row was created, if the table has that column.
    pub(super) created_at: Option<String>,
    /// Whether the message is outbound, whether a person or a program sent it.
    pub(super) is_out: bool,
}

pub(super) struct Source {
    connection: MySqlConnection,
    /// The existing columns, by table.
    columns: HashMap<String, HashSet<String>>,
}

impl Source {
    /// Connects, and begins the single transaction in which everything is read.
    pub(super) async fn open(url: &str) -> Result<Self, NodeError> {
        if !url.starts_with("mysql://") && !url.starts_with("mariadb://") {
            return Err(NodeError::Address);
        }
        let options = MySqlConnectOptions::from_str(url).map_err(|_| NodeError::Address)?;
        let name = options.get_database().unwrap_or_default().to_owned();
        let options = options
            .charset("utf8mb4")
            // Times stay as the server writes them.
            .timezone(None)
            .disable_statement_logging();
        let mut connection = options.connect().await.map_err(|error| match error {
            // The options are otherwise valid, so the cause is the transport of the password.
            sqlx::Error::Configuration(_) => NodeError::NeedsTls,
            error => NodeError::Source(error),
        })?;
        for statement in [
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ",
            "START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        ] {
            sqlx::raw_sql(statement)
                .execute(&mut connection)
                .await
                .map_err(NodeError::Source)?;
        }
        let mut source = Self {
            connection,
            columns: HashMap::new(),
        };
        let statement = "SELECT CAST(table_name AS CHAR) AS a, CAST(column_name AS CHAR) AS b
                     FROM information_schema.columns WHERE table_schema = DATABASE()";
        for row in source.fetch(statement.to_owned()).await? {
            let (table, column) = (text(&row, "a")?, text(&row, "b")?);
            if let (Some(table), Some(column)) = (table, column) {
                source.columns.entry(table).or_default().insert(column);
            }
        }
        if !source.columns.contains_key("ll_campanias_whatsapp")
            && !source.columns.contains_key("ll_usuarios")
        {
            return Err(NodeError::Foreign(name));
        }
        Ok(source)
    }

    pub(super) async fn close(self) {
        // The transaction only reads, so nothing can be lost.
        let _ = self.connection.close().await;
    }

    fn has(&self, table: &str, column: &str) -> bool {
        let columns = self.columns.get(table);
        columns.is_some_and(|columns| columns.contains(column))
    }

    async fn fetch(&mut self, statement: String) -> Result<Vec<MySqlRow>, NodeError> {
        sqlx::raw_sql(AssertSqlSafe(statement))
            .fetch_all(&mut self.connection)
            .await
            .map_err(NodeError::Source)
    }

    /// Returns rows of a table. `rest` is SQL from this module: the condition and the order.
    async fn rows(
        &mut self,
        table: &'static str,
        columns: &[&'static str],
        rest: &str,
    ) -> Result<Vec<Record>, NodeError> {
        if !self.columns.contains_key(table) {
            return Ok(Vec::new());
        }
        let mut statement = "SELECT ".to_owned();
        for (n, column) in columns.iter().enumerate() {
            let comma = if n == 0 { "" } else { ", " };
            let value = if self.has(table, column) {
                format!("CAST(`{column}` AS CHAR CHARACTER SET utf8mb4)")
            } else {
                "NULL".to_owned()
            };
            let _ = write!(statement, "{comma}{value} AS `{column}`");
        }
        let _ = write!(statement, " FROM `{table}` {rest}");
        let rows = self.fetch(statement).await?;
        rows.iter()
            .map(|row| {
                let mut values = HashMap::new();
                for column in columns {
                    if let Some(value) = text(row, column)? {
                        values.insert(*column, value);
                    }
                }
                let id = values.get("id").and_then(|id| id.parse().ok());
                let id = id.unwrap_or_default();
                Ok(Record { id, values })
            })
            .collect()
    }

    /// Returns the rows with an id above `after`, ordered by id.
    pub(super) async fn after(
        &mut self,
        table: &'static str,
        columns: &[&'static str],
        after: i64,
        limit: usize,
    ) -> Result<Vec<Record>, NodeError> {
        // The column is qualified by the table, because `id` alone would be the selected text.
        let rest = format!("WHERE id > {after} ORDER BY `{table}`.id LIMIT {limit}");
        self.rows(table, columns, &rest).await
    }

    /// Returns the rows with these ids, in any order.
    pub(super) async fn by_ids(
        &mut self,
        table: &'static str,
        columns: &[&'static str],
        ids: &[i64],
    ) -> Result<Vec<Record>, NodeError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let rest = format!("WHERE id IN ({})", listed(ids));
        self.rows(table, columns, &rest).await
    }

    /// Returns the campaigns with a pending recipient whose text differs from the campaign's text.
    pub(super) async fn campaigns_with_own_texts(&mut self) -> Result<HashSet<i64>, NodeError> {
        if !self.has("ll_envios_whatsapp", "mensaje_final") {
            return Ok(HashSet::new());
        }
        let statement = "SELECT DISTINCT CAST(c.id AS CHAR) AS a
             FROM ll_envios_whatsapp e JOIN ll_campanias_whatsapp c ON c.id = e.campania_id
             WHERE e.estado = 'pendiente' AND e.mensaje_final IS NOT NULL
                 AND TRIM(e.mensaje_final) <> '' AND BINARY TRIM(e.mensaje_final) <> BINARY TRIM(c.mensaje)";
        let rows = self.fetch(statement.to_owned()).await?;
        let mut ids = HashSet::new();
        for row in &rows {
            ids.extend(text(row, "a")?.and_then(|id| id.parse::<i64>().ok()));
        }
        Ok(ids)
    }

    /// Returns when each message was sent or received.
    pub(super) async fn message_times(&mut self) -> Result<Vec<MessageTime>, NodeError> {
        let mut message_times = Vec::new();
        for (table, column, rest, is_sent) in [
            (
                "ll_envios_whatsapp",
                "fecha_envio",
                "WHERE estado = 'enviado'",
                true,
            ),
            ("ll_whatsapp_messages", "ts_wa", "", false),
        ] {
            let columns: &[&'static str] = if is_sent {
                &["id", column]
            } else {
                &["id", column, "created_at", "direction"]
            };
            for row in self.rows(table, columns, rest).await? {
                let text = |column| row.text(column).map(str::to_owned);
                message_times.push(MessageTime {
                    at: text(column),
                    is_sent,
                    id: row.id,
                    created_at: text("created_at"),
                    is_out: row.text("direction") == Some("OUT"),
                });
            }
        }
        Ok(message_times)
    }

    /// Returns the state history of these rows of `ll_envios_whatsapp`, oldest first.
    pub(super) async fn steps(&mut self, ids: &[i64]) -> Result<Vec<Record>, NodeError> {
        const TABLE: &str = "ll_envios_whatsapp_historial";
        if ids.is_empty() || !self.has(TABLE, "envio_id") {
            return Ok(Vec::new());
        }
        let columns = [
            "id",
            "envio_id",
            "estado_anterior",
            "estado_nuevo",
            "origen",
            "detalle",
            "usuario_id",
            "created_at",
        ];
        let order = ["created_at", "id"].into_iter();
        let order = order.filter(|column| self.has(TABLE, column));
        let order: Vec<_> = order.map(|column| format!("`{TABLE}`.{column}")).collect();
        let order = if order.is_empty() {
            String::new()
        } else {
            format!(" ORDER BY {}", order.join(", "))
        };
        let rest = format!("WHERE envio_id IN ({}){order}", listed(ids));
        self.rows(TABLE, &columns, &rest).await
    }

    /// Returns the number of messages that each schedule sent on this day.
    pub(super) async fn sent_on(&mut self, day: &str) -> Result<Vec<Record>, NodeError> {
        let columns = ["programacion_id", "fecha", "enviados"];
        // The date comes from `RowConverter::today` and consists of digits and dashes only.
        let rest = format!("WHERE fecha = '{day}'");
        self.rows("ll_programacion_envios_diarios", &columns, &rest)
            .await
    }
}

fn listed(ids: &[i64]) -> String {
    let ids: Vec<_> = ids.iter().map(i64::to_string).collect();
    ids.join(",")
}

fn text(row: &MySqlRow, column: &str) -> Result<Option<String>, NodeError> {
    row.try_get(column).map_err(NodeError::Source)
}
