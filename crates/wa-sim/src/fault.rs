//! Faults on demand.

/// The fault of a media. First the faults of the call for a link, then those of the file, then those of the CDN only;
/// the CDN supports most of the file's too.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// No fault.
    None,
    /// 500 with an object as its message, as W-API answers when it gets nothing from WhatsApp.
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
    /// The gateway has no file for the message: Evolution answers `null`, others their error for unknown messages.
    Lost,
    /// The call is never answered.
    Hang,
    /// The gateway asks the phone to upload the file again, which takes this long; then the CDN has it again.
    Reuploads {
        /// The time.
        after_ms: u64,
    },
    /// The link leads to a port without a listener.
    RefusedConnection,
    /// The file's headers arrive, its bytes never.
    HangBody,
    /// The file arrives slowly.
    Drip {
        /// The speed.
        bytes_per_second: u32,
    },
    /// The connection breaks after this many bytes.
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
    /// The gateway's value for the link's expiry: JSON, or omitted when empty.
    LinkExpires(String),
    /// The file's head declares this length, and no byte follows.
    ContentLength(u64),
    /// The link is exactly this.
    LinkTo(String),
    /// The link has this origin and the right path.
    LinkAt(String),
    /// The file answers with a redirect to this.
    RedirectTo(String),
    /// Any status for the file.
    FileStatus(u16),
    /// This status for the file, with a body that arrives slowly and never ends.
    DrippingError(u16),
    /// The link is expired when it is returned, and the file answers 410.
    ExpiredLink,
    /// The CDN returns only this many bytes, as the complete file.
    Truncated {
        /// The bytes that arrive.
        bytes: u64,
    },
    /// One bit of the CDN's file is wrong.
    CorruptAt {
        /// The byte's position.
        offset: u64,
    },
    /// The CDN ignores the requested range, and the connection breaks after this many bytes the first time.
    IgnoresRange {
        /// The bytes that arrive.
        after_bytes: usize,
    },
    /// The file is right, but compressed, with `Content-Encoding: gzip`.
    Gzip,
    /// Each request has the next fault; the last one applies to all later requests.
    InTurn(Vec<Fault>),
    /// This many calls for a link fail, then all succeed.
    FailTimes {
        /// The number.
        times: u32,
        /// The fault.
        fault: Box<Fault>,
    },
}

impl Fault {
    /// The fault of this request; `FailTimes` counts down in `self`.
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
