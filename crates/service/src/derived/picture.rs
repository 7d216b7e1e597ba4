//! Small pictures. What a received file claims is checked before memory is given to it.

use std::io::{BufRead, Cursor, Seek, SeekFrom};

use image::codecs::jpeg::JpegEncoder;
use image::codecs::webp::WebPEncoder;
use image::{DynamicImage, ImageDecoder as _, ImageFormat, ImageReader, Limits};

/// The longest side of a thumbnail, in pixels.
pub const LONGEST_SIDE: u32 = 320;
/// The longest side of a picture that is decoded, in pixels.
const MOST_PIXELS: u32 = 16_384;
/// The memory of a decoded picture: 48 megapixels in colour.
const MOST_BYTES: u64 = 144 << 20;
/// The file of a picture; phones make some 10 MB.
const MOST_FILE_BYTES: u64 = 64 << 20;
const QUALITY: u8 = 80;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the picture is larger than {MOST_PIXELS} pixels or {MOST_BYTES} bytes")]
    TooLarge,
    #[error("the picture cannot be decoded")]
    Malformed(#[source] image::ImageError),
}

impl Error {
    /// Whether it is about the bytes, and not about reading them.
    pub fn is_verdict(&self) -> bool {
        use std::io::ErrorKind::{InvalidData, InvalidInput, UnexpectedEof};
        match self {
            Self::Malformed(image::ImageError::IoError(error)) => {
                matches!(error.kind(), InvalidData | InvalidInput | UnexpectedEof)
            }
            Self::Malformed(_) | Self::TooLarge => true,
        }
    }
}

impl From<image::ImageError> for Error {
    fn from(error: image::ImageError) -> Self {
        match error {
            image::ImageError::Limits(_) => Self::TooLarge,
            error => Self::Malformed(error),
        }
    }
}

/// The formats that are decoded.
pub fn format_of(mime: &str) -> Option<ImageFormat> {
    match mime {
        "image/jpeg" => Some(ImageFormat::Jpeg),
        "image/png" => Some(ImageFormat::Png),
        "image/webp" => Some(ImageFormat::WebP),
        "image/gif" => Some(ImageFormat::Gif),
        _ => None,
    }
}

/// The type of a thumbnail, by its first bytes.
pub fn mime_of_thumbnail(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"RIFF") {
        "image/webp"
    } else {
        "image/jpeg"
    }
}

/// The picture, upright and small: JPEG, or WebP if one can see through it. Of an animation the first frame. Blocking.
pub fn thumbnail(mut picture: impl BufRead + Seek, format: ImageFormat) -> Result<Vec<u8>, Error> {
    // The decoder of JPEG reads the whole file before it knows any limit.
    let length = picture
        .seek(SeekFrom::End(0))
        .map_err(image::ImageError::from)?;
    picture.rewind().map_err(image::ImageError::from)?;
    if length > MOST_FILE_BYTES {
        return Err(Error::TooLarge);
    }
    let mut limits = Limits::no_limits();
    limits.max_image_width = Some(MOST_PIXELS);
    limits.max_image_height = Some(MOST_PIXELS);
    limits.max_alloc = Some(MOST_BYTES);
    let mut reader = ImageReader::with_format(picture, format);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    // The decoders count only what they allocate themselves.
    if width.max(height) > MOST_PIXELS || decoder.total_bytes() > MOST_BYTES {
        return Err(Error::TooLarge);
    }
    let orientation = decoder.orientation()?;
    let picture = DynamicImage::from_decoder(decoder)?;
    let mut small = if width.max(height) > LONGEST_SIDE {
        picture.thumbnail(LONGEST_SIDE, LONGEST_SIDE)
    } else {
        picture
    };
    small.apply_orientation(orientation);
    encode(&small)
}

fn encode(picture: &DynamicImage) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    if picture.color().has_alpha() {
        let picture = picture.to_rgba8();
        if picture.pixels().any(|pixel| pixel.0[3] < u8::MAX) {
            let encoder = WebPEncoder::new_lossless(&mut bytes);
            picture.write_with_encoder(encoder)?;
            return Ok(bytes);
        }
    }
    let encoder = JpegEncoder::new_with_quality(&mut bytes, QUALITY);
    picture.to_rgb8().write_with_encoder(encoder)?;
    Ok(bytes)
}

/// Like [`thumbnail`], of a picture in memory whose format its first bytes say.
pub fn thumbnail_of_bytes(picture: &[u8]) -> Result<Vec<u8>, Error> {
    let format = image::guess_format(picture)?;
    thumbnail(Cursor::new(picture), format)
}

#[cfg(test)]
mod tests {
    use image::{GenericImageView as _, Rgba, RgbaImage};

    use super::*;

