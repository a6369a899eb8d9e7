//! Provides what every service needs to run, without any service's own logic: configuration, logs,
//! listeners, shutdown, metrics and HTTP basics.
//!
//! ```text
//!  environment ─> typed configuration ─> bind ─> "ready" to PM2 ─> serve
//!                        │                                           │
//!                     [FATAL] line, exit 1      SIGTERM, SIGINT, PM2 ┴─> drain ─> abort
//! ```
//!
//! | module | purpose |
//! | --- | --- |
//! | [`mod@env`] | the environment, read once, with one-line errors |
//! | [`logs`] | human text or JSON on standard output |
//! | [`listen`] | the port, and the process that uses it when it is taken |
//! | [`shutdown`] | drain at the first signal, abort at the second |
//! | [`serve`] | HTTP/1.1 with limits on time, connections and draining |
//! | [`liveness`] | self-checks, for systemd's watchdog and `health` |
//! | [`pm2`] | readiness and stop over PM2's descriptor |
//! | [`metrics`] | Prometheus metrics |
//! | [`traces`] | OpenTelemetry traces, if a collector is configured |
//! | [`doctor`] | checks of this machine, with remedies |
//! | [`memory`] | release of memory once the service is up |
//! | [`private`] | folders and files that no other user can read |
//! | [`process`] | children that die with the service, and cleanup of leftovers |
//! | [`http`] | error bodies, extractors and the layers of every router |
//! | [`limits`] | concurrency and rate limits per client |
//! | [`TrustedProxies`] | peers whose connections are those of many clients |
//! | [`inherited`] | a descriptor that the process was started with |
//! | [`Backoff`] | delays between retries |
//! | [`is_public`] | whether an address is on the public internet |
//! | [`error_chain()`] | an error and its causes in one line |

mod address;
mod backoff;
pub mod doctor;
pub mod env;
mod error_chain;
mod fatal;
pub mod http;
pub mod limits;
pub mod listen;
pub mod liveness;
pub mod logs;
pub mod memory;
pub mod metrics;
pub mod pm2;
pub mod private;
pub mod process;
pub mod serve;
pub mod shutdown;
mod sys;
pub mod traces;
mod trusted_proxies;

pub use address::is_public;
pub use backoff::Backoff;
pub use env::{Env, EnvError, Environment};
pub use error_chain::error_chain;
pub use fatal::fatal;
pub use secrecy::{ExposeSecret, SecretString};
pub use shutdown::Shutdown;
pub use sys::{NotOurs, inherited};
pub use trusted_proxies::TrustedProxies;
