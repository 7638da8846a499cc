//! Paths with `//`, `.` or `..` are sent to their clean form, whatever the method (contract 1.1).

use actix_web::HttpResponse;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::http::{StatusCode, Uri};

/// Where to go instead; `None` for a path that is clean, which almost every one is.
pub(super) fn redirect(uri: &Uri) -> Option<String> {
    let path = uri.path();
    if !path.contains("//") && !path.contains("/.") {
        return None;
    }
    let clean = clean(path);
    (clean != path).then(|| match uri.query() {
        Some(query) => format!("{clean}?{query}"),
        None => clean,
    })
}

pub(super) fn answer(location: &str) -> HttpResponse {
    let mut answer = HttpResponse::new(StatusCode::TEMPORARY_REDIRECT);
    if let Ok(location) = HeaderValue::from_str(location) {
        answer.headers_mut().insert(LOCATION, location);
    }
    answer
}

fn clean(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => drop(kept.pop()),
            segment => kept.push(segment),
        }
    }
    let mut clean = String::with_capacity(path.len());
    for segment in &kept {
        clean.push('/');
        // Browsers take a backslash for a slash, and `/\\host` for another host.
        clean.push_str(&segment.replace('\\', "%5C"));
    }
    if path.ends_with('/') || kept.is_empty() {
        clean.push('/');
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unclean_paths_are_redirected() {
        let check = |uri: &str, expected: Option<&str>| {
            let uri = Uri::try_from(uri).expect("test URIs are valid");
            assert_eq!(redirect(&uri).as_deref(), expected, "{uri}");
        };
        check("/api/health", None);
        check("/api/health/", None);
        check("/.well-known/x", None);
        check("/api/health?next=//x/..", None);
        check("//api//health?x=1", Some("/api/health?x=1"));
        check("/api/../api/health", Some("/api/health"));
        check("/x/../../etc/passwd", Some("/etc/passwd"));
        check("/a/./", Some("/a/"));
        check("/..", Some("/"));
        check("/api/health/..", Some("/api"));
        check("//evil.example/x", Some("/evil.example/x"));
        check("//\\evil.example/x", Some("/%5Cevil.example/x"));
    }
}
