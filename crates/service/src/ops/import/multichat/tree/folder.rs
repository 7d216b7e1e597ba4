//! What the folders of a file say about it.

use std::path::{Component, Path};

use crate::model::MediaKind;

/// What the place of a file says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Place {
    /// The first folder: `cliente_{id}`, or a client's name.
    pub owner: String,
    /// From `instance_{id}`.
    pub instance: Option<String>,
    /// From `chats/{chat}`.
    pub chat: Option<String>,
    /// From the kind's folder.
    pub kind: Option<MediaKind>,
}

/// What the place of a file says.
pub(crate) fn place(path: &Path) -> Place {
    let mut folders: Vec<_> = path.components().filter_map(named).collect();
    folders.pop();
    let after = |prefix: &str| {
        let found = folders.iter().find_map(|name| name.strip_prefix(prefix));
        found.map(str::to_owned)
    };
    let chats = folders.iter().position(|name| name == "chats");
    Place {
        owner: folders.first().cloned().unwrap_or_default(),
        instance: after("instance_"),
        chat: chats.and_then(|at| folders.get(at + 1)).cloned(),
        kind: folders.last().and_then(|name| kind_of_folder(name)),
    }
}

pub(super) fn named(component: Component<'_>) -> Option<String> {
    match component {
        Component::Normal(name) => Some(name.to_string_lossy().into_owned()),
        _ => None,
    }
}

/// A kind, by any name that the original system gave its folder or its rows.
pub(crate) fn kind_of_folder(name: &str) -> Option<MediaKind> {
    Some(match name.trim().to_lowercase().as_str() {
        "image" | "images" | "imagem" | "imagens" | "photo" | "foto" | "fotos" => MediaKind::Image,
        "video" | "videos" | "vídeo" | "vídeos" | "gif" | "ptv" => MediaKind::Video,
        "audio" | "audios" | "áudio" | "áudios" | "ptt" | "voice" => MediaKind::Audio,
        "document" | "documents" | "documento" | "documentos" => MediaKind::Document,
        "sticker" | "stickers" | "figurinha" | "figurinhas" => MediaKind::Sticker,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_says_whose_it_is_and_what() {
        let found = place(Path::new("cliente_2/instance_A-B/imagens/x.jpg"));
        assert_eq!(
            (found.owner.as_str(), found.instance.as_deref(), found.kind),
            ("cliente_2", Some("A-B"), Some(MediaKind::Image))
        );
        let found = place(Path::new(
            "Clinica_Aurora/instance_A/chats/5500900000001/audio/x.mp3",
        ));
        assert_eq!(found.chat.as_deref(), Some("5500900000001"));
        assert_eq!(
            (found.owner.as_str(), found.kind),
            ("Clinica_Aurora", Some(MediaKind::Audio))
        );
        let found = place(Path::new("x.mp3"));
        assert_eq!(found, Place::default());
    }
}
