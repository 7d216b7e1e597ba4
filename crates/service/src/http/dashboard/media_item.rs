//! A media as the API shows it, with its codes read, so that templates ask what it is and compare no text.

use std::ops::Deref;

use super::document::Document;
use super::frame::Frame;
use crate::model::{MediaKind, MediaStatus};

#[derive(Clone, Debug, Default)]
pub struct MediaItem(pub Document);

impl Deref for MediaItem {
    type Target = Document;

    fn deref(&self) -> &Document {
        &self.0
    }
}

impl MediaItem {
    pub fn all(items: Vec<Document>) -> Vec<Self> {
        items.into_iter().map(Self).collect()
    }

    fn status(&self) -> Option<MediaStatus> {
        let text = self.text("status");
        let mut all = MediaStatus::ALL.into_iter();
        all.find(|status| status.as_str() == text)
    }

    fn kind(&self) -> Option<MediaKind> {
        MediaKind::parse(&self.text("kind"))
    }

    pub fn is_stored(&self) -> bool {
        self.status() == Some(MediaStatus::Stored)
    }

    /// Shown as a picture.
    pub fn is_image(&self) -> bool {
        matches!(self.kind(), Some(MediaKind::Image | MediaKind::Sticker))
    }

    pub fn is_video(&self) -> bool {
        self.kind() == Some(MediaKind::Video)
    }

    pub fn is_audio(&self) -> bool {
        self.kind() == Some(MediaKind::Audio)
    }

    /// Whether there may be a picture of it.
    pub fn has_thumbnail(&self) -> bool {
        self.is_stored() && !self.is_audio()
    }

    /// Whether the same sound can be had in MP4, for browsers that do not play it in Ogg.
    pub fn is_ogg(&self) -> bool {
        self.text("mime") == "audio/ogg"
    }

    /// The first of these that a person can see: caption, file name, name and id of the sender; else its kind.
    pub fn title(&self, frame: &Frame) -> String {
        let fields = ["caption", "file_name", "sender_name", "sender_id"];
        let visible = fields.into_iter().find(|field| self.has_visible(field));
        visible.map_or_else(
            || frame.name(self.text("kind")),
            |field| frame.short(self.text(field)),
        )
    }

    /// The name of the file, or the kind.
    pub fn file_title(&self, frame: &Frame) -> String {
        if self.has_visible("file_name") {
            return frame.short(self.text("file_name"));
        }
        frame.name(self.text("kind"))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_a_media_is_follows_from_its_codes() {
        let item = |status: &str, kind: &str| {
            MediaItem(Document(
                json!({"status": status, "kind": kind, "mime": "audio/ogg"}),
            ))
        };
        let sticker = item("stored", "sticker");
        assert!(sticker.is_stored() && sticker.is_image() && sticker.has_thumbnail());
        assert!(!sticker.is_video() && !sticker.is_audio());
        let voice = item("stored", "audio");
        assert!(voice.is_audio() && voice.is_ogg() && !voice.has_thumbnail());
        let failed = item("failed", "video");
        assert!(failed.is_video() && !failed.is_stored() && !failed.has_thumbnail());
        let unknown = MediaItem::default();
        assert!(!unknown.is_stored() && !unknown.is_image() && !unknown.has_thumbnail());
    }
}
