//! `?probar=1`: dry run of a list import; nothing is stored.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use serde::Serialize;
use utoipa::ToSchema;

use super::countries::CountriesBody;
use super::imports::LineBody;
use crate::campaigns::import::{self, ImportFault, Item, Row, Rules};
use crate::recipient_import::Countries;

/// Rows and refusals in the answer.
const SHOWN: usize = 20;

/// What would come of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Trial)]
pub(super) struct Trial {
    /// The name of the encoding, as the web has it.
    codificacion: &'static str,
    /// What stands between two cells of a CSV.
    separador: Option<char>,
    /// The sheet of a workbook.
    hoja: Option<String>,
    /// The sheets to choose from with `hoja`.
    hojas: Vec<String>,
    /// The headings as they stand there, to choose from with `columna` and
    /// `nombre`.
    titulos: Vec<String>,
    /// The line of the headings; none where the columns were found by what they
    /// hold.
    encabezado: Option<u64>,
    /// The columns that the text may name.
    columnas: Vec<String>,
    /// The headings of the numbers' columns, the one to take first at first.
    columnas_de_numero: Vec<String>,
    columna_de_nombre: Option<String>,
    /// Different numbers that would be taken.
    aceptados: u64,
    /// Numbers that are there more than once.
    duplicados: u64,
    rechazados: u64,
    /// The first that would be taken.
    primeros: Vec<TrialRow>,
    /// The first that would be refused.
    rechazos: Vec<LineBody>,
    #[serde(flatten)]
    countries: CountriesBody,
}

/// A line that would be taken.
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

/// Reads a list to its end, in a thread that may wait.
pub(super) fn look(source: impl Read, rules: &Rules) -> Result<Trial, ImportFault> {
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
    // Eight bytes for each number, however long the list.
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
