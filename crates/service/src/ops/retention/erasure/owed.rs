//! What an erasure that was cut short still owes: without it the next one would not find the names that the first rows
//! to go had told, nor know that the database is still to be written anew, nor what was erased already.
//!
//! Several erasures may be under way at once, so what is remembered is read and written in one transaction.

use serde::{Deserialize, Serialize};

use crate::app::App;
use crate::clock::Millis;
use crate::db::{Error, Key, Tx};
use crate::model::{erased_message, fresh_id};

/// Whatever was erased may lie between the rows until the database is written anew. Says nothing of anybody, and is
/// another one each time.
const COMPACTION: &str = "erased, not compacted";

/// How much was erased.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Figures {
    /// Rows of which everything personal is gone.
    pub media: u64,
    /// Other people's rows of which the person's name is gone.
    pub mentions: u64,
    /// Files that are gone.
    pub files: u64,
    /// How large they were together.
    pub bytes: u64,
    /// Raw deliveries that are gone.
    pub deliveries: u64,
}

impl Figures {
    fn add(&mut self, more: Self) {
        self.media += more.media;
        self.mentions += more.mentions;
        self.files += more.files;
        self.bytes += more.bytes;
        self.deliveries += more.deliveries;
    }
}

/// One person whose erasure was begun.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "Written")]
struct Begun {
    names: Vec<String>,
    erased: Figures,
    /// Whether nothing is left of them but what the database was. From then on the names are told by their hashes.
    is_done: bool,
}

/// As it is written now, and as it was at first.
#[derive(Deserialize)]
#[serde(untagged)]
enum Written {
    Names(Vec<String>),
    Begun {
        names: Vec<String>,
        erased: Figures,
        is_done: bool,
    },
}

impl From<Written> for Begun {
    fn from(written: Written) -> Self {
        match written {
            Written::Names(names) => Self {
                names,
                ..Self::default()
            },
            Written::Begun {
                names,
                erased,
                is_done,
            } => Self {
                names,
                erased,
                is_done,
            },
        }
    }
}

impl Begun {
    fn is_of(&self, names: &[String]) -> bool {
        names.iter().any(|name| match self.is_done {
            true => self.names.contains(&erased_message(name)),
            false => self.names.contains(name),
        })
    }
}

/// The erasures of one client's people that were begun, and of which no proof was given yet.
#[derive(Clone)]
pub(super) struct Owed {
    mark: String,
    begun: Vec<Begun>,
}

fn read(begun: Option<&str>) -> Vec<Begun> {
    // What cannot be read was written by nobody here, and is written anew.
    let begun = begun.and_then(|begun| serde_json::from_str(begun).ok());
    begun.unwrap_or_default()
}

impl Owed {
    pub async fn of(app: &App, client: i64) -> Result<Self, Error> {
        let mark = format!("forget {client}");
        let begun = read(app.db.marked(&mark).await?.as_deref());
        Ok(Self { mark, begun })
    }

    /// As it is now.
    async fn again(&self, tx: &mut Tx) -> Result<Self, Error> {
        let begun = read(tx.marked(&self.mark).await?.as_deref());
        let mark = self.mark.clone();
        Ok(Self { mark, begun })
    }

    async fn write(&self, tx: &mut Tx, now: Millis) -> Result<(), Error> {
        match self.begun.is_empty() {
            true => tx.unmark(&self.mark).await,
            false => {
                let begun = serde_json::json!(self.begun).to_string();
                tx.mark(&self.mark, &begun, now).await
            }
        }
    }

    /// The names that erasures found which were not done.
    pub fn names(&self) -> impl Iterator<Item = &[String]> {
        let open = self.begun.iter().filter(|begun| !begun.is_done);
        open.map(|begun| begun.names.as_slice())
    }

    /// How much an erasure of one of these erased that was begun before; nothing when none was.
    pub fn erased(&self, names: &[String]) -> Option<Figures> {
        let mut theirs = self
            .begun
            .iter()
            .filter(|begun| begun.is_of(names))
            .peekable();
        theirs.peek()?;
        let mut erased = Figures::default();
        theirs.for_each(|begun| erased.add(begun.erased));
        Some(erased)
    }

