use std::io::Cursor;

use proptest::prelude::*;

use super::*;

fn rules(text: &str) -> ImportRules {
    ImportRules {
        template: Template::parse(text).unwrap(),
        home: Home::default(),
        column: None,
        name: None,
        encoding: None,
        sheet: None,
        separator: None,
    }
}

/// All results of an import.
#[derive(Default)]
struct Outcome {
    columns: Vec<String>,
    rows: Vec<Row>,
    refused: Vec<(u64, &'static str)>,
    fault: Option<ImportFault>,
}

fn import(bytes: &[u8], text: &str) -> Outcome {
    let mut outcome = Outcome::default();
    let mut sink = |item| {
        match item {
            Item::Columns(names) => outcome.columns.extend(names),
            Item::Row(row) => outcome.rows.push(row),
            Item::Shape(_) | Item::Encoding(_) => {}
            Item::Refused(it) => outcome.refused.push((it.line, it.code)),
        }
        true
    };
    let result = read(Cursor::new(bytes), &rules(text), &mut sink);
    outcome.fault = result.err();
    outcome
}

fn brief(outcome: &Outcome) -> Vec<(u64, &str, &str)> {
    outcome
        .rows
        .iter()
        .map(|row| {
            let name = row.fields.get("nombre").map_or("", String::as_str);
            (row.line, row.recipient.as_str(), name)
        })
        .collect()
}

#[test]
fn excel_exports_are_read() {
    let text = "Teléfono;Nombre;Razón social\r\n\
        5491158254201;Ana;\"Ñandú; hijos\"\r\n\
        +54 9 11 4444-5555;\"Juan \"\"Cacho\"\"\";X\r\n\
        ;;\r\n";
    let (excel, _, _) = encoding_rs::WINDOWS_1252.encode(text);
    for bytes in [
        &*excel,
        text.as_bytes(),
        format!("\u{feff}{text}").as_bytes(),
    ] {
        let outcome = import(bytes, "Hola {nombre} de {razon_social}");
        assert!(outcome.fault.is_none() && outcome.refused.is_empty());
        assert_eq!(
            brief(&outcome),
            [
                (2, "5491158254201@c.us", "Ana"),
                (3, "5491144445555@c.us", "Juan \"Cacho\""),
            ]
        );
        assert_eq!(outcome.columns, ["telefono", "nombre", "razon_social"]);
        assert_eq!(outcome.rows[0].fields["razon_social"], "Ñandú; hijos");
    }
}

#[test]
fn separators_are_found() {
    for (text, count) in [
        ("phone,name\n5491158254201,\"a;b;c\"\n", 1),
        ("phone\tname\n5491158254201\ta,b\n", 1),
        ("phone\n5491158254201\n5491144445555", 2),
        ("\"phone,;,\"\n5491158254201\n", 1),
        ("sep=|\nphone|name\n5491158254201|Ana\n", 1),
        ("sep=;\r\nphone;name\r\n5491158254201;Ana\r\n", 1),
        ("\n\nphone;name\r5491158254201;Ana\r", 1),
    ] {
        let outcome = import(text.as_bytes(), "Hola");
        assert_eq!(outcome.rows.len(), count, "{text:?} {:?}", outcome.fault);
        // The text arrives in chunks of any size.
        let mut rows = Vec::new();
        let mut sink = |item| {
            if let Item::Row(row) = item {
                rows.push(row);
            }
            true
        };
        let reader = ByteReader(text.as_bytes());
        read(reader, &rules("Hola"), &mut sink).unwrap();
        assert_eq!(rows, outcome.rows, "{text:?}");
    }
}

#[test]
fn reported_lines_match_an_editors_count() {
    let text = "\ntelefono;nombre;nota\n\
        \n\
        no;Ana;x\n\
        5491158254201;Bea;\"dos\nlíneas\"\n\
        \n\
        5.49116E+12;Carla;x\n\
        5491144445555;;x\n\
        5491144445556;Dora;x;y\n\
        5491144445557;Eva\n";
    let outcome = import(text.as_bytes(), "Hola {nombre}");
    assert_eq!(
        outcome.refused,
        [
            (4, "PHONE_CHARACTERS"),
            (8, "PHONE_SCIENTIFIC"),
            (9, "MISSING_VALUE"),
            (10, "TOO_MANY_CELLS"),
        ]
    );
    assert_eq!(
        brief(&outcome),
        [
            (5, "5491158254201@c.us", "Bea"),
            (11, "5491144445557@c.us", "Eva")
        ]
    );
}

#[test]
fn lists_that_cannot_be_read() {
    let many = (0..=MAX_COLUMNS)
        .map(|it| format!("c{it}"))
        .collect::<Vec<_>>()
        .join(";");
    let open = format!("telefono;nombre\n549;\"{}", "x\n".repeat(MAX_RECORD_BYTES));
    let deep = format!("[{{\"telefono\":\"{}\"}}]", "5".repeat(MAX_RECORD_BYTES));
    for (text, code) in [
        ("", "LIST_EMPTY"),
        (" \r\n\n ", "LIST_EMPTY"),
        ("PK\u{3}\u{4}…", "LIST_WORKBOOK_UNREADABLE"),
        ("nombre;empresa\nAna;X\n", "LIST_WITHOUT_PHONE"),
        ("5491158254201\n5491144445555\n", "LIST_MISSING_COLUMNS"),
        ("Ana;30123456\nBea;28111222\n", "LIST_WITHOUT_PHONE"),
        ("telefono;Empresa;empresa \n", "LIST_SAME_COLUMN"),
        ("telefono;empresa\n", "LIST_MISSING_COLUMNS"),
        (&format!("telefono;{many}\n"), "LIST_TOO_MANY_COLUMNS"),
        (&open, "LIST_RECORD_TOO_LARGE"),
        (&deep, "LIST_RECORD_TOO_LARGE"),
        ("[{\"telefono\":\"5491158254201\"", "LIST_NOT_JSON"),
        ("[] x", "LIST_NOT_JSON"),
        (
            &format!("{{\"a\":\"{}\"}}", "x".repeat(MAX_RECORD_BYTES)),
            "LIST_RECORD_TOO_LARGE",
        ),
    ] {
        let fault = import(text.as_bytes(), "{nombre}").fault.unwrap();
        assert_eq!(fault.code(), code, "{fault}");
    }
}

#[test]
fn a_missing_column_is_named_before_any_line_is_read() {
    let outcome = import(
        b"telefono;ciudad\n5491158254201;X\n",
        "{nombre} {empresa} {pais|AR}",
    );
    let fault = outcome.fault.unwrap().to_string();
    assert!(fault.ends_with("nombre, empresa"), "{fault}");
    assert!(outcome.rows.is_empty() && outcome.columns.is_empty());
}

#[test]
fn json_of_both_kinds() {
    let objects = [
        r#"{"telefono":"5491158254201","nombre":"Ana","empresa":"X","nota":null}"#,
        r#"{"Celular":5491144445555,"name":"Bea","edad":31,"vip":true}"#,
        r#"{"telefono":5.49116e12,"nombre":"Carla"}"#,
        r#"{"nombre":"Dora"}"#,
        r#"{"telefono":"5491144445556","nombre":{"x":1}}"#,
        "17",
        r#""5491144445557""#,
    ];
    let refused = [
        (3, "PHONE_FRACTION"),
        (4, "WITHOUT_PHONE"),
        (5, "NOT_A_VALUE"),
        (6, "NOT_AN_OBJECT"),
    ];
    let rows = [
        (1, "5491158254201@c.us", "Ana"),
        (2, "5491144445555@c.us", "Bea"),
        (7, "5491144445557@c.us", ""),
    ];
    for text in [format!(" [{}]\n", objects.join(",\n")), objects.join("\n")] {
        let outcome = import(text.as_bytes(), "Hola {nombre|vos}");
        assert!(outcome.fault.is_none(), "{:?}", outcome.fault);
        assert_eq!(outcome.refused, refused);
        assert_eq!(brief(&outcome), rows);
        assert_eq!(outcome.rows[1].fields["edad"], "31");
        let columns = [
            "empresa", "nombre", "telefono", "celular", "edad", "name", "vip",
        ];
        assert_eq!(outcome.columns, columns);
    }
    let outcome = import(
        b"{\"telefono\":\"5491158254201\"}\n{broken\n\n{\"telefono\":\"5491144445555\"}\n",
        "Hola",
    );
    assert_eq!(outcome.refused, [(2, "NOT_JSON")]);
    assert_eq!(outcome.rows[1].line, 4);
}

#[test]
fn rows_before_a_fault_are_reported() {
    let outcome = import(b"[{\"telefono\":\"5491158254201\"}, {\"telefono\"", "Hola");
    assert_eq!(outcome.rows.len(), 1);
    assert_eq!(outcome.fault.unwrap().code(), "LIST_NOT_JSON");
}

#[test]
fn an_empty_cell_falls_back_to_the_other_column() {
    let list = "Nombre;Telefono;Celular\n\
        Ana;011 4444-5555;11 5825-4201\n\
        Bea;11 5825-4202;\n\
        Carla;11 5825-4203;no tiene\n\
        Dora;;\n";
    let outcome = import(list.as_bytes(), "Hola {nombre}");
    assert_eq!(
        brief(&outcome),
        [
            (2, "5491158254201@c.us", "Ana"),
            (3, "5491158254202@c.us", "Bea"),
            (4, "5491158254203@c.us", "Carla"),
        ]
    );
    assert_eq!(outcome.refused, [(5, "PHONE_EMPTY")]);
}

#[test]
fn googles_contacts() {
    let list = "First Name,Last Name,Phone 1 - Label,Phone 1 - Value,Phone 2 - Value\n\
        Ana,Paz,Mobile,+54 9 11 5825-4201 ::: +54 11 4444-5555,\n\
        Bea,,,,011 15 5825 4202\n";
    let outcome = import(list.as_bytes(), "Hola {nombre}");
    assert_eq!(
        brief(&outcome),
        [
            (2, "5491158254201@c.us", "Ana"),
            (3, "5491158254202@c.us", "Bea"),
        ]
    );
}

#[test]
fn a_person_chooses_the_columns() {
    let list = b"Dato 1;Dato 2;Celular\n11 5825-4201;Ana;x\n";
    let mut chosen = rules("Hola {nombre}");
    chosen.column = Some("Dato 1".to_owned());
    chosen.name = Some("dato_2".to_owned());
    let mut rows = Vec::new();
    let mut sink = |item| {
        if let Item::Row(row) = item {
            rows.push((
                row.recipient.as_str().to_owned(),
                row.fields["nombre"].clone(),
            ));
        }
        true
    };
    read(Cursor::new(list), &chosen, &mut sink).unwrap();
    assert_eq!(rows, [("5491158254201@c.us".to_owned(), "Ana".to_owned())]);
    chosen.column = Some("otra".to_owned());
    let fault = read(Cursor::new(list), &chosen, &mut |_| true).unwrap_err();
    assert_eq!(fault.code(), "LIST_COLUMN_UNKNOWN");
}

#[test]
fn columns_are_found_by_their_content() {
    let name = "Hola {nombre}";
    let ana = [(2, "5491158254201@c.us", "Ana")];
    for (list, expected) in [
        // No heading at all.
        (
            "Ana,11 5825-4201\nBea,351 555-1234\n",
            [(1, "5491158254201@c.us", "Ana")],
        ),
        (
            "11 5825-4201;Ana Paz\n",
            [(1, "5491158254201@c.us", "Ana Paz")],
        ),
        // Headings that name no phone column.
        ("Nombre|Datos|Fecha\nAna|11 5825-4201|2026-01-01\n", ana),
        // A DNI has eight digits, a CUIT eleven: neither is a phone number.
        ("Nombre;CUIT;X\nAna;20-30123456-3;11 5825-4201\n", ana),
        (
            "Nombre;A;B\nAna;20301234563;+59899123456\n",
            [(2, "59899123456@c.us", "Ana")],
        ),
        // A few cells without numbers change nothing.
        (
            "Nombre;D\nAna;11 5825-4201\n;n/a\n;1158254202\n;1158254203\n;1158254204\n;1158254205\n",
            ana,
        ),
    ] {
        let outcome = import(list.as_bytes(), name);
        assert!(outcome.fault.is_none(), "{list} {:?}", outcome.fault);
        assert_eq!(brief(&outcome)[..1], expected, "{list}");
    }
    for list in [
        "Ana;30123456\nBea;28111222\n",
        "Nombre;DNI\nAna;1158254201\n",
        "Factura;Importe\n000112345678;15000\n",
        "Nombre;Fecha\nAna;20260101\n",
        "Nombre;CBU\nAna;2850590940090418135201\n",
    ] {
        let fault = import(list.as_bytes(), "Hola").fault.unwrap();
        assert_eq!(fault.code(), "LIST_WITHOUT_PHONE", "{list}");
    }
    let outcome = import("11 5825-4201;Ana;ventas@x.com\n".as_bytes(), name);
    assert_eq!(
        outcome.columns,
        ["columna_1", "columna_2", "columna_3", "nombre"]
    );
}

#[test]
fn titles_above_the_heading_are_skipped() {
    for list in [
        "Listado de clientes;;\n;;\nNombre;Teléfono;Mail\nAna;11 5825-4201;a@b.c\n",
        "Listado de teléfonos\nNombre;Teléfono\nAna;11 5825-4201\n",
        "Clientes, zona norte\n\nNombre;Celular\nAna;11 5825-4201\n",
        "\"Informe; 2026\";;\nFecha: 01/02/2026;;\nNombre;Cel;Nota\nAna;11 5825-4201;x\n",
    ] {
        let outcome = import(list.as_bytes(), "Hola {nombre}");
        assert!(outcome.fault.is_none(), "{list} {:?}", outcome.fault);
        let found: Vec<_> = brief(&outcome).iter().map(|it| (it.1, it.2)).collect();
        assert_eq!(found, [("5491158254201@c.us", "Ana")], "{list}");
        assert!(outcome.refused.is_empty(), "{list} {:?}", outcome.refused);
    }
}

#[test]
fn text_of_another_encoding_is_not_sent_unasked() {
    let table = &oem_cp::code_table::ENCODING_TABLE_CP850;
    let text = "Nombre;Teléfono;Nota\nMuñoz;11 5825-4201;x\nAna;11 5825-4202;señal\n";
    let dos = oem_cp::encode_string_checked(text, table).unwrap();
    let outcome = import(&dos, "Hola {nombre}");
    assert_eq!(outcome.refused, [(2, "TEXT_GARBLED")]);
    // A column that the text does not use causes no error.
    assert_eq!(brief(&outcome), [(3, "5491158254202@c.us", "Ana")]);
    let mut chosen = rules("Hola {nombre}");
    chosen.encoding = Charset::from_label("cp850");
    let mut names = Vec::new();
    let mut sink = |item| {
        if let Item::Row(row) = item {
            names.push(row.fields["nombre"].clone());
        }
        true
    };
    read(Cursor::new(&dos), &chosen, &mut sink).unwrap();
    assert_eq!(names, ["Muñoz", "Ana"]);
    let twice = "Nombre;Cel\nMuÃ±oz;11 5825-4201\n";
    let outcome = import(twice.as_bytes(), "Hola {nombre}");
    assert_eq!(outcome.refused, [(2, "TEXT_GARBLED")]);
    assert!(import(twice.as_bytes(), "Hola").refused.is_empty());
}

#[test]
fn encoding_is_judged_over_the_whole_list() {
    let names = |rows: &Outcome| -> Vec<String> {
        let mut rows: Vec<_> = rows.rows.iter().collect();
        rows.sort_by_key(|row| row.line);
        rows.iter()
            .map(|row| row.fields["nombre"].clone())
            .collect()
    };
    let list = |names: &[&str]| {
        let lines = names.iter().enumerate();
        let lines = lines.map(|(n, name)| format!("{name};11 5825-{:04}\n", 4200 + n));
        format!("Nombre;Cel\n{}", lines.collect::<String>())
    };
    // Each word in a list with others, in any order, and alone.
    let words = [
        "García",
        "Raúl",
        "Ángel",
        "Óscar",
        "Úrsula",
        "GARCÍA",
        "Noemí",
        "Muñoz",
        "José",
        "Núñez",
        "Begoña",
        "Conceição",
        "Ñandú",
        "MARTÍN",
        "Rubí",
    ];
    for of in [
        &words[..],
        &["Raúl"],
        &["García", "Ana"],
        &["Ana", "Ángel"],
        &["MARTÍN"],
    ] {
        let text = list(of);
        let (mac, _, _) = encoding_rs::MACINTOSH.encode(&text);
        let outcome = import(&mac, "Hola {nombre}");
        let plain: Vec<_> = of.iter().copied().filter(|it| it.is_ascii()).collect();
        assert_eq!(names(&outcome), plain, "{of:?}");
        assert!(outcome.refused.iter().all(|it| it.1 == "TEXT_GARBLED"));
        assert_eq!(outcome.refused.len(), of.len() - plain.len());
    }
    // In the DOS encoding a no-break space is á, and Ö is Í.
    let table = &oem_cp::code_table::ENCODING_TABLE_CP850;
    let words = ["Chávez", "GARCÍA", "RAÚL", "ÓSCAR", "Muñoz", "Sebastián"];
    let dos = oem_cp::encode_string_checked(&list(&words), table).unwrap();
    let outcome = import(&dos, "Hola {nombre}");
    assert_eq!(
        (names(&outcome).len(), outcome.refused.len()),
        (0, words.len())
    );
    // Text that its author wrote like this, in a list that otherwise reads well, or in Unicode.
    let right = [
        "dell’acqua",
        "María\u{a0}del Carmen",
        "Ana\u{a0}de la Paz",
        "Sœur Inés",
        "García",
        "JÖRG",
        "Muñoz",
        "GARCÍA",
        "Inés",
    ];
    let text = list(&right);
    let (windows, _, is_lossy) = encoding_rs::WINDOWS_1252.encode(&text);
    assert!(!is_lossy);
    for bytes in [&*windows, text.as_bytes()] {
        let outcome = import(bytes, "Hola {nombre}");
        assert_eq!(names(&outcome), right, "{:?}", outcome.refused);
    }
    let outcome = import(
        list(&["dell’acqua", "Sœur Ana"]).as_bytes(),
        "Hola {nombre}",
    );
    assert_eq!(outcome.rows.len(), 2);
    // The rejection has the whole line, so that it can be corrected.
    let text = list(&["Raúl"]);
    let (mac, _, _) = encoding_rs::MACINTOSH.encode(&text);
    let mut cells = Vec::new();
    let mut sink = |item| {
        if let Item::Refused(rejected) = item {
            cells = rejected.cells;
        }
        true
    };
    read(Cursor::new(&mac), &rules("Hola {nombre}"), &mut sink).unwrap();
    assert_eq!(cells, ["Raœl", "11 5825-4200"]);
    // Memory is bounded: a long list of such lines is judged by the part read so far.
    let long = "a’".repeat(2000);
    let many: Vec<_> = (0..99)
        .map(|_| "Mu–oz")
        .chain((0..600).map(|_| &*long))
        .collect();
    let text = list(&many);
    let (windows, _, _) = encoding_rs::WINDOWS_1252.encode(&text);
    let outcome = import(&windows, "Hola {nombre}");
    assert_eq!((outcome.rows.len(), outcome.refused.len()), (0, many.len()));
}

#[test]
fn lines_before_a_broken_upload_are_kept() {
    struct Broken<'a>(&'a [u8]);
    impl Read for Broken<'_> {
        fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
            if self.0.is_empty() {
                return Err(std::io::ErrorKind::TimedOut.into());
            }
            self.0.read(buffer)
        }
    }
    let mut rows = 0;
    let mut sink = |item| {
        rows += usize::from(matches!(item, Item::Row(_)));
        true
    };
    let source = Broken(b"telefono\n1158254201\n1158254202\n");
    let fault = read(source, &rules("Hola"), &mut sink).unwrap_err();
    assert!(matches!(fault, ImportFault::Io(_)));
    assert_eq!(rows, 2);
}

