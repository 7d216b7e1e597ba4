//! ISO base media files by their brands: pictures of iPhones, films, sound.

/// Brands that are listed behind the major one and looked at.
const MOST_BRANDS: usize = 32;

/// By the `ftyp` box; nothing when it is broken.
pub(super) fn look(head: &[u8]) -> Option<&'static str> {
    let size = u32::from_be_bytes(head.get(..4)?.try_into().ok()?);
    let major = head.get(8..12)?;
    let end = usize::try_from(size).unwrap_or(usize::MAX).min(head.len());
    let others = head.get(16..end).unwrap_or_default().as_chunks::<4>().0;
    let has = |wanted: &[&[u8; 4]]| {
        others
            .iter()
            .take(MOST_BRANDS)
            .any(|brand| wanted.contains(&brand))
    };
    let name = match major {
        b"heic" | b"heix" | b"heim" | b"heis" | b"hevc" | b"hevx" | b"hevm" | b"hevs" => "heic",
        b"avif" | b"avis" => "avif",
        b"mif1" | b"mif2" | b"msf1" | b"miaf" => {
            if has(&[b"avif", b"avis"]) {
                "avif"
            } else if has(&[b"heic", b"heix", b"hevc", b"hevx", b"heim", b"heis"]) {
                "heic"
            } else {
                "heif"
            }
        }
        b"crx " => "cr3",
        b"jxl " => "jxl",
        b"qt  " => "mov",
        b"M4A " | b"M4P " => "m4a",
        b"M4B " => "m4b",
        b"f4v " | b"F4V " | b"F4P " => "f4v",
        b"f4a " | b"F4A " | b"F4B " => "m4a",
        [b'3', b'g', b'2', _] => "3g2",
        [b'3', b'g', _, _] => "3gp",
        _ => "mp4",
    };
    Some(name)
}
