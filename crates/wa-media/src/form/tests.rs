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
fn a_plain_extension_of_the_name_is_kept() {
    check(&[
        (
            b"OFXHEADER:100\r\n",
            Document,
            OCTETS,
            "extrato.ofx",
            "ofx",
            "application/x-ofx",
        ),
        (
            b"OFXHEADER:100\r\n",
            Document,
            "text/plain",
            "extrato.OFX",
            "ofx",
            "application/x-ofx",
        ),
        (
            b"<?xml version=\"1.0\"?><?OFX OFXHEADER=\"200\"?><OFX>",
            Document,
            "",
            "",
            "ofx",
            "application/x-ofx",
        ),
        (
            b"From: Ana <ana@example.com>\r\n\r\noi\r\n",
            Document,
            OCTETS,
            "conversa.eml",
            "eml",
            "message/rfc822",
        ),
        (
            b"02RETORNO01COBRANCA       000000001\r\n",
            Document,
            OCTETS,
            "CB0101.RET",
            "ret",
            "text/plain",
        ),
        (
            b"01REMESSA01COBRANCA\r\n",
            Document,
            "text/plain",
            "CB0101.REM",
            "rem",
            "text/plain",
        ),
        (
            b"01REMESSA01COBRANCA\r\n",
            Document,
            OCTETS,
            "cobranca.240",
            "240",
            "text/plain",
        ),
        (
            b"0\nSECTION\n2\nHEADER\n",
            Document,
            OCTETS,
            "planta.dxf",
            "dxf",
            "image/vnd.dxf",
        ),
        (
            b"0\nSECTION\n2\nHEADER\n",
            Document,
            OCTETS,
            "",
            "dxf",
            "image/vnd.dxf",
        ),
        (
            b"# ata\n\n- um\n",
            Document,
            OCTETS,
            "ata.md",
            "md",
            "text/markdown",
        ),
        (
            b"nome: x\n",
            Document,
            OCTETS,
            "config.yaml",
            "yaml",
            "text/plain",
        ),
        (
            b"nome: x\n",
            Document,
            "application/x-yaml",
            "config.yml",
            "yml",
            "application/x-yaml",
        ),
        (
            b"<?xml version=\"1.0\"?><nfeProc>",
            Document,
            "text/xml",
            "nfe.xml",
            "xml",
            "text/xml",
        ),
        (
            b"<?xml version=\"1.0\"?><nfeProc>",
            Document,
            OCTETS,
            "",
            "xml",
            "text/xml",
        ),
        (
            b"<?xml version=\"1.0\"?><gpx>",
            Document,
            "application/xml",
            "rota.gpx",
            "gpx",
            "application/gpx+xml",
        ),
        (
            b"{\"a\":1}",
            Document,
            OCTETS,
            "",
            "json",
            "application/json",
        ),
        (
            b"{\"a\":1}",
            Document,
            "text/plain",
            "log.txt",
            "txt",
            "text/plain",
        ),
        (
            b"{\"a\":1}",
            Document,
            "application/json",
            "caderno.ipynb",
            "ipynb",
            "application/json",
        ),
        (
            b"BEGIN:VCARD\r\n",
            Document,
            OCTETS,
            "",
            "vcf",
            "text/vcard",
        ),
        (
            b"BEGIN:VCALENDAR\r\n",
            Document,
            "text/calendar",
            "x.ics",
            "ics",
            "text/calendar",
        ),
        (
            b"{\\rtf1\\ansi",
            Document,
            "application/msword",
            "carta.doc",
            "rtf",
            "application/rtf",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n",
            Document,
            "application/x-x509-ca-cert",
            "a.crt",
            "crt",
            "application/x-x509-user-cert",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n",
            Document,
            OCTETS,
            "a.cer",
            "cer",
            "application/pkix-cert",
        ),
        (
            b"-----BEGIN CERTIFICATE-----\n",
            Document,
            OCTETS,
            "",
            "pem",
            "application/x-pem-file",
        ),
        // Bytes that nothing recognises.
        (
            NOISE,
            Document,
            OCTETS,
            "planta.DWG",
            "dwg",
            "image/vnd.dwg",
        ),
        (
            NOISE,
            Document,
            OCTETS,
            "base.dbf",
            "dbf",
            "application/x-dbf",
        ),
        (NOISE, Document, OCTETS, "jogo.sav", "sav", OCTETS),
        (
            NOISE,
            Document,
            "application/x-sav",
            "jogo.sav",
            "sav",
            "application/x-sav",
        ),
        (
            NOISE,
            Document,
            "application/pdf",
            "Sr.Silva",
            "pdf",
            "application/pdf",
        ),
        (
            NOISE,
            Audio,
            "audio/ogg; codecs=opus",
            "",
            "ogg",
            "audio/ogg",
        ),
        (NOISE, Document, "text/plain", "contrato.docx", "docx", WORD),
        // No extensions.
        (NOISE, Document, OCTETS, "relatório final.", "bin", OCTETS),
        (
            NOISE,
            Document,
            OCTETS,
            "Segue o contrato. obrigado",
            "bin",
            OCTETS,
        ),
        (NOISE, Document, OCTETS, "a.muitolongo", "bin", OCTETS),
        (NOISE, Document, OCTETS, "a.çedilha", "bin", OCTETS),
        (NOISE, Document, OCTETS, "a.tar/../..", "bin", OCTETS),
        (
            NOISE,
            Document,
            OCTETS,
            "\u{202e}fdp.exe",
            "exe",
            "application/vnd.microsoft.portable-executable",
        ),
        (CSV, Document, "text/csv", "Dados v1.2", "csv", "text/csv"),
        (
            b"%PDF-1.7",
            Document,
            OCTETS,
            "Pedido 12:30:45 nº 7.pdf ",
            "pdf",
            "application/pdf",
        ),
        (
            b"%PDF-1.7",
            Document,
            OCTETS,
            "contrato v1.2",
            "pdf",
            "application/pdf",
        ),
        (
            b"%PDF-1.7",
            Document,
            "",
            "nul\0byte.exe",
            "pdf",
            "application/pdf",
        ),
    ]);
}

