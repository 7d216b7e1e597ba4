//! What can go wrong, on demand.

/// How a media misbehaves. Faults of the call for a link come first, faults of the file after, those that only
/// the CDN knows last; the CDN knows most of the file's as well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing: link and file are right.
    None,
    /// 500 with an object as its message, as W-API answers when WhatsApp gives it nothing.
    ApiErrorObject,
    /// 200 with `error: true`.
    ApiErrorTrue,
    /// 429 with `Retry-After`.
    TooManyRequests {
        /// Seconds.
        retry_after_s: u32,
    },
    /// Any status for the call, without a body.
    ApiStatus(u16),
    /// The call is never answered.
    Hang,
    /// The link leads to a port without a listener.
    RefusedConnection,
    /// The file's headers come, its bytes never.
    HangBody,
    /// The file comes slowly.
    Drip {
        /// The speed.
        bytes_per_second: u32,
    },
    /// The connection breaks after so many bytes.
    CutShort {
        /// How many come.
        after_bytes: usize,
    },
    /// Zero bytes with 200.
    Empty,
    /// A web page with 200.
    HtmlPage,
    /// A JSON text with 200.
    JsonPage,
    /// The encrypted file with 200.
    StillEncrypted,
    /// Other bytes of the same length.
    WrongBytes,
    /// The gateway writes this as the time at which its link expires: JSON, or nothing at all when empty.
    LinkExpires(String),
    /// The file's head promises so many bytes, and none comes.
    ContentLength(u64),
    /// The link is exactly this.
    LinkTo(String),
    /// The link's origin is this, its path the right one.
    LinkAt(String),
    /// The file answers with a redirect to this.
    RedirectTo(String),
    /// Any status for the file.
    FileStatus(u16),
    /// This status for the file, with a body of which a byte comes now and then, without end.
    DrippingError(u16),
    /// The link has expired when it is handed out, and the file answers 410.
    ExpiredLink,
    /// The CDN gives only so many bytes, and calls that the whole file.
    Truncated {
        /// How many come.
        bytes: u64,
    },
    /// One bit of the CDN's file is wrong.
    CorruptAt {
        /// In which byte.
        offset: u64,
    },
    /// The CDN sends all from the beginning, whatever range is asked for, and the connection breaks after so
    /// many bytes the first time.
    IgnoresRange {
        /// How many come.
        after_bytes: usize,
    },
    /// The file is right, but comes compressed, with `Content-Encoding: gzip`.
    Gzip,
    /// Each request has the next of these; the last one is that of all later requests.
    InTurn(Vec<Fault>),
    /// This many calls for a link fail, then all succeed.
    FailTimes {
        /// How many.
        times: u32,
        /// How.
        fault: Box<Fault>,
    },
}

impl Fault {
    /// The fault of this request; what fails k times counts down in `self`.
    pub(crate) fn take(&mut self) -> Self {
        if let Self::InTurn(faults) = self {
            return match faults.as_slice() {
                [] => Self::None,
                [last] => last.clone(),
                _ => faults.remove(0),
            };
        }
        let Self::FailTimes { times, fault } = self.clone() else {
            return self.clone();
        };
        let left = times.saturating_sub(1);
        *self = if left == 0 {
            Self::None
        } else {
            Self::FailTimes {
                times: left,
                fault: fault.clone(),
            }
        };
        *fault
    }
}