#[test]
fn local_numbers_of_the_list() {
    let list = "telefono\n381 15 555-1234\n223 155551234\n9 11 5825 4201\n15 5825-4201\n";
    let outcome = import(list.as_bytes(), "Hola");
    let ids: Vec<_> = outcome
        .rows
        .iter()
        .map(|it| it.recipient.as_str())
        .collect();
    assert_eq!(
        ids,
        [
            "5493815551234@c.us",
            "5492235551234@c.us",
            "5491158254201@c.us"
        ]
    );
    assert_eq!(outcome.refused, [(5, "PHONE_AREA_MISSING")]);
}

#[test]
fn bad_encoding_is_reported_by_line() {
    let outcome = import(
        b"telefono;nombre\n5491158254201;\xC3\xB1\n5491144445555;\xF1\n",
        "{nombre}",
    );
    assert_eq!(brief(&outcome), [(2, "5491158254201@c.us", "ñ")]);
    assert_eq!(outcome.refused, [(3, "BAD_ENCODING")]);
}

#[test]
fn the_text_of_each_line_is_tried() {
    let long = "x".repeat(MAX_VALUE_LENGTH);
    let list = format!("telefono;nombre;x\n5491158254201;{long};1\n5491158254202;{long}y;1\n");
    let outcome = import(list.as_bytes(), &"{nombre}".repeat(17));
    assert_eq!(
        outcome.refused,
        [(2, "TEXT_INVALID"), (3, "VALUE_TOO_LONG")]
    );
}

