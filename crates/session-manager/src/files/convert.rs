//! Converts files with ffmpeg, if it is installed: GIFs to videos, sounds to voice messages,
//! pictures to stickers.
//!
//! The content is untrusted, and so is what ffmpeg makes of it. ffmpeg may read only the one format
//! that was found in the file. It gets no other file and no network, and its processor time, memory
//! and output are bounded. It reads from and writes to the disk; the result is then stored like any
//! other file.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use service_runtime::process::{Process, ProcessId, ResourceLimits, Signal, kill, spawn_bound};
use session_api::{Content, Invalid};
use tokio::sync::Semaphore;
use tokio_util::io::ReaderStream;

use super::upload::{PARTIAL_SUFFIX, new_id};
use super::{Conversion, FileError, Files, Inner, UploadHints, names};
use crate::ledger::FileRow;

/// Number of concurrent conversions.
const MAX_CONCURRENT: usize = 1;
/// Timeout of a conversion, including the wait for an earlier one. A caller of `POST /send` waits
/// longer than this.
const TIMEOUT: Duration = Duration::from_secs(30);
const MAX_CPU_SECONDS: u64 = 25;
/// Maximum address space of ffmpeg, in bytes. A video of the largest picture takes half of it.
const MAX_MEMORY_BYTES: u64 = 1 << 30;
/// Maximum number of pixels of a picture: 5000 by 5000. A decompression bomb claims a thousand
/// times as many.
const MAX_PIXELS: &str = "25000000";
/// Maximum length of a video that is made from a GIF, in seconds.
const MAX_VIDEO_SECONDS: &str = "60";
/// The filter of a video: limits its longest edge, in pixels, and makes both edges even, as the
/// codec demands.
const VIDEO_FILTER: &str = "scale=w='min(iw,1280)':h='min(ih,1280)':force_original_aspect_ratio=decrease,\
                    pad=w='ceil(iw/2)*2':h='ceil(ih/2)*2',format=yuv420p";
/// The filter of a sticker: WhatsApp's stickers are squares of this size, in pixels.
const STICKER_FILTER: &str = "scale=w=512:h=512:force_original_aspect_ratio=decrease,format=rgba,\
                       pad=w=512:h=512:x=-1:y=-1:color=black@0";

/// The path of ffmpeg, and the limit of concurrent conversions.
#[derive(Debug)]
pub(super) struct Converter {
    program: Option<PathBuf>,
    slots: Semaphore,
}

impl Converter {
    pub(super) fn new(program: Option<PathBuf>) -> Self {
        Self {
            program,
            slots: Semaphore::new(MAX_CONCURRENT),
        }
    }

    pub(super) const fn is_installed(&self) -> bool {
        self.program.is_some()
    }
}

/// ffmpeg's output, which is deleted on drop.
struct Output {
    inner: Arc<Inner>,
    id: String,
}

impl Output {
    fn new(inner: &Arc<Inner>) -> Self {
        let id = new_id();
        // An id in `in_progress` is left alone by the sweep.
        inner.in_progress().insert(id.clone());
        Self {
            inner: Arc::clone(inner),
            id,
        }
    }

    fn path(&self) -> PathBuf {
        self.inner.path(&format!("{}{PARTIAL_SUFFIX}", self.id))
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(self.path());
        self.inner.in_progress().remove(&self.id);
    }
}

/// A process that is killed on drop, unless it has ended.
struct KillOnDrop(Option<ProcessId>);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        if let Some(id) = self.0 {
            let _ = kill(id, Signal::KILL);
        }
    }
}

impl Conversion {
    const fn mime(self) -> &'static str {
        match self {
            Self::GifToVideo => "video/mp4",
            Self::SoundToVoice => "audio/ogg; codecs=opus",
            Self::PictureToSticker => "image/webp",
        }
    }

    const fn extension(self) -> &'static str {
        match self {
            Self::GifToVideo => "mp4",
            Self::SoundToVoice => "ogg",
            Self::PictureToSticker => "webp",
        }
    }

    /// Returns ffmpeg's arguments for the output of this conversion.
    fn arguments(self) -> Vec<&'static str> {
        match self {
            Self::GifToVideo => vec![
                "-map",
                "0:v:0",
                "-an",
                "-t",
                MAX_VIDEO_SECONDS,
                "-vf",
                VIDEO_FILTER,
                "-c:v",
                "libx264",
                "-preset",
                "veryfast",
                "-movflags",
                "+faststart",
                "-f",
                "mp4",
            ],
            Self::SoundToVoice => vec![
                "-map", "0:a:0", "-vn", "-ac", "1", "-ar", "48000", "-c:a", "libopus", "-b:a",
                "32k", "-f", "ogg",
            ],
            Self::PictureToSticker => vec![
                "-map",
                "0:v:0",
                "-an",
                "-frames:v",
                "1",
                "-vf",
                STICKER_FILTER,
                "-c:v",
                "libwebp",
                "-f",
                "webp",
            ],
        }
    }

    /// Returns the content of the message after the conversion.
    fn content(self, content: Content) -> Content {
        let mut content = match (self, content) {
            (Self::GifToVideo, Content::Image(media) | Content::Video(media)) => {
                Content::Video(session_api::Media { gif: true, ..media })
            }
            (_, content) => content,
        };
        if let Some(media) = content.media_mut() {
            media.filename = media
                .filename
                .take()
                .map(|name| names::with_extension(&name, self.extension()));
        }
        content
    }
}

