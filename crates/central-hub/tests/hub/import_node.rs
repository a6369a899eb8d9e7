//! Tests of `central-hub import-node`, from a real MariaDB with the Node
//! services' tables, which are latin1 by default and have utf8mb4 columns.

use std::process::Command;

use central_hub::commands::import_node::{NodeError, import};
use central_hub::store::Store;
use jiff::tz::TimeZone;
use scratch_database::{Database, MariaDb};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::access::send_request;
use crate::fake_session_manager::FakeSessionManager;
use crate::support::{Hub, wait_until};

const NAME: &str = "dyd";
const PASSWORD: &str = "clave de ana";

const TABLES: &str = "
    CREATE TABLE ll_usuarios (
        id INT AUTO_INCREMENT PRIMARY KEY, cliente_id INT, usuario VARCHAR(50),
        password_hash VARCHAR(255), tipo ENUM('admin','cliente'), activo TINYINT DEFAULT 1
    ) DEFAULT CHARSET=latin1;
    CREATE TABLE ll_campanias_whatsapp (
        id INT AUTO_INCREMENT PRIMARY KEY, nombre VARCHAR(100),
        mensaje TEXT CHARACTER SET utf8mb4, fecha_creacion DATETIME,
        estado VARCHAR(30), cliente_id INT
    ) DEFAULT CHARSET=latin1;
    CREATE TABLE ll_envios_whatsapp (
        id INT AUTO_INCREMENT PRIMARY KEY, campania_id INT, telefono_wapp VARCHAR(30),
        nombre_destino VARCHAR(100), mensaje_final TEXT CHARACTER SET utf8mb4,
        estado ENUM('pendiente','enviado','error') DEFAULT 'pendiente', fecha_envio DATETIME,
        message_id VARCHAR(120), lugar_id INT, UNIQUE (campania_id, telefono_wapp)
    ) DEFAULT CHARSET=latin1;
    CREATE TABLE ll_envios_whatsapp_historial (
        id INT AUTO_INCREMENT PRIMARY KEY, envio_id INT, estado_anterior VARCHAR(20),
        estado_nuevo VARCHAR(20), origen VARCHAR(50), detalle TEXT, usuario_id INT,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP, KEY (envio_id)
    ) DEFAULT CHARSET=latin1;
    CREATE TABLE ll_programaciones (
        id INT AUTO_INCREMENT PRIMARY KEY, campania_id INT, cliente_id INT,
        dias_semana VARCHAR(50), hora_inicio TIME, hora_fin TIME, cupo_diario INT,
        fecha_inicio DATE, fecha_fin DATE, estado VARCHAR(20), comentario_cliente TEXT,
        comentario_admin TEXT, rechazo_motivo TEXT, creado_en DATETIME
    ) DEFAULT CHARSET=latin1;
    CREATE TABLE ll_programacion_envios_diarios (
        programacion_id INT, fecha DATE, enviados INT, PRIMARY KEY (programacion_id, fecha)
    ) DEFAULT CHARSET=latin1;
    CREATE TABLE ll_whatsapp_messages (
        id INT AUTO_INCREMENT PRIMARY KEY, cliente_id INT, direction ENUM('IN','OUT'),
        wa_from VARCHAR(60), wa_to VARCHAR(60), message TEXT CHARACTER SET utf8mb4,
        ts_wa DATETIME, message_hash CHAR(64), raw_json LONGTEXT CHARACTER SET utf8mb4,
        created_at TIMESTAMP DEFAULT CURRENT_TIMESTAMP
    ) DEFAULT CHARSET=latin1;";

fn zone() -> TimeZone {
    TimeZone::get("America/Argentina/Buenos_Aires").unwrap()
}

fn today() -> String {
    zone()
        .to_datetime(jiff::Timestamp::now())
        .date()
        .to_string()
}