/// A reader that returns one byte at a time.
struct ByteReader<'a>(&'a [u8]);

impl Read for ByteReader<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let Some((first, rest)) = self.0.split_first() else {
            return Ok(0);
        };
        buffer[0] = *first;
        self.0 = rest;
        Ok(1)
    }
}

/// A list that is generated as it is read.
struct Endless {
    line: u64,
    lines: u64,
    ahead: Vec<u8>,
}

impl Read for Endless {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.ahead.is_empty() && self.line < self.lines {
            let text = match self.line {
                0 => "telefono;nombre\r\n".to_owned(),
                line => format!("54911{line:08};Ana {line}\r\n"),
            };
            self.line += 1;
            self.ahead = text.into_bytes();
        }
        let count = self.ahead.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.ahead[..count]);
        self.ahead.drain(..count);
        Ok(count)
    }
}

#[test]
fn a_hundred_thousand_lines_stream_in() {
    let source = Endless {
        line: 0,
        lines: 100_001,
        ahead: Vec::new(),
    };
    let (mut rows, mut last) = (0, 0);
    let mut sink = |item| {
        if let Item::Row(row) = item {
            rows += 1;
            last = row.line;
        }
        true
    };
    read(source, &rules("Hola {nombre}"), &mut sink).unwrap();
    assert_eq!((rows, last), (100_000, 100_001));
}

