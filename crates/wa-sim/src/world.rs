//! The state of the simulated gateway, and its counters.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use wa_media::MediaKind;

use crate::webhook::{self, Described, Origins};
use crate::{Fault, Gateway, SimMedia};

/// The webhook of a media.
#[derive(Clone, Debug)]
pub struct Delivery {
    /// The body to post.
    pub body: Value,
    /// The media's path in calls for a link.
    pub direct_path: String,
    /// The link to the file, as the gateway writes it; the body contains it if the media says so.
    pub link: String,
    /// The message.
    pub message_id: String,
    /// Of the plaintext.
    pub sha256: [u8; 32],
    /// Of the plaintext.
    pub size_bytes: u64,
}

#[derive(Clone)]
pub(crate) struct Entry {
    pub media: Arc<SimMedia>,
    pub fault: Fault,
    /// The fault of the current call for a link.
    pub current: Fault,
    pub cdn_fault: Fault,
    pub cdn_requests: u32,
    pub fallback_fault: Fault,
    pub fallback_requests: u32,
    pub link_requests: u32,
    pub file_requests: u32,
}

/// The session state that the gateway reports, true or not.
#[derive(Clone, Debug)]
pub struct Session {
    /// Whether it is connected to WhatsApp.
    pub connected: bool,
    /// The number; a half-dead session has none.
    pub number: Option<String>,
    /// The switch that ignores groups; `None` when it is not reported.
    pub ignores_groups: Option<bool>,
    /// Another instance that is named instead of the requested one.
    pub names: Option<String>,
    /// How far the gateway's clock is ahead, in seconds.
    pub clock_ahead_seconds: i64,
    /// Another answer: status and body.
    pub instead: Option<(u16, String)>,
}

impl Default for Session {
    fn default() -> Self {
        Self {
            connected: true,
            number: Some("5500900000000".to_owned()),
            ignores_groups: None,
            names: None,
            clock_ahead_seconds: 0,
            instead: None,
        }
    }
}

/// An instance at the gateway.
#[derive(Clone, Default)]
pub(crate) struct Account {
    pub token: String,
    pub slots: HashMap<String, String>,
    /// Slots that answer "updated" and keep their value.
    pub stubborn: Vec<String>,
    pub session: Session,
}

#[derive(Default)]
pub(crate) struct State {
    pub accounts: HashMap<String, Account>,
    pub media: HashMap<String, Entry>,
    /// The paths of media by message, file of a link, and media id.
    pub files: HashMap<String, String>,
    pub origins: Origins,
    pub delay: Duration,
    pub down: bool,
    pub cdn_down: bool,
    pub bearers_on_files: u32,
    /// Unix seconds; 0 unless set.
    pub now: i64,
}

/// The state of the simulated gateway. Clones share it.
#[derive(Clone, Default)]
pub struct World(Arc<Mutex<State>>);

impl World {
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds an instance and its token.
    pub fn add_instance(&self, id: &str, token: &str) {
        let account = Account {
            token: token.to_owned(),
            ..Account::default()
        };
        self.lock().accounts.insert(id.to_owned(), account);
    }

    /// Makes a slot (by the field that returns it) answer "updated" and keep its value.
    pub fn set_stubborn(&self, instance: &str, field: &str) {
        if let Some(account) = self.lock().accounts.get_mut(instance) {
            account.stubborn.push(field.to_owned());
        }
    }

    /// Sets a slot (by the field that returns it), like an operator at the gateway.
    pub fn set_slot(&self, instance: &str, field: &str, address: &str) {
        if let Some(account) = self.lock().accounts.get_mut(instance) {
            account.slots.insert(field.to_owned(), address.to_owned());
        }
    }

    /// Changes the reported session state of an instance.
    pub fn set_session(&self, instance: &str, session: Session) {
        if let Some(account) = self.lock().accounts.get_mut(instance) {
            account.session = session;
        }
    }

    /// The value of a slot.
    pub fn slot(&self, instance: &str, field: &str) -> Option<String> {
        let state = self.lock();
        state.accounts.get(instance)?.slots.get(field).cloned()
    }

