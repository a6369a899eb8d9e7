//! Recipients, as callers of `/send` and as lists write them.
#![no_main]

use central_hub::campaigns::phone;
use libfuzzer_sys::fuzz_target;
use session_api::Recipient;

fuzz_target!(|text: &str| {
    if let Ok(recipient) = Recipient::parse(text) {
        let id = recipient.as_str();
        let (number, server) = id.split_once('@').expect("an id");
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        assert!(matches!(server, "c.us" | "lid"), "{id}");
        assert_eq!(Recipient::parse(id).expect("its own form"), recipient);
    }
    for prefix in [None, Some("549")] {
        if let Ok(recipient) = phone::parse(text, prefix) {
            // What a list takes, `/send` takes as well.
            Recipient::parse(recipient.as_str()).expect("a recipient");
        }
    }
});
