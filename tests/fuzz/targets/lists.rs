//! Fuzzes lists of recipients: CSV and JSON, in any encoding.
#![no_main]

use central_hub::campaigns::import::{Item, LARGEST_RECORD, Rules, read};
use central_hub::campaigns::template::Template;
use libfuzzer_sys::fuzz_target;
use phone_number::Home;

fuzz_target!(|list: &[u8]| {
    let rules = Rules {
        template: Template::parse("Hola {{nombre}}").expect("a template"),
        home: Home::default(),
        column: None,
        name: None,
        encoding: None,
        sheet: None,
        separator: None,
    };
    let mut last = 0;
    let mut sink = |item: Item| {
        let line = match item {
            Item::Shape(_) | Item::Encoding(_) | Item::Columns(_) => return true,
            Item::Row(row) => {
                let id = row.recipient.as_str();
                assert!(id.ends_with("@c.us") || id.ends_with("@lid"), "{id}");
                row.line
            }
            Item::Refused(refusal) => {
                assert!(refusal.cell.len() <= LARGEST_RECORD);
                refusal.line
            }
        };
        assert!(line >= last, "line {line} after {last}");
        last = line;
        true
    };
    let _ = read(list, &rules, &mut sink);
});
