//! Tests that a message's content other than its text is published in full, and bounded.

use harness::standin::{
    LeadAd, LeadChoice, LeadContent, LeadMedia, LeadMessage, LeadOrder, LeadPoll, Phone, Place,
    Settings,
};
use harness::{Events, ManagerOptions, start_linked};
use serde_json::{Value, json};

const LEAD: &str = "5491158254201";
/// Displayed as "catalogo" followed by "exe.gpj" spelled backwards.
const DECEIVING_NAME: &str = "../../etc/C:\\x\\catalogo\u{202e}gpj.exe";
/// A JPEG of 4 × 3 pixels, without its picture.
const JPEG: &str = "/9j/4AAQSkZJRgABAQAAAQABAAD/wAALCAADAAQBAREA/9k=";

fn write_message(phone: &Phone, body: &str, content: LeadContent) -> String {
    let message = LeadMessage::text(LEAD, body).with(content);
    phone.lead_message(&message).expect("a message")
}

/// Returns the data of the event of the message with this key.
async fn wait_for_message(events: &mut Events, key: &str) -> Value {
    let matches_key = |event: &harness::SseEvent| event.data["message_id"] == key;
    let received = events.read_until(matches_key).await;
    received.last().expect("an event").data.clone()
}

fn media(path: &str, kind: &str, mime: &str) -> LeadMedia {
    LeadMedia {
        path: path.to_owned(),
        kind: kind.to_owned(),
        mime: mime.to_owned(),
        ..LeadMedia::default()
    }
}

