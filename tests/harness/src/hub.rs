//! Runs a central-hub in front of a [`Manager`].

use serde_json::Value;

use crate::manager::send_request;
use crate::{Manager, ManagerOptions, Scratch, Service, http};

/// A running central-hub.
#[derive(Debug)]
pub struct Hub {
    /// The running process.
    pub service: Service,
    /// The folder of its data.
    pub folder: Scratch,
    options: ManagerOptions,
    client: reqwest::Client,
}

impl Hub {
    /// Starts a hub in front of `manager`, with additional variables.
    pub async fn start(manager: &Manager, options: ManagerOptions) -> Self {
        let folder = Scratch::default();
        let options = options.with("SESSION_MANAGER_BASE_URL", &manager.service.url);
        let service = Service::start("central-hub", folder.path(), options.variables()).await;
        Self {
            service,
            folder,
            options,
            client: http(),
        }
    }

    /// Starts the hub again in the same folder, after it ended.
    pub async fn restart(&mut self) {
        let variables = self.options.variables();
        self.service = Service::start("central-hub", self.folder.path(), variables).await;
    }

    /// Changes a variable for the next start.
    pub fn set(&mut self, name: &str, value: impl ToString) {
        self.options = self.options.clone().with(name, value);
    }

    /// Returns the HTTP client.
    #[must_use]
    pub fn client(&self) -> &reqwest::Client {
        &self.client
    }

    /// Returns the URL of `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.service.url)
    }

    /// Requests `GET path`. Returns the status and the body.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        send_request(self.client.get(self.url(path))).await
    }

    /// Requests `POST path` with a JSON body. Returns the status and the body.
    pub async fn post(&self, path: &str, body: &Value) -> (u16, Value) {
        send_request(self.client.post(self.url(path)).json(body)).await
    }
}