    /// Takes what is remembered of these names out, as one.
    fn take(&mut self, names: &[String]) -> Begun {
        let (theirs, others) = std::mem::take(&mut self.begun)
            .into_iter()
            .partition::<Vec<_>, _>(|begun| begun.is_of(names));
        self.begun = others;
        let mut one = Begun {
            is_done: !theirs.is_empty() && theirs.iter().all(|begun| begun.is_done),
            ..Begun::default()
        };
        for begun in theirs {
            one.erased.add(begun.erased);
            if !begun.is_done {
                one.names.extend(begun.names);
            }
        }
        one.names.extend_from_slice(names);
        one.names.sort();
        one.names.dedup();
        one
    }

    /// Remembers an erasure before its first row goes.
    pub async fn begin(&self, tx: &mut Tx, names: &[String], now: Millis) -> Result<(), Error> {
        self.add(tx, names, Figures::default(), now).await
    }

    /// Remembers how much more went.
    pub async fn add(
        &self,
        tx: &mut Tx,
        names: &[String],
        more: Figures,
        now: Millis,
    ) -> Result<(), Error> {
        let mut owed = self.again(tx).await?;
        let mut theirs = owed.take(names);
        theirs.is_done = false;
        theirs.erased.add(more);
        owed.begun.push(theirs);
        owed.write(tx, now).await
    }

    /// Remembers that nothing is left of these names but what the database was, and that it is to be written anew.
    pub async fn done(&self, tx: &mut Tx, names: &[String], now: Millis) -> Result<(), Error> {
        let mut owed = self.again(tx).await?;
        let mut theirs = owed.take(names);
        if !std::mem::replace(&mut theirs.is_done, true) {
            tx.mark(COMPACTION, &fresh_id(now), now).await?;
        }
        theirs.names = theirs
            .names
            .iter()
            .map(|name| erased_message(name))
            .collect();
        owed.begun.push(theirs);
        owed.write(tx, now).await
    }

    /// Forgets what was remembered of these names, for their proof is given; unless more of them is being erased.
    pub async fn proven(&self, tx: &mut Tx, names: &[String], now: Millis) -> Result<(), Error> {
        let mut owed = self.again(tx).await?;
        owed.begun
            .retain(|begun| !begun.is_done || !begun.is_of(names));
        owed.write(tx, now).await
    }
}

/// That the database is to be written anew.
pub(super) struct Compaction(String);

impl Compaction {
    /// Whether somebody's erasure owes it.
    pub async fn owed(app: &App) -> Result<Option<Self>, Error> {
        Ok(app.db.marked(COMPACTION).await?.map(Self))
    }

    /// Remembers that it was, unless something was erased since it was seen to be owed.
    pub async fn done(self, app: &App) -> Result<(), Error> {
        let writing = app.db.write(Key::Everything, async move |tx| {
            match tx.marked(COMPACTION).await? {
                Some(owed) if owed == self.0 => tx.unmark(COMPACTION).await,
                _ => Ok(()),
            }
        });
        writing.await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_written_at_first_is_still_read() {
        let begun = read(Some(r#"[["5500900000001","100000000000001"]]"#));
        let owed = Owed {
            mark: String::new(),
            begun,
        };
        let names = ["100000000000001".to_owned()];
        assert_eq!(owed.erased(&names), Some(Figures::default()));
        assert_eq!(owed.erased(&["5500900000002".to_owned()]), None);
        assert_eq!(owed.names().count(), 1);
    }

    #[test]
    fn who_is_done_is_known_by_a_hash_and_keeps_the_figures() {
        let names = ["5500900000001".to_owned()];
        let erased = Figures {
            media: 3,
            ..Figures::default()
        };
        let begun = Begun {
            names: vec![erased_message(&names[0])],
            erased,
            is_done: true,
        };
        let begun = read(Some(&serde_json::json!([begun]).to_string()));
        let mut owed = Owed {
            mark: String::new(),
            begun,
        };
        assert_eq!(owed.names().count(), 0);
        assert_eq!(owed.erased(&names), Some(erased));
        let again = owed.take(&names);
        assert_eq!((again.names.as_slice(), again.is_done), (&names[..], true));
        assert!(owed.begun.is_empty());
    }
}
