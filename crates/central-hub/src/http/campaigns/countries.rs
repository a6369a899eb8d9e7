//! Of which countries the numbers of a list are: a number of another country
//! than most is taken, and counted, so that a person can look before anything
//! goes out.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::campaigns::import::Row;

/// Lines in the answer.
const SHOWN: usize = 100;

/// So many numbers of a country, and where.
#[derive(Default)]
struct Of {
    count: u64,
    lines: Vec<u64>,
}

/// So many numbers of each country.
#[derive(Default)]
pub(super) struct Countries(BTreeMap<String, Of>);

/// A country, by its two letters.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Country)]
pub(super) struct Country {
    pais: String,
    aceptados: u64,
}

/// The countries of a list.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Countries)]
pub(super) struct CountriesBody {
    /// The most frequent first.
    paises: Vec<Country>,
    /// How many are of another country than most.
    de_otro_pais: u64,
    /// The first lines that are.
    lineas_de_otro_pais: Vec<u64>,
}

impl Countries {
    pub(super) fn note(&mut self, row: &Row) {
        let Some(country) = &row.country else { return };
        if !self.0.contains_key(country) {
            self.0.insert(country.clone(), Of::default());
        }
        if let Some(of) = self.0.get_mut(country) {
            of.count += 1;
            if of.lines.len() < SHOWN {
                of.lines.push(row.line);
            }
        }
    }

    pub(super) fn into_body(self) -> CountriesBody {
        let mut countries: Vec<_> = self.0.into_iter().collect();
        countries.sort_by_key(|(_, of)| std::cmp::Reverse(of.count));
        let others = || countries.iter().skip(1);
        let mut lines: Vec<_> = others().flat_map(|(_, of)| of.lines.clone()).collect();
        lines.sort_unstable();
        lines.truncate(SHOWN);
        CountriesBody {
            de_otro_pais: others().map(|(_, of)| of.count).sum(),
            lineas_de_otro_pais: lines,
            paises: countries
                .into_iter()
                .map(|(pais, of)| Country {
                    pais,
                    aceptados: of.count,
                })
                .collect(),
        }
    }
}
