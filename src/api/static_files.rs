//! The public folder: files, directories with an `index.html`, and the fallback to the root's.
//!
//! *Invariant:* nothing outside the folder is ever opened, not by `..`, not by escapes, not by links; nor
//! any dot file, save `.well-known`.

use std::path::{Path, PathBuf};

use actix_files::NamedFile;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, LOCATION};
use actix_web::{HttpRequest, HttpResponse};
use percent_encoding::percent_decode_str;

const INDEX: &str = "index.html";

/// The answer to a GET of the request's path; `None` when there is no such file.
pub(super) async fn find(folder: &Path, index_fallback: bool, http: &HttpRequest) -> Option<HttpResponse> {
    let (folder, path) = (folder.to_owned(), http.uri().path().to_owned());
    let found = tokio::task::spawn_blocking(move || locate(&folder, &path, index_fallback)).await.ok()??;
    match found {
        Found::File(file) => Some(NamedFile::open_async(file).await.ok()?.into_response(http)),
        Found::Directory => redirect(&format!("{}/", http.uri().path())),
    }
}

#[derive(Debug, PartialEq)]
enum Found {
    File(PathBuf),
    /// A directory asked for without its slash: relative links in its index would lead astray.
    Directory,
}

fn locate(folder: &Path, path: &str, index_fallback: bool) -> Option<Found> {
    let folder = folder.canonicalize().ok()?;
    exact(&folder, path).or_else(|| match index_fallback {
        true => inside(&folder, &folder.join(INDEX)).map(Found::File),
        false => None,
    })
}

fn exact(folder: &Path, path: &str) -> Option<Found> {
    let target = inside(folder, &folder.join(relative(path)?))?;
    if !target.is_dir() {
        return (!path.ends_with('/')).then_some(Found::File(target));
    }
    let index = inside(folder, &target.join(INDEX))?;
    Some(if path.ends_with('/') { Found::File(index) } else { Found::Directory })
}

/// The path below the folder; `None` if any segment is not a plain name.
fn relative(path: &str) -> Option<PathBuf> {
    let mut relative = PathBuf::new();
    for segment in path.split('/').filter(|segment| !segment.is_empty()) {
        let name = percent_decode_str(segment).decode_utf8().ok()?;
        let plain = !name.contains(['/', '\\', '\0']) && (!name.starts_with('.') || name == ".well-known");
        if !plain {
            return None;
        }
        relative.push(name.as_ref());
    }
    Some(relative)
}

/// The real path, if it exists and lies in the folder.
fn inside(folder: &Path, target: &Path) -> Option<PathBuf> {
    target.canonicalize().ok().filter(|target| target.starts_with(folder))
}

fn redirect(location: &str) -> Option<HttpResponse> {
    let mut answer = HttpResponse::new(StatusCode::MOVED_PERMANENTLY);
    answer.headers_mut().insert(LOCATION, HeaderValue::from_str(location).ok()?);
    Some(answer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_outside_the_folder() {
        let outer = tempfile::tempdir().expect("a temporary directory");
        let folder = outer.path().join("public");
        std::fs::create_dir_all(folder.join("sub")).expect("created");
        for (file, text) in
            [("../secret", "s"), ("index.html", "i"), ("sub/index.html", "s"), (".env", "e"), ("a b", "x")]
        {
            std::fs::write(folder.join(file), text).expect("written");
        }
        std::os::unix::fs::symlink(outer.path().join("secret"), folder.join("link")).expect("linked");
        let folder = folder.canonicalize().expect("it exists");
        let check = |path: &str, expected: Option<&str>| {
            let found = match locate(&folder, path, false) {
                Some(Found::File(file)) => file.strip_prefix(&folder).ok().map(|file| file.display().to_string()),
                Some(Found::Directory) => Some("directory".into()),
                None => None,
            };
            assert_eq!(found.as_deref(), expected, "{path}");
        };
        check("/", Some("index.html"));
        check("/index.html", Some("index.html"));
        check("/a%20b", Some("a b"));
        check("/sub", Some("directory"));
        check("/sub/", Some("sub/index.html"));
        check("/index.html/", None);
        for path in
            ["/secret", "/../secret", "/%2e%2e/secret", "/..%2fsecret", "/link", "/.env", "/%2eenv", "/a%00b", "/%ff"]
        {
            check(path, None);
        }
        assert_eq!(locate(&folder, "/nothing/here", true), Some(Found::File(folder.join("index.html"))));
    }
}
