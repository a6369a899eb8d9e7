//! Persists the state in a JSON file, which keeps a rehearsal across restarts.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use crate::shared::Shared;
use crate::world::Saved;

/// How often to check for changes.
const PERIOD: Duration = Duration::from_millis(200);

pub(crate) fn load(path: &Path) -> io::Result<Saved> {
    match std::fs::read(path) {
        Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
            io::Error::new(
                io::ErrorKind::InvalidData,
                format!("{} is no file of this program: {error}", path.display()),
            )
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Saved::default()),
        Err(error) => Err(error),
    }
}

/// Writes changes until the server stops, and once more at the stop.
pub(crate) async fn keep(shared: Arc<Shared>, path: PathBuf) {
    let mut written = 0;
    loop {
        let last = tokio::select! {
            () = shared.stop.cancelled() => true,
            () = tokio::time::sleep(PERIOD) => false,
        };
        let (revision, saved) = {
            let world = shared.world();
            if world.revision == written {
                (written, None)
            } else {
                (world.revision, Some(world.save()))
            }
        };
        if let Some(saved) = saved
            && write(&path, &saved).await.is_ok()
        {
            written = revision;
        }
        if last {
            return;
        }
    }
}

/// Replaces the file atomically: writes a temporary file and renames it.
async fn write(path: &Path, saved: &Saved) -> io::Result<()> {
    let bytes = serde_json::to_vec(saved)?;
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    tokio::fs::write(&beside, bytes).await?;
    tokio::fs::rename(&beside, path).await
}
