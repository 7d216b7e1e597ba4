//! What a write must be alone with.

/// What a write relies on between its statements, so that no other write may change it meanwhile. Works with the same
/// key run one after the other, on all nodes; works with different keys may overlap. SQLite has one writer, and ignores
/// it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Key {
    /// The media of these messages of one instance, those that are not there yet included.
    Messages {
        /// The instance's id.
        instance: String,
        /// The ids of the messages.
        messages: Vec<String>,
    },
    /// The row of an instance with what belongs to it, but for its messages.
    Instance(String),
    /// One media, by its id, but not the others of its message.
    Media(String),
    /// All rows: for work on several media, and for what must be unique among all.
    Everything,
    /// Nothing: each statement is right by itself, whatever runs between them.
    Nothing,
}

impl Key {
    /// One message of an instance.
    pub fn message(instance: &str, message: &str) -> Self {
        Self::Messages {
            instance: instance.to_owned(),
            messages: vec![message.to_owned()],
        }
    }

    /// One instance.
    pub fn instance(id: &str) -> Self {
        Self::Instance(id.to_owned())
    }

    /// One media.
    pub fn media(id: &str) -> Self {
        Self::Media(id.to_owned())
    }
}
