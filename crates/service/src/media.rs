//! The one typed row `Media` and the repository of its table: all SQL of tables `media`, `attempts` and `holds` is here.
//! `queue` decides when a media changes its state, and calls this module.

mod attempts;
pub mod chats;
mod filter;
pub mod holds;
mod list;
pub mod people;
mod person;
mod removal;
mod row;
mod statement;
mod stored_file;
pub mod usage;

pub mod claim;
pub mod counts;
pub mod examinations;
pub mod message;
pub mod naming;
mod newest;
pub mod requeue;
pub mod screening;
pub mod search;
pub mod settle;
pub(crate) mod sql;

pub use crate::model::{Cursor, hex, unhex};
pub use attempts::{
    RecordedAttempt, attempts, count_attempts_before, prune_attempts, record_attempts,
};
pub use counts::{
    Count, by_kind, by_reason, by_status, by_status_since, bytes_of_delivery, grown_bytes, waiting,
    waiting_again, waiting_by_reason,
};
pub use filter::Filter;
pub use list::{
    clients_of_delivery, count, count_by_client, count_up_to, find, has_other_client,
    ids_beginning, instances_of_client, list, list_after, newer, newest_received, stored, visible,
};
pub use person::{
    Counterparts, Person, condemn, counterparts, erase, has_id, mask, naming, of_person, whole,
};
pub use removal::{Removal, mark_removed, removable, removable_bytes, removable_on_hold};
pub use row::{Media, origin_of};
pub use stored_file::{
    BEFORE_NEWEST, StoredFile, files_at, find_file, is_at, is_path_shared, is_path_used,
    is_unchanged, lost_files_before, newest_paths, same_bytes, sha256_of_stored, stored_files,
    stored_files_before, stored_files_with_twins, twins, used_paths,
};
