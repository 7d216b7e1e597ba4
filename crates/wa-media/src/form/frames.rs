//! Sound without a container: MPEG audio and AAC, whose frames begin with eleven set bits and little else.

const KILOBITS: [[u16; 15]; 5] = [
    [
        0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448,
    ],
    [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384,
    ],
    [
        0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320,
    ],
    [
        0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256,
    ],
    [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
];

pub(super) fn look(head: &[u8]) -> Option<&'static str> {
    if has_tag(head) {
        return Some(behind_tag(head));
    }
    let (name, length) = frame(head)?;
    // One frame may be chance; a second one behind it is not.
    match head.get(length..) {
        Some(rest) if rest.len() >= 4 => {
            frame(rest).filter(|(next, _)| *next == name).map(|_| name)
        }
        _ => Some(name),
    }
}

/// Whether it begins with an ID3v2 tag.
pub(super) fn has_tag(head: &[u8]) -> bool {
    matches!(head, [b'I', b'D', b'3', 2..=4, minor, _, a, b, c, d, ..]
        if *minor < 0xff && [a, b, c, d].iter().all(|byte| **byte < 0x80))
}

fn behind_tag(head: &[u8]) -> &'static str {
    let size = head[6..10]
        .iter()
        .fold(0, |size, byte| size << 7 | usize::from(*byte));
    match head.get(10 + size..) {
        Some(rest) if rest.starts_with(b"fLaC") => "flac",
        Some(rest) => frame(rest).map_or("mp3", |(name, _)| name),
        None => "mp3",
    }
}

/// The kind of a frame, and how many bytes it takes.
fn frame(bytes: &[u8]) -> Option<(&'static str, usize)> {
    let [0xff, second, third, fourth, ..] = bytes else {
        return None;
    };
    // ADTS: twelve set bits, and layer 0.
    if second & 0xf6 == 0xf0 {
        let low = usize::from(*bytes.get(4)?) << 3 | usize::from(*bytes.get(5)? >> 5);
        let length = usize::from(fourth & 3) << 11 | low;
        let is_rate = third >> 2 & 0xf < 13;
        return (is_rate && length >= 7).then_some(("aac", length));
    }
    let (version, layer) = (second >> 3 & 3, second >> 1 & 3);
    let (kilobits, rate) = (usize::from(third >> 4), usize::from(third >> 2 & 3));
    if second & 0xe0 != 0xe0
        || version == 1
        || layer == 0
        || kilobits == 0
        || kilobits == 15
        || rate == 3
    {
        return None;
    }
    let is_first = version == 3;
    let row = match (is_first, layer) {
        (true, 3) => 0,
        (true, 2) => 1,
        (true, _) => 2,
        (false, 3) => 3,
        (false, _) => 4,
    };
    let bits = usize::from(KILOBITS[row][kilobits]) * 1000;
    let rate = [44_100, 48_000, 32_000][rate]
        >> match version {
            3 => 0,
            2 => 1,
            _ => 2,
        };
    let padding = usize::from(third >> 1 & 1);
    let length = match (layer, is_first) {
        (3, _) => (12 * bits / rate + padding) * 4,
        (1, false) => 72 * bits / rate + padding,
        _ => 144 * bits / rate + padding,
    };
    Some(("mp3", length))
}
