//! A voice note in Ogg rewrapped into MP4, for browsers that play Opus in MP4 only (Safari before 18.4). The packets are the same:
//! nothing is decoded.
//!
//! Sources: RFC 3533 (Ogg), RFC 7845 (Opus in Ogg), RFC 6716 section 3.1 (durations of packets), ISO/IEC 14496-12, "Encapsulation
//! of Opus in ISO Base Media File Format" (opus-codec.org/docs/opus_in_isobmff.html).

/// Samples per second of Opus, whatever the input had.
const RATE: u32 = 48_000;
/// Larger files are not rewrapped: a day of voice is some 170 MB.
pub const MOST_BYTES: u64 = 64 << 20;
/// Ten hours in the shortest packets that phones make, of 20 ms.
const MOST_PACKETS: usize = 2_000_000;
/// A decoder needs 80 ms before a place to play from it.
const PREROLL_SAMPLES: u32 = 3_840;

#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotOpus {
    #[error("it is not Ogg with Opus")]
    Container,
    #[error("a page or a packet is cut off or malformed")]
    Malformed,
    #[error("it has several streams or channel mappings")]
    Unsupported,
}

/// The fields of `OpusHead` that MP4 needs.
struct Head {
    channels: u8,
    pre_skip: u16,
    input_rate: u32,
    gain: i16,
}

struct Packet<'a> {
    /// The parts of it in the pages.
    parts: Vec<&'a [u8]>,
    samples: u32,
}

impl Packet<'_> {
    fn length(&self) -> usize {
        self.parts.iter().map(|part| part.len()).sum()
    }
}

struct Opus<'a> {
    head: Head,
    packets: Vec<Packet<'a>>,
    /// Samples to play, without those before the beginning and after the end.
    playable: u64,
}

/// The file as MP4.
pub fn rewrap(ogg: &[u8]) -> Result<Vec<u8>, NotOpus> {
    let opus = read(ogg)?;
    let length: usize = opus.packets.iter().map(Packet::length).sum();
    // The header has the place of the first packet, and its length does not depend on it.
    let without = header(&opus, 0).len();
    let first = u32::try_from(without + 8).map_err(|_| NotOpus::Unsupported)?;
    let mut mp4 = header(&opus, first);
    let size = u32::try_from(length + 8).map_err(|_| NotOpus::Unsupported)?;
    mp4.extend(size.to_be_bytes());
    mp4.extend(b"mdat");
    for packet in &opus.packets {
        for part in &packet.parts {
            mp4.extend_from_slice(part);
        }
    }
    Ok(mp4)
}

fn read(ogg: &[u8]) -> Result<Opus<'_>, NotOpus> {
    let mut packets: Vec<Vec<&[u8]>> = Vec::new();
    let (mut open, mut serial, mut last_granule) = (None::<Vec<&[u8]>>, None, 0u64);
    let mut rest = ogg;
    while !rest.is_empty() {
        let page = Page::read(rest)?;
        if *serial.get_or_insert(page.serial) != page.serial {
            return Err(NotOpus::Unsupported);
        }
        for (part, is_end) in page.parts {
            let mut packet = open.take().unwrap_or_default();
            if !part.is_empty() {
                packet.push(part);
            }
            if is_end && packets.len() >= 2 && packet.is_empty() {
                // An empty packet has no sound, and a hostile file has millions of them.
            } else if is_end {
                if packets.len() >= MOST_PACKETS {
                    return Err(NotOpus::Unsupported);
                }
                packets.push(packet);
            } else {
                open = Some(packet);
            }
        }
        // A page on which no packet ends has no position.
        if page.granule != u64::MAX {
            last_granule = page.granule;
        }
        rest = page.rest;
    }
    let mut packets = packets.into_iter();
    let head = packets.next().ok_or(NotOpus::Container)?.concat();
    let head = read_head(&head)?;
    // The comments.
    packets.next().ok_or(NotOpus::Malformed)?;
    let packets: Vec<_> = packets
        .filter(|parts| parts.iter().any(|part| !part.is_empty()))
        .map(|parts| {
            let samples = samples(&parts)?;
            Ok(Packet { parts, samples })
        })
        .collect::<Result<_, _>>()?;
    if packets.is_empty() {
        return Err(NotOpus::Malformed);
    }
    let decoded: u64 = packets.iter().map(|packet| u64::from(packet.samples)).sum();
    let pre_skip = u64::from(head.pre_skip);
    // The last position says how many samples there are; some encoders leave it at zero.
    let end = if last_granule > pre_skip && last_granule <= decoded {
        last_granule
    } else {
        decoded
    };
    Ok(Opus {
        playable: end.saturating_sub(pre_skip),
        head,
        packets,
    })
}

