//! Measures reading a list of 100,000 lines, compared with a plain pass of the
//! `csv` crate over the same bytes; each runs in its own process, so that its
//! peak memory can be measured.
//!
//! `cargo bench -p central-hub --bench import`; set `ROWS=10000` for another
//! size.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark prints its results"
)]

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};
use std::process::Command;
use std::time::Instant;

use central_hub::campaigns::import::{self, ImportRules, Item};
use central_hub::campaigns::template::Template;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

const CASES: [&str; 4] = ["csv crate", "hub, CSV", "hub, .xlsx", "hub, .ods"];
const CASE: &str = "IMPORT_CASE";

fn main() {
    // The argument of `cargo test --all-targets`.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let rows = std::env::var("ROWS").map_or(100_000, |text| text.parse().unwrap());
    if let Ok(case) = std::env::var(CASE) {
        run(&case, rows);
        return;
    }
    println!("{rows} lines\n");
    println!("| | list | time | memory beyond the list |\n| --- | --: | --: | --: |");
    for case in CASES {
        let executable = std::env::current_exe().unwrap();
        let output = Command::new(executable).env(CASE, case).output().unwrap();
        print!("{}", String::from_utf8_lossy(&output.stdout));
    }
}

fn run(case: &str, rows: u64) {
    let list = match case {
        "hub, .xlsx" => xlsx(rows),
        "hub, .ods" => ods(rows),
        _ => csv(rows).into_bytes(),
    };
    // Creating the list is not measured.
    std::fs::write("/proc/self/clear_refs", "5").unwrap();
    let before = peak_kib();
    let start = Instant::now();
    let count = if case == "csv crate" {
        let mut reader = csv::ReaderBuilder::new()
            .delimiter(b';')
            .from_reader(&list[..]);
        let mut record = csv::StringRecord::new();
        let mut count = 0;
        while reader.read_record(&mut record).unwrap() {
            count += 1;
        }
        count
    } else {
        count_accepted_rows(&list)
    };
    let time = start.elapsed();
    assert_eq!(count, rows);
    let size = list.len() / 1024;
    let memory = peak_kib() - before;
    println!(
        "| {case} | {size} KiB | {} ms | {} MiB |",
        time.as_millis(),
        memory / 1024
    );
}

fn count_accepted_rows(list: &[u8]) -> u64 {
    let rules = ImportRules {
        template: Template::parse("Hola {nombre}, de {empresa}").unwrap(),
        home: phone_number::Home::default(),
        column: None,
        name: None,
        encoding: None,
        sheet: None,
        separator: None,
    };
    let mut count = 0;
    let mut sink = |item| {
        count += u64::from(matches!(item, Item::Row(_)));
        true
    };
    import::read(Cursor::new(list), &rules, &mut sink).unwrap();
    count
}

/// Returns the peak memory of the process, in KiB.
fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// Returns the cells of row `n`.
fn cells(n: u64) -> [String; 3] {
    [
        format!("11 {:04}-{:04}", 2000 + n / 10_000, n % 10_000),
        format!("Ana Gómez {n}"),
        format!("Empresa {n}"),
    ]
}

fn csv(rows: u64) -> String {
    let mut text = "Celular;Nombre;Empresa\r\n".to_owned();
    for n in 0..rows {
        writeln!(text, "{}\r", cells(n).join(";")).unwrap();
    }
    text
}

fn archive(parts: &[(&str, String)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, content) in parts {
        writer
            .start_file(*name, SimpleFileOptions::default())
            .unwrap();
        writer.write_all(content.as_bytes()).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

fn table(rows: u64) -> impl Iterator<Item = [String; 3]> {
    let heading = ["Celular", "Nombre", "Empresa"].map(str::to_owned);
    std::iter::once(heading).chain((0..rows).map(cells))
}

fn xlsx(rows: u64) -> Vec<u8> {
    let (mut sheet, mut texts) = (String::new(), String::new());
    for (row, cells) in table(rows).enumerate() {
        sheet += "<row>";
        for (column, cell) in cells.iter().enumerate() {
            let name = char::from(b'A' + u8::try_from(column).unwrap());
            write!(
                sheet,
                r#"<c r="{name}{}" t="s"><v>{}</v></c>"#,
                row + 1,
                row * 3 + column
            )
            .unwrap();
            write!(texts, "<si><t>{cell}</t></si>").unwrap();
        }
        sheet += "</row>";
    }
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let relation = |kind: &str, target: &str| {
        format!(
            r#"<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/{kind}" Target="{target}"/></Relationships>"#
        )
    };
    archive(&[
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        (
            "xl/_rels/workbook.xml.rels",
            relation("worksheet", "worksheets/sheet1.xml"),
        ),
        (
            "xl/workbook.xml",
            format!(
                r#"<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="A" sheetId="1" r:id="r1"/></sheets></workbook>"#
            ),
        ),
        (
            "xl/sharedStrings.xml",
            format!(r#"<sst xmlns="{main}">{texts}</sst>"#),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!(r#"<worksheet xmlns="{main}"><sheetData>{sheet}</sheetData></worksheet>"#),
        ),
    ])
}

fn ods(rows: u64) -> Vec<u8> {
    let mut sheet = String::new();
    for cells in table(rows) {
        sheet += "<table:table-row>";
        for cell in cells {
            write!(sheet, r#"<table:table-cell office:value-type="string"><text:p>{cell}</text:p></table:table-cell>"#).unwrap();
        }
        sheet += "</table:table-row>";
    }
    archive(&[
        (
            "mimetype",
            "application/vnd.oasis.opendocument.spreadsheet".to_owned(),
        ),
        ("META-INF/manifest.xml", "<manifest/>".to_owned()),
        (
            "content.xml",
            format!(
                r#"<office:document-content xmlns:office="o" xmlns:table="t" xmlns:text="x"><office:body><office:spreadsheet><table:table table:name="A">{sheet}</table:table></office:spreadsheet></office:body></office:document-content>"#
            ),
        ),
    ])
}
