//! The network's side: WhatsApp's CDN over both families of addresses, and our own door from outside.

use std::collections::BTreeSet;
use std::fmt::Display;

use futures_util::future::{join, join_all};
use serde_json::Value;
use url::Url;

use super::super::complaint;
use super::super::context::Context;
use super::super::words::{Words, doctor as words};
use super::ground::Ground;
use super::sheet::Sheet;
use midiateca_service::config::Config;
use midiateca_service::coordination::checkpoint::Checkpoint;
use midiateca_service::download::CDN_ORIGINS;
use midiateca_service::instances::Instance;
use midiateca_service::model::Route;
use midiateca_service::net::proxy::{InvalidProxy, Proxy};
use midiateca_service::net::{self, AddressFamily, ConnectionProbe, HttpClient, probe_connection};

/// A webhook address that the door refuses, for no token is so short.
const WRONG_HOOK: &str = "hooks/wapi/doctor";

/// The hosts from which media are fetched, each over IPv4 and IPv6, and then as it is really asked.
pub(super) async fn cdn(sheet: &mut Sheet, config: &Config, instances: &[Instance]) {
    let asks_cdn = |instance: &&Instance| {
        let routes = instance.routes.as_ref().unwrap_or(&config.fetch.routes);
        routes.contains(&Route::Cdn)
    };
    let mut origins = BTreeSet::new();
    for instance in instances.iter().filter(asks_cdn) {
        match &instance.cdn_base {
            Some(bases) => origins.extend(bases.split(',').map(|base| base.trim().to_owned())),
            None => origins.extend(CDN_ORIGINS.map(str::to_owned)),
        }
    }
    let fetch = HttpClient::new(&config.fetch);
    let looks = origins.iter().map(|origin| look(&fetch, config, origin));
    for (origin, seen) in origins.iter().zip(join_all(looks).await) {
        match seen {
            Some(Seen::Through(proxy, answer)) => {
                let proxy = proxy.redacted();
                let tried = words::ENVIRONMENT;
                sheet.fine(
                    "proxy",
                    origin,
                    tried,
                    words::THROUGH_PROXY,
                    &[("proxy", &proxy)],
                );
                tls(sheet, origin, answer, words::CHECK_PROXY);
            }
            Some(Seen::NoProxy(error)) => sheet.wrong(
                "proxy",
                origin,
                words::ENVIRONMENT,
                words::FAILED,
                words::CHECK_PROXY,
                &[("error", &complaint::why(&error, sheet.lang))],
            ),
            Some(Seen::Directly(over_v4, over_v6, answer)) => {
                families(sheet, origin, &over_v4, &over_v6);
                let is_known = !matches!(over_v4, ConnectionProbe::UnknownName(_));
                let next = match is_known {
                    true => words::OPEN_FIREWALL,
                    false => words::CHECK_DNS,
                };
                tls(sheet, origin, answer, next);
            }
            None => sheet.wrong(
                "cdn",
                origin,
                words::CONNECTED_TO,
                words::NOT_A_URL,
                words::SET_CDN_BASE,
                &[],
            ),
        }
    }
}

/// How an origin answered.
enum Seen {
    /// Over IPv4, over IPv6, and over its protocol.
    Directly(ConnectionProbe, ConnectionProbe, Result<u16, net::Error>),
    Through(Proxy, Result<u16, net::Error>),
    NoProxy(InvalidProxy),
}

async fn look(fetch: &HttpClient, config: &Config, origin: &str) -> Option<Seen> {
    let url = Url::parse(origin).ok()?;
    match fetch.proxy_of(&url) {
        Err(unusable) => return Some(Seen::NoProxy(unusable)),
        Ok(Some(proxy)) => {
            let answer = fetch.get_untrusted(&url).await;
            return Some(Seen::Through(proxy, answer.map(|answer| answer.status)));
        }
        Ok(None) => {}
    }
    let (host, port) = (url.host_str()?, url.port_or_known_default()?);
    let patience = config.fetch.connect_timeout.duration();
    let over = |family| probe_connection(host, port, family, patience);
    let ((over_v4, over_v6), answer) = join(
        join(over(AddressFamily::V4), over(AddressFamily::V6)),
        fetch.get_untrusted(&url),
    )
    .await;
    let status = answer.map(|answer| answer.status);
    Some(Seen::Directly(over_v4, over_v6, status))
}

