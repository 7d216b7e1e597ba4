//! Who may see and do what.

use super::codes;

/// The rows that a caller may see: another client's do not exist for it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    #[default]
    All,
    Client(i64),
}

impl Scope {
    pub fn of(client: Option<i64>) -> Self {
        client.map_or(Self::All, Self::Client)
    }

    /// None for all clients.
    pub fn client(self) -> Option<i64> {
        match self {
            Self::All => None,
            Self::Client(client) => Some(client),
        }
    }

    pub fn includes(self, client: i64) -> bool {
        self.client().is_none_or(|own| own == client)
    }

    /// Only what is of one client, if one is given; None when nothing of it is in this scope.
    pub fn limited_to(self, client: Option<i64>) -> Option<Self> {
        match client {
            None => Some(self),
            Some(client) => self.includes(client).then_some(Self::Client(client)),
        }
    }

    /// Whether everything of another scope is in this one.
    pub fn covers(self, other: Self) -> bool {
        self == Self::All || self == other
    }
}

codes! {
    /// What an entry of the audit log says was done to a client, an instance, an endpoint or a user.
    ChangeKind {
        Added "added",
        Changed "changed",
        Renamed "renamed",
        Removed "removed",
        /// The webhook address of an instance.
        AddressRotated "address_rotated",
        WebhooksSet "webhooks_set",
        WebhooksRestored "webhooks_restored",
        /// The secret of an endpoint.
        SecretRotated "secret_rotated",
        /// Failed notifications were queued again.
        Recovered "recovered",
        /// Notifications that were never made were queued.
        MissingReplayed "missing_replayed",
        Resent "resent",
        Tested "tested",
        PasswordTaken "password_taken",
    }
}

codes! {
    /// The permissions of a key or a user. Each role may do what those before it may.
    Role {
        /// Reads.
        Viewer "viewer",
        /// Also retries, dismisses, replays and makes links.
        Operator "operator",
        /// Also changes clients, instances, endpoints, keys and users, and erases.
        Admin "admin",
    }
}

impl Role {
    pub fn includes(self, other: Self) -> bool {
        self as u8 >= other as u8
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_has_its_client_only_and_a_role_what_is_below_it() {
        assert!(Scope::All.includes(1) && Scope::Client(1).includes(1));
        assert!(!Scope::Client(1).includes(2));
        assert_eq!(Scope::of(Some(3)).client(), Some(3));
        let one = Scope::Client(1);
        assert!(Scope::All.covers(Scope::All) && Scope::All.covers(one) && one.covers(one));
        assert!(!one.covers(Scope::All) && !one.covers(Scope::Client(2)));
        for (n, role) in Role::ALL.into_iter().enumerate() {
            for (m, other) in Role::ALL.into_iter().enumerate() {
                assert_eq!(role.includes(other), n >= m, "{role:?} {other:?}");
            }
        }
    }
}
