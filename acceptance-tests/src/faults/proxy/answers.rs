//! Answers, and what becomes of them on the way.

use std::time::Duration;

use anyhow::{Error, Result};
use bytes::Bytes;
use futures::stream::{self, StreamExt};
use http::{Response, StatusCode, header};
use http_body_util::{BodyExt as _, Full, StreamBody};
use hyper::body::Frame;
use serde_json::{Value, json};

use super::Answer;

/// Pieces of a slow answer, and the pause between them.
const PIECES: usize = 20;
const PAUSE: Duration = Duration::from_millis(50);

/// A JSON answer.
pub fn json((status, body): (StatusCode, Value)) -> Result<Answer> {
    let body = Full::from(body.to_string()).map_err(Error::new).boxed_unsync();
    let answer = Response::builder().status(status);
    Ok(answer.header(header::CONTENT_TYPE, "application/json").body(body)?)
}

/// An answer that is no JSON.
pub fn text(status: StatusCode, text: &'static str) -> Result<Answer> {
    let body = Full::from(text).map_err(Error::new).boxed_unsync();
    Ok(Response::builder().status(status).body(body)?)
}

/// What the API server says instead of the answer.
pub fn refusal(code: u16, watch: bool) -> Result<Answer> {
    let (reason, message) = match code {
        401 => ("Unauthorized", "Unauthorized"),
        409 => (
            "Conflict",
            "Operation cannot be fulfilled: the object has been modified; please apply your changes to the latest version \
             and try again",
        ),
        410 => ("Expired", "The resourceVersion for the provided watch is too old."),
        429 => ("TooManyRequests", "too many requests, please try again later"),
        503 => (
            "ServiceUnavailable",
            "the server is currently unable to handle the request",
        ),
        _ => ("InternalError", "Internal error occurred: etcdserver: leader changed"),
    };
    let status = json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "message": message,
        "code": code,
    });
    if watch && code == 410 {
        // A watch that has begun tells it in an event.
        return json((StatusCode::OK, json!({"type": "ERROR", "object": status})));
    }
    let mut answer = json((StatusCode::from_u16(code)?, status))?;
    if code == 429 {
        answer
            .headers_mut()
            .insert(header::RETRY_AFTER, header::HeaderValue::from_static("1"));
    }
    Ok(answer)
}

/// A watch that is over before it has told anything.
pub fn closed() -> Answer {
    Response::new(Full::default().map_err(Error::new).boxed_unsync())
}

/// The same answer, which breaks off in the middle of its body.
pub async fn half(answer: Answer) -> Result<Answer> {
    let (parts, body) = answer.into_parts();
    let whole = body.collect().await?.to_bytes();
    let first = Ok(Frame::data(whole.slice(..whole.len() / 2)));
    let body = StreamBody::new(stream::iter([first, Err(Error::msg("cut"))]));
    let mut answer = Response::from_parts(parts, body.boxed_unsync());
    answer.headers_mut().insert(header::CONTENT_LENGTH, whole.len().into());
    Ok(answer)
}

/// The same answer in small pieces.
pub async fn slowly(answer: Answer) -> Result<Answer> {
    let (parts, body) = answer.into_parts();
    let whole = body.collect().await?.to_bytes();
    let size = whole.len().div_ceil(PIECES).max(1);
    let pieces: Vec<Bytes> = whole.chunks(size).map(Bytes::copy_from_slice).collect();
    let pieces = stream::iter(pieces).then(|piece| async {
        tokio::time::sleep(PAUSE).await;
        Ok::<_, Error>(Frame::data(piece))
    });
    Ok(Response::from_parts(parts, StreamBody::new(pieces).boxed_unsync()))
}
