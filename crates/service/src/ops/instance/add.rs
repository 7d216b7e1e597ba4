//! Adds an instance, or changes what is given of one that exists.

use super::GatewayDeps;
use crate::config::is_web_address;
use crate::db::{self, Db};
use crate::gateway::{Gateway, Signature};
use crate::instances::{self, Instance, NewInstance};
use crate::model::{InstanceId, Reason, Route, name};
use crate::ops::endpoints::LONGEST_URL;
use crate::ops::gateway_admin::{self, GatewayAdmin};
use crate::terminal::{is_hostile, is_tame};

/// Of an instance's id and of its session's name, in bytes.
pub const LONGEST_ID: usize = 200;
/// The word that gives a setting its usual value again.
const DEFAULT: &str = "default";

/// An instance as it is written on a command line.
#[derive(Clone, Debug, Default)]
pub struct NewOptions {
    pub id: String,
    pub client: i64,
    /// That of the existing instance when it is not given; of a new one, W-API.
    pub gateway: Option<String>,
    pub api_base: Option<String>,
    /// Separated by commas, or `default`.
    pub cdn_base: Option<String>,
    /// Separated by commas, or `default`.
    pub routes: Option<String>,
    /// The name of the session or device at the gateway, or `default` for the id.
    pub session: Option<String>,
}

#[derive(Debug, thiserror::Error)]
pub enum AddError {
    #[error("there is no gateway {name}")]
    UnknownGateway { name: String },
    #[error("there is no client {client}")]
    UnknownClient { client: i64 },
    #[error("the id or the session of the instance is empty or has invisible characters")]
    InvalidId,
    #[error("the id or the session of the instance is longer than {LONGEST_ID} bytes")]
    LongId,
    #[error("{id} belongs to client {client}")]
    OtherClient { id: String, client: i64 },
    #[error("{url} is not a plain web address")]
    InvalidAddress { url: String },
    #[error("{list} is not a list of routes")]
    InvalidRoutes { list: String },
    #[error("{gateway} does not sign its deliveries")]
    NoSignature { gateway: &'static str },
    #[error("the secret is empty")]
    EmptySecret,
    #[error("the token is empty")]
    EmptyToken,
    #[error("the token has a line break at character {at}")]
    TokenOfLines { at: usize },
    #[error("the token has {code} at character {at}, which no HTTP header can carry")]
    InvalidToken { at: usize, code: String },
    #[error(transparent)]
    Db(#[from] db::Error),
}

impl AddError {
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Db(_))
    }
}

/// The instance of this id, also in the form in which an earlier version stored it.
pub async fn existing(db: &Db, id: &str) -> Result<Option<Instance>, db::Error> {
    let mut known = instances::instances(db).await?;
    let written = name::tidy(id);
    let twin = || {
        known
            .iter()
            .position(|it| name::tidy(it.id.as_str()) == written)
    };
    let at = known
        .iter()
        .position(|it| it.id.as_str() == id)
        .or_else(twin);
    Ok(at.map(|at| known.swap_remove(at)))
}

