//! The row of table `media`. The only mapping.

use serde::{Serialize, Serializer};

use super::examinations::ScanVerdict;
use super::hex;
use crate::clock::{Millis, rfc3339};
use crate::db::{Error, Row};
use crate::gateway::{Gateway, Sought};
use crate::model::{
    ChatId, DeliveryId, InstanceId, KeyKind, Listed, MediaId, MediaKey, MediaKind, MediaStatus,
    Origin, Proof, Reason, Route, SenderId, Verification, schema,
};

/// One media: the fields of its message, its state as a job, and its stored file.
///
/// Serialized, it is the public JSON document of a media, without keys and links.
#[derive(Clone, Debug)]
pub struct Media {
    pub id: MediaId,
    pub client: i64,
    pub instance: InstanceId,
    pub gateway: Gateway,
    pub message_id: String,
    /// The file's number in the message.
    pub slot: i64,
    /// The delivery with the media or its bytes; empty when none is stored.
    pub delivery: DeliveryId,
    /// Also the folder of its file.
    pub kind: MediaKind,
    pub key_kind: KeyKind,
    pub mime_declared: Option<String>,
    pub file_name: Option<String>,
    /// From the message or its last edit.
    pub caption: Option<String>,
    pub origin: Origin,
    /// The sender's display name.
    pub sender_name: Option<String>,
    /// Recorded in WhatsApp, not sent as a file.
    pub voice_note: bool,
    /// In pixels.
    pub width: Option<i64>,
    /// In pixels.
    pub height: Option<i64>,
    /// The duration.
    pub seconds: Option<i64>,
    /// The message's time.
    pub sent_at: Option<Millis>,
    pub received_at: Millis,
    /// The time in its file's name.
    pub file_time: Millis,
    /// The key that decrypts the CDN's file.
    pub media_key: Option<MediaKey>,
    /// The message's key does not have 32 bytes.
    pub media_key_malformed: bool,
    /// The path on WhatsApp's CDN, with its query.
    pub direct_path: Option<String>,
    /// A full link to an unencrypted file.
    pub static_url: Option<String>,
    /// A link to the decrypted file, or its path below the gateway's address.
    pub link: Option<String>,
    /// The gateway's id of the file.
    pub media_id: Option<String>,
    /// The delivery contains the bytes.
    pub inline: bool,
    /// SHA-256 of the plaintext, promised by the message.
    pub expected_sha256: Option<[u8; 32]>,
    /// SHA-256 of the encrypted file, promised by the message.
    pub expected_enc_sha256: Option<[u8; 32]>,
    /// Bytes of the plaintext, claimed by the message.
    pub declared_length: Option<u64>,
    pub expires_at: Option<Millis>,
    pub status: MediaStatus,
    /// Why it is not stored, or why its last round failed.
    pub reason: Option<Reason>,
    /// It may still be stored, by waiting or once the cause is fixed.
    pub recoverable: bool,
    /// No round begins later.
    pub deadline: Millis,
    /// None when it is ready or has ended.
    pub next_attempt_at: Option<Millis>,
    /// Failed rounds.
    pub rounds: i64,
    /// Consecutive rounds in which a server said that the file is unavailable.
    pub refused_rounds: i64,
    /// When the first of these rounds ended.
    pub refused_since: Option<Millis>,
    /// Recorded attempts.
    pub attempts: i64,
    /// Incremented by each claim; only the newest claim may settle.
    pub fence: i64,
    /// Progress of the running download; None in its first second.
    pub fetched_bytes: Option<u64>,
    pub stored_at: Option<Millis>,
    /// The candidate that delivered the bytes.
    pub route: Option<Route>,
    /// Detected from the bytes.
    pub mime: Option<String>,
    pub size: Option<u64>,
    pub sha256: Option<[u8; 32]>,
    /// How the bytes were verified.
    pub verified: Option<Verification>,
    /// When its message was deleted for everyone.
    pub deleted_at: Option<Millis>,
    /// The scanner's verdict on the file; None when it was not asked yet for this client.
    pub scan: Option<ScanVerdict>,
    /// Whether the scanner found something in these bytes, also in another client's file.
    pub is_infected: bool,
    /// Below the storage root; the last path of a lost file. See [`Media::path`].
    pub file_path: Option<String>,
}

