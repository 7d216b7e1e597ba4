//! Which files are not served because of the scanner, and why.

use super::examinations::ScanVerdict;
use super::row::Media;

macro_rules! is_not_infected {
    () => {
        " and not exists (select 1 from verdicts v where v.sha256 = media.sha256 and v.verdict = 'infected')"
    };
}

/// What is not served to those who are no administrators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Screening {
    /// Everything is served.
    #[default]
    Off,
    /// Files in which the scanner found something, whichever client's.
    Infected,
    /// Also those that it has not found clean.
    Unscanned,
}

/// Why a file is not served.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screened {
    Infected,
    NotScanned,
}

impl Screening {
    /// None when the file is served.
    pub fn of(self, media: &Media) -> Option<Screened> {
        match (self, media.scan) {
            (Self::Off, _) => None,
            // Also when another client's verdict is the cause: what is said is that the scanner has not come to this one.
            (Self::Unscanned, None | Some(ScanVerdict::Error)) => Some(Screened::NotScanned),
            _ if media.is_infected => Some(Screened::Infected),
            _ => None,
        }
    }

    /// A condition on media.
    pub(super) fn condition(self) -> &'static str {
        match self {
            Self::Off => "",
            Self::Infected => is_not_infected!(),
            Self::Unscanned => concat!(
                is_not_infected!(),
                " and exists (select 1 from verdicts v where v.client = media.client and v.sha256 = media.sha256 and v.verdict = 'clean')"
            ),
        }
    }
}