/// One family is enough; what has an address and does not answer there costs time with every download.
fn families(sheet: &mut Sheet, origin: &str, over_v4: &ConnectionProbe, over_v6: &ConnectionProbe) {
    let connected =
        |reached: &ConnectionProbe| matches!(reached, ConnectionProbe::Connected { .. });
    let any = connected(over_v4) || connected(over_v6);
    for (check, reached) in [("cdn.ipv4", over_v4), ("cdn.ipv6", over_v6)] {
        let tried = words::CONNECTED_TO;
        match reached {
            ConnectionProbe::Connected { took, .. } => {
                let ms = took.as_millis();
                sheet.fine(check, origin, tried, words::CONNECTED_IN, &[("ms", &ms)]);
            }
            ConnectionProbe::NoAddress if any => {
                sheet.fine(check, origin, tried, words::NO_ADDRESS_FINE, &[])
            }
            ConnectionProbe::NoAddress => sheet.wrong(
                check,
                origin,
                tried,
                words::NO_ADDRESS,
                words::CHECK_DNS,
                &[],
            ),
            ConnectionProbe::Blocked { address } => {
                let address = address.ip();
                sheet.wrong(
                    check,
                    origin,
                    tried,
                    words::BLOCKED,
                    words::UNBLOCK,
                    &[("address", &address)],
                );
            }
            ConnectionProbe::UnknownName(error) => sheet.wrong(
                check,
                origin,
                tried,
                words::FAILED,
                words::CHECK_DNS,
                &[("error", &complaint::why(error, sheet.lang))],
            ),
            ConnectionProbe::Silent { address, error } => {
                let error = error.as_ref();
                let error =
                    error.map_or_else(|| "-".to_owned(), |error| complaint::why(error, sheet.lang));
                let values: [(&str, &dyn Display); 2] =
                    [("address", &address.ip()), ("error", &error)];
                match any {
                    true => sheet.risk(
                        check,
                        origin,
                        tried,
                        words::SILENT,
                        words::MEND_FAMILY,
                        &values,
                    ),
                    false => sheet.wrong(
                        check,
                        origin,
                        tried,
                        words::SILENT,
                        words::OPEN_FIREWALL,
                        &values,
                    ),
                }
            }
        }
    }
}

/// Any answer will do: a root that holds no file is refused.
fn tls(sheet: &mut Sheet, origin: &str, answer: Result<u16, net::Error>, next: Words) {
    match answer {
        Ok(status) => sheet.fine(
            "cdn",
            origin,
            words::ASKED,
            words::ANSWERED,
            &[("status", &status)],
        ),
        Err(error) => sheet.wrong(
            "cdn",
            origin,
            words::ASKED,
            words::FAILED,
            next,
            &[("error", &complaint::why(&error, sheet.lang))],
        ),
    }
}

/// Whether whoever asks at the public address gets to this very door, and with a webhook too.
pub(super) async fn public_address(sheet: &mut Sheet, context: &Context, ground: &Ground) {
    let base = context.config.http.public_url.trim_end_matches('/');
    let tried = words::ASKED_DOOR;
    let at = |path: &str| Url::parse(&format!("{base}/{path}"));
    let (Ok(health), Ok(hook)) = (at("healthz"), at(WRONG_HOOK)) else {
        if !base.is_empty() {
            let next = words::SET_PUBLIC_URL;
            sheet.wrong("public", base, tried, words::NOT_A_URL, next, &[]);
        }
        return;
    };
    if ground.is_served == Some(false) {
        return sheet.skipped("public", base, tried, words::NOBODY_SERVES, &[]);
    }
    let folder = match &ground.db {
        Some(db) => Checkpoint::Folder
            .load::<String>(db, "")
            .await
            .ok()
            .flatten(),
        None => None,
    };
    let fetch = HttpClient::new(&context.config.fetch);
    let answers = async {
        let health = fetch.get_untrusted(&health).await?;
        Ok::<_, net::Error>((health, fetch.call(hook, "", &serde_json::json!({})).await?))
    };
    let next = words::MEND_PROXY;
    match answers.await {
        Ok((health, hook)) => {
            let told = |answer: &net::CallResponse| {
                serde_json::from_slice::<Value>(&answer.body).unwrap_or(Value::Null)
            };
            let (healthy, refused) = (told(&health), told(&hook));
            let is_midiateca = health.status == 200 && healthy["service"] == "midiateca";
            let is_this = folder.is_none_or(|folder| healthy["folder"] == folder.as_str());
            let is_through = hook.status == 401 && refused["error"]["code"] == "wrong_token";
            let (seen, status) = match (is_midiateca, is_this, is_through) {
                (false, ..) => (words::OTHER_ANSWERS, health.status),
                (true, false, _) => (words::OTHER_MIDIATECA, health.status),
                (true, true, false) => (words::NO_WEBHOOK_THROUGH, hook.status),
                (true, true, true) => {
                    return sheet.fine("public", base, tried, words::DOOR_ANSWERS, &[]);
                }
            };
            sheet.wrong("public", base, tried, seen, next, &[("status", &status)]);
        }
        Err(error) => {
            let error = complaint::why(&error, sheet.lang);
            sheet.wrong(
                "public",
                base,
                tried,
                words::FAILED,
                next,
                &[("error", &error)],
            );
        }
    }
}
