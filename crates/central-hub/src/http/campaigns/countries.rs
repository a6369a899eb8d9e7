//! Counts a list's numbers by country, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::store::campaigns::Countries;

/// A country, identified by its two-letter code.
#[derive(Serialize, ToSchema)]
#[schema(as = upload::Country)]
pub(super) struct Country {
    pais: String,
    aceptados: u64,
}

/// The counts of a list's numbers by country.
#[derive(Default, Serialize, ToSchema)]
#[schema(as = upload::Countries)]
pub(super) struct CountriesBody {
    /// Sorted by count, highest first.
    paises: Vec<Country>,
    /// Number of recipients outside the most frequent country.
    de_otro_pais: u64,
    /// The first lines with those recipients.
    lineas_de_otro_pais: Vec<u64>,
}

/// Returns the countries and their counts, the most frequent country first.
pub(super) fn by_count(countries: &Countries) -> Vec<Country> {
    let counts = countries.by_count().into_iter();
    counts
        .map(|(pais, aceptados)| Country {
            pais: pais.to_owned(),
            aceptados,
        })
        .collect()
}

impl From<&Countries> for CountriesBody {
    fn from(countries: &Countries) -> Self {
        Self {
            paises: by_count(countries),
            de_otro_pais: countries.others(),
            lineas_de_otro_pais: countries.lines_of_others(),
        }
    }
}
