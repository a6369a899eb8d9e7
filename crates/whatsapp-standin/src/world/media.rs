//! Records uploads: the size and hash of each file, and also the content of files from leads.

use axum::body::Bytes;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Details, SendBehavior, World, random_id};

/// Maximum number of uploads that belong to no message yet.
const REMEMBERED: usize = 10_000;

/// The server's record of an upload.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Upload {
    pub(crate) size: u64,
    pub(crate) sha256: String,
}

impl World {
    /// Returns whether a rule makes the next upload for this chat fail.
    pub(crate) fn upload_fails(&mut self, chat: &str) -> bool {
        let to = self.phone_of(chat);
        self.apply_rule(&to, |outcome| outcome == SendBehavior::UploadFailed)
            == Some(SendBehavior::UploadFailed)
    }

    /// Records an upload. Returns its path.
    pub(crate) fn uploaded(&mut self, upload: Upload) -> String {
        if self.media.len() >= REMEMBERED {
            self.media.clear();
        }
        let path = format!("/v/{}", random_id("m"));
        self.media.insert(path.clone(), upload);
        self.revision += 1;
        path
    }

    /// Stores a file from a lead's phone. Returns its path.
    pub(crate) fn lead_uploads(&mut self, file: Bytes) -> String {
        let sha256 = hex::encode(Sha256::digest(&file));
        let size = file.len() as u64;
        let path = self.uploaded(Upload { size, sha256 });
        self.files.insert(path.clone(), file);
        path
    }

    /// Deletes a lead's file, from the phone as well. Returns whether it existed.
    pub(crate) fn forget_file(&mut self, path: &str) -> bool {
        self.phone_files.remove(path).is_some() | self.files.remove(path).is_some()
    }

    /// Deletes a lead's file from the server; the phone has it still. Returns whether it existed.
    pub(crate) fn expire_file(&mut self, path: &str) -> bool {
        let Some(file) = self.files.remove(path) else {
            return false;
        };
        self.phone_files.insert(path.to_owned(), file);
        true
    }

    /// Lets the phone upload an expired file again. Returns whether the phone had it.
    pub(crate) fn upload_again(&mut self, path: &str) -> bool {
        let Some(file) = self.phone_files.remove(path) else {
            return false;
        };
        self.files.insert(path.to_owned(), file);
        true
    }

    /// Fills in the server's record of a message's file. Returns `false` if the file was never
    /// uploaded.
    pub(crate) fn fill_in(&self, details: &mut Details) -> bool {
        let Some(file) = &mut details.file else {
            return true;
        };
        let Some(known) = self.media.get(&file.path) else {
            return false;
        };
        file.size = known.size;
        file.sha256.clone_from(&known.sha256);
        true
    }
}
