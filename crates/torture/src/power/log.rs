//! Reads the records of `record.c`.

use anyhow::{Context as _, bail};

/// Reported when clients and instances are there.
pub const SET_UP: &str = "set up";
/// Reported when the server has stored all messages and ended.
pub const SERVED: &str = "served";
/// Reported when a file has wrong bytes.
pub const CORRUPT: &str = "corrupt";
/// What is reported before the first command.
pub const BEFORE_STEPS: [&str; 2] = [SET_UP, SERVED];

/// One thing that happened to the folder. Paths are relative to it.
#[derive(Debug)]
pub enum Record {
    Create {
        inode: u64,
        path: String,
    },
    Write {
        inode: u64,
        offset: u64,
        bytes: Vec<u8>,
    },
    Resize {
        inode: u64,
        size: u64,
    },
    Rename {
        from: String,
        to: String,
    },
    Link {
        from: String,
        to: String,
    },
    Unlink {
        path: String,
    },
    MakeFolder {
        path: String,
    },
    RemoveFolder {
        path: String,
    },
    SyncBegan {
        id: u64,
        what: Synced,
    },
    SyncDone {
        id: u64,
    },
    /// Added by the test: a webhook of this message was answered with 200.
    Acknowledged {
        message: String,
        media: String,
    },
    /// Added by the test: a command reported that this is done.
    Reported {
        what: String,
    },
    /// Added by the test: it damaged this file on purpose.
    Damaged {
        path: String,
    },
}

/// What a sync is of.
#[derive(Clone, Debug)]
pub enum Synced {
    File(u64),
    Folder(String),
}

/// All records of a log.
pub fn read(mut log: &[u8]) -> anyhow::Result<Vec<Record>> {
    let mut records = Vec::new();
    while !log.is_empty() {
        let end = log
            .iter()
            .position(|byte| *byte == b'\n')
            .context("a record is cut")?;
        let line = std::str::from_utf8(&log[..end])?;
        log = &log[end + 1..];
        let (what, rest) = line
            .split_once(' ')
            .with_context(|| format!("record {line:?}"))?;
        records.push(record(what, rest, &mut log).with_context(|| format!("record {line:?}"))?);
    }
    Ok(records)
}

fn record(what: &str, rest: &str, log: &mut &[u8]) -> anyhow::Result<Record> {
    let pair = |by: char| rest.split_once(by).context("two fields");
    let path = || rest.to_owned();
    Ok(match what {
        "C" => {
            let (inode, path) = pair(' ')?;
            Record::Create {
                inode: inode.parse()?,
                path: path.to_owned(),
            }
        }
        "W" => {
            let mut fields = rest.split(' ');
            let mut number = || {
                fields
                    .next()
                    .context("three fields")?
                    .parse::<u64>()
                    .context("a number")
            };
            let (inode, offset, size) = (number()?, number()?, usize::try_from(number()?)?);
            let bytes = log.get(..size).context("the bytes are cut")?.to_vec();
            *log = &log[size..];
            Record::Write {
                inode,
                offset,
                bytes,
            }
        }
        "T" => {
            let (inode, size) = pair(' ')?;
            Record::Resize {
                inode: inode.parse()?,
                size: size.parse()?,
            }
        }
        "R" | "L" => {
            let (from, to) = pair('\t')?;
            let (from, to) = (from.to_owned(), to.to_owned());
            if what == "R" {
                Record::Rename { from, to }
            } else {
                Record::Link { from, to }
            }
        }
        "U" => Record::Unlink { path: path() },
        "M" => Record::MakeFolder { path: path() },
        "D" => Record::RemoveFolder { path: path() },
        "B" => {
            let (id, what) = pair(' ')?;
            let what = match what.strip_prefix('/') {
                Some(folder) => Synced::Folder(folder.to_owned()),
                None => Synced::File(what.parse()?),
            };
            Record::SyncBegan {
                id: id.parse()?,
                what,
            }
        }
        "E" => Record::SyncDone { id: rest.parse()? },
        "A" => {
            let (message, media) = pair(' ')?;
            Record::Acknowledged {
                message: message.to_owned(),
                media: media.to_owned(),
            }
        }
        "S" => Record::Reported {
            what: rest.to_owned(),
        },
        "X" => Record::Damaged { path: path() },
        _ => bail!("unknown record"),
    })
}