macro_rules! columns {
    () => {
        concat!(
            "id, client, instance, gateway, message_id, slot, delivery, kind, key_kind, mime_declared, file_name, caption, chat_id,
             sender_id, sender_lid, sender_name, from_me, is_group, voice_note, width, height, seconds, sent_at, received_at, file_time,
             media_key, media_key_malformed, direct_path, static_url, link, media_id, inline, expected_sha256, expected_enc_sha256, declared_length,
             expires_at, status, reason, deadline, next_attempt_at, rounds, refused_rounds, refused_since, attempts, fence, fetched_bytes,
             stored_at, route, mime, size_bytes, sha256, verified, deleted_at, path, ",
            crate::instances::routes_of!("media.instance"),
            " as routes, ",
            crate::media::examinations::scan_columns!()
        )
    };
}
pub(crate) use columns;

impl Listed for Media {
    fn listed_at(&self) -> Millis {
        self.received_at
    }

    fn listed_id(&self) -> &str {
        self.id.as_str()
    }
}

impl Media {
    /// What the bytes of the stored file were compared with.
    pub fn proof(&self) -> Option<Proof> {
        let verified = self.verified?;
        Some(Proof::of(verified, self.route))
    }

    pub(super) fn from_row(row: &Row) -> Result<Self, Error> {
        let status = row.parsed("status", MediaStatus::parse)?;
        let reason = row.parsed_or_none("reason", Reason::parse)?;
        let routes = row.text_or_none("routes")?;
        let is_infected = row.flag("is_infected")?;
        let scan = row.parsed_or_none("scan", ScanVerdict::parse)?;
        Ok(Self {
            id: MediaId(row.text("id")?),
            client: row.int("client")?,
            instance: InstanceId(row.text("instance")?),
            gateway: row.parsed("gateway", Gateway::parse)?,
            message_id: row.text("message_id")?,
            slot: row.int("slot")?,
            delivery: DeliveryId(row.text("delivery")?),
            kind: row.parsed("kind", MediaKind::parse)?,
            key_kind: row.parsed("key_kind", KeyKind::from_wire_type)?,
            mime_declared: row.text_or_none("mime_declared")?,
            file_name: row.text_or_none("file_name")?,
            caption: row.text_or_none("caption")?,
            origin: origin_of(row)?,
            sender_name: row.text_or_none("sender_name")?,
            voice_note: row.flag("voice_note")?,
            width: row.int_or_none("width")?,
            height: row.int_or_none("height")?,
            seconds: row.int_or_none("seconds")?,
            sent_at: row.int_or_none("sent_at")?,
            received_at: row.int("received_at")?,
            file_time: row.int("file_time")?,
            media_key: row.bytes32_or_none("media_key")?.map(MediaKey::new),
            media_key_malformed: row.flag("media_key_malformed")?,
            direct_path: row.text_or_none("direct_path")?,
            static_url: row.text_or_none("static_url")?,
            link: row.text_or_none("link")?,
            media_id: row.text_or_none("media_id")?,
            inline: row.flag("inline")?,
            expected_sha256: row.bytes32_or_none("expected_sha256")?,
            expected_enc_sha256: row.bytes32_or_none("expected_enc_sha256")?,
            declared_length: row.count_or_none("declared_length")?,
            expires_at: row.int_or_none("expires_at")?,
            status,
            reason,
            recoverable: is_recoverable(status, reason, routes.as_deref()),
            deadline: row.int("deadline")?,
            next_attempt_at: row.int_or_none("next_attempt_at")?,
            rounds: row.int("rounds")?,
            refused_rounds: row.int("refused_rounds")?,
            refused_since: row.int_or_none("refused_since")?,
            attempts: row.int("attempts")?,
            fence: row.int("fence")?,
            fetched_bytes: row.count_or_none("fetched_bytes")?,
            stored_at: row.int_or_none("stored_at")?,
            route: row.parsed_or_none("route", Route::parse)?,
            mime: row.text_or_none("mime")?,
            size: row.count_or_none("size_bytes")?,
            sha256: row.bytes32_or_none("sha256")?,
            verified: row.parsed_or_none("verified", Verification::parse)?,
            deleted_at: row.int_or_none("deleted_at")?,
            // The latest word on these bytes.
            scan: scan.map(|scan| {
                if is_infected {
                    ScanVerdict::Infected
                } else {
                    scan
                }
            }),
            is_infected,
            file_path: row.text_or_none("path")?,
        })
    }

