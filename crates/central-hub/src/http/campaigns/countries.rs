//! Numbers of a list by country, as JSON.

use serde::Serialize;
use utoipa::ToSchema;

use crate::recipient_import::Countries;

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

impl From<Countries> for CountriesBody {
    fn from(countries: Countries) -> Self {
        let countries = countries.by_count();
        Self {
            de_otro_pais: countries.others(),
            lineas_de_otro_pais: countries.lines_of_others(),
            paises: countries
                .counts()
                .map(|(pais, aceptados)| Country {
                    pais: pais.to_owned(),
                    aceptados,
                })
                .collect(),
        }
    }
}