    /// Adds a media, and returns its webhook from W-API.
    pub fn add(&self, media: SimMedia) -> Delivery {
        self.add_as(Gateway::Wapi, media)
    }

    /// Adds a media, and returns its webhook from a gateway.
    pub fn add_as(&self, gateway: Gateway, media: SimMedia) -> Delivery {
        let direct_path = media
            .direct_path
            .clone()
            .unwrap_or_else(|| made_up_path(&media));
        let origins = self.lock().origins.clone();
        let (sha256, size_bytes) = (media.content.sha256(), media.content.size_bytes());
        let link = webhook::link(gateway, &origins, &media, &media.fault);
        let described = Described {
            media: &media,
            direct_path: &direct_path,
            sha256,
            size_bytes,
            link: &link,
        };
        let delivery = Delivery {
            body: webhook::body(gateway, &described),
            direct_path: direct_path.clone(),
            link: link.clone(),
            message_id: media.message_id.clone(),
            sha256,
            size_bytes,
        };
        let mut state = self.lock();
        for name in [media.message_id.clone(), media.file_id(), media.media_id()] {
            state.files.insert(name, direct_path.clone());
        }
        let entry = Entry {
            fault: media.fault.clone(),
            current: Fault::None,
            cdn_fault: media.cdn_fault.clone(),
            cdn_requests: 0,
            fallback_fault: media.fallback_fault.clone(),
            fallback_requests: 0,
            link_requests: 0,
            file_requests: 0,
            media: Arc::new(media),
        };
        state.media.insert(direct_path, entry);
        delivery
    }

    /// Changes the gateway's fault for a media.
    pub fn set_fault(&self, direct_path: &str, fault: Fault) {
        if let Some(entry) = self.lock().media.get_mut(direct_path) {
            entry.fault = fault;
        }
    }

    /// Changes the CDN's fault for a media.
    pub fn set_cdn_fault(&self, direct_path: &str, fault: Fault) {
        if let Some(entry) = self.lock().media.get_mut(direct_path) {
            entry.cdn_fault = fault;
        }
    }

    /// Requests to the CDN's second host for a media.
    pub fn fallback_requests(&self, direct_path: &str) -> u32 {
        self.lock()
            .media
            .get(direct_path)
            .map_or(0, |entry| entry.fallback_requests)
    }

    /// Requests to the CDN for a media.
    pub fn cdn_requests(&self, direct_path: &str) -> u32 {
        self.lock()
            .media
            .get(direct_path)
            .map_or(0, |entry| entry.cdn_requests)
    }

    /// Sets the CDN's clock, in unix seconds: links that expire before it are refused.
    pub fn set_now(&self, now: i64) {
        self.lock().now = now;
    }

    /// Requests for a media's link and for its file.
    pub fn requests(&self, direct_path: &str) -> (u32, u32) {
        let state = self.lock();
        state
            .media
            .get(direct_path)
            .map_or((0, 0), |entry| (entry.link_requests, entry.file_requests))
    }

    /// Requests with a token for public files; there should be none.
    pub fn bearers_on_files(&self) -> u32 {
        self.lock().bearers_on_files
    }

    /// Sets the duration of every call for a link.
    pub fn set_delay(&self, delay: Duration) {
        self.lock().delay = delay;
    }

    /// Makes the CDN answer everything with 503.
    pub fn set_cdn_down(&self, down: bool) {
        self.lock().cdn_down = down;
    }

    /// Makes everything answer 503.
    pub fn set_down(&self, down: bool) {
        self.lock().down = down;
    }
}

fn made_up_path(media: &SimMedia) -> String {
    let number = match media.kind {
        MediaKind::Image => "7118",
        MediaKind::Video => "7161",
        MediaKind::Audio => "7117",
        MediaKind::Document => "7119",
        MediaKind::Sticker => "15575",
    };
    let mut name = String::new();
    for byte in &media.media_key.as_bytes()[..12] {
        let _ = write!(name, "{byte:03}");
    }
    format!(
        "/v/t62.{number}-24/{name}_n.enc?ccb=11-4&oh=01_sim&oe={:08X}&_nc_sid=5e03e0",
        media.expires_at
    )
}
