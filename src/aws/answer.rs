//! Answers of AWS, before anybody reads them: bounded, whole, and answers of AWS at all. What comes
//! in the place of one (a proxy's page, a body that broke off) would else be read as a role without
//! tags, or as a write that was done.

use aws_smithy_runtime_api::{
    box_error::BoxError,
    client::{
        interceptors::{Intercept, context::BeforeDeserializationInterceptorContextMut},
        runtime_components::RuntimeComponents,
    },
    http::Response,
};
use aws_smithy_types::{
    body::{Error, SdkBody},
    config_bag::ConfigBag,
};
use futures::{StreamExt, stream};
use http_body_util::{BodyExt, StreamBody};

/// The longest answer that is read. A page of AWS's has a few hundred kilobytes; one of a thousand
/// roles that are all as large as they may be is asked for again in smaller pages.
const LONGEST: usize = 16 * 1024 * 1024;
/// What is kept of the beginning: declaration, comments and the name of the first element.
const HEAD: usize = 1024;
/// What is kept of the end.
const TAIL: usize = 256;

/// What is wrong with an answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Broken {
    /// Nobody reads so much.
    #[error("the answer is longer than {} MiB", LONGEST / 1024 / 1024)]
    TooLong,
    /// It ends before its XML does.
    #[error("the answer ends before its XML does")]
    Cut,
    /// Something else came in its place.
    #[error("HTTP {status} with {kind}, which is not an answer of AWS")]
    Foreign {
        /// Of the response.
        status: u16,
        /// What it is.
        kind: &'static str,
    },
}

/// What an answer is that is none of AWS's.
pub fn foreign(response: &Response) -> Broken {
    let kind = response.body().bytes().map_or("a body that was not read", kind);
    Broken::Foreign { status: response.status().as_u16(), kind }
}

/// The kind of a body, by its beginning.
fn kind(body: &[u8]) -> &'static str {
    let head = body.get(..HEAD.min(body.len())).unwrap_or_default();
    let text = String::from_utf8_lossy(head).trim_start().to_ascii_lowercase();
    match text.chars().next() {
        None => "an empty body",
        Some('<') if text.starts_with("<!doctype html") || text.contains("<html") => "an HTML page",
        Some('<') => "XML",
        Some('{' | '[') => "JSON",
        Some(_) => "something else than XML",
    }
}

/// Looks at each answer while it is read.
#[derive(Debug)]
pub struct Whole;

impl Intercept for Whole {
    fn name(&self) -> &'static str {
        "Whole"
    }

    fn modify_before_deserialization(
        &self,
        context: &mut BeforeDeserializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response_mut();
        let status = response.status().as_u16();
        let body = std::mem::replace(response.body_mut(), SdkBody::taken());
        *response.body_mut() = watched(body, Seen::new(status));
        Ok(())
    }
}

/// The same body; it ends with an error where it is broken.
fn watched(body: SdkBody, seen: Seen) -> SdkBody {
    let frames = stream::unfold(Some((Box::pin(body), seen)), |state| async {
        let (mut body, mut seen) = state?;
        match body.frame().await {
            Some(Ok(frame)) => match frame.data_ref().map_or(Ok(()), |data| seen.take(data)) {
                Ok(()) => Some((Ok(frame), Some((body, seen)))),
                Err(broken) => Some((Err(Error::from(broken)), None)),
            },
            Some(Err(error)) => Some((Err(error), None)),
            None => seen.end().err().map(|broken| (Err(Error::from(broken)), None)),
        }
    });
    // Readers look once more behind the end.
    SdkBody::from_body_1_x(StreamBody::new(frames.fuse()))
}

/// What went by of a body.
#[derive(Debug)]
struct Seen {
    status: u16,
    length: usize,
    head: Vec<u8>,
    tail: Vec<u8>,
}

impl Seen {
    fn new(status: u16) -> Self {
        Self { status, length: 0, head: Vec::new(), tail: Vec::new() }
    }

    fn take(&mut self, data: &[u8]) -> Result<(), Broken> {
        self.length = self.length.saturating_add(data.len());
        if self.length > LONGEST {
            return Err(Broken::TooLong);
        }
        let room = HEAD.saturating_sub(self.head.len()).min(data.len());
        self.head.extend(data.iter().take(room));
        self.tail.extend(data.iter().skip(data.len().saturating_sub(TAIL)));
        let over = self.tail.len().saturating_sub(TAIL);
        self.tail.drain(..over);
        Ok(())
    }

