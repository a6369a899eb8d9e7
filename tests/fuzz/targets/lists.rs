//! Lists of recipients: CSV and JSON, in whatever encoding.
#![no_main]

use central_hub::campaigns::import::{Item, LARGEST_RECORD, Rules, read};
use central_hub::campaigns::template::Template;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|list: &[u8]| {
    let rules = Rules {
        template: Template::parse("Hola {{nombre}}").expect("a template"),
        prefix: Some("549".to_owned()),
    };
    let mut last = 0;
    let mut sink = |item: Item| {
        let line = match item {
            Item::Columns(_) => return true,
            Item::Row(row) => {
                assert!(row.recipient.as_str().ends_with("@c.us"));
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
