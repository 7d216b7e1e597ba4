//! The programs that previews are made with, if they are there: `ffmpeg` for video and sound, `pdftoppm` for PDF.
//!
//! The demuxer is named, because `ffmpeg` would otherwise read lists of other files.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::sync::OnceCell;

use super::picture::LONGEST_SIDE;
use super::schedule::{Ended, Schedule, Work, WorkKind};
use super::tool::{self, Call, Error, Isolation, Limits, PATH, Sink};
use crate::config;
use crate::storage::{Staging, Storage};

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
    pub(super) schedule: Schedule,
    /// The path of `bwrap`, if it works.
    isolator: Arc<OnceCell<Option<PathBuf>>>,
}

/// A stored file.
#[derive(Clone, Copy)]
pub struct Input<'a> {
    pub storage: &'a Storage,
    pub path: &'a str,
    /// May be empty.
    pub mime: &'a str,
    pub client: i64,
    pub sha256: [u8; 32],
}

impl Programs {
    pub fn new(settings: config::Derived, schedule: Schedule) -> Self {
        Self {
            settings,
            schedule,
            isolator: Arc::default(),
        }
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
        let found = self.isolator.get_or_init(probe).await;
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
        (kind, input): (WorkKind, Input<'_>),
        arguments: &[String],
        most_bytes: u64,
        sink: Sink<'_>,
    ) -> Result<u64, Error> {
        let program = match kind {
            WorkKind::Page => &self.settings.pdftoppm,
            _ => &self.settings.ffmpeg,
        };
        let program = tool::find(program).ok_or(Error::Absent)?;
        let path = input.path.to_owned();
        let copying = move |storage: &Storage| storage.local_copy(&path);
        let file = input.storage.blocking(copying).await;
        let file = file.map_err(Error::NoInput)?;
        let isolator = self.isolator().await;
        let call = Call {
            program: &program,
            arguments,
            file: file.path(),
            limits: self.limits(most_bytes),
            isolation: Isolation::Isolated,
        };
        let work = Work {
            kind,
            client: input.client,
            sha256: input.sha256,
            is_repeat: false,
        };
        let place = self.schedule.enter(work).await.ok_or(Error::Busy)?;
        let ran = tool::run(&call, isolator, sink).await;
        place.end(Ended::of(&ran));
        if let Err(error) = &ran {
            let program = program.display();
            tracing::warn!(%program, %error, "a program gave nothing for a file");
        }
        ran
    }

    async fn output(
        &self,
        of: (WorkKind, Input<'_>),
        arguments: &[String],
    ) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        let mut take = |piece: &[u8]| bytes.extend_from_slice(piece);
        let sink = Sink::Pieces(&mut take);
        self.run(of, arguments, MOST_PICTURE_BYTES, sink).await?;
        Ok(bytes)
    }

    /// The first page of a PDF, as JPEG.
    pub async fn first_page(&self, input: Input<'_>) -> Result<Vec<u8>, Error> {
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
        let arguments = arguments.map(str::to_owned);
        self.output((WorkKind::Page, input), &arguments).await
    }

    /// The first frame of a video, as JPEG.
    pub async fn frame(&self, input: Input<'_>) -> Result<Vec<u8>, Error> {
        let scale = format!("scale=w='min({LONGEST_SIDE},iw)':h=-2");
        let output = ["-an", "-sn", "-dn", "-frames:v", "1", "-vf", &scale];
        let form = ["-c:v", "mjpeg", "-f", "image2pipe", "pipe:1"];
        let output = [&output[..], &form].concat();
        let arguments = ffmpeg(input.mime, &output).ok_or(Error::Absent)?;
        self.output((WorkKind::Frame, input), &arguments).await
    }

    /// Decodes a sound: one channel, 16 bits, little-endian.
    pub async fn sound(
        &self,
        input: Input<'_>,
        take: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<(), Error> {
        let (seconds, rate) = (
            MOST_SOUND_SECONDS.to_string(),
            SAMPLES_PER_SECOND.to_string(),
        );
        let output = [
            "-vn", "-sn", "-dn", "-t", &seconds, "-ac", "1", "-ar", &rate, "-f", "s16le", "pipe:1",
        ];
        let arguments = ffmpeg(input.mime, &output).ok_or(Error::Absent)?;
        let most = (MOST_SOUND_SECONDS + 1) * u64::from(SAMPLES_PER_SECOND) * 2;
        let (of, sink) = ((WorkKind::Sound, input), Sink::Pieces(take));
        self.run(of, &arguments, most, sink).await.map(drop)
    }

    /// A sound as AAC, in the stream format that every phone plays. Returns its length.
    pub async fn aac(&self, input: Input<'_>, staging: &mut Staging) -> Result<u64, Error> {
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
        let arguments = ffmpeg(input.mime, &output).ok_or(Error::Absent)?;
        let (of, sink) = ((WorkKind::Sound, input), Sink::Staged(staging));
        self.run(of, &arguments, MOST_AAC_BYTES, sink).await
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
