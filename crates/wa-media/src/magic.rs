//! How the files that people send begin.

/// Whether 16 bytes are how some known kind of file begins. Signatures as in the formats' own specifications.
pub(crate) fn is_known(first: &[u8; 16]) -> bool {
    const SIGNATURES: &[&[u8]] = &[
        b"\xff\xd8\xff",         // JPEG
        b"\x89PNG\r\n\x1a\n",    // PNG
        b"GIF8",                 // GIF
        b"OggS",                 // Ogg
        b"ID3",                  // MP3 with tags
        b"%PDF-",                // PDF
        b"PK\x03\x04",           // ZIP, and the office formats inside
        b"\xd0\xcf\x11\xe0\xa1", // older office formats
        b"Rar!\x1a\x07",         // RAR
        b"7z\xbc\xaf\x27\x1c",   // 7-Zip
        b"\x1a\x45\xdf\xa3",     // Matroska, WebM
        b"#!AMR",                // AMR
    ];
    let riff = first.starts_with(b"RIFF") && matches!(&first[8..12], b"WEBP" | b"WAVE" | b"AVI ");
    riff || &first[4..8] == b"ftyp"
        || SIGNATURES
            .iter()
            .any(|signature| first.starts_with(signature))
}
