use proptest::prelude::*;

use super::*;

fn home(region: &str) -> Home {
    region.parse().unwrap()
}

fn with(text: &str, home: &Home) -> Result<String, PhoneFault> {
    parse(text, home).map(|phone| phone.digits)
}

fn argentine(text: &str) -> Result<String, PhoneFault> {
    with(text, &Home::default())
}

#[test]
fn as_argentines_write_them() {
    for (text, digits) in [
        ("11 5825-4201", "5491158254201"),
        ("9 11 5825 4201", "5491158254201"),
        ("011 15-5825-4298", "5491158254298"),
        ("0351 15 456-7890", "5493514567890"),
        ("0351-152-303-473", "5493512303473"),
        ("02944 15-412345", "5492944412345"),
        ("381 15 555-1234", "5493815551234"),
        ("223 155551234", "5492235551234"),
        ("(380) 15 423-4567", "5493804234567"),
        ("(2966) 15 42-3456", "5492966423456"),
        ("0344615614207", "5493446614207"),
        ("11.5825.4201", "5491158254201"),
        ("(011) 5825-4201", "5491158254201"),
        ("(011) 15 5825 4201", "5491158254201"),
        ("+54 11 5825-4201", "5491158254201"),
        ("+54 9 11 5825-4201", "5491158254201"),
        ("+54 11 15 5825-4201", "5491158254201"),
        ("+54 9 11 15 5825-4201", "5491158254201"),
        ("+54 9 011 15 5825-4201", "5491158254201"),
        ("+540111557447700", "5491157447700"),
        ("+540348215617137", "5493482617137"),
        ("(+54) 9 11 5825 4201", "5491158254201"),
        ("+(54) 9 11 5825 4201", "5491158254201"),
        ("0054 9 11 5825-4201", "5491158254201"),
        ("054 9 11 5825-4201", "5491158254201"),
        ("5491158254201", "5491158254201"),
        ("541158254201", "5491158254201"),
        ("54 011 15 5825 4201", "5491158254201"),
        ("2901 15 412345", "5492901412345"),
        // A number in a range that is not assigned yet.
        ("1100000001", "5491100000001"),
    ] {
        assert_eq!(argentine(text).as_deref(), Ok(digits), "{text}");
        // The same country, given by a prefix.
        for prefix in ["54", "549"] {
            let home = Home::of_prefix(prefix).unwrap();
            assert_eq!(with(text, &home).as_deref(), Ok(digits), "{prefix} {text}");
        }
    }
}

#[test]
fn without_an_area_code_nothing_is_guessed() {
    for text in [
        "15 5825-4201",
        "155825-4201",
        "4444-3333",
        "44443333",
        "15-412345",
        "015 5825 4201",
        "9 15 5825 4201",
        "+54 15 5825-4201",
        "+54 4444-3333",
        "+54 9 5825 4201",
        "441-2345",
    ] {
        assert_eq!(argentine(text), Err(PhoneFault::AreaMissing), "{text}");
        let prefix = Home::of_prefix("549").unwrap();
        assert_eq!(with(text, &prefix), Err(PhoneFault::AreaMissing), "{text}");
    }
    for (region, text) in [("US", "555-0100"), ("BR", "98765-4321"), ("CL", "221234")] {
        let read = with(text, &home(region));
        assert!(
            matches!(read, Err(PhoneFault::AreaMissing | PhoneFault::TooShort)),
            "{region} {text} {read:?}"
        );
    }
    // A prefix with an area code, for a list of one town.
    let town = Home::of_prefix("54911").unwrap();
    for text in ["5825-4201", "15 5825-4201", "011 5825-4201", "11 5825 4201"] {
        assert_eq!(with(text, &town).as_deref(), Ok("5491158254201"), "{text}");
    }
    let town = Home::of_prefix("5492944").unwrap();
    assert_eq!(with("15-412345", &town).as_deref(), Ok("5492944412345"));
}

