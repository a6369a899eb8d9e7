use scratch_database::on_both_engines;

use super::super::tests::open;
use super::*;

const HOUR: i64 = 3600 * 1000;

async fn answered_ago(store: &Store, hours: i64) {
    sqlx::query("UPDATE lookups SET answered_at = $1 WHERE found IS NOT NULL")
        .bind(now() - hours * HOUR)
        .execute(store.writer())
        .await
        .unwrap();
}

on_both_engines! {
    async fn answers_expire_after_a_week_or_a_day(database: Database) {
        let store = open(&database).await;
        let people = ["5491158254201", "5491158254202"].map(|id| Recipient::parse(id).unwrap());
        let want = async || {
            let known = store.want_lookups(&people).await.unwrap();
            people.each_ref().map(|it| known[it.as_str()].exists)
        };
        assert_eq!(want().await, [None, None]);
        for (person, exists) in people.iter().zip([true, false]) {
            let said = LookupBody {
                ok: true,
                exists,
                chat: exists.then(|| person.as_str().to_owned()),
                lid: None,
            };
            store.note_lookup(person.as_str(), &said).await.unwrap();
        }
        for (hours, known) in [
            (0, [Some(true), Some(false)]),
            (23, [Some(true), Some(false)]),
            // The person may have joined since.
            (25, [Some(true), None]),
        ] {
            answered_ago(&store, hours).await;
            assert_eq!(want().await, known, "{hours}");
        }
        assert_eq!(store.next_lookup().await.unwrap().as_deref(), Some(people[1].as_str()));
        answered_ago(&store, 7 * 24 - 1).await;
        assert_eq!(want().await, [Some(true), None]);
        answered_ago(&store, 7 * 24 + 1).await;
        assert_eq!(want().await, [None, None]);
        // A number whose lookup failed waits behind the others.
        store.postpone_lookup(people[1].as_str()).await.unwrap();
        assert_eq!(store.next_lookup().await.unwrap().as_deref(), Some(people[0].as_str()));
        store.close().await;
    }
}