struct Page<'a> {
    granule: u64,
    serial: u32,
    /// Each part of a packet, and whether the packet ends with it.
    parts: Vec<(&'a [u8], bool)>,
    rest: &'a [u8],
}

impl<'a> Page<'a> {
    fn read(bytes: &'a [u8]) -> Result<Self, NotOpus> {
        let (head, rest) = bytes.split_at_checked(27).ok_or(NotOpus::Malformed)?;
        if &head[..4] != b"OggS" {
            return Err(NotOpus::Container);
        }
        let granule = u64::from_le_bytes(head[6..14].try_into().map_err(|_| NotOpus::Malformed)?);
        let serial = u32::from_le_bytes(head[14..18].try_into().map_err(|_| NotOpus::Malformed)?);
        let (lacing, mut rest) = rest
            .split_at_checked(head[26].into())
            .ok_or(NotOpus::Malformed)?;
        let mut parts = Vec::new();
        let (mut length, mut is_open) = (0usize, false);
        for lace in lacing {
            length += usize::from(*lace);
            is_open = *lace == 255;
            if !is_open {
                let (part, after) = rest.split_at_checked(length).ok_or(NotOpus::Malformed)?;
                parts.push((part, true));
                (length, rest) = (0, after);
            }
        }
        if is_open {
            let (part, after) = rest.split_at_checked(length).ok_or(NotOpus::Malformed)?;
            parts.push((part, false));
            rest = after;
        }
        Ok(Self {
            granule,
            serial,
            parts,
            rest,
        })
    }
}

fn read_head(head: &[u8]) -> Result<Head, NotOpus> {
    if head.len() < 19 || &head[..8] != b"OpusHead" {
        return Err(NotOpus::Container);
    }
    let channels = head[9];
    // The mapping family of mono and stereo.
    if head[18] != 0 || !(1..=2).contains(&channels) {
        return Err(NotOpus::Unsupported);
    }
    Ok(Head {
        channels,
        pre_skip: u16::from_le_bytes([head[10], head[11]]),
        input_rate: u32::from_le_bytes([head[12], head[13], head[14], head[15]]),
        gain: i16::from_le_bytes([head[16], head[17]]),
    })
}

/// The samples of a packet, by its first bytes.
fn samples(parts: &[&[u8]]) -> Result<u32, NotOpus> {
    let mut bytes = parts.iter().flat_map(|part| part.iter().copied());
    let first = bytes.next().ok_or(NotOpus::Malformed)?;
    let config = first >> 3;
    let frame = match config {
        0..=11 => [480, 960, 1_920, 2_880][usize::from(config & 3)],
        12..=15 => [480, 960][usize::from(config & 1)],
        _ => [120, 240, 480, 960][usize::from(config & 3)],
    };
    let frames = match first & 3 {
        0 => 1,
        1 | 2 => 2,
        _ => u32::from(bytes.next().ok_or(NotOpus::Malformed)? & 63),
    };
    let samples = frame * frames;
    // RFC 6716, R5: at most 120 ms.
    if samples == 0 || samples > 5_760 {
        return Err(NotOpus::Malformed);
    }
    Ok(samples)
}

fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let size = u32::try_from(length + 8).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(length + 8);
    bytes.extend(size.to_be_bytes());
    bytes.extend(name);
    for part in parts {
        bytes.extend_from_slice(part);
    }
    bytes
}

fn full(name: &[u8; 4], version: u8, flags: u32, parts: &[&[u8]]) -> Vec<u8> {
    let head = (u32::from(version) << 24 | flags).to_be_bytes();
    let mut all: Vec<&[u8]> = vec![&head];
    all.extend(parts);
    boxed(name, &all)
}

fn numbers(values: &[u32]) -> Vec<u8> {
    values
        .iter()
        .flat_map(|value| value.to_be_bytes())
        .collect()
}

const IDENTITY: [u32; 9] = [0x1_0000, 0, 0, 0, 0x1_0000, 0, 0, 0, 0x4000_0000];

