//! Tests of round trips between both engines, and of rejected exports.

use scratch_database::Database;

use super::*;
use crate::store::tests::{draft, later, open};
use crate::store::{Change, Filter, MessageState};

async fn exported(store: &Store) -> String {
    let mut out = Vec::new();
    export(store, &mut out).await.unwrap();
    String::from_utf8(out).unwrap()
}

async fn imported(store: &Store, text: &str) -> Result<u64, TransferError> {
    import(store, &mut text.as_bytes()).await
}

/// Fills a store with rows of several kinds.
async fn some(database: &Database) -> Store {
    let store = open(database).await;
    for n in 0..20 {
        draft(n / 2, &format!("k{n} \"ñ\" 😀")).insert(&store).await;
    }
    for message in store.claim("me", later(60), 5).await.unwrap() {
        let wa_id = format!("true_x@c.us_{}", message.id);
        let change = Change {
            wa_id: Some(&wa_id),
            ..Change::to(MessageState::Sent, "SENT")
        };
        store.change(message.id, change).await.unwrap();
    }
    store.set("cursor", "17").await.unwrap();
    let mut tx = store.begin().await.unwrap();
    store
        .contact_in(&mut tx, "1@c.us", Some("Ana"), None)
        .await
        .unwrap();
    tx.commit().await.unwrap();
    store
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_moves_from_each_engine_to_each() {
    for source in [Database::sqlite(), Database::postgres()] {
        let source_store = some(&source).await;
        let text = exported(&source_store).await;
        for target in [Database::sqlite(), Database::postgres()] {
            let store = open(&target).await;
            let rows = imported(&store, &text).await.unwrap();
            assert_eq!(rows as usize, text.lines().count() - 2);
            // The rows of a table may be in a different order.
            let sorted = |text: &str| {
                let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
                lines.sort();
                lines
            };
            let again: Vec<_> = sorted(&exported(&store).await);
            let parse = |line: &String| serde_json::from_str::<Value>(line).unwrap().to_string();
            let mut left: Vec<_> = again.iter().map(parse).collect();
            let mut right: Vec<_> = sorted(&text).iter().map(parse).collect();
            left.sort();
            right.sort();
            assert_eq!(left, right);
            let found = store
                .search_messages(&Filter::default(), Some("k17 hola"), 10)
                .await
                .unwrap();
            assert_eq!(found.messages.len(), 1, "the words are in the index");
            // New ids continue after the imported ones.
            let all = store.messages(&Filter::default(), 100).await.unwrap();
            let new = draft(9, "new").insert(&store).await;
            assert!(new.id > all[0].id);
            assert_eq!(store.transitions(all[19].id).await.unwrap().len(), 3);
            let error = imported(&store, &text).await.unwrap_err().to_string();
            assert!(error.contains("not empty"), "{error}");
            let cursor = store.setting("cursor").await.unwrap();
            assert_eq!(cursor.as_deref(), Some("17"), "a refusal changes nothing");
            store.close().await;
        }
        source_store.close().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn incomplete_export_changes_nothing() {
    let source = Database::sqlite();
    let store = some(&source).await;
    let text = exported(&store).await;
    store.close().await;
    let lines: Vec<_> = text.lines().collect();
    let without = |n: usize| {
        let kept = lines.iter().enumerate().filter(|(at, _)| *at != n);
        kept.map(|(_, line)| format!("{line}\n"))
            .collect::<String>()
    };
    let cases = [
        (String::new(), "cut off"),
        (without(lines.len() - 1), "cut off"),
        (without(lines.len() - 2), "cut off"),
        (without(0), "line 1"),
        ("hola\n".to_owned(), "line 1"),
        (
            text.replacen(r#""central-hub":1"#, r#""central-hub":2"#, 1),
            "format",
        ),
        (
            text.replacen(r#""tables":"#, r#""tables":9"#, 1),
            "same central-hub",
        ),
        (
            text.replacen(r#""table":"messages""#, r#""table":"x; DROP""#, 1),
            "no such table",
        ),
        (text.replacen(r#""chat":"#, r#""chat\"":"#, 1), "no column"),
        (
            text.replacen(r#""state":"queued""#, r#""state":"nowhere""#, 1),
            "line ",
        ),
        (
            text.replacen(r#""attempts":0"#, r#""attempts":[]"#, 1),
            "attempts",
        ),
        // SQLite would store a text in a number column, and from then on every
        // read of the row would fail.
        (
            text.replacen(r#""attempts":0"#, r#""attempts":"many""#, 1),
            "line ",
        ),
        (
            text.replacen(
                r#""chat":""#,
                &format!(r#""chat":"{}"#, "x".repeat(17 << 20)),
                1,
            ),
            "more than",
        ),
    ];
    for target in [Database::sqlite(), Database::postgres()] {
        let store = open(&target).await;
        for (text, expected) in &cases {
            let error = imported(&store, text).await.unwrap_err().to_string();
            assert!(error.contains(expected), "{expected}: {error}");
            assert!(!error.contains("hola k"), "{error}");
            assert!(
                store
                    .messages(&Filter::default(), 1)
                    .await
                    .unwrap()
                    .is_empty()
            );
        }
        assert!(imported(&store, &text).await.is_ok());
        store.close().await;
    }
}

/// Checks that a table never precedes one that it references, whatever later migrations add.
#[tokio::test(flavor = "multi_thread")]
async fn tables_stand_after_what_they_refer_to() {
    for database in [Database::sqlite(), Database::postgres()] {
        let store = open(&database).await;
        let mut tx = store.begin().await.unwrap();
        let order: Vec<_> = tables(&store, &mut tx)
            .await
            .unwrap()
            .into_iter()
            .map(|(table, _)| table)
            .collect();
        let references = store.engine().pick(
            "SELECT t.name AS one, f.\"table\" AS other FROM sqlite_schema t, pragma_foreign_key_list(t.name) f
                 WHERE t.type = 'table'",
            "SELECT conrelid::regclass::text AS one, confrelid::regclass::text AS other
                 FROM pg_constraint WHERE contype = 'f'",
        );
        let references = sqlx::query(references).fetch_all(&mut *tx).await.unwrap();
        assert!(!references.is_empty());
        let at = |name: &str| order.iter().position(|table| table == name).unwrap();
        for reference in &references {
            let (one, other): (String, String) = (reference.get("one"), reference.get("other"));
            assert!(at(&other) <= at(&one), "{one} refers to {other}");
        }
        drop(tx);
        store.close().await;
    }
}
