//! The local web server: `www/` at the root, `weights/` under `/weights/`.
//!
//! Not tower-http's `ServeDir`: it follows symbolic links out of the folder, and it streams a file, so that
//! headers and body leave in separate writes. Files here are a few megabytes at most and are read whole.

use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use axum::http::{HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use axum::serve::ListenerExt as _;
use percent_encoding::percent_decode_str;

use crate::command::say;

const FIRST_PORT: u16 = 8080;
/// How many ports are tried before giving up: nobody runs twenty of these servers at once.
const PORTS: u16 = 20;
/// How long responses that are under way may take after Ctrl+C. A browser that has stopped reading must
/// not keep the program alive.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// Opens the given port (0: any free one), or by default 8080 or the next free one.
pub fn bind(port: Option<u16>) -> Result<TcpListener> {
    let open = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    match port {
        Some(port) => open(port).with_context(|| format!("cannot open port {port}: name another with --port")),
        None => (FIRST_PORT..FIRST_PORT + PORTS).find_map(|port| open(port).ok()).with_context(|| {
            format!("ports {FIRST_PORT} to {} are in use: name one with --port", FIRST_PORT + PORTS - 1)
        }),
    }
}

/// Serves the page until Ctrl+C.
pub fn serve(root: &Path, listener: TcpListener) -> Result<()> {
    let folders = Folders::new(root)?;
    let ready = |address| say(&format!("Running Hand is at http://{address}/ (Ctrl+C ends it)"));
    run(folders, listener, ready, async {
        // Without a handler, Ctrl+C ends the program all the same.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    })
}

/// Serves `folders` until `stop` completes; calls `ready` once connections are accepted.
fn run(
    folders: Folders,
    listener: TcpListener,
    ready: impl FnOnce(SocketAddr),
    stop: impl Future<Output = ()> + Send + 'static,
) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        listener.set_nonblocking(true)?;
        ready(listener.local_addr()?);
        // The end of a response must not wait for the acknowledgement of its beginning (Nagle's algorithm).
        let listener = tokio::net::TcpListener::from_std(listener)?.tap_io(|stream| {
            if let Err(error) = stream.set_nodelay(true) {
                eprintln!("cannot set TCP_NODELAY: {error}");
            }
        });
        let router = Router::new().fallback(answer).with_state(Arc::new(folders));
        let (stopping, stopped) = tokio::sync::oneshot::channel();
        let server = axum::serve(listener, router).with_graceful_shutdown(async {
            stop.await;
            let _ = stopping.send(());
        });
        let timeout = async {
            if stopped.await.is_err() {
                std::future::pending::<()>().await;
            }
            tokio::time::sleep(SHUTDOWN_TIMEOUT).await;
        };
        tokio::select! {
            result = server => result.context("the server failed"),
            () = timeout => Ok(()),
        }
    })
}

