//! Fetches one file: opens it in the page and writes it to disk in pieces.

use metrics::counter;
use session_api::SessionState;
use sha2::{Digest, Sha256};
use tokio::io::AsyncWriteExt as _;

use super::{MediaError, MediaStore, lock};
use crate::browser::WhatsAppPage;
use crate::files::{HEAD_BYTES, PARTIAL_SUFFIX, UNKNOWN, detect_mime, is_drawable, new_id};
use crate::ledger::{MediaRow, Store, StoredMedia};

/// An incomplete file, which is deleted on drop unless it is kept.
struct Part {
    media: MediaStore,
    id: String,
    reserved: u64,
    kept: bool,
}

impl Drop for Part {
    fn drop(&mut self) {
        if !self.kept {
            let _ = std::fs::remove_file(self.media.path(&format!("{}{PARTIAL_SUFFIX}", self.id)));
            let _ = std::fs::remove_file(self.media.path(&self.id));
        }
        *lock(&self.media.0.reserved_bytes) -= self.reserved;
    }
}

impl MediaStore {
    /// Fetches the file of `row`, of at most `max_size` bytes, and stores the outcome.
    pub(super) async fn fetch(
        &self,
        row: &MediaRow,
        max_size: u64,
    ) -> Result<StoredMedia, MediaError> {
        let Ok(_place) = self.0.places.acquire().await else {
            return Err(MediaError::Busy);
        };
        let store = self.0.ledger.store().await?;
        // The file may have been fetched since the lookup.
        let now = store.media(&row.message_id).await?;
        if let Some(stored) = now.and_then(|row| row.stored)
            && self.is_whole(&stored).await
        {
            return Ok(stored);
        }
        let mut fetched = self.fetch_now(row, max_size).await;
        if matches!(fetched, Err(MediaError::NoMessage)) && self.has_all_history(&store).await? {
            fetched = Err(MediaError::Gone);
        }
        let outcome = match &fetched {
            Ok(_) => "stored",
            Err(MediaError::Gone) => {
                store.mark_media_gone(&row.message_key).await?;
                "gone"
            }
            // Another try would give the same, so the file is not prefetched again.
            Err(MediaError::TooLarge(_)) => {
                store
                    .record_media_larger_than(&row.message_key, max_size)
                    .await?;
                "failed"
            }
            Err(MediaError::Failed(_) | MediaError::NoMessage) => {
                store.record_media_failure(&row.message_key).await?;
                "failed"
            }
            Err(_) => "later",
        };
        counter!("leadmaster_media_fetched_total", "outcome" => outcome).increment(1);
        fetched
    }

    /// Returns whether the page has all messages that it will ever have of before this link.
    async fn has_all_history(&self, store: &Store) -> Result<bool, MediaError> {
        let link = store.link_age().await?;
        Ok(link.is_some_and(|link| link.history_at.is_some()))
    }

    async fn fetch_now(&self, row: &MediaRow, max_size: u64) -> Result<StoredMedia, MediaError> {
        let ready = self.0.session.snapshot().session.state == SessionState::Ready;
        let page = self.0.session.page().filter(|_| ready);
        let page = page.ok_or_else(|| MediaError::NotReady("it is not now".to_owned()))?;
        let (token, size) = page.open_media(&row.message_id, max_size).await?;
        let written = self.write(&page, row, &token, size).await;
        // If the page is gone, the file is already released.
        let _ = page.close_media(&token).await;
        written
    }

    async fn write(
        &self,
        page: &WhatsAppPage,
        row: &MediaRow,
        token: &str,
        size: u64,
    ) -> Result<StoredMedia, MediaError> {
        *lock(&self.0.reserved_bytes) += size;
        let mut part = Part {
            media: self.clone(),
            id: new_id(),
            reserved: size,
            kept: false,
        };
        // Make room after the reservation, so that concurrent downloads count this file.
        self.make_room(size).await?;
        self.make_folder()?;
        let path = self.path(&format!("{}{PARTIAL_SUFFIX}", part.id));
        let mut file = tokio::fs::OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(&path)
            .await?;
        let (mut hash, mut head, mut written) = (Sha256::new(), Vec::new(), 0_u64);
        while written < size {
            let piece = page.read_media(token, written).await?;
            if piece.is_empty() {
                return Err(MediaError::Failed(
                    "the page gave less than it said".to_owned(),
                ));
            }
            let missing = HEAD_BYTES.saturating_sub(head.len()).min(piece.len());
            head.extend_from_slice(&piece[..missing]);
            hash.update(&piece);
            file.write_all(&piece).await?;
            written += piece.len() as u64;
        }
        if written != size {
            return Err(MediaError::Failed(
                "the page gave more than it said".to_owned(),
            ));
        }
        file.flush().await?;
        file.sync_all().await?;
        drop(file);
        let mut mime = detect_mime(&head, Some(&row.declared_mime), None);
        if mime.starts_with("image/") {
            let (path, of_type) = (path.clone(), mime.clone());
            let drawable = tokio::task::spawn_blocking(move || is_drawable(&path, &of_type)).await;
            if !drawable.unwrap_or(false) {
                tracing::warn!(size, mime, "an incoming picture is too large to show");
                UNKNOWN.clone_into(&mut mime);
            }
        }
        tokio::fs::rename(&path, self.path(&part.id)).await?;
        let stored = StoredMedia {
            file_id: part.id.clone(),
            size,
            mime,
            sha256: hash.finalize().to_vec(),
        };
        let store = self.0.ledger.store().await?;
        if !store.mark_media_stored(&row.message_key, &stored).await? {
            // The file's message was forgotten meanwhile.
            return Err(MediaError::NotFound);
        }
        part.kept = true;
        tracing::info!(size, mime = stored.mime, "an incoming file was fetched");
        Ok(stored)
    }

    /// Deletes the oldest files until `size` more bytes fit within the quota.
    async fn make_room(&self, size: u64) -> Result<(), MediaError> {
        let quota = self.0.limits.quota;
        if size > quota {
            return Err(MediaError::TooLarge(format!("it has {size} bytes")));
        }
        let store = self.0.ledger.store().await?;
        let files = store.stored_media().await?;
        let mut used: u64 = files.iter().map(|(_, bytes, _)| bytes).sum();
        used += *lock(&self.0.reserved_bytes);
        for (file_id, bytes, _) in files {
            if used <= quota {
                break;
            }
            self.delete(&store, &file_id).await?;
            used -= bytes;
        }
        Ok(())
    }
}
