//! Implements `?probar=1`: a dry run of a list import, which stores nothing.

use std::collections::{BTreeMap, HashSet};
use std::hash::{BuildHasher, RandomState};
use std::io::Read;

use serde::Serialize;
use tokio::runtime::Handle;
use utoipa::ToSchema;

use super::countries::CountriesBody;
use super::imports::LineBody;
use crate::campaigns::import::{self, ImportRules, Item, Row};
use crate::recipient_import::ImportError;
use crate::store::campaigns::Countries;
use crate::store::{Store, StoreError};

/// Maximum number of accepted rows, and of rejected rows, in the response.
const LISTED_ROWS: usize = 20;
/// Number of rows that are looked up in the store at once.
const LOOKUP_BATCH: usize = 1000;

/// The result of a trial import.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = upload::Trial)]
pub(super) struct Trial {
    /// Name of the encoding, as on the web.
    codificacion: &'static str,
    /// The delimiter of a CSV.
    separador: Option<char>,
    /// The selected sheet of a workbook; `null` for other files.
    hoja: Option<String>,
    /// The sheets that `hoja` can select.
    hojas: Vec<String>,
    /// The headings as written, for `columna` and `nombre`.
    titulos: Vec<String>,
    /// Line of the headings; `null` if the columns were detected by their content.
    encabezado: Option<u64>,
    /// The columns that the template can use.
    columnas: Vec<String>,
    /// Headings of the phone columns, the preferred one first.
    columnas_de_numero: Vec<String>,
    columna_de_nombre: Option<String>,
    /// Number of distinct people that would be added to the campaign.
    aceptados: u64,
    /// Number of rows whose person is already in the campaign or earlier in the list.
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

/// Counts the rows of a trial as an import would: each person once, and without
/// those that the campaign already has.
struct Counter {
    store: Store,
    campaign: i64,
    /// For querying the store from the thread that reads the list.
    runtime: Handle,
    trial: Trial,
    countries: Countries,
    /// Hashes of the people counted so far: eight bytes per person, however long the list is.
    known: HashSet<u64>,
    hashes: RandomState,
    /// Rows that are not counted yet.
    rows: Vec<Row>,
    failed: Option<StoreError>,
}

impl Counter {
    fn item(&mut self, item: Item) -> bool {
        let trial = &mut self.trial;
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
            Item::Row(row) => self.rows.push(row),
            Item::Refused(refusal) => {
                trial.rechazados += 1;
                if trial.rechazos.len() < LISTED_ROWS {
                    trial.rechazos.push(refusal.into());
                }
            }
        }
        if self.rows.len() < LOOKUP_BATCH {
            return true;
        }
        match self.count() {
            Ok(()) => true,
            Err(error) => {
                self.failed = Some(error);
                false
            }
        }
    }

    fn count(&mut self) -> Result<(), StoreError> {
        let rows = std::mem::take(&mut self.rows);
        let ids = rows.iter().map(|row| row.recipient.as_str());
        let looked = self.store.recipients_to_be(self.campaign, ids);
        let looked = self.runtime.block_on(looked)?;
        for row in &rows {
            let Some((chat, is_recipient)) = looked.get(row.recipient.as_str()) else {
                continue;
            };
            if *is_recipient || !self.known.insert(self.hashes.hash_one(chat)) {
                self.trial.duplicados += 1;
                continue;
            }
            self.trial.aceptados += 1;
            if let Some(country) = &row.country {
                self.countries.note(country, row.line);
            }
            if self.trial.primeros.len() < LISTED_ROWS {
                self.trial.primeros.push(row.clone().into());
            }
        }
        Ok(())
    }
}

/// Reads a list to its end for a campaign. Blocks the calling thread.
pub(super) fn dry_run_import(
    source: impl Read,
    rules: &ImportRules,
    store: Store,
    campaign: i64,
    runtime: Handle,
) -> Result<Trial, ImportError> {
    let mut counter = Counter {
        store,
        campaign,
        runtime,
        trial: Trial::default(),
        countries: Countries::default(),
        known: HashSet::new(),
        hashes: RandomState::new(),
        rows: Vec::new(),
        failed: None,
    };
    let read = import::read(source, rules, &mut |item| counter.item(item));
    if let Some(error) = counter.failed.take() {
        return Err(error.into());
    }
    read.map_err(|fault| ImportError::List { fault, accepted: 0 })?;
    counter.count()?;
    counter.trial.countries = (&counter.countries).into();
    Ok(counter.trial)
}