/// Refuses options that are wrong by themselves, or with what is known already.
pub async fn check(db: &Db, options: &NewOptions) -> Result<NewInstance, AddError> {
    let given = match &options.gateway {
        Some(name) => {
            let unknown = || AddError::UnknownGateway { name: name.clone() };
            Some(Gateway::parse(name).ok_or_else(unknown)?)
        }
        None => None,
    };
    let client = options.client;
    let clients = instances::clients(db).await?;
    if !clients.iter().any(|known| known.id == client) {
        return Err(AddError::UnknownClient { client });
    }
    let existing = existing(db, &options.id).await?;
    let written = name::tidy(&options.id);
    let id = existing.as_ref().map(|existing| existing.id.clone());
    let id = id.unwrap_or_else(|| InstanceId(written.clone()));
    let session = options.session.as_deref().unwrap_or_default().trim();
    if written.is_empty() || ![&written, session].into_iter().all(is_tame) {
        return Err(AddError::InvalidId);
    }
    let is_long = existing.is_none() && written.len() > LONGEST_ID;
    if is_long || session.len() > LONGEST_ID {
        return Err(AddError::LongId);
    }
    if let Some(existing) = existing
        .as_ref()
        .filter(|existing| existing.client != client)
    {
        return Err(AddError::OtherClient {
            id: id.0,
            client: existing.client,
        });
    }
    let known = existing.map(|existing| existing.gateway);
    let gateway = given.or(known).unwrap_or(Gateway::Wapi);
    // The address of one gateway's API is not another's.
    let is_changed = known.is_some_and(|known| known != gateway);
    let api_base = options.api_base.clone();
    let api_base = api_base.or_else(|| is_changed.then(|| gateway.default_api_base().to_owned()));
    let cdn_base = options.cdn_base.as_deref().map(str::trim);
    let bases = cdn_base.filter(|bases| *bases != DEFAULT);
    let bases = bases.into_iter().flat_map(|bases| bases.split(','));
    for url in options.api_base.as_deref().into_iter().chain(bases) {
        check_address(url)?;
    }
    Ok(NewInstance {
        id,
        client,
        gateway,
        api_base,
        cdn_base: cdn_base.map(|bases| if bases == DEFAULT { "" } else { bases }.to_owned()),
        routes: routes(options.routes.as_deref())?,
        token_sealed: None,
        secret_sealed: None,
        session: options
            .session
            .as_deref()
            .map(|name| if name == DEFAULT { "" } else { name }.trim().to_owned()),
        hook_hash: [0; 32],
    })
}

/// Refuses an address that is not plain: with a password, a query or a fragment in it, too.
pub fn check_address(url: &str) -> Result<(), AddError> {
    if url.len() <= LONGEST_URL && is_web_address(url) {
        return Ok(());
    }
    let url = url.to_owned();
    Err(AddError::InvalidAddress { url })
}

/// An empty list for the usual routes; `None` where none are given.
fn routes(list: Option<&str>) -> Result<Option<Vec<Route>>, AddError> {
    match list {
        None => Ok(None),
        Some(list) if list.trim() == DEFAULT => Ok(Some(Vec::new())),
        Some(list) => {
            let routes = Route::parse_list(list);
            let list = list.to_owned();
            routes.map(Some).ok_or(AddError::InvalidRoutes { list })
        }
    }
}

/// The gateway's token, and the secret with which it signs its deliveries.
#[derive(Default)]
pub struct Access {
    token: Option<String>,
    secret: Option<String>,
}

impl Access {
    /// Refuses a token that no header can carry, and a secret for a gateway whose deliveries nothing proves but their address.
    pub fn check(
        gateway: Gateway,
        token: Option<&str>,
        secret: Option<&str>,
    ) -> Result<Self, AddError> {
        let token = token.map(check_token).transpose()?.map(str::to_owned);
        let secret = secret.map(check_secret).transpose()?.map(str::to_owned);
        if secret.is_some() && gateway.signature() == Signature::None {
            let gateway = gateway.as_str();
            return Err(AddError::NoSignature { gateway });
        }
        Ok(Self { token, secret })
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.token.as_deref()
    }

    pub(super) fn secret(&self) -> Option<&str> {
        self.secret.as_deref()
    }

    pub fn has_token(&self) -> bool {
        self.token.is_some()
    }
}

/// The token without blanks around it. Refuses characters that no HTTP header can carry.
fn check_token(text: &str) -> Result<&str, AddError> {
    let token = text.trim_matches(|letter: char| letter.is_whitespace() || is_hostile(letter));
    if token.is_empty() {
        return Err(AddError::EmptyToken);
    }
    let mut letters = token.chars().zip(1..);
    match letters.find(|(letter, _)| !matches!(letter, ' '..='~')) {
        None => Ok(token),
        Some(('\r' | '\n', at)) => Err(AddError::TokenOfLines { at }),
        Some((letter, at)) => {
            let code = format!("U+{:04X}", u32::from(letter));
            Err(AddError::InvalidToken { at, code })
        }
    }
}

