//! As much HTTP as the control API of the stand-in and the controller's health pages need: one
//! request, one answer.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use serde_json::Value;

pub struct Answer {
    pub status: u16,
    pub body: String,
}

/// # Errors
/// When nobody answers.
pub fn request(
    port: u16,
    method: &str,
    path: &str,
    body: Option<&Value>,
) -> std::io::Result<Answer> {
    send(port, method, path, "application/json", &body.map(Value::to_string).unwrap_or_default())
}

/// # Errors
/// When nobody answers.
pub fn put(port: u16, path: &str, text: &str) -> std::io::Result<Answer> {
    send(port, "PUT", path, "text/plain", text)
}

fn send(port: u16, method: &str, path: &str, kind: &str, content: &str) -> std::io::Result<Answer> {
    let mut stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let length = content.len();
    // Version 1.0: the answer ends where the connection ends, and is never sent in chunks.
    write!(
        stream,
        "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: {kind}\r\nContent-Length: \
         {length}\r\n\r\n{content}"
    )?;
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes)?;
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text
        .split_once("\r\n\r\n")
        .ok_or_else(|| std::io::Error::other("the answer has no head"))?;
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .ok_or_else(|| std::io::Error::other("the answer has no status"))?;
    Ok(Answer { status, body: body.to_owned() })
}
