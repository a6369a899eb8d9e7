//! Applies the database migrations, at every start.
//!
//! A migration is a file in `migrations/`, written once for both engines (see
//! [`Engine::define`](super::Engine)), and a line below. A published migration
//! is never changed, because its checksum is in every database that has applied
//! it. A new migration takes the next number.

use sqlx::SqlSafeStr;
use sqlx::migrate::{MigrateError, Migration, MigrationType, Migrator};

use super::Store;

macro_rules! steps {
    ($($number:literal $name:literal;)*) => {
        &[$((
            $number,
            $name,
            include_str!(concat!("../../migrations/", $name, ".sql")),
        ),)*]
    };
}

/// The number, name and SQL of each migration.
const STEPS: &[(i64, &str, &str)] = steps! {
    1 "0001_messages";
    2 "0002_access";
    3 "0003_campaigns";
    4 "0004_webhooks";
    5 "0005_inbound";
    6 "0006_overview";
    7 "0007_lids_by_chat";
    8 "0008_request_ids";
    9 "0009_node_pair";
    10 "0010_traces";
    11 "0011_people";
    12 "0012_search";
    13 "0013_inbox";
    14 "0014_alerts";
    15 "0015_contacts";
    17 "0017_undecided";
    18 "0018_message_content";
    20 "0020_lookups";
    22 "0022_quick_answers";
    24 "0024_lists_and_doubts";
    26 "0026_list_files";
    27 "0027_undoing_and_forgetting";
    28 "0028_pauses_and_answers";
    29 "0029_failures";
    30 "0030_buckets";
};

/// Returns the number of the last migration.
pub(super) fn newest() -> i64 {
    STEPS.last().map_or(0, |(number, _, _)| *number)
}

/// Applies the migrations up to `newest` that have not been applied yet.
pub(super) async fn run(store: &Store, newest: i64) -> Result<(), MigrateError> {
    let steps = STEPS.iter().filter(|(number, _, _)| *number <= newest);
    let steps = steps.map(|(number, name, tables)| {
        let definition = sqlx::AssertSqlSafe(store.engine().define(tables));
        Migration::new(
            *number,
            (*name).into(),
            MigrationType::Simple,
            definition.into_sql_str(),
            false,
        )
    });
    Migrator::with_migrations(steps.collect())
        .run(store.writer())
        .await
}

#[cfg(test)]
mod tests {
    use super::STEPS;

    #[test]
    fn steps_are_numbered_in_their_order() {
        // A number may be missing, because migrations are written on parallel branches.
        assert!(STEPS.is_sorted_by(|one, next| one.0 < next.0));
        for (number, name, _) in STEPS {
            assert!(name.starts_with(&format!("{number:04}_")), "{name}");
        }
    }
}
