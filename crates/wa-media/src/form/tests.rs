mod containers;
mod names;
mod pictures;

use std::io::Cursor;

use super::*;
use MediaKind::{Audio, Document, Image, Sticker, Video};

/// Bytes, kind, declared type, name; extension and media type.
type Case<'a> = (&'a [u8], MediaKind, &'a str, &'a str, &'a str, &'a str);

fn check(cases: &[Case<'_>]) {
    let mut wrong = Vec::new();
    for (bytes, kind, declared, name, extension, mime) in cases {
        let some = |text: &'static str| (!text.is_empty()).then_some(text);
        let leak = |text: &str| some(Box::leak(text.to_owned().into_boxed_str()));
        let found = form(Cursor::new(bytes), *kind, leak(declared), leak(name));
        let wanted = Form {
            extension: (*extension).to_owned(),
            mime: (*mime).to_owned(),
        };
        if found != wanted {
            let start = &bytes[..bytes.len().min(16)];
            wrong.push(format!(
                "{kind:?} {declared:?} {name:?} {start:?}: {found:?}"
            ));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

/// A zip without compression. `padding` bytes fill each entry.
fn zip_of(names: &[&str], padding: usize) -> Vec<u8> {
    let entries: Vec<_> = names
        .iter()
        .map(|name| (*name, vec![b'x'; padding]))
        .collect();
    zip_with(&entries)
}

fn zip_with(entries: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let (mut file, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in entries {
        let offset = u32::try_from(file.len()).unwrap();
        let (size, length) = (
            u32::try_from(content.len()).unwrap(),
            u16::try_from(name.len()).unwrap(),
        );
        let mut common = vec![20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        common.extend(size.to_le_bytes());
        common.extend(size.to_le_bytes());
        common.extend(length.to_le_bytes());
        common.extend([0, 0]);
        file.extend(b"PK\x03\x04");
        file.extend(&common);
        file.extend(name.as_bytes());
        file.extend(content);
        directory.extend(b"PK\x01\x02\x14\0");
        directory.extend(&common);
        directory.extend([0; 10]);
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let start = u32::try_from(file.len()).unwrap();
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    file.extend(&directory);
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(count);
    file.extend(count);
    file.extend(u32::try_from(directory.len()).unwrap().to_le_bytes());
    file.extend(start.to_le_bytes());
    file.extend([0, 0]);
    file
}

/// A compound file with these streams in its root, and its directory behind `before` other sectors.
fn ole_of(class: u32, streams: &[&str], before: u32) -> Vec<u8> {
    let mut file = vec![0; 512];
    file[..8].copy_from_slice(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1");
    file[26..32].copy_from_slice(&[3, 0, 0xfe, 0xff, 9, 0]);
    file[48..52].copy_from_slice(&(before + 1).to_le_bytes());
    file[76..512].fill(0xff);
    file[76..80].copy_from_slice(&0_u32.to_le_bytes());
    // The table of sectors, then the others, then the directory.
    file.extend(vec![0xff; 512]);
    file.extend(vec![0x55; 512 * before as usize]);
    let end = 0xffff_fffe_u32;
    let sectors = u32::try_from((streams.len() + 1).div_ceil(4)).unwrap();
    for sector in 0..sectors {
        let next = if sector + 1 == sectors {
            end
        } else {
            before + sector + 2
        };
        let at = 512 + 4 * (before + 1 + sector) as usize;
        file[at..at + 4].copy_from_slice(&next.to_le_bytes());
    }
    let mut entries = vec![0; 512 * sectors as usize];
    for (at, name) in ["Root Entry"].iter().chain(streams).enumerate() {
        let entry = &mut entries[at * 128..(at + 1) * 128];
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).collect();
        entry[..units.len()].copy_from_slice(&units);
        entry[64..66].copy_from_slice(&u16::try_from(units.len() + 2).unwrap().to_le_bytes());
        entry[68..80].fill(0xff);
        if at == 0 {
            entry[76..80].copy_from_slice(&1_u32.to_le_bytes());
            entry[80..84].copy_from_slice(&class.to_le_bytes());
        } else if at < streams.len() {
            entry[72..76].copy_from_slice(&u32::try_from(at + 1).unwrap().to_le_bytes());
        }
    }
    file.extend(entries);
    file
}

fn utf16(text: &str, unit: fn(u16) -> [u8; 2], mark: bool) -> Vec<u8> {
    let mark = if mark { "\u{feff}" } else { "" };
    mark.encode_utf16()
        .chain(text.encode_utf16())
        .flat_map(unit)
        .collect()
}

fn ftyp(major: &[u8; 4], others: &[&[u8; 4]]) -> Vec<u8> {
    let size = u32::try_from(16 + 4 * others.len()).unwrap();
    let mut file = size.to_be_bytes().to_vec();
    file.extend(b"ftyp");
    file.extend(major);
    file.extend([0; 4]);
    others.iter().for_each(|brand| file.extend(*brand));
    file.extend(b"\0\0\x01\xccmeta");
    file
}

fn ogg(packet: &[u8]) -> Vec<u8> {
    let mut page = b"OggS\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x13".to_vec();
    page.extend(packet);
    page
}

const ZIP: &str = "application/zip";
const OLE: &str = "application/x-ole-storage";
const OCTETS: &str = "application/octet-stream";
const WORD: &str = "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
const SHEET: &str = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
const SLIDES: &str = "application/vnd.openxmlformats-officedocument.presentationml.presentation";
const SHEET_MACROS: &str = "application/vnd.ms-excel.sheet.macroenabled.12";
const NOISE: &[u8] =
    b"\x9f\x01\x83\x00\x17\xe2\x11\x00\x04\x9b\xfe\x07\x1f\x1e\x99\x88\x02\x00\xc7";
const CSV: &[u8] = b"Nome;2024;12.500,00\r\nlinha dois;2025;1,00\r\n";

#[test]
fn text_is_text_however_it_begins() {
    let latin = b"C\xf3digo;A\xe7\xe3o\r\n1;2\r\n";
    let marked = "\u{feff}Código;Valor\r\n".as_bytes();
    let little = utf16("Nome;Valor\r\nAção;1\r\n", u16::to_le_bytes, true);
    let big = utf16("Nome;Valor\r\nAção;1\r\n", u16::to_be_bytes, true);
    let bare = utf16("Nome;Valor\r\nlinha;1\r\n", u16::to_le_bytes, false);
    check(&[
        (
            CSV,
            Document,
            "application/vnd.ms-excel",
            "clientes.csv",
            "csv",
            "text/csv",
        ),
        (
            marked,
            Document,
            "application/vnd.ms-excel",
            "Relatório Março.CSV",
            "csv",
            "text/csv",
        ),
        (
            latin,
            Document,
            "application/vnd.ms-excel",
            "x.csv",
            "csv",
            "text/csv",
        ),
        (
            &little,
            Document,
            "text/csv",
            "unicode.csv",
            "csv",
            "text/csv",
        ),
        (
            &big,
            Document,
            "application/vnd.ms-excel",
            "unicode.csv",
            "csv",
            "text/csv",
        ),
        (&bare, Document, OCTETS, "unicode.csv", "csv", "text/csv"),
        (&little, Document, "text/plain", "", "txt", "text/plain"),
        (
            b"BMW 320i;2024\r\n",
            Document,
            "text/csv",
            "carros.csv",
            "csv",
            "text/csv",
        ),
        (
            b"MZ Motos;2024\r\n",
            Document,
            "text/csv",
            "motos.csv",
            "csv",
            "text/csv",
        ),
        (
            b"GIFTS ltda;2024\r\n",
            Document,
            "text/plain",
            "presentes.txt",
            "txt",
            "text/plain",
        ),
        (
            b"ID3 lote;2024\r\n",
            Document,
            "text/csv",
            "lotes.csv",
            "csv",
            "text/csv",
        ),
        (
            b"BC Paulista;1\r\n",
            Document,
            "text/csv",
            "bancos.csv",
            "csv",
            "text/csv",
        ),
        (
            b"MAC Address;1\r\n",
            Document,
            "text/csv",
            "rede.csv",
            "csv",
            "text/csv",
        ),
        (
            b"%! n\xe3o \xe9 PostScript\r\n",
            Document,
            "text/plain",
            "nota.txt",
            "txt",
            "text/plain",
        ),
        (
            b"PK;codigo\r\n",
            Document,
            "",
            "pk.txt",
            "txt",
            "text/plain",
        ),
        (
            b"RIFFA-ME;1;2;3\r\n",
            Document,
            "",
            "rifa.csv",
            "csv",
            "text/csv",
        ),
        (
            b"Rar! promo\xe7\xe3o\r\n",
            Document,
            "",
            "rar.txt",
            "txt",
            "text/plain",
        ),
        (
            b"FLV;1\r\nOggS;2\r\n",
            Document,
            "",
            "a.txt",
            "txt",
            "text/plain",
        ),
        (
            b"8BPS fLaC wOFF OTTO\r\n",
            Document,
            "",
            "a.txt",
            "txt",
            "text/plain",
        ),
        (
            b"II* MM* 7z!\r\n",
            Document,
            "",
            "a.txt",
            "txt",
            "text/plain",
        ),
        (
            b"0123ftypisom lote\r\n",
            Document,
            "",
            "a.txt",
            "txt",
            "text/plain",
        ),
        // Other than text, they say nothing of use.
        (
            CSV,
            Document,
            "application/pdf",
            "nota.pdf",
            "txt",
            "text/plain",
        ),
        (
            CSV,
            Document,
            "application/vnd.ms-excel",
            "extrato.xls",
            "txt",
            "text/plain",
        ),
        (CSV, Image, "image/jpeg", "", "txt", "text/plain"),
        (CSV, Document, "text/plain", "dados.csv", "csv", "text/csv"),
        (CSV, Document, "text/csv", "dados.txt", "csv", "text/csv"),
        (CSV, Document, "text/html", "dados.csv", "csv", "text/csv"),
        (
            CSV,
            Document,
            "text/csv; charset=utf-8",
            "",
            "csv",
            "text/csv",
        ),
        (b"", Document, "text/plain", ".nomedia", "txt", "text/plain"),
        (b"", Document, OCTETS, "", "bin", OCTETS),
        (b"\xff\xfea\0", Document, "", "", "txt", "text/plain"),
    ]);
}

#[test]
fn broken_files_are_not_recognised() {
    let zip = zip_of(&["[Content_Types].xml", "word/document.xml"], 100);
    let ole = ole_of(0, &["WordDocument"], 2);
    let mp4 = ftyp(b"isom", &[b"mp42"]);
    for whole in [zip, ole, mp4, ogg(b"OpusHead")] {
        for end in 0..whole.len() {
            let cut = form_of_head(&whole[..end], Document, None, None);
            assert!(!cut.extension.is_empty());
        }
        for at in (0..whole.len()).step_by(3) {
            let mut bent = whole.clone();
            bent[at] ^= 0xff;
            assert!(!form_of_head(&bent, Document, None, None).mime.is_empty());
        }
    }
    // A directory that says that it is larger than everything.
    let mut greedy = zip_of(&["a"], 1);
    let end = greedy.len();
    greedy[end - 14..end - 10].fill(0xff);
    assert_eq!(form_of_head(&greedy, Document, None, None).extension, "zip");
}

#[test]
fn a_signature_that_no_text_has_wins_over_the_letters_behind_it() {
    let filled = |start: &[u8]| [start, &[b'x'; 500]].concat();
    let jpeg = filled(b"\xff\xd8\xff\xe0");
    let gif = filled(b"GIF89a");
    check(&[
        (&jpeg, Image, "image/jpeg", "", "jpg", "image/jpeg"),
        (&jpeg, Document, OCTETS, "foto.jpg", "jpg", "image/jpeg"),
        (&jpeg, Document, OCTETS, "x.php", "jpg", "image/jpeg"),
        (
            &filled(b"\x89PNG\r\n\x1a\n"),
            Image,
            "image/png",
            "",
            "png",
            "image/png",
        ),
        // These are letters as well: what is declared decides.
        (&gif, Image, "image/gif", "", "gif", "image/gif"),
        (
            &gif,
            Document,
            "text/plain",
            "nota.txt",
            "txt",
            "text/plain",
        ),
        (&gif, Document, OCTETS, "", "txt", "text/plain"),
    ]);
}

#[test]
fn of_two_claims_that_differ_the_one_that_the_bytes_look_like_wins() {
    let nfe = b"<?xml version=\"1.0\"?><nfeProc versao=\"4.00\"/>";
    check(&[
        (nfe, Document, "text/html", "nfe.xml", "xml", "text/xml"),
        (
            b"<!DOCTYPE html><html></html>",
            Document,
            "text/html",
            "nfe.xml",
            "html",
            "text/html",
        ),
    ]);
}
