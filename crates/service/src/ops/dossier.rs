//! A dossier: stored files with all that proves them, in a ZIP that others can check without this installation.
//!
//! Contains the original bytes, `manifest.json`, the raw deliveries that are still stored, `index.html` for people,
//! `SHA256SUMS` over all of these for `sha256sum -c`, and `SIGNATURE`: the Ed25519 signature of `SHA256SUMS` by this
//! installation's key. What WhatsApp promised about each file is compared with the bytes once more. Each file is read
//! twice, and memory does not grow with the number of files, except for the names and the sums.

mod checks;
mod entry;
mod signature;
pub mod verify;
mod written;

use std::collections::{BTreeMap, HashMap};
use std::io;
use std::sync::Arc;

use bytes::Bytes;
use serde::Serialize;
use serde_json::{Map, Value};

use super::export::is_gone;
use super::export::names::Names;
use super::export::outcome::Halt;
use super::export::source::{Expected, ProvenReader, Watch};
use crate::clock::{Clock, Millis};
use crate::db::{self, Db};
use crate::deliveries;
use crate::derived::Derived;
use crate::media::chats;
use crate::media::holds::{self, CoveringHold};
use crate::media::screening::Screening;
use crate::media::{self, Filter, Media};
use crate::model::{ChatKind, DeliveryId, MediaStatus, Role};
use crate::secrets::{self, Secrets};
use crate::shutdown::CancellationToken;
use crate::storage::Storage;
use crate::storage::layout::RelativePath;
pub use checks::{PromiseCheck, PromiseChecks, PromiseResult};
pub use entry::{DossierDelivery, DossierMedia, Omission};
pub use signature::{PublicKey, public_key};
use written::Written;

/// Marks a manifest; the number grows with changes that readers have to know.
pub const FORMAT: &str = "midiateca-dossier-1";
pub const MANIFEST: &str = "manifest.json";
pub const PAGE: &str = "index.html";
pub const SIGNATURE: &str = "SIGNATURE";
/// In one dossier, so that its page can be opened and its manifest be read.
pub const MOST_MEDIA: u64 = 20_000;
/// Rows in one query.
const ROWS: u32 = 200;
/// Pictures on the page, which each of them makes longer by some 15 KB.
const MOST_PREVIEWS: u64 = 500;

#[derive(Clone, Copy)]
pub struct Deps<'a> {
    pub db: &'a Db,
    pub storage: &'a Storage,
    pub clock: &'a Clock,
    pub secrets: &'a Secrets,
    pub derived: &'a Derived,
}

