//! `?probar=1`: dry run of a list import; nothing is stored.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use serde::Serialize;
use utoipa::ToSchema;

use super::countries::CountriesBody;
use super::imports::LineBody;
use crate::campaigns::import::{self, ImportFault, ImportRules, Item, Row};
use crate::recipient_import::Countries;

/// Maximum number of rows, and of rejections, in the response.
const SHOWN: usize = 20;

/// The result of a trial import.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Trial)]
pub(super) struct Trial {
    /// Name of the encoding, as on the web.
    codificacion: &'static str,
    /// The delimiter of a CSV.
    separador: Option<char>,
    /// The selected sheet of a workbook.
    hoja: Option<String>,
    /// The sheets that `hoja` can select.
    hojas: Vec<String>,
    /// The headings as written, for `columna` and `nombre`.
    titulos: Vec<String>,
    /// Line of the headings; `null` if the columns were detected by their
    /// content.
    encabezado: Option<u64>,
    /// The columns that the template can use.
    columnas: Vec<String>,
    /// Headings of the columns with numbers, the preferred one first.
    columnas_de_numero: Vec<String>,
    columna_de_nombre: Option<String>,
    /// Distinct numbers that would be accepted.
    aceptados: u64,
    /// Repeated numbers.
    duplicados: u64,
    rechazados: u64,
    /// The first accepted rows.
    primeros: Vec<TrialRow>,
    /// The first rejected rows.
    rechazos: Vec<LineBody>,
    #[serde(flatten)]
    countries: CountriesBody,
}

/// A row that would be accepted.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::TrialRow)]
struct TrialRow {
    linea: u64,
    numero: String,
    pais: Option<String>,
    datos: BTreeMap<String, String>,
}

impl From<Row> for TrialRow {
    fn from(row: Row) -> Self {
        let id = row.recipient.as_str();
        Self {
            linea: row.line,
            numero: id.strip_suffix("@c.us").unwrap_or(id).to_owned(),
            pais: row.country,
            datos: row.fields,
        }
    }
}

/// Reads a list to its end; blocks the thread.
pub(super) fn look(source: impl Read, rules: &ImportRules) -> Result<Trial, ImportFault> {
    let mut trial = Trial {
        codificacion: "",
        separador: None,
        hoja: None,
        hojas: Vec::new(),
        titulos: Vec::new(),
        encabezado: None,
        columnas: Vec::new(),
        columnas_de_numero: Vec::new(),
        columna_de_nombre: None,
        aceptados: 0,
        duplicados: 0,
        rechazados: 0,
        primeros: Vec::new(),
        rechazos: Vec::new(),
        countries: Countries::default().into(),
    };
    let mut countries = Countries::default();
    // Stores eight bytes per number, whatever the list's length.
    let hashes = RandomState::new();
    let mut known = HashSet::new();
    let mut sink = |item| {
        match item {
            Item::Shape(shape) => {
                trial.separador = shape.separator;
                trial.hoja = shape.sheet;
                trial.hojas = shape.sheets;
                trial.titulos = shape.titles;
                trial.encabezado = shape.heading;
                trial.columnas_de_numero = shape.numbers;
                trial.columna_de_nombre = shape.name;
            }
            Item::Encoding(name) => trial.codificacion = name,
            Item::Columns(names) => trial.columnas.extend(names),
            Item::Row(row) => {
                if known.insert(hashes.hash_one(row.recipient.as_str())) {
                    trial.aceptados += 1;
                    countries.note(&row);
                    if trial.primeros.len() < SHOWN {
                        trial.primeros.push(row.into());
                    }
                } else {
                    trial.duplicados += 1;
                }
            }
            Item::Refused(refusal) => {
                trial.rechazados += 1;
                if trial.rechazos.len() < SHOWN {
                    trial.rechazos.push(refusal.into());
                }
            }
        }
        true
    };
    import::read(source, rules, &mut sink)?;
    trial.countries = countries.into();
    Ok(trial)
}
