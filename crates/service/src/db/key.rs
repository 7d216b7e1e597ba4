//! The writes that a write excludes.

/// The rows on which a write relies between its statements. Writes with the same key run one after the other, on all
/// nodes; writes with different keys may overlap. SQLite has one writer and ignores it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The media of these messages of an instance, existing or not.
    Messages {
        instance: String,
        messages: Vec<String>,
    },
    /// An instance's row and what belongs to it, except its messages.
    Instance(String),
    /// One media by id, without its message's other media.
    Media(String),
    /// All users, with their links for setting a password.
    Users,
    /// An endpoint with its notifications.
    Endpoint(String),
    /// All rows: for work on several media, and for what must be unique.
    Everything,
    /// Nothing: each statement is correct on its own.
    Nothing,
}

impl Key {
    pub fn message(instance: &str, message: &str) -> Self {
        Self::Messages {
            instance: instance.to_owned(),
            messages: vec![message.to_owned()],
        }
    }

    pub fn instance(id: &str) -> Self {
        Self::Instance(id.to_owned())
    }

    pub fn media(id: &str) -> Self {
        Self::Media(id.to_owned())
    }

    pub fn endpoint(id: &str) -> Self {
        Self::Endpoint(id.to_owned())
    }
}
