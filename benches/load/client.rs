//! A small HTTP/1.1 client that costs little: keep-alive connections, requests as prepared bytes, answers
//! read to their end and judged by their status alone.

use std::io;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

pub struct Answer<'a> {
    pub status: u16,
    head_end: usize,
    bytes: &'a [u8],
}

impl Answer<'_> {
    /// The body of an answer with a content length, or the joined chunks.
    pub fn body(&self) -> Vec<u8> {
        let body = &self.bytes[self.head_end..];
        if !is_chunked(&self.bytes[..self.head_end]) {
            return body.to_vec();
        }
        let mut joined = Vec::new();
        let mut rest = body;
        while let Some((size, start)) = chunk_head(rest) {
            if size == 0 {
                break;
            }
            joined.extend_from_slice(&rest[start..start + size]);
            rest = &rest[start + size + 2..];
        }
        joined
    }
}

impl Connection {
    pub async fn open(port: u16) -> io::Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024) })
    }

    pub async fn send(&mut self, request: &[u8]) -> io::Result<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let (head_end, end) = loop {
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            if let Some(ends) = find_end(&self.buffer) {
                break ends;
            }
        };
        let status = std::str::from_utf8(&self.buffer[9..12]).ok().and_then(|text| text.parse().ok()).unwrap_or(0);
        Ok(Answer { status, head_end, bytes: &self.buffer[..end] })
    }
}

/// A request as bytes; the body is JSON.
pub fn request(method: &str, path: &str, token: &str, body: Option<&[u8]>) -> Vec<u8> {
    request_with(method, path, token, "", body)
}

/// The same with further header lines.
pub fn request_with(method: &str, path: &str, token: &str, headers: &str, body: Option<&[u8]>) -> Vec<u8> {
    let head = format!("{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nUser-Agent: load\r\n{headers}");
    let mut bytes = head.into_bytes();
    if !token.is_empty() {
        bytes.extend_from_slice(format!("Authorization: {token}\r\n").as_bytes());
    }
    match body {
        Some(body) => {
            bytes.extend_from_slice(
                format!("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(),
            );
            bytes.extend_from_slice(body);
        }
        None => bytes.extend_from_slice(b"\r\n"),
    }
    bytes
}

/// Where the head ends and where the whole answer ends, once it is all there.
fn find_end(bytes: &[u8]) -> Option<(usize, usize)> {
    let head_end = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let head = &bytes[..head_end];
    if is_chunked(head) {
        let mut at = head_end;
        loop {
            let (size, start) = chunk_head(&bytes[at..])?;
            let next = at + start + size + 2;
            if next > bytes.len() {
                return None;
            }
            if size == 0 {
                return Some((head_end, next));
            }
            at = next;
        }
    }
    let length = header(head, b"content-length:").and_then(|text| text.trim().parse::<usize>().ok()).unwrap_or(0);
    (bytes.len() >= head_end + length).then_some((head_end, head_end + length))
}

fn is_chunked(head: &[u8]) -> bool {
    header(head, b"transfer-encoding:").is_some_and(|value| value.contains("chunked"))
}

fn header<'a>(head: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let line = head
        .split(|byte| *byte == b'\n')
        .find(|line| line.len() >= name.len() && line[..name.len()].eq_ignore_ascii_case(name))?;
    std::str::from_utf8(&line[name.len()..]).ok()
}

/// The size of the chunk that starts here and where its bytes begin.
fn chunk_head(bytes: &[u8]) -> Option<(usize, usize)> {
    let end = bytes.windows(2).position(|window| window == b"\r\n")?;
    let size = usize::from_str_radix(std::str::from_utf8(&bytes[..end]).ok()?.trim(), 16).ok()?;
    Some((size, end + 2))
}