pub struct Options {
    /// Only stored files of it are taken; the others are counted.
    pub filter: Filter,
    /// The filter as it was asked for.
    pub selection: Map<String, Value>,
    /// With the keys that decrypt the files of WhatsApp's CDN, also in raw deliveries. Tokens stay masked.
    pub with_keys: bool,
    /// Which files are left out.
    pub screening: Screening,
    /// The code of who makes it.
    pub made_by: String,
    /// The name of the user or the key.
    pub made_by_name: Option<String>,
    /// The names of clients that the caller may see.
    pub client_names: BTreeMap<i64, String>,
    /// The zone of the page's times, and of days in the selection.
    pub time_zone: String,
    /// Who may know why there are holds.
    pub role: Role,
    /// Writes the page for people.
    pub page: Box<dyn Fn(Part<'_>) -> String + Send>,
    pub stream: Box<dyn io::Write + Send>,
}

/// A part of the page for people, in order; the head is written last.
pub enum Part<'a> {
    Head(&'a Facts),
    Media(&'a DossierMedia<'a>),
    Foot(&'a Facts),
}

/// The description of a dossier in its manifest.
#[derive(Clone, Debug, Serialize)]
pub struct Facts {
    pub format: &'static str,
    /// The id of the database.
    pub installation: String,
    pub version: &'static str,
    /// Base64.
    pub public_key: String,
    #[serde(serialize_with = "crate::clock::as_rfc3339")]
    pub made_at: Millis,
    pub made_by: String,
    pub made_by_name: Option<String>,
    pub with_keys: bool,
    /// The conditions on media that were asked for, by the names of the API.
    pub selection: Map<String, Value>,
    /// The zone in which a day of the selection begins and ends.
    pub time_zone: String,
    /// The selection's beginning, and its end, which is not in it.
    pub period: Period,
    /// When the first and the last media in it were received.
    pub received: Period,
    /// The clients of the media in it, by number, with their names.
    pub clients: BTreeMap<i64, Option<String>>,
    /// The instances that received them, with their gateways.
    pub instances: BTreeMap<String, &'static str>,
    /// The files in it by how each was verified when it was stored.
    pub verified: BTreeMap<&'static str, u64>,
    /// Media of the selection that have no stored file, by status.
    pub not_stored: BTreeMap<&'static str, u64>,
    /// Files in it.
    pub files: u64,
    /// Of these files.
    pub bytes: u64,
    /// Media whose file is not in it.
    pub omitted: u64,
}

/// Instants; null where none is known.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub struct Period {
    #[serde(serialize_with = "crate::clock::as_rfc3339_or_null")]
    pub from: Option<Millis>,
    #[serde(serialize_with = "crate::clock::as_rfc3339_or_null")]
    pub to: Option<Millis>,
}

impl Period {
    fn widen(&mut self, at: Millis) {
        self.from = Some(self.from.map_or(at, |from| from.min(at)));
        self.to = Some(self.to.map_or(at, |to| to.max(at)));
    }
}

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error(transparent)]
    Db(#[from] db::Error),
    #[error(transparent)]
    Secrets(#[from] secrets::Error),
    #[error("it was cancelled")]
    Cancelled,
    #[error("the dossier could not be written")]
    Failed(#[source] io::Error),
}

impl From<Halt> for Error {
    fn from(halt: Halt) -> Self {
        match halt {
            Halt::Cancelled => Self::Cancelled,
            Halt::Db(error) => Self::Db(error),
            Halt::Failed(error) => Self::Failed(error),
        }
    }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        Self::Failed(error)
    }
}

/// Writes a dossier; needs a runtime with several threads. On an error the stream has no end, so that no program opens it.
pub async fn run(
    deps: Deps<'_>,
    options: Options,
    cancelled: CancellationToken,
) -> Result<Facts, Error> {
    let seed = deps.secrets.dossier_seed()?;
    let facts = Facts {
        format: FORMAT,
        installation: deps.db.identity().to_owned(),
        version: env!("CARGO_PKG_VERSION"),
        public_key: public_key(&seed).to_string(),
        made_at: deps.clock.now(),
        made_by: options.made_by,
        made_by_name: options.made_by_name,
        with_keys: options.with_keys,
        selection: options.selection,
        time_zone: options.time_zone,
        period: Period {
            from: options.filter.since,
            to: options.filter.until,
        },
        received: Period::default(),
        clients: BTreeMap::new(),
        instances: BTreeMap::new(),
        verified: BTreeMap::new(),
        not_stored: not_stored(deps.db, &options.filter).await?,
        files: 0,
        bytes: 0,
        omitted: 0,
    };
    let mut dossier = Dossier {
        deps,
        watch: Watch {
            cancelled,
            progress: Arc::new(()),
        },
        written: Written::new(options.stream, facts.made_at)?,
        facts,
        screening: options.screening,
        page: options.page,
        names: Names::default(),
        deliveries: HashMap::new(),
        client_names: options.client_names,
        chat_names: HashMap::new(),
        role: options.role,
    };
    let mut after = String::new();
    while let Some(page) = media::stored(deps.db, &options.filter, &mut after, ROWS).await? {
        let ids: Vec<_> = page.iter().map(|media| media.id.clone()).collect();
        let mut holds = holds::covering(deps.db, &ids).await?;
        for media in page {
            let holds = holds.remove(media.id.as_str()).unwrap_or_default();
            dossier.copy_media(media, holds).await?;
        }
    }
    let Dossier {
        written,
        facts,
        page,
        ..
    } = dossier;
    let head = page(Part::Head(&facts));
    let foot = page(Part::Foot(&facts));
    tokio::task::block_in_place(|| written.finish(&facts, &head, &foot, &seed))?;
    Ok(facts)
}

async fn not_stored(db: &Db, filter: &Filter) -> Result<BTreeMap<&'static str, u64>, db::Error> {
    let mut counts = BTreeMap::new();
    for status in MediaStatus::ALL {
        let filter = Filter {
            status: Some(status),
            ..filter.clone()
        };
        let count = match status {
            MediaStatus::Stored => 0,
            _ => media::count(db, &filter).await?,
        };
        if count > 0 {
            counts.insert(status.as_str(), count);
        }
    }
    Ok(counts)
}

/// Only of pictures: those of videos and documents are made by other programs, which takes seconds.
async fn preview(derived: &Derived, media: &Media) -> Option<Bytes> {
    let mime = media.mime.as_deref()?;
    let picture = mime
        .starts_with("image/")
        .then(|| derived.thumbnail(media))?;
    picture.await.ok()
}

struct Dossier<'a> {
    deps: Deps<'a>,
    watch: Watch,
    written: Written,
    facts: Facts,
    screening: Screening,
    page: Box<dyn Fn(Part<'_>) -> String + Send>,
    names: Names,
    /// Those of the media until now.
    deliveries: HashMap<DeliveryId, DossierDelivery>,
    client_names: BTreeMap<i64, String>,
    /// The names of the people of private chats.
    chat_names: HashMap<(i64, String), Option<String>>,
    role: Role,
}