#[tokio::test]
async fn content_of_every_kind_is_published() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let first = write_message(&phone, "Hola", LeadContent::default());
    let plain_event = wait_for_message(&mut events, &first).await;
    for absent_field in ["media", "quoted", "location", "forwarded", "view_once"] {
        assert!(
            plain_event.get(absent_field).is_none(),
            "{absent_field}: {plain_event}"
        );
    }

    let picture = LeadMedia {
        filename: Some("casa.jpg".to_owned()),
        width: Some(1200),
        height: Some(900),
        thumbnail: Some(JPEG.to_owned()),
        ..media(&phone.upload("a picture"), "image", "image/jpeg")
    };
    let content = LeadContent {
        media: Some(picture),
        quoted: Some(first.clone()),
        forwarded: true,
        ..LeadContent::default()
    };
    let picture = write_message(&phone, "Esta es", content);
    let event = wait_for_message(&mut events, &picture).await;
    assert_eq!(
        (&event["type"], &event["body"]),
        (&json!("image"), &json!("Esta es"))
    );
    assert_eq!(
        event["media"],
        json!({
            "mime": "image/jpeg", "size": 9, "filename": "casa.jpg", "width": 1200,
            "height": 900, "thumbnail": format!("data:image/jpeg;base64,{JPEG}"), "state": "remote",
        })
    );
    let author = format!("{LEAD}@c.us");
    assert_eq!(
        event["quoted"],
        json!({"message_id": first, "author": author, "from_me": false, "type": "chat", "text": "Hola"})
    );
    assert_eq!(event["forwarded"], true);

    // Of a file, a quote has the caption as its text.
    let content = LeadContent {
        quoted: Some(picture.clone()),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "La de ahí", content)).await;
    assert_eq!(
        event["quoted"],
        json!({"message_id": picture, "author": author, "from_me": false, "type": "image", "text": "Esta es"})
    );

    let (status, sent) = manager
        .post(
            "/send",
            &json!({"to": LEAD, "message": "¿La de dos ambientes?"}),
        )
        .await;
    assert_eq!(status, 200, "{sent}");
    let own = phone.messages().pop().expect("a message").key;
    let content = LeadContent {
        quoted: Some(own.clone()),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "Sí", content)).await;
    let me = format!("{}@c.us", Settings::default().me);
    assert_eq!(
        event["quoted"],
        json!({"message_id": own, "author": me, "from_me": true, "type": "chat", "text": "¿La de dos ambientes?"})
    );

    let voice = LeadMedia {
        seconds: Some(7),
        view_once: true,
        thumbnail: Some(JPEG.to_owned()),
        ..media(&phone.upload("a voice"), "ptt", "audio/ogg; codecs=opus")
    };
    let content = LeadContent {
        media: Some(voice),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
    assert_eq!(event["media"]["seconds"], 7);
    assert_eq!(event["media"]["mime"], "audio/ogg; codecs=opus");
    assert_eq!(event["media"]["state"], "gone");
    assert_eq!(event["media"]["thumbnail"], Value::Null);
    assert_eq!(
        (&event["view_once"], &event["body"]),
        (&json!(true), &json!(""))
    );

    let place = Place {
        latitude: -34.6037,
        longitude: -58.3816,
        text: "Obelisco\nAv. 9 de Julio".to_owned(),
    };
    let content = LeadContent {
        location: Some(place),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
    let location = json!({"latitude": -34.6037, "longitude": -58.3816, "name": "Obelisco", "address": "Av. 9 de Julio"});
    assert_eq!(event["location"], location);
    assert_eq!(
        event["body"],
        "Obelisco\nAv. 9 de Julio\n-34.6037, -58.3816"
    );

    let ana = "BEGIN:VCARD\r\nVERSION:3.0\r\nN:Gómez;Ana;;;\r\nFN:Ana\r\n  Gómez\r\nORG:Casas;Ventas\r\nitem1.TEL;type=CELL;waid=5491158254202:+54 9 11\r\n  5825-4202\r\nEMAIL:ana@example.com\r\nEND:VCARD";
    let luis = "BEGIN:VCARD\nFN:Luis\\, el plomero\nTEL:4444-3333\nEND:VCARD";
    let cards = vec![ana.to_owned(), luis.to_owned(), "rubbish".to_owned()];
    let content = LeadContent {
        cards: Some(cards),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
    assert_eq!(
        event["contacts"],
        json!([
            {"name": "Ana Gómez", "phones": [{"number": "+54 9 11 5825-4202", "whatsapp": "5491158254202"}],
             "emails": ["ana@example.com"], "organization": "Casas, Ventas"},
            {"name": "Luis, el plomero", "phones": [{"number": "4444-3333"}]},
        ])
    );
    assert_eq!(
        event["body"],
        "Ana Gómez +54 9 11 5825-4202\nLuis, el plomero 4444-3333"
    );

    let poll = LeadPoll {
        name: "¿Cuándo?".to_owned(),
        options: vec!["Mañana".to_owned(), "Tarde".to_owned()],
        multiple: false,
    };
    let content = LeadContent {
        poll: Some(poll),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
    let poll = json!({"name": "¿Cuándo?", "options": ["Mañana", "Tarde"], "multiple": false});
    assert_eq!(
        (&event["poll"], &event["body"]),
        (&poll, &json!("¿Cuándo?\n- Mañana\n- Tarde"))
    );

    for kind in ["button", "template", "list"] {
        let choice = LeadChoice {
            kind: kind.to_owned(),
            id: "si".to_owned(),
            description: (kind == "list").then(|| "de las dos".to_owned()),
        };
        let content = LeadContent {
            selected: Some(choice),
            ..LeadContent::default()
        };
        let event =
            wait_for_message(&mut events, &write_message(&phone, "Sí, quiero", content)).await;
        assert_eq!(event["body"], "Sí, quiero");
        assert_eq!(event["selected"]["kind"], kind);
        assert_eq!(event["selected"]["id"], "si");
        assert_eq!(event["selected"]["text"], "Sí, quiero");
    }

    let order = LeadOrder {
        id: "77".to_owned(),
        title: "Llaves".to_owned(),
        items: 2,
        total_1000: 1_500_500,
        currency: "ARS".to_owned(),
    };
    let content = LeadContent {
        order: Some(order),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
    let order =
        json!({"id": "77", "title": "Llaves", "items": 2, "total": 1500.5, "currency": "ARS"});
    assert_eq!(
        (&event["order"], &event["body"]),
        (&order, &json!("Llaves × 2 1500.5 ARS"))
    );

    let ad = LeadAd {
        app: "facebook".to_owned(),
        source_id: "120210".to_owned(),
        title: "Casa en Palermo".to_owned(),
        description: "Tres ambientes".to_owned(),
        url: "https://fb.me/x".to_owned(),
    };
    let content = LeadContent {
        ad: Some(ad),
        ..LeadContent::default()
    };
    let event = wait_for_message(&mut events, &write_message(&phone, "¿Sigue?", content)).await;
    let ad = json!({"source": "facebook", "id": "120210", "title": "Casa en Palermo", "text": "Tres ambientes", "url": "https://fb.me/x"});
    assert_eq!(event["ad"], ad);
    manager.stop().await;
}

#[tokio::test]
async fn hostile_content_is_bounded() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let long_text = "A".repeat(10 << 20);
    let photo_card =
        format!("BEGIN:VCARD\nFN:Ana\nTEL:4444-3333\nPHOTO;ENCODING=b:{long_text}\nEND:VCARD");
    let long_name_card = format!("BEGIN:VCARD\nFN:{long_text}\nEND:VCARD");
    let many_cards = (0..500).map(|n| format!("BEGIN:VCARD\nFN:Ana {n}\nEND:VCARD"));
    let poll = LeadPoll {
        name: long_text.clone(),
        options: vec!["\u{202e}".repeat(500) + &"o".repeat(5_000); 200],
        multiple: true,
    };
    let file = LeadMedia {
        filename: Some(DECEIVING_NAME.to_owned()),
        thumbnail: Some(format!("/9j/{}", "A".repeat(1 << 20))),
        size: Some(u64::MAX),
        ..media("/v/none", "document", "text/html\r\nx: y")
    };
    let ad = LeadAd {
        url: "javascript:alert(1)".to_owned(),
        title: long_text.clone(),
        ..LeadAd::default()
    };
    let place = Place {
        latitude: 1e9,
        longitude: f64::MAX,
        text: long_text.clone(),
    };
    let empty = LeadContent::default;
    let contents = [
        LeadContent {
            cards: Some(vec![photo_card]),
            ..empty()
        },
        LeadContent {
            cards: Some(vec![long_name_card]),
            ..empty()
        },
        LeadContent {
            cards: Some(many_cards.collect()),
            ..empty()
        },
        LeadContent {
            poll: Some(poll),
            ..empty()
        },
        LeadContent {
            media: Some(file),
            ..empty()
        },
        LeadContent {
            ad: Some(ad),
            ..empty()
        },
        LeadContent {
            location: Some(place),
            ..empty()
        },
    ];
    let mut published = Vec::new();
    for content in contents {
        let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
        let size = event.to_string().len();
        assert!(size < 32 * 1024, "{size} bytes: {}", event["type"]);
        published.push(event);
    }
    assert_eq!(published[0]["contacts"][0]["name"], "Ana");
    assert_eq!(
        published[1]["contacts"][0]["name"].as_str().map(str::len),
        Some(200)
    );
    assert_eq!(published[2]["contacts"].as_array().map(Vec::len), Some(50));
    let options = published[3]["poll"]["options"].as_array().expect("options");
    assert_eq!((options.len(), &options[0]), (20, &json!("o".repeat(200))));
    let file = &published[4]["media"];
    assert_eq!(file["filename"], "catalogogpj.exe");
    assert_eq!(file["mime"], "application/octet-stream");
    assert!(
        file.get("thumbnail").is_none() && file.get("size").is_none(),
        "{file}"
    );
    assert!(
        published[5]["ad"].get("url").is_none(),
        "{}",
        published[5]["ad"]
    );
    assert!(published[6].get("location").is_none());
    // Later messages are published as usual.
    wait_for_message(&mut events, &write_message(&phone, "hola", empty())).await;
    manager.wait_for_state("READY").await;
    manager.stop().await;
}

/// Checks message kinds without a field in the event, and odd spellings of those that have one:
/// each event says at least what the sender's phone shows.
#[tokio::test]
async fn every_message_of_a_contact_has_a_text() {
    let (standin, mut manager) = start_linked(Settings::default(), ManagerOptions::default()).await;
    let phone = standin.phone();
    let mut events = Events::open(&manager.url("/events?after=0"), None).await;
    let of_kind = |kind: &str, body: &str, fields: Value| {
        let fields = fields.as_object().expect("an object").clone();
        let content = LeadContent {
            fields,
            ..LeadContent::default()
        };
        let mut message = LeadMessage::text(LEAD, body).with(content);
        message.kind = Some(kind.to_owned());
        phone.lead_message(&message).expect("a message")
    };
    for (kind, body, fields, told_as) in [
        (
            "product",
            JPEG,
            json!({"title": "Llave", "description": "De paso", "productId": "9"}),
            "Llave\nDe paso",
        ),
        (
            "groups_v4_invite",
            "",
            json!({"inviteGrpName": "Vecinos", "caption": "Sumate"}),
            "Vecinos\nSumate",
        ),
        (
            "event_creation",
            "",
            json!({"eventName": "Visita", "eventDescription": "Traer DNI"}),
            "Visita\nTraer DNI",
        ),
        (
            "list",
            "",
            json!({"list": {"title": "Menú", "description": "Elija", "buttonText": "Ver"}, "footer": "Gracias"}),
            "Menú\nElija\nGracias",
        ),
        ("hsm", "Su código es 1234", json!({}), "Su código es 1234"),
        (
            "interactive",
            "¿Confirma?",
            json!({"caption": "¿Confirma?"}),
            "¿Confirma?",
        ),
        ("payment", "Pago de $ 100", json!({}), "Pago de $ 100"),
        // A location that the phone could not determine.
        ("location", "", json!({"lat": "x", "caption": "Acá"}), "Acá"),
    ] {
        let event = wait_for_message(&mut events, &of_kind(kind, body, fields)).await;
        assert_eq!(event["type"], kind);
        assert_eq!(event["body"], told_as, "{kind}");
    }
    let cards = [
        // A card of an old phone.
        (
            "BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:Ana G=C3=B3mez\r\nTEL;CELL:4444-3333\r\nEND:VCARD",
            "Ana Gómez 4444-3333",
        ),
        ("BEGIN:VCARD\nN:Gómez;Ana;;;\nEND:VCARD", "Ana Gómez"),
        (
            "BEGIN:VCARD\nORG:Plomería Luis\nTEL:4444-3333\nEND:VCARD",
            "Plomería Luis 4444-3333",
        ),
        (
            "BEGIN:VCARD\nTEL;waid=5491158254202:+54 9 11 5825-4202\nEND:VCARD",
            "+54 9 11 5825-4202",
        ),
        ("BEGIN:VCARD\nFN:100% Ana =)\nEND:VCARD", "100% Ana =)"),
    ];
    for (card, told_as) in cards {
        let content = LeadContent {
            cards: Some(vec![card.to_owned()]),
            ..LeadContent::default()
        };
        let event = wait_for_message(&mut events, &write_message(&phone, "", content)).await;
        assert_eq!(event["body"], told_as);
    }
    manager.stop().await;
}
