//! The types of files that are known by name: extension, media types, and which type each one is a special case of.

/// A type of file.
#[derive(Debug)]
pub(super) struct Type {
    /// Without a dot; one per type.
    pub extension: &'static str,
    /// Media types, the one to store first.
    pub mimes: &'static [&'static str],
    /// More general types that files of this type also are.
    pub within: &'static [&'static str],
}

macro_rules! types {
    ($($extension:literal in [$($within:literal)*] $($mime:literal)*;)*) => {
        &[$(Type { extension: $extension, mimes: &[$($mime),*], within: &[$($within),*] }),*]
    };
}

/// Several rows may name one media type: the first of them is what it means without a file name.
const TYPES: &[Type] = types! {
    // Text.
    "txt" in [] "text/plain";
    "csv" in ["txt"] "text/csv" "application/csv" "text/x-csv" "text/comma-separated-values" "application/x-csv";
    "tsv" in ["txt"] "text/tab-separated-values";
    "html" in ["txt"] "text/html" "application/xhtml+xml";
    "xml" in ["txt"] "text/xml" "application/xml";
    "svg" in ["xml"] "image/svg+xml";
    "kml" in ["xml"] "application/vnd.google-earth.kml+xml";
    "gpx" in ["xml"] "application/gpx+xml";
    "json" in ["txt"] "application/json" "text/json";
    "geojson" in ["json"] "application/geo+json";
    "vcf" in ["txt"] "text/vcard" "text/x-vcard" "text/directory";
    "ics" in ["txt"] "text/calendar";
    "eml" in ["txt"] "message/rfc822";
    "mht" in ["eml"] "multipart/related" "application/x-mimearchive";
    "md" in ["txt"] "text/markdown" "text/x-markdown";
    "ofx" in ["txt" "xml"] "application/x-ofx" "application/ofx" "application/vnd.intu.qfx";
    "ret" in ["txt"];
    "rem" in ["txt"];
    "log" in ["txt"] "text/x-log";
    "sql" in ["txt"] "application/sql" "application/x-sql" "text/x-sql";
    "srt" in ["txt"] "application/x-subrip";
    "vtt" in ["txt"] "text/vtt";
    "tex" in ["txt"] "application/x-tex" "text/x-tex";
    "rtf" in ["txt"] "application/rtf" "text/rtf";
    "dxf" in ["txt"] "image/vnd.dxf" "application/dxf" "image/x-dxf";
    "ps" in ["txt"] "application/postscript";
    "eps" in ["ps"] "image/x-eps" "application/eps";
    "pem" in ["txt"] "application/x-pem-file" "application/pem-certificate-chain";
    "pdf" in [] "application/pdf" "application/x-pdf";
    "ai" in ["pdf" "ps"] "application/illustrator" "application/vnd.adobe.illustrator";
    // Images.
    "jpg" in [] "image/jpeg" "image/jpg" "image/pjpeg";
    "png" in [] "image/png" "image/x-png";
    "apng" in ["png"] "image/apng";
    "webp" in [] "image/webp";
    "gif" in [] "image/gif";
    "heif" in [] "image/heif" "image/heif-sequence";
    "heic" in ["heif"] "image/heic" "image/heic-sequence";
    "avif" in [] "image/avif" "image/avif-sequence";
    "jxl" in [] "image/jxl";
    "jp2" in [] "image/jp2";
    "bmp" in [] "image/bmp" "image/x-ms-bmp";
    "tiff" in [] "image/tiff";
    "dng" in ["tiff"] "image/x-adobe-dng";
    "nef" in ["tiff"] "image/x-nikon-nef";
    "cr2" in ["tiff"] "image/x-canon-cr2";
    "arw" in ["tiff"] "image/x-sony-arw";
    "pef" in ["tiff"] "image/x-pentax-pef";
    "cr3" in [] "image/x-canon-cr3";
    "psd" in [] "image/vnd.adobe.photoshop" "application/x-photoshop";
    "psb" in ["psd"];
    "ico" in [] "image/vnd.microsoft.icon" "image/x-icon";
    "djvu" in [] "image/vnd.djvu";
    "dcm" in [] "application/dicom";
    // Sound.
    "ogg" in [] "audio/ogg" "audio/opus" "application/ogg" "audio/x-opus+ogg" "audio/vorbis";
    "ogv" in ["ogg"] "video/ogg";
    "mp3" in [] "audio/mpeg" "audio/mp3" "audio/x-mp3" "audio/mpeg3";
    "aac" in [] "audio/aac" "audio/aacp" "audio/x-aac";
    "amr" in [] "audio/amr" "audio/amr-wb";
    "wav" in [] "audio/wav" "audio/x-wav" "audio/wave" "audio/vnd.wave";
    "flac" in [] "audio/flac" "audio/x-flac";
    "aiff" in [] "audio/aiff" "audio/x-aiff";
    "caf" in [] "audio/x-caf";
    "mid" in [] "audio/midi" "audio/x-midi";
    // Video, and sound in the same containers.
    "mp4" in [] "video/mp4" "video/x-m4v" "application/mp4";
    "m4a" in ["mp4"] "audio/mp4" "audio/m4a" "audio/x-m4a";
    "m4b" in ["m4a"];
    "m4r" in ["m4a"];
    "f4v" in ["mp4"] "video/x-f4v";
    "mov" in [] "video/quicktime";
    "3gp" in [] "video/3gpp" "audio/3gpp";
    "3g2" in [] "video/3gpp2" "audio/3gpp2";
    "webm" in ["mkv"] "video/webm" "audio/webm";
    "mkv" in [] "video/x-matroska" "video/matroska";
    "mka" in ["mkv"] "audio/x-matroska" "audio/matroska";
    "mks" in ["mkv"];
    "avi" in [] "video/x-msvideo" "video/avi" "video/vnd.avi";
    "mpg" in [] "video/mpeg";
    "ts" in [] "video/mp2t";
    "mts" in ["ts"];
    "m2ts" in ["ts"];
    "asf" in [] "video/x-ms-asf" "application/vnd.ms-asf";
    "wmv" in ["asf"] "video/x-ms-wmv";
    "wma" in ["asf"] "audio/x-ms-wma";
    "flv" in [] "video/x-flv";
    // Archives.
    "zip" in [] "application/zip" "application/x-zip-compressed" "application/x-zip" "multipart/x-zip";
    "rar" in [] "application/vnd.rar" "application/x-rar-compressed" "application/x-rar";
    "cbr" in ["rar" "zip"] "application/vnd.comicbook-rar" "application/x-cbr";
    "7z" in [] "application/x-7z-compressed";
    "cb7" in ["7z"];
    "gz" in [] "application/gzip" "application/x-gzip";
    "tgz" in ["gz"] "application/x-compressed-tar";
    "tgs" in ["gz"] "application/x-tgsticker";
    "tar" in [] "application/x-tar";
    "ova" in ["tar"];
    "bz2" in [] "application/x-bzip2";
    "xz" in [] "application/x-xz";
    "zst" in [] "application/zstd";
    "cab" in [] "application/vnd.ms-cab-compressed";
    // Zips with a meaning.
    "docx" in ["zip" "encrypted"] "application/vnd.openxmlformats-officedocument.wordprocessingml.document";
    "docm" in ["docx"] "application/vnd.ms-word.document.macroenabled.12" "application/vnd.ms-word.document.macroenabled";
    "dotx" in ["docx"] "application/vnd.openxmlformats-officedocument.wordprocessingml.template";
    "dotm" in ["docm"] "application/vnd.ms-word.template.macroenabled.12";
    "xlsx" in ["zip" "encrypted"] "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet";
    "xlsm" in ["xlsx"] "application/vnd.ms-excel.sheet.macroenabled.12" "application/vnd.ms-excel.sheet.macroenabled";
    "xltx" in ["xlsx"] "application/vnd.openxmlformats-officedocument.spreadsheetml.template";
    "xltm" in ["xlsm"] "application/vnd.ms-excel.template.macroenabled.12";
    "xlam" in ["xlsm"] "application/vnd.ms-excel.addin.macroenabled.12";
    "xlsb" in ["zip" "encrypted"] "application/vnd.ms-excel.sheet.binary.macroenabled.12" "application/vnd.ms-excel.sheet.binary.macroenabled";
    "pptx" in ["zip" "encrypted"] "application/vnd.openxmlformats-officedocument.presentationml.presentation";
    "pptm" in ["pptx"] "application/vnd.ms-powerpoint.presentation.macroenabled.12" "application/vnd.ms-powerpoint.presentation.macroenabled";
    "ppsx" in ["pptx"] "application/vnd.openxmlformats-officedocument.presentationml.slideshow";
    "ppsm" in ["pptm"] "application/vnd.ms-powerpoint.slideshow.macroenabled.12";
    "potx" in ["pptx"] "application/vnd.openxmlformats-officedocument.presentationml.template";
    "potm" in ["pptm"] "application/vnd.ms-powerpoint.template.macroenabled.12";
    "ppam" in ["pptm"] "application/vnd.ms-powerpoint.addin.macroenabled.12";
    "vsdx" in ["zip" "encrypted"] "application/vnd.ms-visio.drawing" "application/vnd.visio";
    "vsdm" in ["vsdx"] "application/vnd.ms-visio.drawing.macroenabled.12";
    "vstx" in ["vsdx"] "application/vnd.ms-visio.template";
    "vssx" in ["vsdx"] "application/vnd.ms-visio.stencil";
    "3mf" in ["zip"] "model/3mf" "application/vnd.ms-package.3dmanufacturing-3dmodel+xml";
    "xps" in ["zip"] "application/vnd.ms-xpsdocument";
    "oxps" in ["xps"] "application/oxps";
    "odt" in ["zip"] "application/vnd.oasis.opendocument.text";
    "ott" in ["zip"] "application/vnd.oasis.opendocument.text-template";
    "ods" in ["zip"] "application/vnd.oasis.opendocument.spreadsheet";
    "ots" in ["zip"] "application/vnd.oasis.opendocument.spreadsheet-template";
    "odp" in ["zip"] "application/vnd.oasis.opendocument.presentation";
    "otp" in ["zip"] "application/vnd.oasis.opendocument.presentation-template";
    "odg" in ["zip"] "application/vnd.oasis.opendocument.graphics";
    "otg" in ["zip"] "application/vnd.oasis.opendocument.graphics-template";
    "odf" in ["zip"] "application/vnd.oasis.opendocument.formula";
    "odb" in ["zip"] "application/vnd.oasis.opendocument.base" "application/vnd.oasis.opendocument.database";
    "odm" in ["zip"] "application/vnd.oasis.opendocument.text-master";
    "sxw" in ["zip"] "application/vnd.sun.xml.writer";
    "sxc" in ["zip"] "application/vnd.sun.xml.calc";
    "sxi" in ["zip"] "application/vnd.sun.xml.impress";
    "idml" in ["zip"] "application/vnd.adobe.indesign-idml-package";
    "ora" in ["zip"] "image/openraster";
    "kra" in ["zip"] "application/x-krita";
    "epub" in ["zip"] "application/epub+zip";
    "jar" in ["zip"] "application/java-archive" "application/x-java-archive";
    "war" in ["jar"];
    "ear" in ["jar"];
    "apk" in ["zip" "jar"] "application/vnd.android.package-archive";
    "aar" in ["zip"];
    "aab" in ["zip" "jar"];
    "ipa" in ["zip"] "application/x-ios-app";
    "kmz" in ["zip"] "application/vnd.google-earth.kmz";
    "iwork" in ["zip"];
    "pages" in ["iwork"] "application/vnd.apple.pages" "application/x-iwork-pages-sffpages";
    "numbers" in ["iwork"] "application/vnd.apple.numbers" "application/x-iwork-numbers-sffnumbers";
    "key" in ["iwork" "txt" "der"] "application/vnd.apple.keynote" "application/x-iwork-keynote-sffkey";
    "usdz" in ["zip"] "model/vnd.usdz+zip";
    "sketch" in ["zip"];
    "lottie" in ["zip"] "application/zip+dotlottie";
    "was" in ["zip"] "application/was";
    "cbz" in ["zip"] "application/vnd.comicbook+zip" "application/x-cbz";
    // Microsoft's compound files.
    "ole" in [] "application/x-ole-storage";
    "encrypted" in ["ole"];
    "doc" in ["ole"] "application/msword";
    "dot" in ["doc"];
    "xls" in ["ole"] "application/vnd.ms-excel" "application/msexcel" "application/x-msexcel" "application/excel";
    "xlt" in ["xls"];
    "xla" in ["xls"];
    "ppt" in ["ole"] "application/vnd.ms-powerpoint" "application/mspowerpoint";
    "pps" in ["ppt"];
    "pot" in ["ppt"];
    "msg" in ["ole"] "application/vnd.ms-outlook";
    "oft" in ["msg"];
    "msi" in ["ole"] "application/x-msi" "application/x-ms-installer";
    "msp" in ["ole"];
    "mst" in ["ole"];
    "vsd" in ["ole"] "application/vnd.visio.drawing" "application/x-visio";
    "pub" in ["ole" "txt"] "application/vnd.ms-publisher" "application/x-mspublisher";
    "mpp" in ["ole"] "application/vnd.ms-project";
    // Drawings.
    "dwg" in [] "image/vnd.dwg" "application/acad" "application/x-acad" "image/x-dwg" "application/dwg";
    "dwt" in ["dwg"];
    "cdr" in ["zip"] "application/x-cdr" "application/vnd.corel-draw" "application/coreldraw" "image/x-coreldraw";
    "skp" in [] "application/vnd.sketchup.skp";
    // Databases.
    "sqlite" in [] "application/vnd.sqlite3" "application/x-sqlite3";
    "db" in ["sqlite" "ole"];
    "mdb" in [] "application/x-msaccess" "application/msaccess" "application/vnd.ms-access";
    "accdb" in [];
    "dbf" in [] "application/x-dbf" "application/vnd.dbf" "application/dbf";
    "pst" in [] "application/vnd.ms-outlook-pst";
    // Certificates and signatures; the same extension names text and binary encodings.
    "der" in [] "application/x-x509-cert-der";
    "cer" in ["der" "pem" "txt"] "application/pkix-cert" "application/x-x509-ca-cert";
    "crt" in ["der" "pem" "txt"] "application/x-x509-user-cert" "application/pkix-cert";
    "p12" in ["der"] "application/x-pkcs12" "application/pkcs12";
    "pfx" in ["p12"] "application/x-pkcs12" "application/pkcs12";
    "p7b" in ["der" "pem" "txt"] "application/x-pkcs7-certificates";
    "p7s" in ["der" "pem" "txt"] "application/pkcs7-signature" "application/x-pkcs7-signature";
    "p7m" in ["der" "pem" "txt"] "application/pkcs7-mime" "application/x-pkcs7-mime";
    "csr" in ["der" "pem" "txt"] "application/pkcs10";
    "crl" in ["der" "pem" "txt"] "application/pkix-crl";
    // Programs.
    "exe" in [] "application/vnd.microsoft.portable-executable" "application/x-msdownload" "application/x-dosexec" "application/x-msdos-program";
    "dll" in ["exe"];
};

