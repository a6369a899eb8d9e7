//! Tests the hub's page in a browser.

mod alerts;
mod campaigns;
mod office_day;
mod passkey;
mod screens;
mod sign_in;
mod start;
