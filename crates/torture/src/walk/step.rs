//! One step of the server, and what happens at it.

use anyhow::Context as _;

/// A step in the order in which the server made it.
#[derive(Clone, Debug)]
pub struct Step {
    /// From 1.
    pub number: usize,
    pub label: String,
}

pub const DATABASE_WRITE: &str = "database write";
pub const FILE_LINK: &str = "file link";
const ANSWER: &str = "answer";
const REQUEST: &str = "request";

impl Step {
    pub fn is_of_disk(&self) -> bool {
        self.label != ANSWER && self.label != REQUEST
    }
}

/// Which step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    Number(usize),
    /// The first with this label: a step of the clock may come before it in one run and after it in another.
    First(&'static str),
}

impl Place {
    /// Among the steps of a run.
    pub fn find(self, steps: Vec<Step>) -> Option<Step> {
        let is_it = |step: &Step| match self {
            Self::Number(number) => step.number == number,
            Self::First(label) => step.label == label,
        };
        steps.into_iter().find(is_it)
    }
}

/// The event at a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// SIGKILL just before it.
    Before,
    /// SIGKILL just after it.
    After,
    /// It fails once, as on a broken disk.
    Io,
    /// It fails once, as on a full disk.
    Full,
    /// It is not made, and reports success: no disk does that.
    Dropped,
}

impl Failure {
    pub const ALL: [Self; 4] = [Self::Before, Self::After, Self::Io, Self::Full];

    pub fn is_kill(self) -> bool {
        matches!(self, Self::Before | Self::After)
    }

    pub fn errno(self) -> Option<i32> {
        match self {
            Self::Io => Some(rustix::io::Errno::IO.raw_os_error()),
            Self::Full => Some(rustix::io::Errno::NOSPC.raw_os_error()),
            Self::Before | Self::After | Self::Dropped => None,
        }
    }

    /// Its column in the table.
    pub fn column(self) -> usize {
        let mut all = Self::ALL.iter();
        all.position(|failure| *failure == self).unwrap_or(0)
    }

    /// What `record.c` reads.
    pub fn order(self, place: Place) -> String {
        let (number, only) = match place {
            Place::Number(number) => (number, ""),
            Place::First(DATABASE_WRITE) => (1, "W .db-wal"),
            Place::First(_) => (1, "L media_storage"),
        };
        let errno = self.errno().unwrap_or(0);
        let how = match self {
            Self::Before => "before",
            Self::After => "after",
            Self::Dropped => "drop",
            Self::Io | Self::Full => "error",
        };
        format!("{number} {how} {errno} {only}")
    }
}

/// The steps that the library wrote down.
pub fn read(trace: &str) -> anyhow::Result<Vec<Step>> {
    let step = |line: &str| {
        let mut fields = line.splitn(3, ' ');
        let mut field = || fields.next().with_context(|| format!("step {line:?}"));
        let (number, what, path) = (field()?.parse()?, field()?, field()?);
        let label = label(what, path);
        Ok(Step { number, label })
    };
    trace.lines().map(step).collect()
}

fn label(what: &str, path: &str) -> String {
    let what = match what {
        "A" => return ANSWER.to_owned(),
        "Q" => return REQUEST.to_owned(),
        "C" => "create",
        "W" => "write",
        "T" => "truncate",
        "S" => "sync",
        "R" => "rename",
        "L" => "link",
        "U" => "unlink",
        "M" => "make folder",
        "D" => "remove folder",
        other => other,
    };
    let name = path.rsplit('/').next().unwrap_or(path);
    let of = if path.contains("/.staging") {
        "staging"
    } else if path.contains("/bodies") {
        "body"
    } else if name.ends_with(".db-wal") {
        "database"
    } else if name.contains(".db") {
        "database file"
    } else if path.contains("media_storage") && (!name.contains('.') || what == "make folder") {
        "folder"
    } else if path.contains("media_storage") {
        "file"
    } else {
        "other"
    };
    format!("{of} {what}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_labelled_by_what_they_change() {
        for (line, label) in [
            ("1 W data/midiateca.db-wal", DATABASE_WRITE.to_owned()),
            ("2 S data/midiateca.db-wal", "database sync".to_owned()),
            ("3 S data/midiateca.db", "database file sync".to_owned()),
            (
                "4 C data/media_storage/.staging/a-1",
                "staging create".to_owned(),
            ),
            ("5 L data/media_storage/1/2026/a.jpg", FILE_LINK.to_owned()),
            ("6 S data/media_storage/1/2026", "folder sync".to_owned()),
            ("7 W data/bodies/a.0.new", "body write".to_owned()),
            ("8 A ", ANSWER.to_owned()),
            ("9 Q ", REQUEST.to_owned()),
        ] {
            let step = &read(line).unwrap()[0];
            assert_eq!(step.label, label, "{line}");
            assert_eq!(step.is_of_disk(), step.number < 8);
        }
        assert!(read("one W a").is_err());
    }
}
