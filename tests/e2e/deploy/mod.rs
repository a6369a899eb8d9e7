//! What `deploy/` and `doctor` give an operator.

mod doctor;
mod monitoring;
mod nftables;
mod nginx;
mod pm2;
mod proxies;
mod systemd;
