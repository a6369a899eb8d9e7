//! Stores the switch for the recording of inbound messages.

use super::error::StoreError;
use super::settings::setting_in;
use super::{Store, Tx};

const RECORDING: &str = "listener.recording";

impl Store {
    /// Returns whether messages are recorded.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn is_recording(&self) -> Result<bool, StoreError> {
        Ok(self.setting(RECORDING).await?.as_deref() != Some("off"))
    }

    /// Switches the recording of messages on or off.
    ///
    /// # Errors
    /// [`StoreError::Query`].
    pub async fn set_recording(&self, on: bool) -> Result<(), StoreError> {
        self.set(RECORDING, if on { "on" } else { "off" }).await
    }
}

/// Returns whether messages are recorded, within a transaction.
pub(super) async fn is_recording_in(tx: &mut Tx) -> Result<bool, StoreError> {
    let recording = setting_in(tx, RECORDING).await?;
    Ok(recording.as_deref() != Some("off"))
}