    #[test]
    fn a_huge_file_is_refused_before_it_is_read() {
        let file = tempfile::tempfile().unwrap();
        file.set_len(MOST_FILE_BYTES + 1).unwrap();
        let refused = thumbnail(std::io::BufReader::new(file), ImageFormat::Jpeg);
        assert!(matches!(refused, Err(Error::TooLarge)), "{refused:?}");
    }

    fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
        let mut bytes = Cursor::new(Vec::new());
        picture.write_to(&mut bytes, format).unwrap();
        bytes.into_inner()
    }

    /// Red on the left, blue on the right.
    fn two_halves(width: u32, height: u32, alpha: u8) -> DynamicImage {
        RgbaImage::from_fn(width, height, |x, _| {
            if x < width / 2 {
                Rgba([255, 0, 0, alpha])
            } else {
                Rgba([0, 0, 255, alpha])
            }
        })
        .into()
    }

    #[test]
    fn large_pictures_are_scaled_and_small_ones_are_not() {
        for format in [ImageFormat::Png, ImageFormat::WebP, ImageFormat::Gif] {
            for ((width, height), expected) in [
                ((800, 400), (320, 160)),
                ((100, 640), (50, 320)),
                ((20, 10), (20, 10)),
                ((4_000, 1), (320, 1)),
            ] {
                let picture = encoded(&two_halves(width, height, 255), format);
                let small = thumbnail_of_bytes(&picture).unwrap();
                assert_eq!(mime_of_thumbnail(&small), "image/jpeg");
                let small = image::load_from_memory(&small).unwrap();
                assert_eq!(small.dimensions(), expected, "{format:?}");
            }
        }
        let see_through = encoded(&two_halves(400, 400, 100), ImageFormat::Png);
        let small = thumbnail_of_bytes(&see_through).unwrap();
        assert_eq!(mime_of_thumbnail(&small), "image/webp");
        assert_eq!(
            image::load_from_memory(&small).unwrap().get_pixel(0, 0).0[3],
            100
        );
    }

    #[test]
    fn a_picture_is_turned_as_its_exif_data_says() {
        let jpeg = encoded(
            &DynamicImage::from(two_halves(40, 20, 255).to_rgb8()),
            ImageFormat::Jpeg,
        );
        // Orientation 6: turned by 90 degrees clockwise to be shown.
        let mut exif =
            b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0".to_vec();
        let length = u16::try_from(exif.len() + 2).unwrap().to_be_bytes();
        let mut turned = jpeg[..2].to_vec();
        turned.extend([0xff, 0xe1]);
        turned.extend(length);
        turned.append(&mut exif);
        turned.extend(&jpeg[2..]);
        let small = image::load_from_memory(&thumbnail_of_bytes(&turned).unwrap()).unwrap();
        assert_eq!(small.dimensions(), (20, 40));
        let [red, _, blue, _] = small.get_pixel(10, 5).0;
        assert!(red > 200 && blue < 60, "the left is not at the top");
        let plain = image::load_from_memory(&thumbnail_of_bytes(&jpeg).unwrap()).unwrap();
        assert_eq!(plain.dimensions(), (40, 20));
    }

    #[test]
    fn what_claims_to_be_enormous_is_refused_before_it_is_read() {
        for (width, height) in [
            (50_000, 50_000),
            (16_384, 16_384),
            (1, 50_000),
            (u32::MAX, 1),
        ] {
            let png = super::super::tests::png_that_claims(width, height);
            let refused = thumbnail_of_bytes(&png);
            assert!(refused.is_err(), "{width} x {height}");
        }
        let gif = b"GIF89a\xff\xff\xff\xff\x80\0\0\0\0\0\xff\xff\xff,\0\0\0\0\xff\xff\xff\xff\0\x02\x02D\x01\0;";
        assert!(thumbnail_of_bytes(gif).is_err());
    }

    #[test]
    fn what_is_cut_off_or_no_picture_does_no_harm() {
        let jpeg = encoded(
            &DynamicImage::from(two_halves(400, 200, 255).to_rgb8()),
            ImageFormat::Jpeg,
        );
        for length in [2, 20, jpeg.len() / 2, jpeg.len() - 1] {
            // Decoders may fill up what is missing.
            let _ = thumbnail_of_bytes(&jpeg[..length]);
        }
        let png = encoded(&two_halves(400, 200, 255), ImageFormat::Png);
        assert!(thumbnail_of_bytes(&png[..png.len() / 2]).is_err());
        for bytes in [&b""[..], b"<svg onload='x()'/>", b"%PDF-1.7", &[0; 64]] {
            let error = thumbnail_of_bytes(bytes).unwrap_err();
            assert!(error.is_verdict(), "{error}");
        }
        let cut = thumbnail_of_bytes(&png[..png.len() / 2]).unwrap_err();
        assert!(cut.is_verdict(), "{cut:?}");
        let broken_disk = std::io::Error::other("the disk");
        let error = Error::from(image::ImageError::from(broken_disk));
        assert!(!error.is_verdict(), "{error:?}");
    }
}
