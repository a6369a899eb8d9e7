//! Fuzzes recipients, as callers of `/send` write them and as lists do.
#![no_main]

use libfuzzer_sys::fuzz_target;
use phone_number::{Home, parse, parse_cell, recipient, to_recipient};
use session_api::Recipient;

fuzz_target!(|text: &str| {
    if let Ok(recipient) = Recipient::parse(text) {
        let id = recipient.as_str();
        let (number, server) = id.split_once('@').expect("an id");
        assert!(number.bytes().all(|byte| byte.is_ascii_digit()), "{id}");
        assert!(matches!(server, "c.us" | "lid"), "{id}");
        assert_eq!(Recipient::parse(id).expect("its own form"), recipient);
    }
    for home in ["AR", "MX", "US"] {
        let home: Home = home.parse().expect("a country");
        for phone in [parse(text, &home), parse_cell(text, &home)] {
            let Ok(phone) = phone else { continue };
            // `/send` accepts what a list accepts, as the same number.
            let taken = to_recipient(&phone).expect("a recipient");
            let international = format!("+{}", phone.digits);
            let again = recipient(&international, &home).expect("its own form");
            assert_eq!(taken, again, "{text:?}");
        }
    }
});
