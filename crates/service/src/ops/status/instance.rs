//! An instance and its refused deliveries, as reports show them.

use serde::Serialize;

use crate::clock::Millis;
use crate::instances::{Instance, Refusal, RefusalCount};
use crate::model::{InstanceState, Route};
use crate::ops::json;

/// An instance without its token and hashes.
#[derive(Clone, Debug, Serialize)]
pub struct InstanceStatus {
    #[serde(rename = "instance")]
    pub id: String,
    pub client: i64,
    pub gateway: &'static str,
    pub api_base: String,
    pub cdn_base: Option<String>,
    pub routes: Option<Vec<Route>>,
    pub state: InstanceState,
    pub problem: Option<String>,
    #[serde(rename = "token")]
    pub has_token: bool,
    #[serde(serialize_with = "json::time_or_null")]
    pub last_delivery_at: Option<Millis>,
    pub deliveries: i64,
    pub ignored: i64,
    /// Messages whose delivery never came and that were found in the gateway's list.
    pub undelivered: i64,
}

impl InstanceStatus {
    pub fn new(instance: &Instance) -> Self {
        Self {
            id: instance.id.0.clone(),
            client: instance.client,
            gateway: instance.gateway.as_str(),
            api_base: instance.api_base.clone(),
            cdn_base: instance.cdn_base.clone(),
            routes: instance.routes.clone(),
            state: instance.state,
            problem: instance.problem.clone(),
            has_token: instance.token_sealed.is_some(),
            last_delivery_at: instance.last_delivery_at,
            deliveries: instance.delivery_count,
            ignored: instance.ignored_count,
            undelivered: instance.undelivered_count,
        }
    }
}

#[derive(Clone, Debug, Serialize)]
pub struct RefusedDeliveries {
    #[serde(flatten)]
    pub refusal: Refusal,
    #[serde(flatten)]
    pub counted: RefusalCount,
}

impl RefusedDeliveries {
    pub fn new((refusal, counted): &(Refusal, RefusalCount)) -> Self {
        Self {
            refusal: refusal.clone(),
            counted: *counted,
        }
    }
}