async fn answer(State(folders): State<Arc<Folders>>, method: Method, uri: Uri) -> Response {
    if !matches!(method, Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are supported.\n".into());
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    let path = uri.path().to_owned();
    let file = tokio::task::spawn_blocking(move || {
        let file = folders.find(&path)?;
        Some((fs::read(&file).ok()?, mime(&file)))
    });
    match file.await.ok().flatten() {
        Some((bytes, mime)) => response(StatusCode::OK, mime, bytes),
        None => text(StatusCode::NOT_FOUND, format!("Not found: {}\n", uri.path())),
    }
}

fn text(status: StatusCode, text: String) -> Response {
    response(status, mime(Path::new("message.txt")), text.into())
}

/// A response whose body is in memory: hyper announces its length and sends it in one write with the headers.
fn response(status: StatusCode, mime: &'static str, bytes: Vec<u8>) -> Response {
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(mime));
    // Whoever edits the page must see the edit at the next reload.
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache, no-store"));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn mime(path: &Path) -> &'static str {
    match path.extension().and_then(|extension| extension.to_str()) {
        Some("html") => "text/html; charset=utf-8",
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("wasm") => "application/wasm",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt" | "md" | "ts") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}

/// The folders that are served, as canonical paths: no file outside them is served.
struct Folders {
    www: PathBuf,
    weights: PathBuf,
}

impl Folders {
    fn new(root: &Path) -> Result<Folders> {
        let canonical = |name| root.join(name).canonicalize().with_context(|| format!("the folder {name}/ is missing"));
        Ok(Folders { www: canonical("www")?, weights: canonical("weights")? })
    }

    /// The file that a URL's path names.
    fn find(&self, url: &str) -> Option<PathBuf> {
        let path = relative(url)?;
        let (folder, path) = match path.strip_prefix("weights") {
            Ok(rest) => (&self.weights, rest.to_owned()),
            Err(_) => (&self.www, path),
        };
        // A symbolic link may point outside the folder, so its target is what counts.
        let mut file = folder.join(path).canonicalize().ok()?;
        if file.is_dir() {
            file = file.join("index.html").canonicalize().ok()?;
        }
        (file.starts_with(folder) && file.is_file()).then_some(file)
    }
}

/// The relative path that a URL names, if it consists of plain names only.
fn relative(url: &str) -> Option<PathBuf> {
    let end = url.find(['?', '#']).unwrap_or(url.len());
    let path = percent_decode_str(&url[..end]).decode_utf8().ok()?;
    let path = path.strip_prefix('/')?;
    if path.contains(['\\', ':', '\0']) {
        return None;
    }
    let path = Path::new(path);
    path.components().all(|component| matches!(component, Component::Normal(_))).then(|| path.to_owned())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests")]
mod tests {
    use std::io::{Read as _, Write as _};
    use std::net::TcpStream;

    use super::*;
    use crate::scratch::Scratch;

    fn sample(name: &str) -> (Scratch, Folders) {
        let root = Scratch::new(name);
        for (path, text) in [
            ("www/index.html", "page"),
            ("www/pkg/a b.js", "script"),
            ("weights/w.safetensors", "numbers"),
            ("secret.txt", "secret"),
        ] {
            let path = root.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let folders = Folders::new(root.path()).unwrap();
        (root, folders)
    }

    fn content(folders: &Folders, url: &str) -> Option<String> {
        folders.find(url).map(|path| fs::read_to_string(path).unwrap())
    }

    #[test]
    fn urls_name_files() {
        let (_root, folders) = sample("found");
        for (url, found) in [
            ("/", "page"),
            ("/index.html?engine=cpu", "page"),
            ("/pkg/a%20b.js", "script"),
            ("/weights/w.safetensors", "numbers"),
        ] {
            assert_eq!(content(&folders, url).as_deref(), Some(found), "{url}");
        }
        for url in ["/missing", "/pkg", "/weights/", "/weights/missing", "/weightsw.safetensors"] {
            assert_eq!(content(&folders, url), None, "{url}");
        }
    }

    #[test]
    fn nothing_outside_is_served() {
        let (root, folders) = sample("outside");
        for url in [
            "/../secret.txt",
            "/..%2fsecret.txt",
            "/%2e%2e/secret.txt",
            "/%2e%2e%2fsecret.txt",
            "/pkg/../../secret.txt",
            "/weights/../secret.txt",
            "/weights/%2e%2e/www/index.html",
            "/..\\secret.txt",
            "/..%5csecret.txt",
            "/C:/secret.txt",
            "/index.html%00.js",
            "//etc/passwd",
            "/%2fetc/passwd",
            "secret.txt",
            "http://host/../secret.txt",
            "/%ff",
        ] {
            assert_eq!(content(&folders, url), None, "{url}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path().join("secret.txt"), root.path().join("www/link")).unwrap();
            assert_eq!(content(&folders, "/link"), None);
        }
        drop(root);
    }

    #[test]
    fn files_have_the_mime_types_that_browsers_require() {
        for (name, expected) in [
            ("running_hand_bg.wasm", "application/wasm"),
            ("worker.js", "text/javascript; charset=utf-8"),
            ("index.html", "text/html; charset=utf-8"),
            ("synthesis.safetensors", "application/octet-stream"),
            ("unnamed", "application/octet-stream"),
        ] {
            assert_eq!(mime(Path::new(name)), expected, "{name}");
        }
    }

    #[test]
    fn only_a_port_that_was_named_must_be_free() {
        let first = bind(Some(0)).unwrap();
        let port = first.local_addr().unwrap().port();
        assert!(format!("{:#}", bind(Some(port)).err().unwrap()).contains("--port"));
        assert!(bind(None).is_ok());
    }

    /// Runs `client` beside a server of `sample(name)`, then stops the server.
    fn with_server(name: &str, client: impl FnOnce(SocketAddr)) {
        let (_root, folders) = sample(name);
        let listener = bind(Some(0)).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let server = std::thread::spawn(|| {
            run(folders, listener, |_| {}, async {
                let _ = stopped.await;
            })
        });
        client(address);
        drop(stop);
        server.join().unwrap().unwrap();
    }

    /// Sends one request line and reads until the server closes the connection.
    fn ask(address: SocketAddr, request: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{request} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut reply = String::new();
        stream.read_to_string(&mut reply).unwrap();
        reply
    }

    #[test]
    fn responses_carry_length_type_and_no_caching() {
        with_server("headers", |address| {
            for (request, status, mime, length, body) in [
                ("GET /weights/w.safetensors", 200, "application/octet-stream", 7, "numbers"),
                ("HEAD /weights/w.safetensors", 200, "application/octet-stream", 7, ""),
                ("GET /pkg/a%20b.js?x=1", 200, "text/javascript; charset=utf-8", 6, "script"),
                ("GET /missing", 404, "text/plain; charset=utf-8", 20, "Not found: /missing\n"),
                ("GET /../secret.txt", 404, "text/plain; charset=utf-8", 26, "Not found: /../secret.txt\n"),
                ("POST /", 405, "text/plain; charset=utf-8", 33, "Only GET and HEAD are supported.\n"),
            ] {
                let reply = ask(address, request);
                let (head, rest) = reply.split_once("\r\n\r\n").unwrap();
                let head = head.to_ascii_lowercase();
                assert!(head.starts_with(&format!("http/1.1 {status} ")), "{request}: {reply}");
                for line in [
                    format!("content-type: {mime}"),
                    format!("content-length: {length}"),
                    "cache-control: no-cache, no-store".to_owned(),
                    "x-content-type-options: nosniff".to_owned(),
                ] {
                    assert!(head.lines().any(|sent| sent == line), "{request}, {line}: {reply}");
                }
                assert_eq!(rest, body, "{request}");
            }
        });
    }

    #[test]
    fn headers_and_body_arrive_together_on_a_connection_that_is_kept() {
        with_server("kept", |address| {
            let mut stream = TcpStream::connect(address).unwrap();
            for _ in 0..3 {
                stream.write_all(b"GET /index.html HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
                let mut reply = [0; 4096];
                let length = stream.read(&mut reply).unwrap();
                assert!(reply[..length].ends_with(b"\r\n\r\npage"), "{}", String::from_utf8_lossy(&reply[..length]));
            }
        });
    }

    #[test]
    fn the_server_stops_though_connections_are_open() {
        let mut open = Vec::new();
        with_server("open", |address| {
            // Browsers connect in advance and may never ask.
            open.push(TcpStream::connect(address).unwrap());
            // This one is kept after its request.
            let mut idle = TcpStream::connect(address).unwrap();
            idle.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
            assert!(idle.read(&mut [0; 4096]).unwrap() > 0);
            // And this one stopped in the middle of a request.
            let mut half = TcpStream::connect(address).unwrap();
            half.write_all(b"GET / HT").unwrap();
            open.extend([idle, half]);
        });
    }
}