#[test]
fn other_countries() {
    for (text, digits, country) in [
        ("+1 212 555 0100", "12125550100", "US"),
        ("12125550100", "12125550100", "US"),
        ("+1 809 234 5678", "18092345678", "DO"),
        ("+598 99 123 456", "59899123456", "UY"),
        ("59899123456", "59899123456", "UY"),
        ("+56 9 8765 4321", "56987654321", "CL"),
        ("56987654321", "56987654321", "CL"),
        ("+34 612 345 678", "34612345678", "ES"),
        ("34612345678", "34612345678", "ES"),
        ("+39 06 1234 5678", "390612345678", "IT"),
        ("0034 612 345 678", "34612345678", "ES"),
        ("+91 98765 43210", "919876543210", "IN"),
        ("+381 60 1234567", "381601234567", "RS"),
        ("595981123456", "595981123456", "PY"),
        ("51987654321", "51987654321", "PE"),
        ("573001234567", "573001234567", "CO"),
        ("+44 7400 123456", "447400123456", "GB"),
        // No such range is known, but an explicit country code is accepted.
        ("5491100000001", "5491100000001", "AR"),
        ("+54 9 11 0000-0001", "5491100000001", "AR"),
        ("+598 90 000 001", "59890000001", "UY"),
        // Mexico's 1 is kept if it was written.
        ("5215512345678", "5215512345678", "MX"),
        ("525512345678", "525512345678", "MX"),
        ("+52 55 1234 5678", "525512345678", "MX"),
        ("+52 1 55 1234 5678", "5215512345678", "MX"),
        ("+52 044 55 1234 5678", "525512345678", "MX"),
        // Brazil's ninth digit is added if it is missing.
        ("551187654321", "5511987654321", "BR"),
        ("5511987654321", "5511987654321", "BR"),
        ("+55 (11) 98765-4321", "5511987654321", "BR"),
        ("+55 (011) 98765-4321", "5511987654321", "BR"),
        ("+55 51 8123-4567", "5551981234567", "BR"),
        ("+55 11 3123-4567", "551131234567", "BR"),
    ] {
        let phone = parse(text, &Home::default()).unwrap_or_else(|why| panic!("{text}: {why}"));
        assert_eq!(
            (&*phone.digits, &*phone.country()),
            (digits, country),
            "{text}"
        );
        assert!(!phone.is_local, "{text}");
    }
}

#[test]
fn at_home_elsewhere() {
    for (region, text, digits) in [
        ("MX", "55 1234 5678", "525512345678"),
        ("MX", "044 55 1234 5678", "525512345678"),
        ("MX", "01 55 1234 5678", "525512345678"),
        ("BR", "(11) 98765-4321", "5511987654321"),
        ("BR", "11 8765-4321", "5511987654321"),
        ("BR", "011 98765-4321", "5511987654321"),
        ("BR", "0 41 11 98765-4321", "5511987654321"),
        ("UY", "099 123 456", "59899123456"),
        ("UY", "99 123 456", "59899123456"),
        ("CL", "9 8765 4321", "56987654321"),
        ("ES", "612 345 678", "34612345678"),
        ("US", "(212) 555-0100", "12125550100"),
        ("US", "011 54 9 11 5825 4201", "5491158254201"),
        ("DE", "0151 23456789", "4915123456789"),
        // In Germany this would be a landline, so a mobile elsewhere is likelier.
        ("DE", "5491158254201", "5491158254201"),
        ("PY", "0981 123456", "595981123456"),
        ("PE", "987 654 321", "51987654321"),
        ("CO", "300 1234567", "573001234567"),
    ] {
        assert_eq!(
            with(text, &home(region)).as_deref(),
            Ok(digits),
            "{region} {text}"
        );
    }
    let marked = Home::of_prefix("521").unwrap();
    assert_eq!(
        with("55 1234 5678", &marked).as_deref(),
        Ok("5215512345678")
    );
}

#[test]
fn never_a_strangers() {
    // As written, these are valid in Serbia, Mali and India; they are read as Argentine.
    for text in [
        "381 15 555-1234",
        "223 155551234",
        "9 11 5825 4201",
        "1158254201",
    ] {
        let phone = parse(text, &Home::default()).unwrap();
        assert_eq!(phone.country(), "AR", "{text}");
        assert!(phone.is_local);
    }
    for text in [
        "+1158254201",
        "+1 158 254 201",
        "+999 123 456 789",
        "12345678901234",
        "+54 9 11 5825 42011",
        "99999999999",
        "1234567890",
        "+549",
        "0000000000",
    ] {
        assert!(argentine(text).is_err(), "{text}");
    }
}

