//! Microsoft's compound files, which are small file systems: what they are by the streams in their root. The class id
//! of the root is missing in what many programs write.

use std::io::{self, Read, Seek, SeekFrom};

const MOST_SECTORS: usize = 64;
const ENTRY_BYTES: usize = 128;
const NONE: u32 = u32::MAX;
/// The last four sector numbers mark ends and gaps.
const LAST_SECTOR: u32 = 0xffff_fffa;

struct Entry {
    name: String,
    left: u32,
    right: u32,
    child: u32,
    class: [u8; 16],
}

/// Nothing when it cannot be read.
pub(super) fn look(bytes: &mut (impl Read + Seek)) -> Option<&'static str> {
    let entries = directory(bytes).ok()?;
    let root = entries.first()?;
    let names = children(&entries, root.child);
    let has = |name: &str| names.iter().any(|other| other.eq_ignore_ascii_case(name));
    // The first four bytes of the class id, little endian; the rest is the same for all of them.
    match u32::from_le_bytes(root.class[..4].try_into().ok()?) {
        0x000c_1084 => return Some("msi"),
        0x000c_1086 => return Some("msp"),
        0x000c_1082 => return Some("mst"),
        _ => {}
    }
    [
        ("EncryptedPackage", "encrypted"),
        ("WordDocument", "doc"),
        ("Workbook", "xls"),
        ("Book", "xls"),
        ("PowerPoint Document", "ppt"),
        ("PP40", "ppt"),
        ("VisioDocument", "vsd"),
        ("__properties_version1.0", "msg"),
        ("Quill", "pub"),
    ]
    .iter()
    .find(|(name, _)| has(name))
    .map(|(_, known)| *known)
}

/// The entries of the directory, as far as the first sectors hold it.
fn directory(bytes: &mut (impl Read + Seek)) -> io::Result<Vec<Entry>> {
    let mut header = [0; 512];
    bytes.seek(SeekFrom::Start(0))?;
    bytes.read_exact(&mut header)?;
    let number = |at: usize| {
        u32::from_le_bytes([header[at], header[at + 1], header[at + 2], header[at + 3]])
    };
    let sector_bytes: u64 = match header[30] {
        9 => 512,
        12 => 4096,
        _ => return Err(io::ErrorKind::InvalidData.into()),
    };
    let at = |sector: u32| (u64::from(sector) + 1) * sector_bytes;
    let mut entries = Vec::new();
    let mut sector = number(48);
    for _ in 0..MOST_SECTORS {
        if sector >= LAST_SECTOR {
            break;
        }
        bytes.seek(SeekFrom::Start(at(sector)))?;
        let mut content = Vec::new();
        bytes.take(sector_bytes).read_to_end(&mut content)?;
        entries.extend(content.as_chunks::<ENTRY_BYTES>().0.iter().map(entry));
        // The table of sectors says which one comes next; where its parts are stands in the header.
        let a_part = u32::try_from(sector_bytes / 4).unwrap_or(128);
        let part = usize::try_from(sector / a_part).unwrap_or(usize::MAX);
        if part >= 109 {
            break;
        }
        let table = number(76 + part * 4);
        if table >= LAST_SECTOR {
            break;
        }
        bytes.seek(SeekFrom::Start(at(table) + u64::from(sector % a_part) * 4))?;
        let mut next = [0; 4];
        bytes.read_exact(&mut next)?;
        sector = u32::from_le_bytes(next);
    }
    Ok(entries)
}

fn entry(bytes: &[u8; ENTRY_BYTES]) -> Entry {
    let number =
        |at: usize| u32::from_le_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]]);
    let length = usize::from(u16::from_le_bytes([bytes[64], bytes[65]])).min(64);
    let units = bytes[..length].as_chunks::<2>().0.iter();
    let units: Vec<_> = units
        .map(|pair| u16::from_le_bytes(*pair))
        .take_while(|unit| *unit != 0)
        .collect();
    let mut class = [0; 16];
    class.copy_from_slice(&bytes[80..96]);
    Entry {
        name: String::from_utf16_lossy(&units),
        left: number(68),
        right: number(72),
        child: number(76),
        class,
    }
}

/// The names in one folder, which is a tree of siblings.
fn children(entries: &[Entry], first: u32) -> Vec<&str> {
    let (mut names, mut open) = (Vec::new(), vec![first]);
    // A broken tree may be a ring.
    while let Some(at) = open.pop().filter(|_| names.len() <= entries.len()) {
        let entry = usize::try_from(at)
            .ok()
            .filter(|_| at != NONE)
            .and_then(|at| entries.get(at));
        if let Some(entry) = entry {
            names.push(entry.name.as_str());
            open.extend([entry.left, entry.right]);
        }
    }
    names
}
