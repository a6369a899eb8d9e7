//! Tests with workbooks that are built here part by part; real ones, saved by
//! LibreOffice, are in the end-to-end tests.

use std::io::{Cursor, Write};

use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::super::*;

fn archive(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

const RELATIONS: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="r2" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet2.xml"/></Relationships>"#;
const PACKAGE: &str = r#"<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
const BOOK: &str = r#"<workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="Oculta" sheetId="1" state="hidden" r:id="r2"/><sheet name="Clientes 2026" sheetId="2" r:id="r1"/></sheets></workbook>"#;
const STYLES: &str = r#"<styleSheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><cellXfs count="2"><xf numFmtId="0"/><xf numFmtId="14"/></cellXfs></styleSheet>"#;

fn sheet(rows: &str) -> String {
    format!(
        r#"<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{rows}</sheetData></worksheet>"#
    )
}

fn xlsx(rows: &str) -> Vec<u8> {
    xlsx_with(BOOK, rows)
}

fn xlsx_with(book: &str, rows: &str) -> Vec<u8> {
    let texts = r#"<sst xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><si><t>Celular</t></si><si><t>Nombre</t></si><si><t>Vence</t></si><si><t>Muñoz</t></si></sst>"#;
    let other = sheet(r#"<row r="1"><c r="A1" t="inlineStr"><is><t>nada</t></is></c></row>"#);
    archive(&[
        ("_rels/.rels", PACKAGE.as_bytes()),
        ("xl/workbook.xml", book.as_bytes()),
        ("xl/_rels/workbook.xml.rels", RELATIONS.as_bytes()),
        ("xl/styles.xml", STYLES.as_bytes()),
        ("xl/sharedStrings.xml", texts.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet(rows).as_bytes()),
        ("xl/worksheets/sheet2.xml", other.as_bytes()),
    ])
}

const ROWS: &str = r#"
    <row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="D2" t="s"><v>2</v></c></row>
    <row r="3"><c r="B3"><v>5491158254201</v></c><c r="C3" t="s"><v>3</v></c><c r="D3" s="1"><v>46361</v></c></row>
    <row r="5"><c r="B5"><v>1158254202</v></c><c r="C5" t="inlineStr"><is><t>Ana</t></is></c><c r="D5"><v>1.5</v></c></row>
"#;

fn ods(rows: &str) -> Vec<u8> {
    ods_of(&[("Hoja1", rows)])
}

fn ods_of(sheets: &[(&str, &str)]) -> Vec<u8> {
    let tables = sheets
        .iter()
        .map(|(name, rows)| format!(r#"<table:table table:name="{name}">{rows}</table:table>"#));
    let tables: String = tables.collect();
    let content = format!(
        r#"<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet>{tables}</office:spreadsheet></office:body></office:document-content>"#
    );
    archive(&[
        (
            "mimetype",
            b"application/vnd.oasis.opendocument.spreadsheet",
        ),
        ("content.xml", content.as_bytes()),
        ("META-INF/manifest.xml", b"<manifest/>"),
    ])
}

/// Returns the line, the address and some values of each recipient.
fn import(bytes: &[u8], sheet: Option<&str>) -> Result<Vec<(u64, String, String)>, ImportFault> {
    let rules = ImportRules {
        template: Template::parse("Hola {nombre}").unwrap(),
        home: Home::default(),
        column: None,
        name: None,
        encoding: None,
        sheet: sheet.map(str::to_owned),
        separator: None,
    };
    let mut rows = Vec::new();
    let mut sink = |item| {
        if let Item::Row(row) = item {
            let values = row.fields.values().cloned().collect::<Vec<_>>().join("|");
            rows.push((row.line, row.recipient.as_str().to_owned(), values));
        }
        true
    };
    read(Cursor::new(bytes), &rules, &mut sink).map(|()| rows)
}

#[test]
fn xlsx_numbers_are_whole_and_dates_are_dates() {
    let rows = import(&xlsx(ROWS), None).unwrap();
    assert_eq!(
        rows,
        [
            (
                3,
                "5491158254201@c.us".to_owned(),
                "5491158254201|Muñoz|05/12/2026".to_owned()
            ),
            (
                5,
                "5491158254202@c.us".to_owned(),
                "1158254202|Ana|1.5".to_owned()
            ),
        ]
    );
}

#[test]
fn second_sheet_is_chosen_in_a_workbook_of_either_kind() {
    // As LibreOffice writes it.
    let row = |cells: [&str; 2]| {
        let cell = |text: &str| {
            format!(
                r#"<table:table-cell office:value-type="string"><text:p>{text}</text:p></table:table-cell>"#
            )
        };
        let cells: String = cells.map(cell).concat();
        format!("<table:table-row>{cells}</table:table-row>")
    };
    let first = [["Celular", "Nombre"], ["5491158254201", "Ana"]];
    let second = [
        ["Celular", "Nombre"],
        ["5491158254202", "Leo"],
        ["5491158254203", "Eva"],
    ];
    let (first, second) = (first.map(row).concat(), second.map(row).concat());
    let book = ods_of(&[("Enero", &first), ("Febrero", &second)]);
    for (sheet, people) in [
        (None, 1),
        (Some("Enero"), 1),
        (Some("febrero"), 2),
        (Some("2"), 2),
    ] {
        assert_eq!(import(&book, sheet).unwrap().len(), people, "{sheet:?}");
    }
    let fault = import(&book, Some("3")).unwrap_err();
    assert_eq!(fault.sheets().unwrap(), ["Enero", "Febrero"]);
    // As Excel writes it, with the first sheet not hidden.
    let shown = BOOK.replace(r#" state="hidden""#, "");
    let book = xlsx_with(&shown, ROWS);
    let fault = import(&book, None).unwrap_err();
    assert_eq!(fault.code(), "LIST_WITHOUT_PHONE");
    for sheet in ["2", "Clientes 2026"] {
        assert_eq!(import(&book, Some(sheet)).unwrap().len(), 2, "{sheet}");
    }
}

#[test]
fn sheet_is_chosen_by_name_or_position_and_hidden_ones_are_absent() {
    let book = xlsx(ROWS);
    for sheet in ["Clientes 2026", "clientes 2026 ", "1"] {
        assert_eq!(import(&book, Some(sheet)).unwrap().len(), 2, "{sheet}");
    }
    for sheet in ["Oculta", "2", "0", ""] {
        let fault = import(&book, Some(sheet)).unwrap_err();
        assert_eq!(fault.code(), "LIST_SHEET_UNKNOWN", "{sheet}");
    }
}

#[test]
fn ods_rows_are_read() {
    let rows = r#"
        <table:table-row><table:table-cell office:value-type="string"><text:p>Nombre</text:p></table:table-cell><table:table-cell office:value-type="string"><text:p>Celular</text:p></table:table-cell></table:table-row>
        <table:table-row><table:table-cell office:value-type="string"><text:p>Muñoz</text:p></table:table-cell><table:table-cell office:value-type="float" office:value="5491158254201"><text:p>5,49E+12</text:p></table:table-cell></table:table-row>
        <table:table-row table:number-rows-repeated="1048570"><table:table-cell table:number-columns-repeated="1024"/></table:table-row>"#
        .replace("\n        ", "");
    let rows = import(&ods(&rows), None).unwrap();
    assert_eq!(
        rows,
        [(
            2,
            "5491158254201@c.us".to_owned(),
            "5491158254201|Muñoz".to_owned()
        )]
    );
}

#[test]
fn other_files_are_rejected_as_workbooks() {
    let zip = archive(&[("a.txt", b"x")]);
    for (bytes, code) in [
        (&zip[..], "LIST_WORKBOOK_UNREADABLE"),
        (&xlsx(ROWS)[..300], "LIST_WORKBOOK_UNREADABLE"),
        (b"PK\x03\x04", "LIST_WORKBOOK_UNREADABLE"),
        (
            b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1 an old one",
            "LIST_IS_WORKBOOK",
        ),
        (
            &xlsx("<row r=\"1\"><c r=\"A1\"")[..],
            "LIST_WORKBOOK_UNREADABLE",
        ),
        (&xlsx("")[..], "LIST_EMPTY"),
    ] {
        assert_eq!(import(bytes, None).unwrap_err().code(), code);
    }
}

#[test]
fn bombs_are_refused_before_they_are_read() {
    let zeros = vec![0; 160 * 1024 * 1024];
    let packed = archive(&[("xl/workbook.xml", BOOK.as_bytes()), ("xl/x.bin", &zeros)]);
    assert!(packed.len() < 1024 * 1024);
    let texts = archive(&[
        ("xl/workbook.xml", BOOK.as_bytes()),
        ("xl/sharedStrings.xml", &zeros[..50 * 1024 * 1024]),
    ]);
    let cell = r#"<table:table-cell table:number-columns-repeated="16384" office:value-type="string"><text:p>x</text:p></table:table-cell>"#;
    let wide = format!(
        r#"<table:table-row table:number-rows-repeated="1048576">{cell}</table:table-row>"#
    );
    let far = r#"<table:table-row table:number-rows-repeated="1048575"><table:table-cell/></table:table-row><table:table-row><table:table-cell table:number-columns-repeated="16383"/><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>"#;
    let negative = r#"<table:table-row table:number-rows-repeated="-1"><table:table-cell office:value-type="string"><text:p>x</text:p></table:table-cell></table:table-row>"#;
    for book in [packed, texts, ods(&wide), ods(far), ods(negative)] {
        let fault = import(&book, None).unwrap_err();
        assert_eq!(fault.code(), "LIST_WORKBOOK_TOO_LARGE");
    }
    let column = r#"<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row><row r="2"><c r="XFD2"><v>1</v></c></row>"#;
    let fault = import(&xlsx(column), None).unwrap_err();
    assert_eq!(fault.code(), "LIST_TOO_MANY_COLUMNS");
}

#[test]
fn damaged_workbooks_never_panic() {
    let whole = [xlsx(ROWS), ods("<table:table-row/>")];
    for book in whole {
        for at in (0..book.len()).step_by(7) {
            let mut bytes = book.clone();
            bytes[at] ^= 0x5a;
            let _ = import(&bytes, None);
            let _ = import(&book[..at], None);
        }
    }
}