#[test]
fn invisible_characters_are_dropped_and_visible_ones_kept() {
    for mark in [
        '\u{200b}', '\u{200c}', '\u{200d}', '\u{200e}', '\u{200f}', '\u{202a}', '\u{202b}',
        '\u{202c}', '\u{202d}', '\u{202e}', '\u{2060}', '\u{2066}', '\u{2067}', '\u{2068}',
        '\u{2069}', '\u{feff}', '\u{ad}', '\u{61c}', '\u{180e}', '\u{fe0f}',
    ] {
        for text in [
            format!("{mark}+54 9 11 5825-4201{mark}"),
            format!("+54 9 11{mark} 5825{mark}-4201"),
            format!("{mark}1158254201"),
            format!("{mark}5491158254201@c.us{mark}"),
        ] {
            let read = recipient(&text, &Home::default());
            let read = read.as_ref().map(Recipient::as_str);
            assert_eq!(read, Ok("5491158254201@c.us"), "{text:?}");
        }
    }
    for dash in [
        '\u{2010}', '\u{2011}', '\u{2012}', '\u{2013}', '\u{2212}', '\u{ff0d}', '\u{a0}',
        '\u{202f}', '\u{3000}',
    ] {
        let text = format!("11{dash}5825{dash}4201");
        assert_eq!(argentine(&text).as_deref(), Ok("5491158254201"), "{dash:?}");
    }
    assert_eq!(
        argentine("１１　５８２５－４２０１").as_deref(),
        Ok("5491158254201")
    );
    for text in [
        "5491158254201 (Ana)",
        "11 5825 a201",
        "no tiene",
        "11 5825-4201 int 5",
        "11 5825-4201 x2",
        "549115825420\u{0}1",
        "¿11 5825-4201?",
        "1158254201,5",
        "++5491158254201",
    ] {
        assert!(
            matches!(
                argentine(text),
                Err(PhoneFault::Characters | PhoneFault::Fraction | PhoneFault::Several)
            ),
            "{text}"
        );
    }
}

#[test]
fn as_spreadsheets_and_phones_write_them() {
    for text in [
        "5491158254201",
        " +54 9 11 5825-4201 ",
        "5491158254201.0",
        "5491158254201,00",
        "1158254201.0",
        "'5491158254201",
        "=\"5491158254201\"",
        "tel:+54-911-5825-4201",
        "Tel: 5491158254201",
        "5.491.158.254.201",
        "5,491,158,254,201",
        "+54 (911) 5825.4201",
        "https://wa.me/5491158254201",
        "https://wa.me/5491158254201?text=hola",
        "https://api.whatsapp.com/send?phone=5491158254201&text=x",
        "“11 5825-4201”",
    ] {
        assert_eq!(argentine(text).as_deref(), Ok("5491158254201"), "{text}");
    }
    for (text, fault) in [
        ("", PhoneFault::Empty),
        (" ' ", PhoneFault::Empty),
        ("\u{200b}", PhoneFault::Empty),
        ("5.49116E+12", PhoneFault::Scientific),
        ("5,49116E+12", PhoneFault::Scientific),
        ("5e12", PhoneFault::Scientific),
        ("5491158254201.37", PhoneFault::Fraction),
        ("1158254201 / 1144445555", PhoneFault::Several),
        ("+5491158254201 +5491144445555", PhoneFault::Several),
        ("5491158254201; 5491144445555", PhoneFault::Several),
        ("12345", PhoneFault::TooShort),
        ("549115825420112345678901", PhoneFault::TooLong),
    ] {
        assert_eq!(argentine(text), Err(fault), "{text}");
    }
}

#[test]
fn odd_notations() {
    let read = |text| parse_cell(text, &Home::default()).map(|phone| phone.digits);
    for (text, digits) in [
        ("549-11-15-5825-4201", "5491158254201"),
        ("tel:+54-9-11-5825-4201", "5491158254201"),
        ("https://wa.me/5491158254201", "5491158254201"),
        ("1-305-555-0123", "13055550123"),
        ("+55 11 9 8765 4321", "5511987654321"),
        ("+598 099 123 456", "59899123456"),
        ("+44 (0)7400 123456", "447400123456"),
        ("911 5825 4201", "5491158254201"),
        ("5491158254201.0", "5491158254201"),
        ("'5491158254201", "5491158254201"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(digits), "{text}");
    }
    for text in [
        "11 58254201 int 12",
        "11 5825 4201 (Ana)",
        "+54 9 11 5825 420",
        "999999999999",
        "15 2966 423456",
        "099 123 456",
        "*67 11 5825 4201",
        "+54911582542012345",
    ] {
        assert!(read(text).is_err(), "{text}");
    }
}

#[test]
fn ids_are_taken_as_they_are() {
    let read = |text| recipient(text, &Home::default()).map(|it| it.as_str().to_owned());
    for (text, id) in [
        ("541158254201@c.us", "541158254201@c.us"),
        ("5491158254201@s.whatsapp.net", "5491158254201@c.us"),
        ("123456789012345678@lid", "123456789012345678@lid"),
        ("11 5825-4201", "5491158254201@c.us"),
    ] {
        assert_eq!(read(text).as_deref(), Ok(id));
    }
    assert_eq!(read("1234567890-123@g.us"), Err(PhoneFault::NotAPerson));
    assert_eq!(read("ana@example.com"), Err(PhoneFault::NotAPerson));
    assert_eq!(read("hola@c.us"), Err(PhoneFault::NotANumber));
}

