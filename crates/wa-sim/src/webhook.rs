//! The webhook of a media, as each gateway writes it.

mod official;
mod plain;
mod socket;
mod web;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use wa_media::MediaKind;
use wa_media::encrypt::Encryptor;

use crate::{Fault, Gateway, SimMedia};

/// The account's own number.
pub(crate) const ACCOUNT: &str = "5500900000000";

/// A media, and what its webhook needs besides.
pub(crate) struct Described<'a> {
    pub media: &'a SimMedia,
    pub direct_path: &'a str,
    pub sha256: [u8; 32],
    pub size_bytes: u64,
    /// A link to the file, as the gateway writes it.
    pub link: &'a str,
}

/// The origins of the simulated servers.
#[derive(Clone, Default)]
pub(crate) struct Origins {
    pub main: String,
    /// A second server, with files only.
    pub files: String,
    /// Without a listener.
    pub closed: String,
}

pub(crate) fn body(gateway: Gateway, of: &Described<'_>) -> Value {
    match gateway {
        Gateway::Wapi => socket::wapi(of),
        Gateway::Evolution => socket::evolution(of),
        Gateway::EvolutionGo => socket::evolution_go(of),
        Gateway::Wuzapi => socket::wuzapi(of),
        Gateway::Uazapi => socket::uazapi(of),
        Gateway::Waha => socket::waha(of),
        Gateway::Wppconnect => web::wppconnect(of),
        Gateway::Meta | Gateway::Dialog360 => official::meta(of),
        Gateway::Twilio => official::twilio(of),
        Gateway::Gupshup => official::gupshup(of),
        Gateway::Zapi => plain::zapi(of),
        Gateway::Gowa => plain::gowa(of),
        Gateway::Quepasa => plain::quepasa(of),
    }
}

/// The base URL of a gateway's API.
pub(crate) fn api_base(gateway: Gateway, origins: &Origins) -> String {
    match gateway {
        Gateway::Wapi => format!("{}/v1", origins.main),
        other => format!("{}/gateway/{}", origins.main, other.as_str()),
    }
}

/// A link to the file of a media, as the gateway writes it into deliveries and answers.
pub(crate) fn link(gateway: Gateway, origins: &Origins, media: &SimMedia, fault: &Fault) -> String {
    let (base, name) = (api_base(gateway, origins), media.file_id());
    let own = |path: String| format!("{base}/{path}");
    match (fault, gateway) {
        (Fault::LinkTo(link), _) => link.clone(),
        (Fault::LinkAt(origin), _) => format!("{origin}/media/file/{name}"),
        (Fault::RefusedConnection, _) => format!("{}/media/file/{name}", origins.closed),
        // The name by which it knows itself is not that of its address.
        (_, Gateway::Waha) => {
            format!(
                "http://waha.example:3000/api/files/{}/{name}",
                media.instance
            )
        }
        (_, Gateway::Gowa) => format!("statics/media/{name}"),
        (_, Gateway::Quepasa) => own(format!("download/{}", media.message_id)),
        (_, Gateway::Meta) => own(format!(
            "whatsapp_business/attachments/?mid={}&hash=sim",
            media.media_id()
        )),
        (_, Gateway::Dialog360) => format!(
            "https://lookaside.fbsbx.com/whatsapp_business/attachments/?mid={}&hash=sim",
            media.media_id()
        ),
        (_, Gateway::Gupshup) => own(format!("wa/app/wa/media/{name}?download=false")),
        (_, Gateway::Twilio) => own(format!(
            "2010-04-01/Accounts/AC00000000000000000000000000000001/Messages/{}/Media/{name}",
            media.message_id
        )),
        _ => format!("{}/media/file/{name}", origins.main),
    }
}

impl Described<'_> {
    /// Such as `imageMessage`.
    fn carrier(&self) -> String {
        format!("{}Message", self.media.kind.as_str())
    }

    /// The link, if the delivery contains it.
    fn given_link(&self) -> Option<&str> {
        self.media.with_link.then_some(self.link)
    }

    /// The file in base64, if the delivery contains it.
    fn base64(&self) -> Option<String> {
        let bytes = || STANDARD.encode(self.media.content.to_bytes());
        self.media.with_bytes.then(bytes)
    }

    fn chat(&self) -> String {
        jid(self.media.chat_id.as_deref())
    }

    fn sender(&self) -> String {
        if self.media.from_me {
            jid(Some(ACCOUNT))
        } else {
            jid(self.media.sender_id.as_deref())
        }
    }

    fn moment(&self) -> i64 {
        self.media.moment.unwrap_or_default()
    }

    fn enc_sha256(&self) -> [u8; 32] {
        let media = self.media;
        let mut encryptor = Encryptor::new(&media.media_key, media.label());
        let mut offset = 0;
        let mut unneeded = Vec::new();
        while offset < self.size_bytes {
            let piece = media.content.piece(offset);
            offset += piece.len() as u64;
            encryptor.update(&piece, &mut unneeded);
            unneeded.clear();
        }
        encryptor.finish(&mut unneeded).1
    }

    /// The kind, with another word for documents and the like.
    fn kind_or(&self, other: &[(MediaKind, &'static str)]) -> &'static str {
        let renamed = other.iter().find(|(kind, _)| *kind == self.media.kind);
        renamed.map_or(self.media.kind.as_str(), |(_, name)| name)
    }
}

/// Adds a field that is given.
fn set(to: &mut Value, name: &str, value: Option<impl Into<Value>>) {
    if let Some(value) = value {
        to[name] = value.into();
    }
}

fn jid(id: Option<&str>) -> String {
    let id = id.unwrap_or_default();
    if id.contains('@') {
        id.to_owned()
    } else {
        format!("{id}@s.whatsapp.net")
    }
}

/// An instant in unix seconds, as RFC 3339.
fn rfc3339(seconds: i64) -> String {
    let (days, of_day) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
    // Years begin in March here, so that the leap day is their last.
    let since_0000 = days + 719_468;
    let era = since_0000.div_euclid(146_097);
    let of_era = since_0000.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (month, next) = if month < 10 {
        (month + 3, 0)
    } else {
        (month - 9, 1)
    };
    let year = era * 400 + year + next;
    let (hour, minute, second) = (of_day / 3_600, of_day / 60 % 60, of_day % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_as_a_date() {
        assert_eq!(rfc3339(0), "1970-01-01T00:00:00Z");
        assert_eq!(rfc3339(951_782_400), "2000-02-29T00:00:00Z");
        assert_eq!(rfc3339(1_790_000_000), "2026-09-21T14:13:20Z");
    }
}