/// Extensions of a container's files that this table does not know.
const OPEN: &[&str] = &[
    "txt", "xml", "json", "pem", "zip", "ole", "gz", "der", "sqlite",
];
/// Types that say little: an unknown extension says more.
const VAGUE: &[&str] = &["txt", "xml", "json", "zip", "ole", "gz", "der"];
/// Parts of the tree that are no extension of their own.
const INNER: &[&str] = &["ole", "encrypted", "iwork"];
/// Other spellings of an extension.
const SPELLINGS: &[(&str, &str)] = &[
    ("jpeg", "jpg"),
    ("jpe", "jpg"),
    ("jfif", "jpg"),
    ("tif", "tiff"),
    ("htm", "html"),
    ("text", "txt"),
    ("mpeg", "mpg"),
    ("mpe", "mpg"),
    ("oga", "ogg"),
    ("opus", "ogg"),
    ("m4v", "mp4"),
    ("qt", "mov"),
    ("mhtml", "mht"),
    ("aif", "aiff"),
    ("midi", "mid"),
    ("mpga", "mp3"),
    ("djv", "djvu"),
    ("qfx", "ofx"),
    ("heics", "heic"),
];

impl Type {
    pub fn of_extension(extension: &str) -> Option<&'static Self> {
        let spelling = SPELLINGS.iter().find(|(other, _)| *other == extension);
        let extension = spelling.map_or(extension, |(_, usual)| usual);
        let known = TYPES.iter().find(|known| known.extension == extension);
        known.filter(|known| !INNER.contains(&known.extension))
    }

    /// By a media type in lower case, without parameters.
    pub fn of_mime(mime: &str) -> Option<&'static Self> {
        TYPES.iter().find(|known| known.mimes.contains(&mime))
    }

    /// By its own name in the table, which has to be there.
    pub fn named(name: &str) -> &'static Self {
        let known = TYPES.iter().find(|known| known.extension == name);
        known.unwrap_or(&TYPES[0])
    }

    pub fn mime(&self) -> &'static str {
        self.mimes.first().copied().unwrap_or(match self.within {
            [] => "application/octet-stream",
            [first, ..] => Self::named(first).mime(),
        })
    }

    /// Whether every file of this type is also one of `other`.
    pub fn is_within(&self, other: &Self) -> bool {
        self.extension == other.extension
            || self
                .within
                .iter()
                .any(|parent| Self::named(parent).is_within(other))
    }

    pub fn is_open(&self) -> bool {
        OPEN.contains(&self.extension) || self.is_inner()
    }

    pub fn is_vague(&self) -> bool {
        VAGUE.contains(&self.extension)
    }

    /// Whether it has no extension of its own.
    pub fn is_inner(&self) -> bool {
        INNER.contains(&self.extension)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_sound() {
        for (at, known) in TYPES.iter().enumerate() {
            let first = TYPES
                .iter()
                .position(|other| other.extension == known.extension);
            assert_eq!(first, Some(at), "{} twice", known.extension);
            for parent in known.within {
                assert!(
                    TYPES.iter().any(|other| other.extension == *parent),
                    "{parent}"
                );
            }
            for mime in known.mimes {
                assert_eq!(*mime, mime.to_ascii_lowercase());
                assert!(Type::of_mime(mime).is_some());
            }
            let plain = known
                .extension
                .bytes()
                .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
            assert!(plain && known.extension.len() <= 9);
        }
        for (_, usual) in SPELLINGS {
            assert!(Type::of_extension(usual).is_some(), "{usual}");
        }
    }
}