/// Creates the Node database with this number of recipients in the running
/// campaign, half of whom have already been sent a message.
fn source(recipients: u32) -> MariaDb {
    let server = MariaDb::start(NAME).unwrap_or_else(|error| panic!("{error}"));
    let hash = bcrypt::hash(PASSWORD, 4).unwrap();
    let today = today();
    let rows = format!(
        r#"
        INSERT INTO ll_usuarios (cliente_id, usuario, password_hash, tipo, activo) VALUES
            (51, 'Ana', '{hash}', 'cliente', 1), (51, 'jefe', '{hash}', 'admin', 1),
            (52, 'ida', '{hash}', 'cliente', 0), (0, 'sola', '{hash}', 'cliente', 1),
            (51, 'vieja', 'abc123', 'cliente', 1);
        INSERT INTO ll_campanias_whatsapp VALUES
            (7, 'Vacía', 'Hola', '2026-01-01 10:00:00', 'pendiente', 51),
            (8, 'Peluquería', 'Hola {{vos}} 💇', '2026-01-14 10:00:00', 'en_progreso', 51),
            (9, 'Terminada', 'Chau', '2026-01-02 10:00:00', 'finalizado', 52),
            (10, 'Rara', 'Hola', '2026-01-02 10:00:00', 'nunca vista', 52),
            (11, 'Con textos', 'Hola', '2026-01-02 10:00:00', 'pendiente', 51);
        INSERT INTO ll_envios_whatsapp
            (campania_id, telefono_wapp, nombre_destino, mensaje_final, estado, fecha_envio, message_id)
            SELECT 8, CONCAT('54911', LPAD(seq, 8, '0')), CONCAT('Peluquería ñandú ', seq),
                'Hola {{vos}} 💇', IF(seq % 2, 'enviado', 'pendiente'),
                IF(seq % 2, DATE_ADD('2026-01-14 10:00:00', INTERVAL seq SECOND), NULL),
                IF(seq % 2, CONCAT('true_54911', LPAD(seq, 8, '0'), '@c.us_3EB0', seq), NULL)
            FROM seq_1_to_{recipients};
        INSERT INTO ll_envios_whatsapp
            (campania_id, telefono_wapp, nombre_destino, mensaje_final, estado) VALUES
            (8, 'sin numero', 'Nadie', 'x', 'pendiente'),
            (8, '+54 9 11 0000-0001', 'Otra vez', 'x', 'pendiente'),
            (99, '5491199999999', 'De nadie', 'x', 'pendiente'),
            (9, '5491199999998', 'Falló', 'Chau', 'error'),
            (11, '5491199999997', 'Propio', 'Hola Propio, {{tu}} texto', 'pendiente'),
            (11, '5491199999996', 'Común', NULL, 'pendiente');
        INSERT INTO ll_envios_whatsapp_historial
            (envio_id, estado_anterior, estado_nuevo, origen, detalle, usuario_id, created_at)
            SELECT id, 'pendiente', 'enviado', 'scheduler', 'enviado con éxito', NULL,
                '2026-01-14 13:00:00' FROM ll_envios_whatsapp WHERE estado = 'enviado' LIMIT 10;
        INSERT INTO ll_programaciones VALUES
            (3, 8, 51, 'lun,mar,mié', '09:00:00', '18:00:00', 40, '2026-01-01', NULL, 'aprobada',
             'de mañana', 'dale', NULL, '2026-01-01 09:00:00'),
            (4, 8, 51, 'nunca', '09:00:00', '18:00:00', 40, '2026-01-01', NULL, 'aprobada',
             NULL, NULL, NULL, NULL);
        INSERT INTO ll_programacion_envios_diarios VALUES (3, '{today}', 12), (3, '2025-01-01', 40);
        INSERT INTO ll_whatsapp_messages
            (cliente_id, direction, wa_from, wa_to, message, ts_wa, message_hash, raw_json) VALUES
            (51, 'IN', '5491100000001@c.us', '5491158254201@c.us', 'Quiero un turno 🙏',
             '2026-01-14 10:00:00', 'h1', '{{"id":{{"_serialized":"false_5491100000001@c.us_AA1"}},"type":"chat"}}'),
            (51, 'OUT', '5491158254201@c.us', '5491100000001@c.us', '¿Mañana a las 10?',
             '2026-01-14 10:30:00', 'h2', NULL),
            (51, 'IN', '120363@g.us', '5491158254201@c.us', 'del grupo', '2026-01-14 10:31:00', 'h3', NULL),
            (51, 'IN', '5491100000003@c.us', '5491158254201@c.us', 'por el LID', '2026-01-14 10:32:00', 'h4',
             '{{"id":{{"_serialized":"false_247033104567642@lid_AA4"}},"type":"chat"}}'),
            (51, 'IN', '247033104567642@lid', '5491158254201@c.us', 'sin número', '2026-01-14 10:33:00', 'h5', NULL);
        "#
    );
    for statements in [TABLES, &rows] {
        server.run(NAME, statements).unwrap();
    }
    server
}

