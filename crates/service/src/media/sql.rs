//! Parts of SQL that other modules use, so that only this module names the table.

/// A media whose bytes are in this delivery and not stored yet.
macro_rules! has_waiting_bytes {
    ($delivery:literal) => {
        concat!(
            "exists (select 1 from inline_media join media on media.id = inline_media.media where inline_media.delivery = ",
            $delivery,
            " and media.status in ('pending', 'downloading'))"
        )
    };
}
pub(crate) use has_waiting_bytes;

/// An unstored media other than `$media` whose bytes are in this delivery.
macro_rules! has_other_unstored {
    ($delivery:literal, $media:literal) => {
        concat!(
            "exists (select 1 from inline_media join media on media.id = inline_media.media where inline_media.delivery = ",
            $delivery,
            " and media.id <> ",
            $media,
            " and media.status <> 'stored')"
        )
    };
}
pub(crate) use has_other_unstored;

/// Null without a row.
macro_rules! status_of {
    ($media:literal) => {
        concat!("(select status from media where media.id = ", $media, ")")
    };
}
pub(crate) use status_of;

/// Null without a row.
macro_rules! kind_of {
    ($media:literal) => {
        concat!("(select kind from media where media.id = ", $media, ")")
    };
}
pub(crate) use kind_of;

/// The ids of a client's erased media.
macro_rules! erased_of_client {
    ($client:literal) => {
        concat!(
            "(select id from media where client = ",
            $client,
            " and reason = 'erased')"
        )
    };
}
pub(crate) use erased_of_client;

/// The ids of media that are pending or downloading. Each part has the condition of an index: `status in (...)` would read
/// every row of the table.
macro_rules! waiting_ids {
    () => {
        "(select id from media where status = 'pending' and instance >= ''
          union all select id from media where status = 'downloading' and status <> 'stored')"
    };
}
pub(crate) use waiting_ids;

/// Whether a hold covers the media of the row `media`.
macro_rules! is_on_hold {
    () => {
        concat!(
            "exists (select 1 ",
            crate::media::sql::covering_hold!(),
            ")"
        )
    };
}
pub(crate) use is_on_hold;

/// The holds that cover the media of the row `media`, as `h`, from `from` on.
macro_rules! covering_hold {
    () => {
        concat!(
            "from holds h where h.client = media.client and ",
            crate::media::sql::covers!()
        )
    };
}
pub(crate) use covering_hold;

/// Whether the hold `h` of the same client covers the media of the row `media`.
macro_rules! covers {
    () => {
        "h.released_at is null and exists (select 1 from hold_ids i where i.hold = h.id and (i.id = ''
           or media.chat_id = i.id or substr(media.chat_id, 1, length(i.id) + 1) in (i.id || '@', i.id || ':')
           or i.of_sender = 1 and (media.sender_id = i.id or substr(media.sender_id, 1, length(i.id) + 1) in (i.id || '@', i.id || ':')
             or media.sender_lid = i.id or substr(media.sender_lid, 1, length(i.id) + 1) in (i.id || '@', i.id || ':'))))"
    };
}
pub(crate) use covers;

/// Whether a hold covers a media of this delivery, as far as `holds::cover_deliveries` knows.
macro_rules! is_delivery_on_hold {
    ($delivery:literal) => {
        concat!(
            "exists (select 1 from hold_deliveries where delivery = ",
            $delivery,
            ")"
        )
    };
}
pub(crate) use is_delivery_on_hold;
