//! The instance of a delivery that is given without one.

use super::instance_id;
use crate::gateway::{self, DeliverySource, Gateway};
use crate::instances::Instance;
use crate::model::InstanceId;

/// Why there is none.
#[derive(Debug, PartialEq, Eq)]
pub enum Unaddressed {
    /// W-API's deliveries have the id, and there is no such instance.
    Unknown(String),
    NoInstance,
    /// The form is of no known gateway.
    NoGateway {
        candidates: Vec<InstanceId>,
    },
    /// The gateway has several instances, and none has a name that is in the delivery.
    Several {
        shape: DeliverySource,
        candidates: Vec<InstanceId>,
    },
    /// No instance is of the gateway.
    NoneOfGateway {
        shape: DeliverySource,
        candidates: Vec<InstanceId>,
    },
}

/// The instance that a body names, else the only one of its gateway, else the only one at all.
pub fn addressee(body: &[u8], known: Vec<Instance>) -> Result<Instance, Unaddressed> {
    let ids = |of: &[Instance]| of.iter().map(|it| it.id.clone()).collect();
    let candidates = ids(&known);
    let shape = gateway::source(body);
    let gateway = match shape {
        Some(DeliverySource::Gateway(gateway)) => Some(gateway),
        _ => None,
    };
    let named = gateway.map(|gateway| names(gateway, body));
    let id = instance_id(body).filter(|_| gateway.is_none_or(|it| it == Gateway::Wapi));
    let (mut own, others): (Vec<_>, Vec<_>) = known
        .into_iter()
        .partition(|it| gateway.is_some_and(|gateway| it.gateway.is_alike(gateway)));
    let is_named = |it: &Instance| {
        let named = named.iter().flatten();
        let mut all = named.chain(&id);
        all.any(|name| it.id.as_str() == name || it.session.as_ref() == Some(name))
    };
    if let Some(place) = own.iter().position(is_named) {
        return Ok(own.swap_remove(place));
    }
    let mut others = others;
    if let Some(id) = id {
        let place = others.iter().position(|it| it.id.as_str() == id);
        return place
            .map(|place| others.swap_remove(place))
            .ok_or(Unaddressed::Unknown(id));
    }
    let of_gateway: Vec<_> = ids(&own);
    match (own.pop(), others.pop(), shape) {
        (Some(only), _, _) if own.is_empty() => Ok(only),
        (Some(_), _, Some(shape)) => Err(Unaddressed::Several {
            shape,
            candidates: of_gateway,
        }),
        (None, Some(only), _) if others.is_empty() => Ok(only),
        (None, None, _) => Err(Unaddressed::NoInstance),
        (_, _, Some(shape)) => Err(Unaddressed::NoneOfGateway { shape, candidates }),
        (_, _, None) => Err(Unaddressed::NoGateway { candidates }),
    }
}

/// What a body of that gateway calls its instance.
fn names(gateway: Gateway, body: &[u8]) -> Vec<String> {
    let readings = gateway.read(body).unwrap_or_default().into_iter();
    let names = readings.flat_map(|reading| reading.names.into_iter().chain(reading.instance));
    names.collect()
}