    /// The body is over.
    fn end(&self) -> Result<(), Broken> {
        let (head, tail) =
            (String::from_utf8_lossy(&self.head), String::from_utf8_lossy(&self.tail));
        let done = (200..300).contains(&self.status);
        match root(&head) {
            // Each action has its own: `GetRoleResponse`. A failure is an `ErrorResponse`.
            Some(root) if root.ends_with("Response") => {
                let end = tail.trim_end();
                let closed = end.ends_with(&format!("</{root}>"))
                    || (end.ends_with("/>")
                        && self.length <= HEAD
                        && end.matches('<').count() == 1);
                if closed { Ok(()) } else { Err(Broken::Cut) }
            }
            // What is no XML of AWS's says what it is by its status, unless that says "done".
            _ if done => Err(Broken::Foreign { status: self.status, kind: kind(&self.head) }),
            _ => Ok(()),
        }
    }
}

/// The name of the first element.
fn root(head: &str) -> Option<&str> {
    let mut rest = head.trim_start_matches('\u{feff}').trim_start();
    loop {
        let (skipped, end) = if rest.starts_with("<?") {
            ("<?", "?>")
        } else if rest.starts_with("<!--") {
            ("<!--", "-->")
        } else {
            break;
        };
        rest = rest.get(skipped.len()..)?.split_once(end)?.1.trim_start();
    }
    let name = rest.strip_prefix('<')?;
    let end = name.find(|c: char| c.is_whitespace() || c == '>' || c == '/')?;
    name.get(..end).filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn seen(status: u16, body: &str) -> Result<(), Broken> {
        let mut seen = Seen::new(status);
        for piece in body.as_bytes().chunks(7) {
            seen.take(piece)?;
        }
        seen.end()
    }

    fn no_answer(status: u16, kind: &'static str) -> Result<(), Broken> {
        Err(Broken::Foreign { status, kind })
    }

    #[rstest]
    #[case::whole("<GetRoleResponse><A>1</A></GetRoleResponse>")]
    #[case::with_space(
        "\n<?xml version=\"1.0\"?>\n<!-- x --><AResponse xmlns=\"y\">\n</AResponse>\n"
    )]
    #[case::closed_at_once("<DeleteRoleResponse xmlns=\"y\"/>")]
    fn a_whole_answer_is_let_through(#[case] body: &str) {
        assert_eq!(seen(200, body), Ok(()));
    }

    #[test]
    fn wherever_an_answer_is_cut_it_is_an_error() {
        let body = "<?xml version=\"1.0\"?><GetRoleResponse><Role><A/>é</Role></GetRoleResponse>";
        for status in [200, 400] {
            for (end, _) in body.char_indices() {
                let cut = seen(status, &body[..end]);
                let told = cut.is_err() || status != 200;
                assert!(told, "{status}: {}", &body[..end]);
                if body[..end].contains("<GetRoleResponse>") {
                    assert_eq!(cut, Err(Broken::Cut), "{}", &body[..end]);
                }
            }
        }
    }

    #[test]
    fn done_is_said_by_aws_alone() {
        assert_eq!(seen(200, ""), no_answer(200, "an empty body"));
        assert_eq!(seen(200, "<!DOCTYPE html><p>Sign in"), no_answer(200, "an HTML page"));
        assert_eq!(seen(200, "<html></html>"), no_answer(200, "an HTML page"));
        assert_eq!(seen(200, "{\"a\":1}"), no_answer(200, "JSON"));
        assert_eq!(seen(200, "<a></a>"), no_answer(200, "XML"));
        assert_eq!(seen(200, "ok"), no_answer(200, "something else than XML"));
        // A failure is told by its status, later.
        assert_eq!(seen(503, "<html><p>busy"), Ok(()));
        assert_eq!(seen(502, ""), Ok(()));
    }

    #[test]
    fn nobody_reads_without_end() {
        let (mut seen, piece) = (Seen::new(200), vec![b'x'; 1024 * 1024]);
        for _ in 0..16 {
            assert_eq!(seen.take(&piece), Ok(()));
        }
        assert_eq!(seen.take(b"x"), Err(Broken::TooLong));
        assert!(seen.head.len() == HEAD && seen.tail.len() == TAIL, "what is kept is bounded");
    }
}