/// The secret without a file's byte order mark and line end. It may have any character: blanks around it may be its own, or
/// come from copying it, so a delivery may be signed with them or without.
fn check_secret(text: &str) -> Result<&str, AddError> {
    let secret = text.trim_matches(['\u{feff}', '\r', '\n']);
    if secret.trim().is_empty() {
        Err(AddError::EmptySecret)
    } else {
        Ok(secret)
    }
}

#[derive(Debug)]
pub enum TokenCheck {
    Accepted,
    /// The gateway answered that it does not accept this token, or this instance.
    Refused(gateway_admin::Error),
    /// No answer, or one that does not depend on the token.
    Unreachable(gateway_admin::Error),
    NotAsked,
}

impl TokenCheck {
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused(_) => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::NotAsked => "not_asked",
        }
    }

    pub fn error(&self) -> Option<&gateway_admin::Error> {
        match self {
            Self::Refused(error) | Self::Unreachable(error) => Some(error),
            Self::Accepted | Self::NotAsked => None,
        }
    }

    /// Why the gateway's route does not work for this instance, where that is known.
    pub fn reason(&self) -> Option<Reason> {
        match self {
            // The gateway's own words say more.
            Self::Refused(gateway_admin::Error::Refused(_)) => None,
            Self::Refused(error) => error.reason(),
            Self::Accepted | Self::Unreachable(_) | Self::NotAsked => None,
        }
    }
}

pub async fn ask_gateway(deps: GatewayDeps<'_>, instance: &Instance) -> TokenCheck {
    let answer = match GatewayAdmin::open(deps.client, deps.secrets, instance) {
        Ok(admin) => admin.read().await,
        Err(error) => Err(error),
    };
    match answer {
        Ok(_) => TokenCheck::Accepted,
        Err(gateway_admin::Error::NoCall) => TokenCheck::NotAsked,
        Err(
            error @ (gateway_admin::Error::Status {
                status: 401 | 403 | 404,
                ..
            }
            | gateway_admin::Error::Other(_)
            | gateway_admin::Error::Refused(_)),
        ) => TokenCheck::Refused(error),
        Err(error) => TokenCheck::Unreachable(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_what_a_header_can_carry() {
        for text in [
            "abc.DEF-1_2~+/=",
            " abc\r\n",
            "\u{feff}abc\n",
            "\tabc\u{a0}",
            "abc\0",
        ] {
            let token = check_token(text).unwrap();
            assert!(token.starts_with("abc"), "{text:?}");
            assert!(token.is_ascii() && !token.contains(char::is_control));
        }
        for text in [
            "a\nb",
            "a\rb",
            "a\r\nX-Evil: 1",
            "a\0b",
            "a\tb",
            "ação",
            "a\u{200b}b",
            "a\u{7f}b",
        ] {
            let refused = check_token(text).unwrap_err().to_string();
            assert!(!refused.contains(text), "{refused}");
        }
        assert!(check_token(" \n").is_err());
    }

    #[test]
    fn a_secret_has_no_line_end_and_any_character_in_it() {
        for (text, secret) in [
            ("se gredo\tß", "se gredo\tß"),
            (" se gredo\tß\r\n", " se gredo\tß"),
            ("\u{feff}se gredo\tß\n", "se gredo\tß"),
            ("\t\u{a0}segredo\u{a0}", "\t\u{a0}segredo\u{a0}"),
        ] {
            assert_eq!(check_secret(text).unwrap(), secret);
        }
        for text in ["", "\n", " \t\u{a0}", "\u{feff}"] {
            assert!(check_secret(text).is_err(), "{text:?}");
        }
    }
}
