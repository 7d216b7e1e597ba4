//! The programs that previews are made with, if they are there: `ffmpeg` for video and sound, `pdftoppm` for PDF.
//!
//! The demuxer is named, because `ffmpeg` would otherwise read lists of other files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::lane::Lane;
use super::picture::LONGEST_SIDE;
use super::tool::{self, Call, Error, Isolation, Limits, PATH, Sink};
use crate::config;
use crate::storage::{Staging, Storage};

/// Programs that run at the same time.
const AT_ONCE: usize = 2;
const ISOLATOR: &str = "bwrap";
/// Address space: libraries and buffers of `ffmpeg` have some 400 MB.
const MEMORY_BYTES: u64 = 1 << 30;
const MOST_PICTURE_BYTES: u64 = 8 << 20;
/// Of which a preview is made.
const MOST_SOUND_SECONDS: u64 = 60 * 60;
const MOST_AAC_BYTES: u64 = 64 << 20;
/// Of decoded sound.
pub const SAMPLES_PER_SECOND: u32 = 8_000;

/// Finds and runs them. Cheap to clone.
#[derive(Clone)]
pub struct Programs {
    settings: config::Derived,
    shared: Arc<Shared>,
}

struct Shared {
    runs: Lane,
    /// The path of `bwrap`, if it works.
    isolator: OnceCell<Option<PathBuf>>,
}

impl Programs {
    pub fn new(settings: config::Derived) -> Self {
        let shared = Arc::new(Shared {
            runs: Lane::new(AT_ONCE),
            isolator: OnceCell::new(),
        });
        Self { settings, shared }
    }

    /// The path of `bwrap`, if it can isolate a program here; tried once.
    pub async fn isolator(&self) -> Option<&Path> {
        let probe = async || {
            let (isolator, program) = (tool::find(ISOLATOR)?, tool::find("true")?);
            let call = Call {
                program: &program,
                arguments: &[],
                file: &program,
                limits: self.limits(0),
                isolation: Isolation::Isolated,
            };
            let probed = tool::run(&call, Some(&isolator), Sink::Pieces(&mut |_| {})).await;
            probed.is_ok().then_some(isolator)
        };
        let found = self.shared.isolator.get_or_init(probe).await;
        found.as_deref()
    }

    fn limits(&self, output_bytes: u64) -> Limits {
        Limits {
            time: self.settings.timeout.duration(),
            memory_bytes: MEMORY_BYTES,
            output_bytes,
            file_bytes: 64 << 20,
        }
    }

    async fn run(
        &self,
        program: &str,
        (storage, path): (&Storage, &str),
        arguments: &[String],
        most_bytes: u64,
        sink: Sink<'_>,
    ) -> Result<u64, Error> {
        let program = tool::find(program).ok_or(Error::Absent)?;
        let file = storage.absolute(path).ok_or(Error::Absent)?;
        let isolator = self.isolator().await;
        let call = Call {
            program: &program,
            arguments,
            file: &file,
            limits: self.limits(most_bytes),
            isolation: Isolation::Isolated,
        };
        let _place = self.shared.runs.enter().await.ok_or(Error::Busy)?;
        let ran = tool::run(&call, isolator, sink).await;
        if let Err(error) = &ran {
            let program = program.display();
            tracing::warn!(%program, %error, "a program gave nothing for a file");
        }
        ran
    }

    async fn output(
        &self,
        program: &str,
        of: (&Storage, &str),
        arguments: &[String],
        most_bytes: u64,
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut take = |piece: &[u8]| bytes.extend_from_slice(piece);
        let sink = Sink::Pieces(&mut take);
        self.run(program, of, arguments, most_bytes, sink).await?;
        Ok(bytes)
    }

    /// The first page of a PDF, as JPEG.
    pub async fn first_page(&self, storage: &Storage, path: &str) -> Result<Vec<u8>, Error> {
        let side = LONGEST_SIDE.to_string();
        let arguments = [
            "-f",
            "1",
            "-l",
            "1",
            "-singlefile",
            "-scale-to",
            &side,
            "-jpeg",
            PATH,
        ];
        let (program, arguments) = (&self.settings.pdftoppm, arguments.map(str::to_owned));
        let output = self.output(program, (storage, path), &arguments, MOST_PICTURE_BYTES);
        output.await
    }

    /// The first frame of a video, as JPEG.
    pub async fn frame(&self, storage: &Storage, path: &str, mime: &str) -> Result<Vec<u8>, Error> {
        let scale = format!("scale=w='min({LONGEST_SIDE},iw)':h=-2");
        let output = ["-an", "-sn", "-dn", "-frames:v", "1", "-vf", &scale];
        let form = ["-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"];
        let arguments = ffmpeg(mime, &[&output[..], &form].concat()).ok_or(Error::Absent)?;
        let program = &self.settings.ffmpeg;
        let output = self.output(program, (storage, path), &arguments, MOST_PICTURE_BYTES);
        output.await
    }