impl Dossier<'_> {
    async fn copy_media(
        &mut self,
        mut media: Media,
        holds: Vec<CoveringHold>,
    ) -> Result<(), Error> {
        let path = media.path().map(str::to_owned);
        let path = path.and_then(RelativePath::from_row);
        let name = path.as_ref().map(|path| self.names.name_for(path));
        let name = name.map(|name| format!("files/{}", name.as_str()));
        let place = path.zip(name.clone());
        let copied = tokio::task::block_in_place(|| self.copy_file(&media, place))?;
        if copied.is_err() && is_gone(self.deps.db, &media).await? {
            return Ok(());
        }
        let preview = match &copied {
            Ok(_) if self.facts.files < MOST_PREVIEWS => preview(self.deps.derived, &media).await,
            _ => None,
        };
        media.file_path = name;
        self.describe(&media, copied.is_ok());
        let entry = DossierMedia {
            number: self.facts.files + self.facts.omitted,
            attempts: media::attempts(self.deps.db, &media.id).await?,
            delivery: self.copy_delivery(&media.delivery).await?,
            with_keys: self.facts.with_keys,
            client_name: self.client_names.get(&media.client).cloned(),
            chat_name: self.chat_name(&media).await?,
            holds: holds
                .into_iter()
                .map(|hold| hold.for_role(self.role))
                .collect(),
            checks: copied,
            preview,
            media: &media,
        };
        self.written
            .add_media(&entry, &(self.page)(Part::Media(&entry)))?;
        Ok(())
    }

    /// Adds a media to what the dossier says of itself.
    fn describe(&mut self, media: &Media, is_copied: bool) {
        let facts = &mut self.facts;
        facts.received.widen(media.received_at);
        let name = self.client_names.get(&media.client).cloned();
        facts.clients.insert(media.client, name);
        let instance = media.instance.as_str().to_owned();
        facts.instances.insert(instance, media.gateway.as_str());
        if !is_copied {
            facts.omitted += 1;
            return;
        }
        facts.files += 1;
        facts.bytes += media.size.unwrap_or(0);
        if let Some(proof) = media.proof() {
            *facts.verified.entry(proof.as_str()).or_default() += 1;
        }
    }

    /// Only private chats have a name: that of the person.
    async fn chat_name(&mut self, media: &Media) -> Result<Option<String>, Error> {
        let chat = media.origin.chat.as_ref();
        let Some(chat) = chat.filter(|_| media.origin.chat_kind() == ChatKind::Private) else {
            return Ok(None);
        };
        let key = (media.client, chat.as_str().to_owned());
        if let Some(known) = self.chat_names.get(&key) {
            return Ok(known.clone());
        }
        let name = chats::name(self.deps.db, media.client, chat.as_str()).await?;
        self.chat_names.insert(key, name.clone());
        Ok(name)
    }

    /// Copies a file, once it was read and compared with what WhatsApp promised.
    fn copy_file(
        &mut self,
        media: &Media,
        place: Option<(RelativePath, String)>,
    ) -> Result<Result<PromiseChecks, Omission>, Halt> {
        if self.watch.cancelled.is_cancelled() {
            return Err(Halt::Cancelled);
        }
        if let Some(screened) = self.screening.of(media) {
            return Ok(Err(screened.into()));
        }
        let (Some((path, name)), Some(expected)) = (place, Expected::of(media)) else {
            return Ok(Err(Omission::Missing));
        };
        let file = self.deps.storage.open_stored(path.as_str());
        let mut source = match ProvenReader::new(file, expected, self.watch.clone()) {
            Ok(source) => source,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let checks = match checks::compute(&mut source, media)? {
            Ok(checks) => checks,
            Err(problem) => return Ok(Err(problem.into())),
        };
        let at = media.sent_at.unwrap_or(media.received_at);
        self.written.put(&name, at, &mut source, media)?;
        Ok(Ok(checks))
    }

    async fn copy_delivery(&mut self, id: &DeliveryId) -> Result<DossierDelivery, Error> {
        if let Some(known) = self.deliveries.get(id) {
            return Ok(known.clone());
        }
        let found = match deliveries::find(self.deps.db, id).await? {
            Some(found) => deliveries::body(self.deps.db, id).await?.zip(Some(found)),
            None => None,
        };
        let delivery = match found {
            None => DossierDelivery::Deleted,
            Some((body, found)) => {
                let masked = if self.facts.with_keys {
                    deliveries::masked_tokens(&body)
                } else {
                    deliveries::masked(&body)
                };
                match masked {
                    None => DossierDelivery::Unreadable,
                    Some(masked) => {
                        // Files that are left out are not in the deliveries either.
                        let masked = match self.screening {
                            Screening::Off => masked,
                            _ => deliveries::without_files(masked),
                        };
                        let path = format!("deliveries/{id}.json");
                        let text = format!("{masked:#}\n");
                        self.written
                            .add(&path, found.received_at, text.as_bytes())?;
                        DossierDelivery::Included { path }
                    }
                }
            }
        };
        self.deliveries.insert(id.clone(), delivery.clone());
        Ok(delivery)
    }
}