    /// Its position in the readings of its delivery.
    pub fn sought(&self) -> Sought<'_> {
        Sought {
            kind: self.kind,
            media_key: self.media_key.as_ref(),
            sha256: self.expected_sha256.as_ref(),
            message_id: &self.message_id,
            slot: self.slot,
        }
    }

    /// None while it is not stored.
    pub fn path(&self) -> Option<&str> {
        let is_stored = self.status == MediaStatus::Stored;
        self.file_path.as_deref().filter(|_| is_stored)
    }

    /// The path of the stored or lost file.
    pub fn last_path(&self) -> Option<&str> {
        self.file_path.as_deref()
    }

    /// Erased, or being erased.
    pub fn is_erased(&self) -> bool {
        self.reason == Some(Reason::Erased)
    }
}

/// Chat and sender, from a row with both columns.
pub fn origin_of(row: &Row) -> Result<Origin, Error> {
    Ok(Origin {
        chat: row.text_or_none("chat_id")?.map(ChatId),
        sender: SenderId {
            id: row.text_or_none("sender_id")?,
            lid: row.text_or_none("sender_lid")?,
        },
        from_me: row.flag("from_me")?,
        is_group: row.flag("is_group")?,
    })
}

/// `routes` are the instance's; None means the default, which includes the gateway.
fn is_recoverable(status: MediaStatus, reason: Option<Reason>, routes: Option<&str>) -> bool {
    let routes = routes.and_then(Route::parse_list);
    let asks_gateway = routes.is_none_or(|routes| routes.contains(&Route::Gateway));
    let is_open = reason.is_none_or(|reason| {
        reason.is_recoverable() && (asks_gateway || !reason.is_final_for_cdn())
    });
    status != MediaStatus::Stored && is_open
}

