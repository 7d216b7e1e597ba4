//! The contents of an export: `manifest.jsonl`, one line per media, and `SHA256SUMS` for `sha256sum -c`. Both are
//! written while the files are copied, and published last.
//!
//! A later export may go into the same folder with other filters: files of the earlier manifest that are still there
//! stay in the new one. Both are in the order of the ids, so that neither has to fit into memory.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, BufWriter, Lines, Write as _};
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use super::staged::Staged;
use crate::disk;
use crate::media::{self, Media};
use crate::ops::Problem;

pub(super) const LINES: &str = "manifest.jsonl";
pub(in crate::ops) const SUMS: &str = "SHA256SUMS";

/// The manifest of an earlier export into the same folder.
struct Earlier {
    root: PathBuf,
    lines: Lines<BufReader<File>>,
    next: Option<(String, Value)>,
}

impl Earlier {
    fn open(root: &Path) -> io::Result<Option<Self>> {
        let Some(file) = disk::unless_missing(File::open(root.join(LINES)))? else {
            return Ok(None);
        };
        let mut earlier = Self {
            root: root.to_owned(),
            lines: BufReader::new(file).lines(),
            next: None,
        };
        earlier.advance()?;
        Ok(Some(earlier))
    }

    /// Advances to the next line whose file is still there.
    fn advance(&mut self) -> io::Result<()> {
        self.next = None;
        for line in self.lines.by_ref() {
            let line = line?;
            let Ok(entry) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            let there = entry["path"].as_str().is_some_and(|path| {
                let found = self.root.join(path).metadata();
                found.is_ok_and(|found| Some(found.len()) == entry["size"].as_u64())
            });
            if entry["exported"] == true && there {
                self.next = Some((line, entry));
                return Ok(());
            }
        }
        Ok(())
    }
}

pub(super) struct Manifest {
    lines: BufWriter<Staged>,
    sums: BufWriter<Staged>,
    earlier: Option<Earlier>,
    carried: u64,
}

impl Manifest {
    /// `stage` creates its two files; `root` is where an earlier manifest may be. `None` when another process is writing
    /// to the same target.
    pub fn create(
        stage: impl Fn(&str) -> io::Result<Option<Staged>>,
        root: Option<&Path>,
    ) -> io::Result<Option<Self>> {
        let lines = stage("manifest")?.map(BufWriter::new);
        let sums = stage("sums")?.map(BufWriter::new);
        let earlier = root.map(Earlier::open).transpose()?.flatten();
        Ok(lines.zip(sums).map(|(lines, sums)| Self {
            lines,
            sums,
            earlier,
            carried: 0,
        }))
    }

    /// Adds a media; they come in the order of their ids.
    pub fn add(&mut self, media: &Media, problem: Option<Problem>) -> io::Result<()> {
        self.carry(Some(media.id.as_str()))?;
        writeln!(self.lines, "{}", line(media, problem))?;
        match (media.path(), media.sha256, problem) {
            (Some(path), Some(sha256), None) => {
                let line = sum(path, &media::hex(&sha256));
                self.sums.write_all(line.as_bytes())
            }
            _ => Ok(()),
        }
    }

    /// Copies the lines of an earlier manifest before this media, and drops its line of this media.
    fn carry(&mut self, before: Option<&str>) -> io::Result<()> {
        let Some(earlier) = &mut self.earlier else {
            return Ok(());
        };
        while let Some((line, entry)) = &earlier.next {
            let id = entry["id"].as_str().unwrap_or("");
            if before.is_some_and(|before| id > before) {
                return Ok(());
            }
            if before != Some(id) {
                writeln!(self.lines, "{line}")?;
                let (path, sha256) = (entry["path"].as_str(), entry["sha256"].as_str());
                let sum = sum(path.unwrap_or(""), sha256.unwrap_or(""));
                self.sums.write_all(sum.as_bytes())?;
                self.carried += 1;
            }
            earlier.advance()?;
        }
        Ok(())
    }

    /// Copies the rest of an earlier manifest; returns how many of its lines are in this one.
    pub fn carry_rest(&mut self) -> io::Result<u64> {
        self.carry(None)?;
        Ok(self.carried)
    }

    /// Both files and their names, the manifest last.
    pub fn finish(self) -> io::Result<[(&'static str, Staged); 2]> {
        let written = |file: BufWriter<Staged>| file.into_inner().map_err(io::Error::from);
        Ok([(SUMS, written(self.sums)?), (LINES, written(self.lines)?)])
    }
}

const FIELDS: &[&str] = &[
    "id",
    "client",
    "instance",
    "gateway",
    "message_id",
    "slot",
    "kind",
    "mime",
    "file_name",
    "caption",
    "chat_id",
    "sender_id",
    "sender_name",
    "from_me",
    "is_group",
    "sent_at",
    "received_at",
    "stored_at",
    "size",
    "sha256",
    "verified",
    "path",
];

/// The fields of a media that describe its file and its message.
pub(in crate::ops) fn facts(media: &Media) -> Map<String, Value> {
    let document = json!(media);
    let mut facts = Map::new();
    for name in FIELDS {
        facts.insert((*name).to_owned(), document[*name].clone());
    }
    facts
}

/// The line of one media, with the field names of all other outputs.
fn line(media: &Media, problem: Option<Problem>) -> Value {
    let mut line = facts(media);
    line.insert("exported".to_owned(), json!(problem.is_none()));
    line.insert("finding".to_owned(), json!(problem));
    Value::Object(line)
}

/// A line as `sha256sum` writes it: with a backslash before it when something in the name had to be escaped.
pub(in crate::ops) fn sum(path: &str, sha256: &str) -> String {
    let escaped = path
        .replace('\\', "\\\\")
        .replace('\n', "\\n")
        .replace('\r', "\\r");
    let mark = if escaped == path { "" } else { "\\" };
    format!("{mark}{sha256}  {escaped}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_escaped_as_sha256sum_does() {
        assert_eq!(sum("a b/c.ogg", "00"), "00  a b/c.ogg\n");
        assert_eq!(sum("a\\b\nc\r", "00"), "\\00  a\\\\b\\nc\\r\n");
    }
}
