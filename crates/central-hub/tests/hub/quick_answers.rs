//! Tests of quick answers, the prepared texts for conversations, on both database engines.

use scratch_database::on_both_engines;
use serde_json::{Value, json};

use crate::access::start_with_password;
use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, ask, get};

const PATH: &str = "/api/quick-answers";

/// Returns the shortcuts in a response of the list.
fn shortcuts(list: &Value) -> Vec<&str> {
    let answers = list["respuestas"].as_array().unwrap().iter();
    answers.map(|row| row["atajo"].as_str().unwrap()).collect()
}

on_both_engines! {
    async fn quick_answers_are_created_changed_and_deleted(database: Database) {
        let peer = FakeSessionManager::unused_url().await;
        let hub = Hub::start_on(&database.url(), &peer, &[]).await;
        assert_eq!(get(&hub, PATH).await, json!({"respuestas": []}));
        let write = json!({"atajo": " /Ubicación ", "texto": "Hola {nombre|vecino}:\nestamos en Av. 9 de Julio 1"});
        let (status, created) = ask(&hub, "POST", PATH, Some(&write)).await;
        assert_eq!(status, 201, "{created}");
        assert_eq!(
            (&created["atajo"], &created["texto"], &created["cliente_id"]),
            (&json!("Ubicación"), &write["texto"], &Value::Null)
        );
        let (status, _) = ask(
            &hub,
            "POST",
            PATH,
            Some(&json!({"atajo": "horario", "texto": "De 9 a 18."})),
        )
        .await;
        assert_eq!(status, 201);
        assert_eq!(shortcuts(&get(&hub, PATH).await), ["horario", "Ubicación"]);
        // A shortcut is the same however it is written; each business has its own shortcuts.
        let same = json!({"atajo": "UBICACION", "texto": "otra"});
        let (status, body) = ask(&hub, "POST", PATH, Some(&same)).await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("QUICK_ANSWER_EXISTS"))
        );
        let of_business = json!({"atajo": "ubicacion", "texto": "otra", "cliente_id": 51});
        assert_eq!(ask(&hub, "POST", PATH, Some(&of_business)).await.0, 201);
        assert_eq!(
            shortcuts(&get(&hub, &format!("{PATH}?cliente_id=51")).await),
            ["ubicacion"]
        );
        let answer_path = format!("{PATH}/{}", created["id"]);
        let (status, body) = ask(
            &hub,
            "PUT",
            &answer_path,
            Some(&json!({"atajo": "horario", "texto": "x"})),
        )
        .await;
        assert_eq!(
            (status, &body["code"]),
            (409, &json!("QUICK_ANSWER_EXISTS"))
        );
        let (status, updated) = ask(
            &hub,
            "PUT",
            &answer_path,
            Some(&json!({"atajo": "donde", "texto": "Acá"})),
        )
        .await;
        assert_eq!(
            (status, &updated["atajo"], &updated["texto"]),
            (200, &json!("donde"), &json!("Acá"))
        );
        assert_eq!(ask(&hub, "DELETE", &answer_path, None).await.0, 204);
        assert_eq!(shortcuts(&get(&hub, PATH).await), ["horario", "ubicacion"]);
        for (method, body) in [
            ("DELETE", None),
            ("PUT", Some(json!({"atajo": "a", "texto": "x"}))),
        ] {
            let (status, body) = ask(&hub, method, &answer_path, body.as_ref()).await;
            assert_eq!(
                (status, &body["code"]),
                (404, &json!("QUICK_ANSWER_NOT_FOUND")),
                "{method}"
            );
        }
        hub.stop().await;
    }

    async fn invalid_quick_answers_are_rejected(database: Database) {
        let peer = FakeSessionManager::unused_url().await;
        let hub = Hub::start_on(&database.url(), &peer, &[]).await;
        for (atajo, texto, code) in [
            ("", "x", "INVALID_REQUEST"),
            ("/", "x", "INVALID_REQUEST"),
            ("dos palabras", "x", "INVALID_REQUEST"),
            ("a\0", "x", "INVALID_REQUEST"),
            (&*"x".repeat(31), "x", "INVALID_REQUEST"),
            ("a", &*"x".repeat(65_537), "INVALID_REQUEST"),
            ("a", "x\0", "INVALID_REQUEST"),
            ("a", " ", "TEMPLATE_INVALID"),
            ("a", "Hola {nombre", "TEMPLATE_INVALID"),
            ("a", "Debe {monto}", "TEMPLATE_INVALID"),
        ] {
            let body = json!({"atajo": atajo, "texto": texto});
            let (status, answer) = ask(&hub, "POST", PATH, Some(&body)).await;
            assert_eq!(
                (status, &answer["code"]),
                (400, &json!(code)),
                "{atajo:?}: {answer}"
            );
        }
        let unknown = json!({"atajo": "a", "texto": "Debe {monto}"});
        let (_, answer) = ask(&hub, "POST", PATH, Some(&unknown)).await;
        assert_eq!(
            (&answer["motivo"], &answer["variable"]),
            (&json!("TEMPLATE_UNKNOWN_VARIABLE"), &json!("monto"))
        );
        for query in ["cliente_id=0", "cliente_id=x"] {
            assert_eq!(hub.get(&format!("{PATH}?{query}")).await.0, 400, "{query}");
        }
        hub.stop().await;
    }

    async fn business_has_at_most_500_quick_answers(database: Database) {
        let peer = FakeSessionManager::unused_url().await;
        let hub = Hub::start_on(&database.url(), &peer, &[]).await;
        for n in 0..500 {
            hub.store
                .add_quick_answer(Some(51), &format!("a{n}"), "x")
                .await
                .unwrap();
        }
        let further = json!({"atajo": "otra", "texto": "x", "cliente_id": 51});
        let (status, body) = ask(&hub, "POST", PATH, Some(&further)).await;
        assert_eq!((status, &body["code"]), (409, &json!("QUICK_ANSWERS_FULL")));
        let other_answer = json!({"atajo": "otra", "texto": "x", "cliente_id": 52});
        assert_eq!(ask(&hub, "POST", PATH, Some(&other_answer)).await.0, 201);
        hub.stop().await;
    }
}

