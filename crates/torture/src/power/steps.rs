//! The commands that follow a recorded run, each of which changes files and rows: a backup, the repair of files that were
//! damaged before, the import of another system's data, and the erasure of a person.

use std::path::{Path, PathBuf};

use rusqlite::{Connection, params};
use wa_media::MediaKind;
use wa_sim::{Content, SimMedia};

use crate::plan::{FORGOTTEN, IMPORTED, Message};
use crate::program::Program;

/// One command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Backup,
    Repair,
    Import,
    Forget,
}

impl Step {
    /// In the order in which they are recorded.
    pub const ALL: [Self; 4] = [Self::Backup, Self::Repair, Self::Import, Self::Forget];

    /// The name in the log.
    pub fn name(self) -> &'static str {
        match self {
            Self::Backup => "backup",
            Self::Repair => "repair",
            Self::Import => "import",
            Self::Forget => "forget",
        }
    }

    /// Runs it to its end on the disk of `program`, where `backup` is the backup's folder. Fails when it does not report
    /// that all is done.
    pub async fn run(
        self,
        program: &Program,
        backup: &Path,
        original: &Original,
    ) -> anyhow::Result<()> {
        let (backup, folder) = (backup.to_string_lossy(), &original.folder);
        let (db, media) = (folder.join(DATABASE), folder.join(FILES));
        let (db, media) = (db.to_string_lossy(), media.to_string_lossy());
        let words: &[&str] = match self {
            Self::Backup => &["backup", &backup],
            Self::Repair => &["scrub", "--repair"],
            Self::Import => &["import", "multichat", "--db", &db, "--media", &media],
            Self::Forget => &[
                "forget",
                "--client",
                "1",
                "--contact",
                FORGOTTEN[0],
                "--contact",
                FORGOTTEN[1],
                "--yes",
            ],
        };
        let (code, document) = program.run(&[&["--json"], words].concat()).await?;
        let is_done = match self {
            Self::Backup | Self::Import => code == 0,
            // It found something wrong.
            Self::Repair => code <= 1,
            Self::Forget => document["whole"] == true,
        };
        anyhow::ensure!(is_done, "{words:?} ended with {code}: {document}");
        Ok(())
    }
}

/// The other system's database and its folder of files.
const DATABASE: &str = "db.sqlite3";
const FILES: &str = "media_storage";

const SCHEMA: &str = "
create table core_cliente (id integer primary key, nome text);
create table core_whatsappinstance (id integer primary key, instance_id text, token text, cliente_id integer, status text);
create table core_mediafile (id integer primary key, message_id text, sender_id text, media_type text, mimetype text, file_path text,
  download_status text, media_key text, direct_path text, file_sha256 text, message_timestamp text, download_timestamp text, created_at text,
  cliente_id integer, instance_id integer);
insert into core_cliente values (3, 'Client 3');
";
const COUNT: usize = 6;

/// Another system, with its files. The program only reads it.
pub struct Original {
    folder: PathBuf,
    /// What an import takes over.
    pub messages: Vec<Message>,
}

impl Original {
    /// Makes one in a new folder.
    pub fn new(folder: PathBuf) -> anyhow::Result<Self> {
        std::fs::create_dir(&folder)?;
        std::fs::create_dir(folder.join(FILES))?;
        let connection = Connection::open(folder.join(DATABASE))?;
        connection.execute_batch(SCHEMA)?;
        let sql =
            "insert into core_whatsappinstance values (1, ?, 'gateway-token', 3, 'connected')";
        connection.execute(sql, [IMPORTED])?;
        let mut messages = Vec::new();
        for n in 0..COUNT {
            // The last two have the same bytes.
            let bytes = ogg(n.min(COUNT - 2));
            let media = SimMedia {
                content: Content::Bytes(bytes.clone().into()),
                ..SimMedia::sample(IMPORTED, &format!("IMPORTED{n:04}"), MediaKind::Audio)
            };
            let place = format!("cliente_3/instance_{IMPORTED}/audios");
            std::fs::create_dir_all(folder.join(FILES).join(&place))?;
            let path = format!("{place}/{n}.ogg");
            std::fs::write(folder.join(FILES).join(&path), bytes)?;
            let sql = "insert into core_mediafile (message_id, sender_id, media_type, mimetype, file_path, download_status, media_key,
                         file_sha256, message_timestamp, download_timestamp, created_at, cliente_id, instance_id)
                       values (?, '5500900000001', 'audio', 'audio/ogg', ?, 'success', ?, ?, '2025-09-05 20:04:56', '2025-09-05 20:05:02',
                         '2025-09-05 20:05:01', 3, 1)";
            let key = serde_json::to_string(media.media_key.as_bytes())?;
            let sha256 = serde_json::to_string(&media.content.sha256())?;
            connection.execute(sql, params![media.message_id, path, key, sha256])?;
            messages.push(Message {
                media,
                must_be_stored: true,
                media_count: 1,
            });
        }
        Ok(Self { folder, messages })
    }
}

fn ogg(n: usize) -> Vec<u8> {
    let head = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13OpusHead";
    [&head[..], &n.to_be_bytes(), &[1; 3_000]].concat()
}