    /// Decodes a sound: one channel, 16 bits, little-endian.
    pub async fn sound(
        &self,
        storage: &Storage,
        path: &str,
        mime: &str,
        take: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<(), Error> {
        let (seconds, rate) = (
            MOST_SOUND_SECONDS.to_string(),
            SAMPLES_PER_SECOND.to_string(),
        );
        let output = [
            "-vn", "-sn", "-dn", "-t", &seconds, "-ac", "1", "-ar", &rate, "-f", "s16le", "pipe:1",
        ];
        let arguments = ffmpeg(mime, &output).ok_or(Error::Absent)?;
        let most = (MOST_SOUND_SECONDS + 1) * u64::from(SAMPLES_PER_SECOND) * 2;
        let (program, of) = (&self.settings.ffmpeg, (storage, path));
        let sink = Sink::Pieces(take);
        self.run(program, of, &arguments, most, sink)
            .await
            .map(drop)
    }

    /// A sound as AAC, in the stream format that every phone plays. Returns its length.
    pub async fn aac(
        &self,
        storage: &Storage,
        path: &str,
        mime: &str,
        staging: &mut Staging,
    ) -> Result<u64, Error> {
        let output = [
            "-vn",
            "-sn",
            "-dn",
            "-map_metadata",
            "-1",
            "-c:a",
            "aac",
            "-b:a",
            "64k",
            "-f",
            "adts",
            "pipe:1",
        ];
        let arguments = ffmpeg(mime, &output).ok_or(Error::Absent)?;
        let (program, of) = (&self.settings.ffmpeg, (storage, path));
        let sink = Sink::Staged(staging);
        self.run(program, of, &arguments, MOST_AAC_BYTES, sink)
            .await
    }
}

/// How `ffmpeg` is called for a file of this type.
fn ffmpeg(mime: &str, output: &[&str]) -> Option<Vec<String>> {
    let demuxer = demuxer(mime)?;
    let input = [
        "-nostdin",
        "-v",
        "error",
        "-threads",
        "1",
        "-protocol_whitelist",
        "file",
        "-f",
        demuxer,
        "-i",
    ];
    let mut arguments: Vec<String> = input.map(str::to_owned).into();
    arguments.push(format!("file:{PATH}"));
    arguments.extend(output.iter().copied().map(str::to_owned));
    Some(arguments)
}

fn demuxer(mime: &str) -> Option<&'static str> {
    Some(match mime.split(';').next().unwrap_or("").trim() {
        "video/mp4" | "video/3gpp" | "video/3gpp2" | "video/quicktime" | "audio/mp4"
        | "audio/x-m4a" | "audio/3gpp" => "mov",
        "video/webm" | "video/x-matroska" | "audio/webm" => "matroska",
        "audio/ogg" | "audio/opus" | "video/ogg" => "ogg",
        "audio/mpeg" => "mp3",
        "audio/aac" => "aac",
        "audio/amr" => "amr",
        "audio/wav" | "audio/x-wav" => "wav",
        "audio/flac" | "audio/x-flac" => "flac",
        _ => return None,
    })
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use futures_util::stream::{FuturesUnordered, StreamExt as _};

    use super::super::lane::MOST_WAITING;
    use super::*;

    #[tokio::test]
    async fn hostile_files_do_not_pile_up_before_a_program() {
        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("ffmpeg");
        let script =
            "#!/bin/sh\nuntil [ -e \"$(dirname \"$0\")/go\" ]; do sleep 0.02; done\necho done\n";
        std::fs::write(&program, script).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let root = folder.path().join("storage");
        let storage = Storage::open(&root, "test").unwrap();
        std::fs::write(root.join("hostile.mp4"), "x").unwrap();
        let programs = Programs::new(config::Derived {
            ffmpeg: program.display().to_string(),
            ..config::Derived::default()
        });
        let run = |_| programs.frame(&storage, "hostile.mp4", "video/mp4");
        let mut runs: FuturesUnordered<_> = (0..AT_ONCE + MOST_WAITING + 1).map(run).collect();
        let first = runs.next().await.unwrap();
        assert!(matches!(first, Err(Error::Busy)), "{first:?}");
        std::fs::write(folder.path().join("go"), "").unwrap();
        while let Some(run) = runs.next().await {
            assert_eq!(run.unwrap(), b"done\n");
        }
    }
}