#[tokio::test]
async fn each_business_has_its_own_quick_answers() {
    let (_peer, hub) = start_with_password().await;
    let ana = hub.add_cliente("ana", 51).await;
    let luis = hub.add_cliente("luis", 52).await;
    let luz = hub.add_agente("luz").await;
    let write = |atajo: &str| json!({"atajo": atajo, "texto": "Hola"});
    let (status, of_ana) = hub.call_as(&ana, "POST", PATH, write("hola")).await;
    assert_eq!((status, &of_ana["cliente_id"]), (201, &json!(51)));
    let (status, of_office) = hub.call_as(&luz, "POST", PATH, write("oficina")).await;
    assert_eq!((status, &of_office["cliente_id"]), (201, &Value::Null));
    let (_, visible) = hub.call_as(&luis, "GET", PATH, json!(null)).await;
    assert_eq!(visible, json!({"respuestas": []}));
    let (_, visible) = hub.call_as(&ana, "GET", PATH, json!(null)).await;
    assert_eq!(shortcuts(&visible), ["hola"]);
    let (_, visible) = hub.call_as(&luz, "GET", PATH, json!(null)).await;
    assert_eq!(shortcuts(&visible), ["hola", "oficina"]);
    for answer in [&of_ana, &of_office] {
        let answer_path = format!("{PATH}/{}", answer["id"]);
        for method in ["PUT", "DELETE"] {
            let (status, body) = hub.call_as(&luis, method, &answer_path, write("x")).await;
            assert_eq!(
                (status, &body["code"]),
                (404, &json!("QUICK_ANSWER_NOT_FOUND"))
            );
        }
    }
    let foreign = json!({"atajo": "a", "texto": "x", "cliente_id": 51});
    assert_eq!(hub.call_as(&luis, "POST", PATH, foreign).await.0, 403);
    let foreign = format!("{PATH}?cliente_id=51");
    assert_eq!(
        hub.call_as(&luis, "GET", &foreign, json!(null)).await.0,
        403
    );
    hub.stop().await;
}
