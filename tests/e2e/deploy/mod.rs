//! Tests the operator's tools: `deploy/` and `doctor`.

mod debian;
pub(crate) mod doctor;
mod monitoring;
mod nftables;
mod nginx;
mod pm2;
mod proxies;
mod systemd;