/// The public JSON document; the order of its fields is for readers.
macro_rules! document {
    ($($(#[$schema:meta])* $field:ident: $type:ty,)*) => {
        #[derive(Serialize, utoipa::ToSchema)]
        struct Document<'a> { $($(#[$schema])* $field: $type,)* }

        impl Media {
            /// The fields of the JSON document, in order.
            pub const FIELDS: &[&str] = &[$(stringify!($field)),*];
        }
    };
}

document! {
    id: &'a str,
    client: i64,
    instance: &'a str,
    #[schema(value_type = Gateway)]
    gateway: &'static str,
    message_id: &'a str,
    /// The place of the media in its message, from 0.
    slot: i64,
    #[schema(value_type = schema::Kind)]
    kind: &'static str,
    /// As the message says; unverified.
    mime_declared: Option<&'a str>,
    /// As the bytes are; null until it is stored.
    mime: Option<&'a str>,
    /// As the sender named it; never a path.
    file_name: Option<&'a str>,
    caption: Option<&'a str>,
    /// The phone number, LID or group with which the message was exchanged, with its server.
    chat_id: Option<&'a str>,
    sender_id: Option<&'a str>,
    /// As the sender shows it.
    sender_name: Option<&'a str>,
    /// Sent by the instance's own account.
    from_me: bool,
    is_group: bool,
    /// The time of the message.
    #[schema(format = DateTime)]
    sent_at: Option<String>,
    /// When its delivery was received.
    #[schema(format = DateTime)]
    received_at: String,
    status: MediaStatus,
    /// Why it is not stored, or why it is tried again.
    reason: Option<Reason>,
    /// Whether it may still be stored.
    recoverable: bool,
    /// Attempts to download it, also those of earlier rounds.
    attempts: i64,
    /// When it is tried again; null when it is next, or ended.
    #[schema(format = DateTime)]
    next_attempt_at: Option<String>,
    /// When WhatsApp's link expires, if the message says so.
    #[schema(format = DateTime)]
    expires_at: Option<String>,
    #[schema(format = DateTime)]
    stored_at: Option<String>,
    /// When its sender deleted the message for everyone.
    #[schema(format = DateTime)]
    deleted_at: Option<String>,
    route: Option<Route>,
    /// Bytes of the stored file.
    size: Option<u64>,
    /// Of the stored file, hexadecimal.
    sha256: Option<String>,
    /// How the file was verified when it was stored: `full`, equal to the message's hash; `mac`, decrypted with the message's
    /// key, without a hash to compare; `unproven`, compared with nothing.
    #[schema(value_type = Option<schema::Proof>)]
    verified: Option<&'static str>,
    /// What its bytes were compared with: `key_and_hash` and `key_only` were decrypted with the message's key, `hash_only` and
    /// `compared_with_nothing` were received unencrypted.
    proof: Option<Proof>,
    /// Of the stored file, below the root of the storage.
    path: Option<&'a str>,
    /// Pixels, as the message says.
    width: Option<i64>,
    /// Pixels, as the message says.
    height: Option<i64>,
    /// Duration, as the message says.
    seconds: Option<i64>,
    /// Recorded in the app.
    voice_note: bool,
    scan: Option<ScanVerdict>,
}

impl utoipa::PartialSchema for Media {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        Document::schema()
    }
}

impl utoipa::ToSchema for Media {
    fn schemas(
        schemas: &mut Vec<(
            String,
            utoipa::openapi::RefOr<utoipa::openapi::schema::Schema>,
        )>,
    ) {
        Document::schemas(schemas);
    }
}

impl Serialize for Media {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Document {
            id: self.id.as_str(),
            client: self.client,
            instance: self.instance.as_str(),
            gateway: self.gateway.as_str(),
            message_id: &self.message_id,
            slot: self.slot,
            kind: self.kind.as_str(),
            mime_declared: self.mime_declared.as_deref(),
            mime: self.mime.as_deref(),
            file_name: self.file_name.as_deref(),
            caption: self.caption.as_deref(),
            chat_id: self.origin.chat.as_ref().map(ChatId::as_str),
            sender_id: self.origin.sender.id.as_deref(),
            sender_name: self.sender_name.as_deref(),
            from_me: self.origin.from_me,
            is_group: self.origin.is_group,
            sent_at: self.sent_at.map(rfc3339),
            received_at: rfc3339(self.received_at),
            status: self.status,
            reason: self.reason,
            recoverable: self.recoverable,
            attempts: self.attempts,
            next_attempt_at: self.next_attempt_at.map(rfc3339),
            expires_at: self.expires_at.map(rfc3339),
            stored_at: self.stored_at.map(rfc3339),
            deleted_at: self.deleted_at.map(rfc3339),
            route: self.route,
            size: self.size,
            sha256: self.sha256.map(|sha256| hex(&sha256)),
            verified: self.verified.map(Verification::as_str),
            proof: self.proof(),
            path: self.path(),
            width: self.width,
            height: self.height,
            seconds: self.seconds,
            voice_note: self.voice_note,
            scan: self.scan,
        }
        .serialize(serializer)
    }
}