/// Returns a checksum that changes with any write to the database.
fn checksum(server: &MariaDb) -> String {
    let tables = server.run(NAME, "SHOW TABLES").unwrap();
    let tables: Vec<_> = tables.lines().collect();
    server
        .run(NAME, &format!("CHECKSUM TABLE {}", tables.join(", ")))
        .unwrap()
}

async fn open(database: &Database) -> Store {
    Store::open(&database.url().parse().unwrap()).await.unwrap()
}

async fn count(store: &Store, table: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM {table}");
    sqlx::query_scalar(sqlx::AssertSqlSafe(sql))
        .fetch_one(store.reader())
        .await
        .unwrap()
}

const TABLES_HERE: [&str; 7] = [
    "users",
    "campaigns",
    "recipients",
    "recipient_transitions",
    "schedules",
    "campaign_days",
    "messages",
];

async fn counts(store: &Store) -> Vec<i64> {
    let mut counts = Vec::new();
    for table in TABLES_HERE {
        counts.push(count(store, table).await);
    }
    counts
}

/// Returns the expected counts for this number of recipients.
fn expected(recipients: i64) -> Vec<i64> {
    let sent = (recipients + 1) / 2;
    vec![3, 4, recipients + 3, sent.min(10), 1, 1, sent + 4]
}

/// Checks what applies to any number of rows. The plan and a third run cost as
/// much as the first, so they run only with `few` rows.
async fn assert_import(database: &Database, recipients: u32, few: bool) {
    let server = source(recipients);
    let before = checksum(&server);
    let store = open(database).await;
    let bring = async |is_plan| {
        import(
            &store,
            &server.url(NAME),
            &zone(),
            &phone_number::Home::default(),
            is_plan,
        )
        .await
        .unwrap()
    };

    let plan = if few {
        let plan = bring(true).await;
        assert_eq!(counts(&store).await, [0; 7], "a plan must write nothing");
        Some(plan)
    } else {
        None
    };
    let report = bring(false).await;
    let expected_counts = expected(recipients.into());
    assert_eq!(counts(&store).await, expected_counts);
    if let Some(plan) = plan {
        assert_eq!(plan.tables, report.tables, "the plan must match the result");
        assert_eq!(plan.skipped, report.skipped);
        assert_eq!(plan.people, report.people);
    }
    let skipped: Vec<(&str, &str, u64)> = report
        .skipped
        .iter()
        .map(|((table, reason), skipped)| (*table, *reason, skipped.count))
        .collect();
    let n = u64::from(recipients);
    assert_eq!(report.people, 1, "{report}");
    let chats = "SELECT DISTINCT chat FROM messages WHERE body IN ('por el LID', 'sin número')";
    let chats: Vec<String> = sqlx::query_scalar(chats)
        .fetch_all(store.reader())
        .await
        .unwrap();
    assert_eq!(chats, ["5491100000003@c.us"]);
    assert_eq!(
        skipped,
        [
            ("ll_campanias_whatsapp", "its state is unknown", 1),
            ("ll_envios_whatsapp", "it duplicates another row", 1),
            ("ll_envios_whatsapp", "it has no telephone number", 1),
            ("ll_envios_whatsapp", "its campaign is not here", 1),
            (
                "ll_programaciones",
                "its days, hours or dates are invalid",
                1
            ),
            (
                "ll_usuarios",
                "a cliente needs cliente_id, a positive number",
                1
            ),
            (
                "ll_usuarios",
                "its password is not a bcrypt hash that can be verified: create the user manually",
                1
            ),
            (
                "ll_whatsapp_messages",
                "it belongs to a group, a broadcast or a status",
                1
            ),
        ]
    );
    assert_eq!(report.tables["ll_envios_whatsapp"].added, n + 3);

    let again = bring(false).await;
    assert_eq!(
        counts(&store).await,
        expected_counts,
        "a second run must add nothing"
    );
    assert!(
        again.tables.values().all(|table| table.added == 0),
        "{again}"
    );
    assert_eq!(again.tables["ll_envios_whatsapp"].known, n + 3);
    assert_eq!(checksum(&server), before, "the source must not be changed");

    // The Node services sent one more message, which must not be sent twice.
    let sent =
        "UPDATE ll_envios_whatsapp SET estado = 'enviado', fecha_envio = '2026-02-01 10:00:00'
                WHERE campania_id = 8 AND telefono_wapp = '5491100000002'";
    server.run(NAME, sent).unwrap();
    if !few {
        store.close().await;
        return;
    }
    bring(false).await;
    let state: String =
        sqlx::query_scalar("SELECT state FROM recipients WHERE chat = '5491100000002@c.us'")
            .fetch_one(store.reader())
            .await
            .unwrap();
    assert_eq!(state, "sent");
    store.close().await;
    assert_imported_data(database, i64::from(recipients)).await;
}

