//! Service runtime: configuration, logs, listeners, shutdown, metrics and HTTP
//! basics, with nothing of what a service does.
//!
//! ```text
//!  environment ─> typed configuration ─> bind ─> "ready" to PM2 ─> serve
//!                        │                                           │
//!                     [FATAL] line, exit 1      SIGTERM, SIGINT, PM2 ┴─> drain ─> abort
//! ```
//!
//! | module | for |
//! | --- | --- |
//! | [`mod@env`] | the environment, read once, with one-line complaints |
//! | [`logs`] | human text or JSON on standard output |
//! | [`listen`] | the port, and who holds it when it is taken |
//! | [`shutdown`] | drain at the first signal, abort at the second |
//! | [`serve`] | HTTP/1.1 with limits on time, connections and draining |
//! | [`liveness`] | whether what does the work answers, for systemd's watchdog and `health` |
//! | [`pm2`] | readiness and stop over PM2's descriptor |
//! | [`metrics`] | what Prometheus reads |
//! | [`traces`] | what an OpenTelemetry collector reads, where there is one |
//! | [`doctor`] | what is wrong on this machine, and its cure |
//! | [`memory`] | what is given back once the service is up |
//! | [`private`] | folders and files that nobody else may read |
//! | [`process`] | children that die with the service, and finding what is left |
//! | [`http`] | error bodies, extractors and the layers of every router |
//! | [`limits`] | what one caller may take at once, and how often it may guess |
//! | [`TrustedProxies`] | whose connections are those of many clients |
//! | [`inherited`] | a descriptor that the process was started with |
//! | [`Backoff`] | delays between retries |
//! | [`is_public`] | which addresses are the internet's |
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