#[test]
fn whoever_reads_can_give_up() {
    let source = Endless {
        line: 0,
        lines: u64::MAX,
        ahead: Vec::new(),
    };
    let mut rows = 0;
    let mut sink = |_| {
        rows += 1;
        rows < 10
    };
    let fault = read(source, &rules("Hola"), &mut sink).unwrap_err();
    assert!(matches!(fault, ImportFault::GivenUp));
}

proptest! {
    #[test]
    fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        import(&bytes, "Hola {nombre}");
        import(&[b"telefono;nombre\n", &bytes[..]].concat(), "Hola {nombre}");
        import(&[b"[{\"telefono\":", &bytes[..]].concat(), "Hola {nombre}");
    }

    /// Values written as CSV are read back unchanged.
    #[test]
    fn values_come_through(
        values in proptest::collection::vec("[a-zñ;,\t\"\n]{1,12}", 1..8),
        separator in prop_oneof![Just(';'), Just(','), Just('\t')],
    ) {
        let mut text = format!("telefono{separator}valor{separator}z\n");
        for (index, value) in values.iter().enumerate() {
            let quoted = value.replace('"', "\"\"");
            text += &format!("5491158{index:06}{separator}\"{quoted}\"{separator}1\n");
        }
        let outcome = import(text.as_bytes(), "Hola");
        let read: Vec<_> = outcome.rows.iter().map(|row| row.fields.get("valor").cloned().unwrap_or_default()).collect();
        let expected: Vec<_> = values.iter().map(|value| value.trim().to_owned()).collect();
        prop_assert_eq!(read, expected);
    }
}