/// Checks the imported data through the hub's API.
async fn assert_imported_data(database: &Database, recipients: i64) {
    let peer = FakeSessionManager::start().await;
    let password = [("HUB_ADMIN_PASSWORD", "una clave larga")];
    let hub = Hub::start_on(&database.url(), &peer.url, &password).await;
    let sign_in = async |user: &str, password: &str| {
        let login = json!({"usuario": user, "password": password});
        send_request(hub.http.post(hub.url("/auth/login")).json(&login)).await
    };
    // The old password still works; it is hashed anew at sign-in.
    assert_eq!(sign_in("ana", "otra").await.0, 401);
    assert_eq!(
        sign_in("ida", PASSWORD).await.0,
        401,
        "a user that was disabled there must be disabled here"
    );
    let hash = async || {
        let user = hub.store.user_named("ana").await.unwrap().unwrap();
        user.password
    };
    assert!(hash().await.starts_with("$2b$"));
    for _ in 0..2 {
        let (status, body) = sign_in("Ana", PASSWORD).await;
        assert_eq!(
            (status, &body["user"]["cliente_id"]),
            (200, &json!(51)),
            "{body}"
        );
        assert!(hash().await.starts_with("$argon2id$"));
    }
    let (_, boss) = sign_in("jefe", PASSWORD).await;
    assert_eq!(boss["user"]["tipo"], "admin", "{boss}");
    let token = format!("Bearer {}", boss["token"].as_str().unwrap());
    let get = async |path: &str| hub.call_as(&token, "GET", path, Value::Null).await.1;

    let campaigns = get("/api/sender/campaigns").await;
    let find = |name: &str| {
        let campaign_list = campaigns.as_array().unwrap().iter();
        let mut named = campaign_list.filter(|row| row["nombre"] == name);
        named
            .next()
            .cloned()
            .unwrap_or_else(|| panic!("{name}: {campaigns}"))
    };
    let hair = find("Peluquería");
    assert_eq!(
        (&hair["estado"], &hair["motivo_pausa"]["codigo"]),
        (&json!("pausada"), &json!("IMPORTED"))
    );
    let sent = (recipients + 1) / 2 + 1;
    assert_eq!(
        (&hair["enviados"], &hair["total"]),
        (&json!(sent), &json!(recipients))
    );
    assert_eq!(hair["pendientes"], recipients - sent);
    assert_eq!(hair["fecha"], "2026-01-14T13:00:00.000Z");
    assert_eq!(find("Vacía")["estado"], "pendiente");
    let finished = find("Terminada");
    assert_eq!(
        (&finished["estado"], &finished["fallidos"]),
        (&json!("finalizado"), &json!(1))
    );

    let path = format!("/api/sender/campaigns/{}/recipients?limite=2", hair["id"]);
    let first_recipient = get(&path).await["destinatarios"][0].clone();
    assert_eq!(first_recipient["nombre"], "Peluquería ñandú 1");
    assert_eq!(first_recipient["texto"], "Hola {vos} 💇");
    assert_eq!(first_recipient["previsto"], "2026-01-14T13:00:01.000Z");
    let path = format!(
        "/api/sender/campaigns/{}/recipients/{}",
        hair["id"], first_recipient["id"]
    );
    let steps = get(&path).await["historial"].clone();
    assert_eq!(
        (&steps[0]["causa"], &steps[0]["a"]),
        (&json!("NODE_SCHEDULER"), &json!("enviado"))
    );
    let path = format!(
        "/api/sender/campaigns/{}/recipients",
        find("Con textos")["id"]
    );
    let recipient_list = get(&path).await;
    assert_eq!(
        recipient_list["destinatarios"][0]["texto"],
        "Hola Propio, {tu} texto"
    );
    assert_eq!(recipient_list["destinatarios"][1]["texto"], "Hola");

    // One contact's messages, in chronological order.
    let history = get("/api/listener/history/5491100000001").await;
    let message_texts: Vec<_> = history["mensajes"]
        .as_array()
        .unwrap()
        .iter()
        .rev()
        .collect();
    let texts: Vec<_> = message_texts
        .iter()
        .map(|message| message["mensaje"].as_str().unwrap())
        .collect();
    assert_eq!(
        texts,
        ["Quiero un turno 🙏", "Hola {vos} 💇", "¿Mañana a las 10?"]
    );
    assert_eq!(message_texts[0]["fecha"], "2026-01-14T13:00:00.000Z");
    let path = "/api/sender/messages/status/true_5491100000001@c.us_3EB01";
    assert_eq!(get(path).await["estado"], "enviado");

    let schedules = get("/api/sender/programaciones").await;
    assert_eq!(schedules[0]["dias_semana"], "mon,tue,wed");
    assert_eq!(
        (&schedules[0]["estado"], &schedules[0]["cupo_diario"]),
        (&json!("aprobada"), &json!(40))
    );
    let used: i64 = sqlx::query_scalar("SELECT used FROM campaign_days")
        .fetch_one(hub.store.reader())
        .await
        .unwrap();
    assert_eq!(used, 12);
    hub.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn hundred_thousand_rows_are_imported() {
    assert_import(&Database::sqlite(), 100_000, false).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_imported_once_into_sqlite() {
    assert_import(&Database::sqlite(), 2_500, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_is_imported_once_into_postgres() {
    assert_import(&Database::postgres(), 2_500, true).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_import_resumes() {
    let server = source(5_000);
    let database = Database::sqlite();
    let store = open(&database).await;
    {
        let url = server.url(NAME);
        let zone = zone();
        let home = phone_number::Home::default();
        let importing = import(&store, &url, &zone, &home, false);
        tokio::select! {
            biased;
            () = wait_until("some imported rows", async || count(&store, "recipients").await > 0) => {}
            report = importing => panic!("the import had finished already: {:?}", report.map(|report| report.to_string())),
        }
    }
    assert!(count(&store, "recipients").await < 5_003);
    import(
        &store,
        &server.url(NAME),
        &zone(),
        &phone_number::Home::default(),
        false,
    )
    .await
    .unwrap();
    assert_eq!(counts(&store).await, expected(5_000));
    store.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn invalid_sources_are_reported() {
    let server = MariaDb::start(NAME).unwrap_or_else(|error| panic!("{error}"));
    let database = Database::sqlite();
    let store = open(&database).await;
    let import_error_of = async |url: &str| {
        import(&store, url, &zone(), &phone_number::Home::default(), false)
            .await
            .unwrap_err()
    };
    for url in ["postgres://db/x", "mysql:", "dyd"] {
        assert!(
            matches!(import_error_of(url).await, NodeError::Address),
            "{url}"
        );
    }
    assert!(
        matches!(import_error_of(&server.url(NAME)).await, NodeError::Foreign(name) if name == NAME)
    );
    let unreachable = import_error_of("mysql://me:hunter2@127.0.0.1:1/dyd").await;
    assert!(matches!(unreachable, NodeError::Source(_)));
    assert!(!unreachable.to_string().contains("hunter"), "{unreachable}");
    store.close().await;
}

/// Simulates the sign-in of MySQL's `caching_sha2_password` without TLS, up to
/// the public key. Debian packages no MySQL server, and MariaDB lacks this
/// sign-in.
async fn mysql_without_tls(listener: TcpListener) {
    async fn write_packet(socket: &mut TcpStream, number: u8, packet: &[u8]) {
        let length = u8::try_from(packet.len()).unwrap();
        let header = [length, 0, 0, number];
        socket.write_all(&[&header, packet].concat()).await.unwrap();
    }
    async fn read_packet(socket: &mut TcpStream) -> Vec<u8> {
        let mut header = [0; 4];
        socket.read_exact(&mut header).await.unwrap();
        let mut packet = vec![0; usize::from(header[0])];
        socket.read_exact(&mut packet).await.unwrap();
        packet
    }
    let (mut socket, _) = listener.accept().await.unwrap();
    let greeting = [
        b"\x0a8.0.36\0".as_slice(),
        &[1, 0, 0, 0],
        b"12345678\0",
        // All capabilities that a client needs except `CLIENT_SSL`; utf8mb4; autocommit.
        &[0x09, 0x82, 0x2d, 0x02, 0x00, 0x08, 0x00, 21],
        &[0; 10],
        b"901234567890\0caching_sha2_password\0",
    ];
    write_packet(&mut socket, 0, &greeting.concat()).await;
    read_packet(&mut socket).await;
    // The password is not cached, so the server requests full authentication.
    write_packet(&mut socket, 2, &[1, 4]).await;
    assert_eq!(
        read_packet(&mut socket).await,
        [2],
        "the client must request the public key"
    );
    write_packet(&mut socket, 4, b"\x01-----BEGIN PUBLIC KEY-----").await;
    // The client disconnects.
    let _ = socket.read(&mut [0]).await;
}

#[tokio::test]
async fn password_that_requires_tls_is_reported_with_a_remedy() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("mysql://me:hunter2@{}/dyd", listener.local_addr().unwrap());
    let server = tokio::spawn(mysql_without_tls(listener));
    let database = Database::sqlite();
    let store = open(&database).await;
    let home = phone_number::Home::default();
    let error = import(&store, &url, &zone(), &home, true)
        .await
        .unwrap_err();
    assert!(matches!(error, NodeError::NeedsTls), "{error}");
    let message = error.to_string();
    assert!(
        message.contains("mysql_native_password") && !message.contains("hunter2"),
        "{message}"
    );
    server.await.unwrap();
    store.close().await;
}

/// Imports records of the Node listener: hashes without WhatsApp ids, times in
/// UTC, and duplicates of campaign messages.
#[tokio::test(flavor = "multi_thread")]
async fn duplicate_messages_are_imported_once() {
    let server = MariaDb::start(NAME).unwrap_or_else(|error| panic!("{error}"));
    let body = r#"{"cliente_id":51,"from":"5491100000001","message":"Quiero un turno"}"#;
    let rows = format!(
        r"
        INSERT INTO ll_campanias_whatsapp VALUES
            (8, 'Marzo', 'Hola', '2026-03-01 09:00:00', 'en_progreso', 51);
        INSERT INTO ll_envios_whatsapp
            (campania_id, telefono_wapp, mensaje_final, estado, fecha_envio) VALUES
            (8, '5491100000001', 'Hola Ana', 'enviado', '2026-03-01 12:00:03'),
            (8, '5491100000002', 'Hola Luis', 'enviado', '2026-03-01 12:05:00');
        INSERT INTO ll_whatsapp_messages
            (cliente_id, direction, wa_from, wa_to, message, ts_wa, message_hash, raw_json, created_at)
        VALUES
            (51, 'OUT', '5491158254201', '5491100000001', 'Hola Ana',
             '2026-03-01 15:00:01', 'o1', NULL, '2026-03-01 12:00:02'),
            (51, 'IN', '5491100000001', NULL, 'Quiero un turno',
             '2026-03-01 15:01:00', 'i1', '{body}', '2026-03-01 12:01:01'),
            (51, 'IN', '5491100000001', NULL, 'Quiero un turno',
             '2026-03-01 15:01:00', 'i1', '{body}', '2026-03-01 12:01:01'),
            (51, 'IN', '5491100000001', NULL, 'Quiero un turno',
             '2026-03-01 15:09:00', 'i2', '{body}', '2026-03-01 12:09:01'),
            (51, 'OUT', '5491158254201', '5491100000001', 'Hola Ana',
             '2026-03-01 15:02:00', 'o2', NULL, '2026-03-01 12:02:01'),
            (51, 'OUT', '5491158254201', '5491100000002', 'Hola Luis',
             '2026-03-01 18:30:00', 'o3', NULL, '2026-03-01 15:30:01');
        "
    );
    for statements in [TABLES, &rows] {
        server.run(NAME, statements).unwrap();
    }
    let database = Database::sqlite();
    let store = open(&database).await;
    for run in 0..3 {
        let is_plan = run == 0;
        let home = phone_number::Home::default();
        let report = import(&store, &server.url(NAME), &zone(), &home, is_plan).await;
        let report = report.unwrap();
        assert!(report.recorded_in_utc);
        let table = &report.tables["ll_whatsapp_messages"];
        // The first of two identical rows is kept, and so is one of two copies
        // of a campaign message. A repeat hours later is kept as well.
        let doubles = &report.skipped[&("ll_whatsapp_messages", "it duplicates another row")];
        assert_eq!(
            (doubles.count, &doubles.rows[..]),
            (2, &[1, 3][..]),
            "{report}"
        );
        let (new_count, known_count) = if run < 2 { (4, 0) } else { (0, 4) };
        assert_eq!(
            (table.added, table.known),
            (new_count, known_count),
            "{report}"
        );
        let expected = if is_plan { 0 } else { 6 };
        assert_eq!(count(&store, "messages").await, expected);
    }
    let stored_rows: Vec<(String, String, i64)> = sqlx::query_as(
        "SELECT direction, body, created_at FROM messages WHERE chat LIKE '%0001@c.us' ORDER BY id",
    )
    .fetch_all(store.reader())
    .await
    .unwrap();
    let noon = 1_772_377_200_000;
    let row = |direction: &str, body: &str, seconds: i64| {
        (direction.to_owned(), body.to_owned(), noon + seconds * 1000)
    };
    assert_eq!(
        stored_rows,
        [
            row("out", "Hola Ana", 3),
            row("in", "Quiero un turno", 60),
            row("out", "Hola Ana", 120),
            row("in", "Quiero un turno", 540),
        ]
    );
    store.close().await;
}

/// Runs the command as an operator would.
#[tokio::test(flavor = "multi_thread")]
async fn command_prints_its_plan_and_its_result() {
    let server = source(10);
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let output = Command::new(env!("CARGO_BIN_EXE_central-hub"))
            .arg("import-node")
            .args(arguments)
            .current_dir(folder.path())
            .env_clear()
            .output()
            .unwrap();
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    };
    let url = server.url(NAME);
    let plan = run(&["--plan", &url]);
    assert!(
        plan.contains("ll_usuarios: 3 to bring, 0 here already, 2 left out"),
        "{plan}"
    );
    assert!(
        plan.contains("left out of ll_campanias_whatsapp: 1 because its state is unknown (id 10)")
    );
    assert!(
        plan.ends_with("nothing was written: this was only the plan\n"),
        "{plan}"
    );
    let second_output = run(&[&url]);
    assert!(
        second_output.contains("ll_usuarios: 3 brought, 0 here already, 2 left out"),
        "{second_output}"
    );
    let second_output = run(&[&url]);
    assert!(
        second_output.contains("ll_usuarios: 0 brought, 3 here already, 2 left out"),
        "{second_output}"
    );
}