#[test]
fn files_that_servers_execute_get_no_such_extension() {
    let zip = zip_of(&["a.txt"], 10);
    let scripts = [
        "php", "php3", "php7", "php8", "phtml", "phar", "pht", "phps", "jsp", "jspx", "asp",
        "aspx", "ashx", "asa", "cgi", "fcgi", "pl", "py", "sh", "bash", "cmd", "bat", "htaccess",
        "htpasswd", "shtml", "shtm", "stm", "cfm", "hta", "js", "mjs", "vbs", "xhtml", "xht",
        "xsl", "svgz", "swf", "wasm",
    ];
    for script in scripts {
        let names = [
            format!("a.{script}"),
            format!("a.{}", script.to_uppercase()),
            format!("x.pdf.{script} "),
        ];
        for name in &names {
            check(&[
                (
                    b"<?php echo 1; ?>",
                    Document,
                    OCTETS,
                    name,
                    "txt",
                    "text/plain",
                ),
                (&zip, Document, OCTETS, name, "zip", ZIP),
                (NOISE, Document, OCTETS, name, "bin", OCTETS),
            ]);
        }
    }
    check(&[
        (
            b"Require all denied\n",
            Document,
            OCTETS,
            ".htaccess",
            "txt",
            "text/plain",
        ),
        (
            b"alert(1)",
            Document,
            "text/javascript",
            "a.js",
            "txt",
            "text/plain",
        ),
        // Documents of the web: by their bytes or their declared type, not by a name alone.
        (
            b"<!DOCTYPE html><p>",
            Document,
            "text/html",
            "a.html",
            "html",
            "text/html",
        ),
        (
            b"<!DOCTYPE html><p>",
            Document,
            OCTETS,
            "a.htm",
            "html",
            "text/html",
        ),
        (
            b"<!DOCTYPE html><p>",
            Document,
            "text/plain",
            "a.txt",
            "txt",
            "text/plain",
        ),
        (b"alert(1)", Document, OCTETS, "a.html", "txt", "text/plain"),
        (b"alert(1)", Document, OCTETS, "a.svg", "txt", "text/plain"),
        (NOISE, Document, OCTETS, "a.html", "bin", OCTETS),
        (
            b"<svg xmlns=\"\">",
            Document,
            "image/svg+xml",
            "logo.svg",
            "svg",
            "image/svg+xml",
        ),
        (
            b"<?xml version=\"1.0\"?><!-- a --><svg>",
            Document,
            OCTETS,
            "logo.svg",
            "svg",
            "image/svg+xml",
        ),
    ]);
}