/// Everything before the packets; `first` is the place of the first one.
fn header(opus: &Opus<'_>, first: u32) -> Vec<u8> {
    let playable = u32::try_from(opus.playable).unwrap_or(u32::MAX);
    let decoded: u32 = opus.packets.iter().map(|packet| packet.samples).sum();
    let file_type = boxed(b"ftyp", &[b"isom", &numbers(&[0]), b"isomiso2mp41"]);
    let movie = [
        &numbers(&[0, 0, RATE, playable, 0x1_0000])[..],
        &[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],
        &numbers(&IDENTITY),
        &numbers(&[0, 0, 0, 0, 0, 0, 2]),
    ]
    .concat();
    let movie_header = full(b"mvhd", 0, 0, &[&movie]);
    let track = [
        &numbers(&[0, 0, 1, 0, playable, 0, 0])[..],
        &[0, 0, 0, 0, 1, 0, 0, 0],
        &numbers(&IDENTITY),
        &numbers(&[0, 0]),
    ]
    .concat();
    // Enabled, and used in the presentation.
    let track_header = full(b"tkhd", 0, 3, &[&track]);
    let edit = numbers(&[1, playable, u32::from(opus.head.pre_skip), 0x1_0000]);
    let edits = boxed(b"edts", &[&full(b"elst", 0, 0, &[&edit])]);
    // The language is "und".
    let media = [&numbers(&[0, 0, RATE, decoded])[..], &[0x55, 0xc4, 0, 0]].concat();
    let media_header = full(b"mdhd", 0, 0, &[&media]);
    let handler = [
        &numbers(&[0])[..],
        b"soun",
        &numbers(&[0, 0, 0]),
        b"SoundHandler\0",
    ]
    .concat();
    let handler = full(b"hdlr", 0, 0, &[&handler]);
    let sound = full(b"smhd", 0, 0, &[&[0, 0, 0, 0]]);
    let reference = full(b"url ", 0, 1, &[]);
    let references = full(b"dref", 0, 0, &[&numbers(&[1]), &reference]);
    let data = boxed(b"dinf", &[&references]);
    let table = sample_table(opus, first);
    let information = boxed(b"minf", &[&sound, &data, &table]);
    let media = boxed(b"mdia", &[&media_header, &handler, &information]);
    let track = boxed(b"trak", &[&track_header, &edits, &media]);
    let movie = boxed(b"moov", &[&movie_header, &track]);
    [file_type, movie].concat()
}

