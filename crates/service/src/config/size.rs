//! Sizes in settings: `512MiB`, `10GB`, or a plain number of bytes.

use std::fmt;
use std::str::FromStr;

use bytesize::ByteSize;
use serde::{Deserialize, Deserializer, Serialize, de};

/// A number of bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(into = "String")]
pub struct Size(u64);

/// A text that is not a size.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is not a size such as 512MiB")]
pub struct NotASize {
    text: String,
}

impl Size {
    pub const fn from_bytes(bytes: u64) -> Self {
        Self(bytes)
    }

    pub const fn mib(count: u64) -> Self {
        Self(count << 20)
    }

    pub const fn bytes(self) -> u64 {
        self.0
    }

    /// For limits in memory.
    pub fn as_usize(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }

    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }
}

impl FromStr for Size {
    type Err = NotASize;

    fn from_str(text: &str) -> Result<Self, NotASize> {
        match text.trim().parse::<ByteSize>() {
            Ok(size) => Ok(Self(size.as_u64())),
            Err(_) => Err(NotASize {
                text: text.to_owned(),
            }),
        }
    }
}

/// In the largest unit without a fraction, so that it parses to the same number.
impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let units = [(40, "TiB"), (30, "GiB"), (20, "MiB"), (10, "KiB")];
        let fits = |shift: &u32| self.0 >= 1 << shift && self.0.is_multiple_of(1 << shift);
        match units.iter().find(|(shift, _)| fits(shift)) {
            Some((shift, unit)) => write!(f, "{}{unit}", self.0 >> shift),
            None => write!(f, "{}B", self.0),
        }
    }
}

impl From<Size> for String {
    fn from(size: Size) -> Self {
        size.to_string()
    }
}

impl<'de> Deserialize<'de> for Size {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Size;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a size such as \"512MiB\"")
            }

            fn visit_str<E: de::Error>(self, text: &str) -> Result<Size, E> {
                text.parse().map_err(E::custom)
            }

            fn visit_i64<E: de::Error>(self, bytes: i64) -> Result<Size, E> {
                let bytes = u64::try_from(bytes);
                bytes
                    .map(Size)
                    .map_err(|_| E::custom("a size is at least 0"))
            }

            fn visit_u64<E: de::Error>(self, bytes: u64) -> Result<Size, E> {
                Ok(Size(bytes))
            }
        }
        deserializer.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_binary_and_decimal_units() {
        for (text, bytes) in [
            ("512MiB", 512 << 20),
            ("512 MiB", 512 << 20),
            ("1GiB", 1 << 30),
            ("10GB", 10_000_000_000),
            ("32KiB", 32 << 10),
            ("0", 0),
            ("77", 77),
            ("77B", 77),
            ("1.5KiB", 1_536),
        ] {
            assert_eq!(text.parse::<Size>().unwrap().bytes(), bytes, "{text}");
        }
        for text in ["", "MiB", "-1MiB", "many", "1XB", "1MiB/s"] {
            assert!(text.parse::<Size>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_written_size_is_read_as_the_same_number() {
        for (bytes, text) in [
            (0, "0B"),
            (1_000, "1000B"),
            (1 << 10, "1KiB"),
            ((2 << 30) + (64 << 10), "2097216KiB"),
            (3 << 40, "3TiB"),
            (u64::from(u32::MAX), "4294967295B"),
        ] {
            let size = Size::from_bytes(bytes);
            assert_eq!(size.to_string(), text);
            assert_eq!(text.parse::<Size>().unwrap(), size);
        }
    }
}
