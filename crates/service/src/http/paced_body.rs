//! The body of a request, with a lower bound for its speed.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use tokio::time::{Instant, Sleep};

use super::connection::Activity;
use super::pace::{SendPace, Slowness};

/// A request body did not come fast enough.
#[derive(Debug, thiserror::Error)]
#[error("the body comes too slowly")]
pub(super) struct TooSlow;

/// A request body that fails with [`TooSlow`] when it comes too slowly.
pub(super) struct PacedBody<B> {
    body: B,
    pace: SendPace,
    activity: Arc<Activity>,
    timer: Option<Pin<Box<Sleep>>>,
    is_cut: bool,
    /// Whether the body has ended.
    is_read: bool,
}

impl<B> Drop for PacedBody<B> {
    fn drop(&mut self) {
        if !self.is_read {
            self.activity.skip_body();
        }
    }
}

impl<B: Body> PacedBody<B> {
    pub fn new(body: B, slowness: Slowness, activity: Arc<Activity>) -> Self {
        Self {
            is_read: body.is_end_stream(),
            body,
            pace: SendPace::new(slowness),
            activity,
            timer: None,
            is_cut: false,
        }
    }

    fn poll_patience(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let Some(deadline) = self.pace.deadline() else {
            return Poll::Pending;
        };
        let timer = self
            .timer
            .get_or_insert_with(|| Box::pin(tokio::time::sleep_until(deadline)));
        if timer.deadline() != deadline {
            timer.as_mut().reset(deadline);
        }
        timer.as_mut().poll(cx)
    }
}

impl<B> Body for PacedBody<B>
where
    B: Body<Data = Bytes> + Unpin,
    B::Error: Into<axum::BoxError>,
{
    type Data = Bytes;
    type Error = axum::BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::BoxError>>> {
        let this = &mut *self;
        if this.is_cut {
            return Poll::Ready(None);
        }
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                let bytes = match &frame {
                    Some(Ok(frame)) => frame.data_ref().map_or(0, Bytes::len),
                    _ => 0,
                };
                // Nothing follows after an error either.
                this.is_read = !matches!(frame, Some(Ok(_))) || this.body.is_end_stream();
                this.pace.advance(Instant::now(), bytes);
                this.activity.receive_body();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                this.pace.wait(Instant::now());
                this.activity.await_body();
                match this.poll_patience(cx) {
                    Poll::Pending => Poll::Pending,
                    Poll::Ready(()) => {
                        this.is_cut = true;
                        this.activity.receive_body();
                        Poll::Ready(Some(Err(TooSlow.into())))
                    }
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.is_cut || self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        if self.is_cut {
            SizeHint::with_exact(0)
        } else {
            self.body.size_hint()
        }
    }
}