/// Returns ffmpeg's demuxer for a MIME type. ffmpeg must never guess it, since some formats are
/// lists of other files.
fn demuxer(mime: &str) -> Option<&'static str> {
    Some(match mime.split(';').next().unwrap_or_default() {
        "image/gif" => "gif",
        "image/png" => "png_pipe",
        "image/jpeg" => "jpeg_pipe",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "audio/mp4" | "audio/3gpp" => "mov",
        "audio/mpeg" => "mp3",
        "audio/ogg" => "ogg",
        "audio/wav" => "wav",
        "audio/webm" => "matroska",
        "audio/x-aiff" => "aiff",
        "audio/x-flac" => "flac",
        _ => return None,
    })
}

fn conversion_error(reason: &'static str) -> FileError {
    FileError::Convert(Invalid {
        field: "file".into(),
        wants: reason.into(),
    })
}

impl Files {
    /// Converts a file. Returns the new file, which belongs to its message alone, and the message's
    /// new content.
    ///
    /// # Errors
    /// Any [`FileError`]; nothing is kept then.
    pub async fn convert(
        &self,
        file: &FileRow,
        conversion: Conversion,
        content: Content,
    ) -> Result<(FileRow, Content), FileError> {
        let inner = &self.0;
        let refusal = || FileError::Convert(conversion.refusal());
        let program = inner.converter.program.as_ref().ok_or_else(refusal)?;
        let demuxer = demuxer(&file.mime).ok_or_else(refusal)?;
        let output = Output::new(inner);
        let command = self.command(program, demuxer, file, conversion, &output.path());
        let converting = async {
            let Ok(_slot) = inner.converter.slots.acquire().await else {
                return Err(refusal());
            };
            run(command).await.map_err(|error| {
                tracing::warn!(%error, "ffmpeg could not be started");
                refusal()
            })
        };
        let succeeded = tokio::time::timeout(TIMEOUT, converting).await;
        let succeeded = succeeded
            .map_err(|_| conversion_error("takes too long to be converted: convert it before"))??;
        if !succeeded {
            return Err(conversion_error(
                "cannot be converted: it is damaged, or too large for the limits of a conversion",
            ));
        }
        let converted = tokio::fs::File::open(output.path()).await?;
        let hints = UploadHints {
            mime: Some(conversion.mime().to_owned()),
            filename: file
                .filename
                .as_deref()
                .map(|name| names::with_extension(name, conversion.extension())),
            length: Some(converted.metadata().await?.len()),
            cliente_id: file.cliente_id,
        };
        let row = self
            .receive(ReaderStream::new(converted), hints, true)
            .await?;
        Ok((row, conversion.content(content)))
    }

    fn command(
        &self,
        program: &Path,
        demuxer: &str,
        file: &FileRow,
        conversion: Conversion,
        output: &Path,
    ) -> Command {
        let location = |path: &Path| {
            let mut url = std::ffi::OsString::from("file:");
            url.push(path);
            url
        };
        let mut command = Command::new(program);
        command
            .env_clear()
            .current_dir("/")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            // ffmpeg's messages may repeat what the file contains.
            .stderr(Stdio::null())
            .args(["-nostdin", "-loglevel", "quiet", "-threads", "1"])
            .args(["-protocol_whitelist", "file", "-max_pixels", MAX_PIXELS])
            .args(["-f", demuxer, "-i"])
            .arg(location(&self.0.path(&file.id)))
            // Drop the metadata: where and by whom the file was recorded is private.
            .args(["-map_metadata", "-1", "-threads", "1"])
            // A file without a frame is not a video.
            .args(["-abort_on", "empty_output"])
            .args(conversion.arguments())
            .arg("-y")
            .arg(location(output));
        ResourceLimits {
            cpu_seconds: MAX_CPU_SECONDS,
            memory: MAX_MEMORY_BYTES,
            file_size: self.0.limits.max_size + 1,
        }
        .apply(&mut command);
        command
    }
}

/// Runs a command to its end, and returns whether it succeeded. The process is killed if the caller
/// stops waiting.
async fn run(command: Command) -> std::io::Result<bool> {
    let mut child = tokio::task::spawn_blocking(move || spawn_bound(command))
        .await
        .map_err(std::io::Error::other)??;
    let id = Process::read(child.id().cast_signed()).map(|process| process.id());
    let mut running = KillOnDrop(id);
    let status = tokio::task::spawn_blocking(move || child.wait())
        .await
        .map_err(std::io::Error::other)??;
    running.0 = None;
    Ok(status.success())
}