#[test]
fn zips_are_what_is_in_them() {
    let office = |names: &[&str]| {
        let mut all = vec!["[Content_Types].xml", "_rels/.rels", "docProps/app.xml"];
        all.extend(names);
        // So large that the names are not in the first 8 KiB.
        zip_of(&all, 5_000)
    };
    let own = |mimetype: &str| {
        zip_with(&[
            ("mimetype", mimetype.as_bytes().to_vec()),
            ("content.xml", vec![b'x'; 9]),
        ])
    };
    let word = office(&["word/document.xml"]);
    let word_macros = office(&["word/document.xml", "word/vbaProject.bin"]);
    let sheet = office(&["xl/sharedStrings.xml", "xl/workbook.xml"]);
    let sheet_macros = office(&["xl/workbook.xml", "xl/vbaProject.bin"]);
    let binary = office(&["xl/workbook.bin"]);
    let slides = office(&["ppt/presentation.xml", "ppt/embeddings/a.xlsx"]);
    let slides_macros = office(&["ppt/presentation.xml", "ppt/vbaProject.bin"]);
    let visio = office(&["visio/document.xml"]);
    let model = office(&["3D/3dmodel.model"]);
    let plain = zip_of(&["foto1.txt", "foto2.txt"], 10);
    let misleading = zip_of(&["word/notas.txt", "xl/b.txt"], 10);
    let windows = zip_of(&["[Content_Types].xml", "word\\document.xml"], 10);
    let mut commented = word.clone();
    let end = commented.len();
    commented[end - 2..].copy_from_slice(&4_u16.to_le_bytes());
    commented.extend(b"nota");
    let cut = &word[..6_000];
    let lottie = zip_of(
        &[
            "animation/animation.json",
            "animation/animation_secondary.json",
        ],
        10,
    );
    let apk = zip_of(
        &["META-INF/MANIFEST.MF", "AndroidManifest.xml", "classes.dex"],
        10,
    );
    let jar = zip_of(&["META-INF/MANIFEST.MF", "A.class"], 10);
    let kmz = zip_of(&["doc.kml"], 10);
    let iwork = zip_of(&["Index/Document.iwa", "Metadata/Properties.plist"], 10);
    let keynote = zip_of(&["Index/Document.iwa", "Index/Slide-1.iwa"], 10);
    let (odt, ods, odp) = (
        own("application/vnd.oasis.opendocument.text"),
        own("application/vnd.oasis.opendocument.spreadsheet"),
        own("application/vnd.oasis.opendocument.presentation"),
    );
    let epub = own("application/epub+zip");
    check(&[
        (&word, Document, ZIP, "laudo.docx", "docx", WORD),
        (&word, Document, ZIP, "", "docx", WORD),
        (&word, Document, ZIP, "laudo.zip", "docx", WORD),
        (&word, Document, SHEET, "laudo.xlsx", "docx", WORD),
        (
            &word,
            Document,
            "application/msword",
            "laudo.doc",
            "docx",
            WORD,
        ),
        (
            &word,
            Document,
            OCTETS,
            "modelo.dotx",
            "dotx",
            "application/vnd.openxmlformats-officedocument.wordprocessingml.template",
        ),
        (
            &word,
            Document,
            OCTETS,
            "contrato.docm",
            "docm",
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (
            &word_macros,
            Document,
            "application/vnd.ms-word.document.macroEnabled.12",
            "contrato.docm",
            "docm",
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (
            &word_macros,
            Document,
            WORD,
            "contrato.docx",
            "docm",
            "application/vnd.ms-word.document.macroenabled.12",
        ),
        (&sheet, Document, ZIP, "planilha.xlsx", "xlsx", SHEET),
        (
            &sheet,
            Document,
            "application/vnd.ms-excel",
            "planilha.xls",
            "xlsx",
            SHEET,
        ),
        (
            &sheet_macros,
            Document,
            "application/vnd.ms-excel.sheet.macroEnabled.12",
            "orçamento.xlsm",
            "xlsm",
            SHEET_MACROS,
        ),
        (&sheet_macros, Document, OCTETS, "", "xlsm", SHEET_MACROS),
        (
            &sheet_macros,
            Document,
            OCTETS,
            "suplemento.xlam",
            "xlam",
            "application/vnd.ms-excel.addin.macroenabled.12",
        ),
        (
            &binary,
            Document,
            "application/vnd.ms-excel.sheet.binary.macroEnabled.12",
            "estoque.xlsb",
            "xlsb",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        ),
        (
            &binary,
            Document,
            SHEET,
            "estoque.xlsx",
            "xlsb",
            "application/vnd.ms-excel.sheet.binary.macroenabled.12",
        ),
        (&slides, Document, ZIP, "", "pptx", SLIDES),
        (
            &slides,
            Document,
            OCTETS,
            "a.ppsx",
            "ppsx",
            "application/vnd.openxmlformats-officedocument.presentationml.slideshow",
        ),
        (
            &slides_macros,
            Document,
            SLIDES,
            "a.pptm",
            "pptm",
            "application/vnd.ms-powerpoint.presentation.macroenabled.12",
        ),
        (
            &visio,
            Document,
            OCTETS,
            "rede.vsdx",
            "vsdx",
            "application/vnd.ms-visio.drawing",
        ),
        (&model, Document, OCTETS, "", "3mf", "model/3mf"),
        (&windows, Document, ZIP, "", "docx", WORD),
        (&commented, Document, ZIP, "", "docx", WORD),
        // Its end is missing, so its beginning and what is said of it count.
        (cut, Document, WORD, "laudo.docx", "docx", WORD),
        (b"PK\x03\x04\0\0\0\0", Document, WORD, "", "docx", WORD),
        (&plain, Document, ZIP, "fotos.zip", "zip", ZIP),
        (&plain, Document, WORD, "laudo.docx", "zip", ZIP),
        (
            &plain,
            Document,
            OCTETS,
            "gibi.cbz",
            "cbz",
            "application/vnd.comicbook+zip",
        ),
        (&plain, Document, OCTETS, "mapa.xmind", "xmind", ZIP),
        (
            &plain,
            Document,
            "application/vnd.xmind.workbook",
            "mapa.xmind",
            "xmind",
            "application/vnd.xmind.workbook",
        ),
        (&plain, Document, OCTETS, "fotos 12.05", "zip", ZIP),
        (&plain, Document, "image/webp", "", "zip", ZIP),
        (&plain, Sticker, "image/webp", "", "zip", ZIP),
        (&plain, Image, "image/jpeg", "a.jpg", "zip", ZIP),
        (&plain, Document, "application/pdf", "a.pdf", "zip", ZIP),
        (&misleading, Document, ZIP, "", "zip", ZIP),
        (
            &lottie,
            Sticker,
            "application/was",
            "",
            "was",
            "application/was",
        ),
        (&lottie, Sticker, "image/webp", "", "was", "application/was"),
        (&lottie, Sticker, ZIP, "", "was", "application/was"),
        (
            &apk,
            Document,
            "application/vnd.android.package-archive",
            "app.apk",
            "apk",
            "application/vnd.android.package-archive",
        ),
        (
            &apk,
            Document,
            ZIP,
            "app.zip",
            "apk",
            "application/vnd.android.package-archive",
        ),
        (
            &jar,
            Document,
            OCTETS,
            "a.jar",
            "jar",
            "application/java-archive",
        ),
        (
            &jar,
            Document,
            OCTETS,
            "a.war",
            "war",
            "application/java-archive",
        ),
        (
            &kmz,
            Document,
            OCTETS,
            "sitio.kmz",
            "kmz",
            "application/vnd.google-earth.kmz",
        ),
        (
            &kmz,
            Document,
            ZIP,
            "",
            "kmz",
            "application/vnd.google-earth.kmz",
        ),
        (
            &iwork,
            Document,
            OCTETS,
            "a.pages",
            "pages",
            "application/vnd.apple.pages",
        ),
        (
            &iwork,
            Document,
            "application/vnd.apple.numbers",
            "a.numbers",
            "numbers",
            "application/vnd.apple.numbers",
        ),
        (
            &keynote,
            Document,
            ZIP,
            "",
            "key",
            "application/vnd.apple.keynote",
        ),
        (
            &odt,
            Document,
            ZIP,
            "",
            "odt",
            "application/vnd.oasis.opendocument.text",
        ),
        (
            &ods,
            Document,
            SHEET,
            "a.xlsx",
            "ods",
            "application/vnd.oasis.opendocument.spreadsheet",
        ),
        (
            &odp,
            Document,
            OCTETS,
            "a.odp",
            "odp",
            "application/vnd.oasis.opendocument.presentation",
        ),
        (
            &epub,
            Document,
            ZIP,
            "livro.epub",
            "epub",
            "application/epub+zip",
        ),
    ]);
}

#[test]
fn compound_files_are_what_streams_they_have() {
    let doc = ole_of(0, &["1Table", "WordDocument"], 0);
    let far = ole_of(0, &["a", "b", "c", "d", "e", "Workbook"], 40);
    let (ppt, msg) = (
        ole_of(0, &["PowerPoint Document"], 3),
        ole_of(0, &["__properties_version1.0"], 0),
    );
    let (msi, other) = (ole_of(0x000c_1084, &["x"], 0), ole_of(0, &["Contents"], 0));
    let encrypted = ole_of(0, &["EncryptionInfo", "EncryptedPackage"], 0);
    check(&[
        (
            &doc,
            Document,
            "application/msword",
            "a.doc",
            "doc",
            "application/msword",
        ),
        (&doc, Document, OCTETS, "", "doc", "application/msword"),
        (
            &doc,
            Document,
            "application/vnd.ms-excel",
            "a.xls",
            "doc",
            "application/msword",
        ),
        (
            &doc,
            Document,
            OCTETS,
            "modelo.dot",
            "dot",
            "application/msword",
        ),
        (&doc, Document, WORD, "a.docx", "doc", "application/msword"),
        (
            &far,
            Document,
            OCTETS,
            "",
            "xls",
            "application/vnd.ms-excel",
        ),
        (
            &ppt,
            Document,
            OCTETS,
            "a.pps",
            "pps",
            "application/vnd.ms-powerpoint",
        ),
        (
            &msg,
            Document,
            OCTETS,
            "",
            "msg",
            "application/vnd.ms-outlook",
        ),
        (&msi, Document, OCTETS, "", "msi", "application/x-msi"),
        (&other, Document, OCTETS, "casa.rvt", "rvt", OLE),
        (
            &other,
            Document,
            "application/vnd.ms-project",
            "a.mpp",
            "mpp",
            "application/vnd.ms-project",
        ),
        (&other, Document, OCTETS, "", "bin", OLE),
        (&other, Document, "image/jpeg", "a.jpg", "bin", OLE),
        // With a password, newer office files are such, too.
        (&encrypted, Document, SHEET, "senha.xlsx", "xlsx", SHEET),
        (&encrypted, Document, OCTETS, "senha.docx", "docx", WORD),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
            Document,
            "application/msword",
            "a.doc",
            "doc",
            "application/msword",
        ),
    ]);
}

#[test]
fn pictures_sound_and_films_are_what_their_bytes_say() {
    let heic = ftyp(b"heic", &[b"mif1", b"MiHE", b"heic"]);
    let mif = ftyp(b"mif1", &[b"heic", b"mif1"]);
    let heif = ftyp(b"mif1", &[b"mif1"]);
    let (avif, m4a, mp4) = (
        ftyp(b"avif", &[b"mif1"]),
        ftyp(b"M4A ", &[b"isom"]),
        ftyp(b"isom", &[b"mp42"]),
    );
    let (mov, gp) = (ftyp(b"qt  ", &[]), ftyp(b"3gp4", &[b"isom"]));
    let (voice, film) = (ogg(b"OpusHead"), ogg(b"\x80theora"));
    let webp = b"RIFF\x24\0\0\0WEBPVP8X\x0a\0\0\0\x02\0\0\0";
    let mut mpeg = [0xff, 0xfb, 0x90, 0x64].to_vec();
    mpeg.resize(417, 0);
    mpeg.extend([0xff, 0xfb, 0x90, 0x64, 0]);
    let mut bmp = b"BM\x46\0\0\0\0\0\0\0\x36\0\0\0\x28\0\0\0".to_vec();
    bmp.resize(70, 0);
    let mut exe = b"MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff\0\0".to_vec();
    exe.resize(128, 0);
    check(&[
        (
            &heic,
            Document,
            "image/heic",
            "IMG_0412.HEIC",
            "heic",
            "image/heic",
        ),
        (
            &heic,
            Document,
            "image/heif",
            "a.heif",
            "heic",
            "image/heic",
        ),
        (&mif, Document, OCTETS, "", "heic", "image/heic"),
        (
            &heif,
            Document,
            "image/heif",
            "a.heif",
            "heif",
            "image/heif",
        ),
        (
            &heif,
            Document,
            "image/heic",
            "a.heic",
            "heic",
            "image/heic",
        ),
        (&avif, Image, "image/jpeg", "", "avif", "image/avif"),
        (&m4a, Audio, "audio/mp4", "", "m4a", "audio/mp4"),
        (&m4a, Document, "video/mp4", "a.mp4", "m4a", "audio/mp4"),
        (&mp4, Audio, "audio/mp4", "", "m4a", "audio/mp4"),
        (&mp4, Video, "video/mp4", "", "mp4", "video/mp4"),
        (&mp4, Document, "audio/x-m4a", "a.m4a", "m4a", "audio/mp4"),
        (&mp4, Video, "video/quicktime", "", "mp4", "video/mp4"),
        (
            &mov,
            Document,
            "video/mp4",
            "a.mp4",
            "mov",
            "video/quicktime",
        ),
        (&gp, Video, "video/mp4", "", "3gp", "video/3gpp"),
        (&gp, Audio, "audio/amr", "", "3gp", "audio/3gpp"),
        (
            &voice,
            Audio,
            "audio/ogg; codecs=opus",
            "",
            "ogg",
            "audio/ogg",
        ),
        (&voice, Audio, "audio/mpeg", "", "ogg", "audio/ogg"),
        (
            &voice,
            Document,
            OCTETS,
            "PTT-20240101-WA0001.opus",
            "ogg",
            "audio/ogg",
        ),
        (&film, Video, "video/ogg", "", "ogv", "video/ogg"),
        (&film, Audio, "audio/ogg", "", "ogg", "audio/ogg"),
        (webp, Sticker, "image/webp", "", "webp", "image/webp"),
        (webp, Sticker, "application/was", "", "webp", "image/webp"),
        (&mpeg, Audio, "audio/mpeg", "", "mp3", "audio/mpeg"),
        (&mpeg, Document, OCTETS, "a.txt", "mp3", "audio/mpeg"),
        (
            b"ID3\x04\0\0\0\0\0\x10",
            Document,
            OCTETS,
            "",
            "mp3",
            "audio/mpeg",
        ),
        (
            b"\xff\xf1\x50\x80\x01\x3f\xfc",
            Audio,
            OCTETS,
            "",
            "aac",
            "audio/aac",
        ),
        (
            b"#!AMR\n\x3c\x91\x17",
            Audio,
            "audio/ogg",
            "",
            "amr",
            "audio/amr",
        ),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            Image,
            "image/png",
            "",
            "jpg",
            "image/jpeg",
        ),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            Document,
            "application/pdf",
            "na verdade.pdf",
            "jpg",
            "image/jpeg",
        ),
        (
            b"\xff\xd8\xff\xe0\0\x10JFIF",
            Document,
            "image/jpeg",
            "a.jpeg",
            "jpg",
            "image/jpeg",
        ),
        (
            b"\x89PNG\r\n\x1a\n\0\0",
            Sticker,
            "image/webp",
            "",
            "png",
            "image/png",
        ),
        (
            b"GIF89a\x01\0\x01\0\x80\0\0",
            Document,
            OCTETS,
            "a.exe",
            "gif",
            "image/gif",
        ),
        (
            b"II*\0\x08\0\0\0",
            Document,
            OCTETS,
            "foto.dng",
            "dng",
            "image/x-adobe-dng",
        ),
        (
            b"II*\0\x08\0\0\0",
            Document,
            OCTETS,
            "foto.tif",
            "tiff",
            "image/tiff",
        ),
        (&bmp, Document, OCTETS, "a.csv", "bmp", "image/bmp"),
        (
            &exe,
            Document,
            "application/pdf",
            "boleto.pdf",
            "exe",
            "application/vnd.microsoft.portable-executable",
        ),
        (
            &exe,
            Document,
            OCTETS,
            "lib.dll",
            "dll",
            "application/vnd.microsoft.portable-executable",
        ),
        (
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01",
            Video,
            "video/webm",
            "",
            "webm",
            "video/webm",
        ),
        (
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01",
            Audio,
            "audio/webm",
            "",
            "webm",
            "audio/webm",
        ),
        (
            b"\x1a\x45\xdf\xa3\x9fB\x86\x81\x01",
            Document,
            OCTETS,
            "",
            "mkv",
            "video/x-matroska",
        ),
        (
            b"%PDF-1.4\n1 0 obj",
            Document,
            "image/jpeg",
            "a.jpg",
            "pdf",
            "application/pdf",
        ),
        (
            b"\0\x01lixo\r\n%PDF-1.4\n",
            Document,
            "application/pdf",
            "a.pdf",
            "pdf",
            "application/pdf",
        ),
        (
            b"%PDF-1.5",
            Document,
            OCTETS,
            "logo.ai",
            "ai",
            "application/illustrator",
        ),
        (
            b"%!PS-Adobe-3.0 EPSF-3.0",
            Document,
            OCTETS,
            "logo.eps",
            "eps",
            "image/x-eps",
        ),
        (
            b"AC1027\0\0\0\0\0",
            Document,
            "image/vnd.dwg",
            "planta.dwg",
            "dwg",
            "image/vnd.dwg",
        ),
        (
            b"RIFF\x10\0\0\0CDRAvrsn",
            Document,
            OCTETS,
            "",
            "cdr",
            "application/x-cdr",
        ),
        (
            b"SQLite format 3\0\x10\0",
            Document,
            OCTETS,
            "dados.db",
            "db",
            "application/vnd.sqlite3",
        ),
        (
            b"SQLite format 3\0\x10\0",
            Document,
            OCTETS,
            "",
            "sqlite",
            "application/vnd.sqlite3",
        ),
        (
            b"\0\x01\0\0Standard Jet DB\0\x01",
            Document,
            OCTETS,
            "",
            "mdb",
            "application/x-msaccess",
        ),
        (
            b"\x30\x82\x0a\x11\x02\x01\x03\x30\x82",
            Document,
            "application/x-pkcs12",
            "cert.pfx",
            "pfx",
            "application/x-pkcs12",
        ),
        (
            b"\x30\x82\x0a\x11\x02\x01\x03\x30\x82",
            Document,
            OCTETS,
            "",
            "p12",
            "application/x-pkcs12",
        ),
        (
            b"\x30\x82\x03\x11\x30\x82\x02\x01\xa0\x03\x02\x01\x02",
            Document,
            OCTETS,
            "a.crt",
            "crt",
            "application/x-x509-user-cert",
        ),
        (
            b"\x30\x82\x03\x11\x30\x82\x02\x01\xa0\x03\x02\x01\x02",
            Document,
            OCTETS,
            "",
            "cer",
            "application/pkix-cert",
        ),
        (
            b"\x30\x82\x03\x11\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02",
            Document,
            OCTETS,
            "nota.p7s",
            "p7s",
            "application/pkcs7-signature",
        ),
        (
            b"Rar!\x1a\x07\x01\0",
            Document,
            ZIP,
            "a.zip",
            "rar",
            "application/vnd.rar",
        ),
        (
            b"7z\xbc\xaf\x27\x1c\0\x04",
            Document,
            ZIP,
            "a.7z",
            "7z",
            "application/x-7z-compressed",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0\0",
            Document,
            "application/gzip",
            "a.tar.gz",
            "gz",
            "application/gzip",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0\0",
            Sticker,
            "application/x-tgsticker",
            "",
            "tgs",
            "application/x-tgsticker",
        ),
        (
            b"\x1f\x8b\x08\0\0\0\0\0",
            Document,
            OCTETS,
            "planilha.xlsx",
            "gz",
            "application/gzip",
        ),
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

#[test]
fn dots_at_the_end_of_a_name_are_no_extension() {
    check(&[(
        b"a;b\n",
        Document,
        "text/plain",
        "lista.csv.",
        "csv",
        "text/csv",
    )]);
}