#[test]
fn of_several_the_first_mobile() {
    let cell = |text| parse_cell(text, &Home::default()).map(|it| it.digits);
    for (text, digits) in [
        ("+54 9 11 5825-4201 ::: +54 11 4444-5555", "5491158254201"),
        ("011 4444-5555 / 011 15 5825-4201", "5491158254201"),
        ("11 4444-5555; 11 5825-4201", "5491144445555"),
        ("4444-3333 / 11 5825 4201", "5491158254201"),
        ("+54 9 11 5825-4201 +54 9 11 4444-5555", "5491158254201"),
        ("11 5825-4201\n11 4444-5555", "5491158254201"),
        ("11 5825-4201/02", "5491158254201"),
        ("11 5825-4201 ::: ", "5491158254201"),
        ("s/n; 11 5825-4201", "5491158254201"),
        ("+34 912 345 678 | +34 612 345 678", "34612345678"),
    ] {
        assert_eq!(cell(text).as_deref(), Ok(digits), "{text}");
    }
    assert_eq!(cell("4444-3333 / 4444-5555"), Err(PhoneFault::AreaMissing));
    assert_eq!(cell(" / "), Err(PhoneFault::Empty));
}

#[test]
fn homes() {
    for bad in ["", "ar", "Argentina", "XX", "54", "001", "A"] {
        assert_eq!(bad.parse::<Home>(), Err(BadRegion), "{bad}");
    }
    assert_eq!(home("AR"), Home::default());
    assert_eq!(Home::default().to_string(), "AR");
    for (prefix, region) in [
        ("54", "AR"),
        ("549", "AR"),
        ("5411", "AR"),
        ("598", "UY"),
        ("1", "US"),
        ("521", "MX"),
    ] {
        assert_eq!(
            Home::of_prefix(prefix).unwrap().to_string(),
            region,
            "{prefix}"
        );
    }
    for bad in ["", "0", "054", "+54", "549 ", "999", "54911222", "800"] {
        assert_eq!(Home::of_prefix(bad), Err(BadPrefix), "{bad}");
    }
}

#[test]
fn each_fault_has_its_own_word() {
    let mut codes: Vec<_> = PhoneFault::ALL.iter().map(|it| it.code()).collect();
    codes.sort_unstable();
    codes.dedup();
    assert_eq!(codes.len(), PhoneFault::ALL.len());
}

#[test]
fn only_the_end_of_a_number_reaches_a_log() {
    let phone = parse("11 5825-4201", &Home::default()).unwrap();
    assert_eq!(format!("{phone:?}"), "Phone(AR …201)");
}

proptest! {
    #[test]
    fn nothing_panics(text in "\\PC{0,30}") {
        let _ = parse(&text, &Home::default());
        let _ = parse_cell(&text, &Home::of_prefix("549").unwrap());
        let _ = Home::of_prefix(&text);
        let _ = recipient(&text, &Home::default());
    }

    #[test]
    fn no_digits_panic(digits in "[+0-9 ]{0,22}", region in prop_oneof!["AR", "MX", "BR", "DE", "US"]) {
        let _ = parse(&digits, &home(&region));
    }

    /// A parsed number parses to itself.
    #[test]
    fn normalized_numbers_are_stable(digits in "(11|223|351|2966|54911|\\+549223|\\+1212|598)[0-9]{6,8}") {
        for home in [Home::default(), home("US"), home("BR")] {
            if let Ok(first) = parse(&digits, &home) {
                let again = parse(&format!("+{}", first.digits), &home).unwrap();
                prop_assert_eq!(first.digits, again.digits);
            }
        }
    }

    /// A number in the form that a spreadsheet keeps parses to itself.
    #[test]
    fn spaced_numbers_are_the_same(digits in "(54911|549351|598|1212|55119)[0-9]{7,8}") {
        let text = crate::spaced(&digits).unwrap();
        prop_assert!(text.contains(' ') && !text.starts_with('+'));
        if let Ok(phone) = parse(&digits, &Home::default()) {
            prop_assert_eq!(parse(&text, &Home::default()).unwrap().digits, phone.digits);
        }
    }

    /// Every notation of a number parses to that same number.
    #[test]
    fn no_number_becomes_another(tail in "[2-9][0-9]{7}", form in 0..7) {
        let digits = format!("54911{tail}");
        let cell = match form {
            0 => digits.clone(),
            1 => format!("+{digits}"),
            2 => format!("{digits}.0"),
            3 => format!("{digits},000"),
            4 => format!("'{digits}"),
            5 => format!("011 15 {}-{}", &tail[..4], &tail[4..]),
            _ => format!("{} {}", &digits[..3], &digits[3..]),
        };
        if let Ok(read) = argentine(&cell) {
            prop_assert_eq!(read, digits);
        } else {
            // A local number must be valid in the country's plan. An
            // international number in a range that the plan does not know yet
            // is accepted by its length.
            prop_assert!(form == 5 || argentine(&digits).is_err());
        }
    }
}
