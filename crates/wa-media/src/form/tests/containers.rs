//! Archives and compound files are what is in them.

use super::*;

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