fn sample_table(opus: &Opus<'_>, first: u32) -> Vec<u8> {
    let head = &opus.head;
    let specific = [
        &[0, head.channels][..],
        &head.pre_skip.to_be_bytes(),
        &head.input_rate.to_be_bytes(),
        &head.gain.to_be_bytes(),
        &[0],
    ]
    .concat();
    let entry = [
        &[0, 0, 0, 0, 0, 0, 0, 1][..],
        &numbers(&[0, 0]),
        &[0, head.channels, 0, 16, 0, 0, 0, 0],
        &numbers(&[RATE << 16]),
        &boxed(b"dOps", &[&specific]),
    ]
    .concat();
    let entry = boxed(b"Opus", &[&entry]);
    let descriptions = full(b"stsd", 0, 0, &[&numbers(&[1]), &entry]);
    let mut runs: Vec<(u32, u32)> = Vec::new();
    for packet in &opus.packets {
        match runs.last_mut() {
            Some((count, samples)) if *samples == packet.samples => *count += 1,
            _ => runs.push((1, packet.samples)),
        }
    }
    let count = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let times: Vec<u32> = runs
        .iter()
        .flat_map(|(n, samples)| [*n, *samples])
        .collect();
    let times = [numbers(&[count(runs.len())]), numbers(&times)].concat();
    let times = full(b"stts", 0, 0, &[&times]);
    let packets = count(opus.packets.len());
    // All packets are one chunk.
    let chunks = full(b"stsc", 0, 0, &[&numbers(&[1, 1, packets, 1])]);
    let sizes: Vec<u32> = opus
        .packets
        .iter()
        .map(|packet| count(packet.length()))
        .collect();
    let sizes = [numbers(&[0, packets]), numbers(&sizes)].concat();
    let sizes = full(b"stsz", 0, 0, &[&sizes]);
    let places = full(b"stco", 0, 0, &[&numbers(&[1, first])]);
    let longest = opus.packets.iter().map(|packet| packet.samples).max();
    let roll = PREROLL_SAMPLES.div_ceil(longest.unwrap_or(960));
    let roll = i16::try_from(roll).unwrap_or(i16::MAX);
    let group = [b"roll", &numbers(&[2, 1])[..], &(-roll).to_be_bytes()].concat();
    let group = full(b"sgpd", 1, 0, &[&group]);
    let members = [b"roll", &numbers(&[1, packets, 1])[..]].concat();
    let members = full(b"sbgp", 0, 0, &[&members]);
    boxed(
        b"stbl",
        &[
            &descriptions,
            &times,
            &chunks,
            &sizes,
            &places,
            &group,
            &members,
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A page with these packets, which all end on it.
    fn page(granule: u64, packets: &[&[u8]]) -> Vec<u8> {
        let mut lacing = Vec::new();
        for packet in packets {
            lacing.extend(std::iter::repeat_n(255, packet.len() / 255));
            lacing.push(u8::try_from(packet.len() % 255).unwrap());
        }
        let mut bytes = b"OggS\0\0".to_vec();
        bytes.extend(granule.to_le_bytes());
        bytes.extend([7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
        bytes.push(u8::try_from(lacing.len()).unwrap());
        bytes.extend(lacing);
        bytes.extend(packets.concat());
        bytes
    }

    fn head(channels: u8, family: u8) -> Vec<u8> {
        let mut head = b"OpusHead\x01".to_vec();
        head.push(channels);
        head.extend(312u16.to_le_bytes());
        head.extend(16_000u32.to_le_bytes());
        head.extend([0, 0, family]);
        head
    }

    /// Packets of 60 ms (config 11, one frame), as WhatsApp sends them.
    fn voice(packets: &[&[u8]], granule: u64) -> Vec<u8> {
        [
            page(0, &[&head(1, 0)]),
            page(0, &[b"OpusTags"]),
            page(granule, packets),
        ]
        .concat()
    }

    fn position(bytes: &[u8], name: &[u8]) -> usize {
        bytes.windows(4).position(|window| window == name).unwrap()
    }

    fn number(bytes: &[u8], at: usize) -> u32 {
        u32::from_be_bytes(bytes[at..at + 4].try_into().unwrap())
    }

    #[test]
    fn packets_are_kept_with_their_durations() {
        let long = [&[0x58][..], &[1; 700]].concat();
        let packets: [&[u8]; 3] = [&[0x58, 1, 2], &long, &[0x58, 9]];
        let mp4 = rewrap(&voice(&packets, 8_000)).unwrap();
        let data = position(&mp4, b"mdat");
        assert_eq!(&mp4[data + 4..], packets.concat());
        let places = position(&mp4, b"stco");
        assert_eq!(number(&mp4, places + 12) as usize, data + 4);
        let times = position(&mp4, b"stts");
        assert_eq!(
            (number(&mp4, times + 12), number(&mp4, times + 16)),
            (3, 2_880)
        );
        let edit = position(&mp4, b"elst");
        assert_eq!(
            (number(&mp4, edit + 12), number(&mp4, edit + 16)),
            (8_000 - 312, 312)
        );
        let mut rest = mp4.as_slice();
        let mut names = Vec::new();
        while !rest.is_empty() {
            let (size, name) = (number(rest, 0) as usize, rest[4..8].to_vec());
            names.push(String::from_utf8(name).unwrap());
            rest = &rest[size..];
        }
        assert_eq!(names, ["ftyp", "moov", "mdat"]);
    }

    #[test]
    fn packets_go_over_pages_and_silly_positions_are_not_believed() {
        let mut first = page(u64::MAX, &[]);
        first[26] = 1;
        first.push(255);
        first.extend([0x58; 255]);
        let ogg = [
            page(0, &[&head(2, 0)]),
            page(0, &[b"OpusTags"]),
            first,
            page(u64::MAX - 1, &[&[2; 10]]),
        ]
        .concat();
        let mp4 = rewrap(&ogg).unwrap();
        assert_eq!(mp4.len() - position(&mp4, b"mdat") - 4, 265);
        let edit = position(&mp4, b"elst");
        assert_eq!(number(&mp4, edit + 12), 2_880 - 312);
    }

    #[test]
    fn what_is_not_a_voice_note_is_refused() {
        assert_eq!(rewrap(b""), Err(NotOpus::Container));
        assert_eq!(
            rewrap(b"RIFF and so on, long enough for a page"),
            Err(NotOpus::Container)
        );
        let sound: [&[u8]; 1] = [&[0x58, 1]];
        let good = voice(&sound, 0);
        for length in 1..good.len() {
            assert!(rewrap(&good[..length]).is_err(), "{length}");
        }
        let other = [
            page(0, &[&head(6, 1)]),
            page(0, &[b"OpusTags"]),
            page(9, &sound),
        ]
        .concat();
        assert_eq!(rewrap(&other), Err(NotOpus::Unsupported));
        // 63 frames of 60 ms in one packet.
        assert_eq!(rewrap(&voice(&[&[0x5b, 63]], 0)), Err(NotOpus::Malformed));
        assert_eq!(rewrap(&voice(&[&[0x5b]], 0)), Err(NotOpus::Malformed));
    }
}
