//! The local web server: `www/` at the root, `weights/` under `/weights/`.

use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Component, Path, PathBuf};

use crate::command::say;
use anyhow::{Context, Result, anyhow};
use percent_encoding::percent_decode_str;
use tiny_http::{Header, Method, Request, Response, Server, StatusCode};

const FIRST_PORT: u16 = 8080;
/// How many ports are tried before giving up: somebody runs a few servers, not twenty.
const PORTS: u16 = 20;
/// A page asks for its few files at once; more threads would only wait for the same disk.
const THREADS: usize = 4;

/// Opens the port that was asked for, or else 8080 or the next free one.
pub fn bind(port: Option<u16>) -> Result<Server> {
    let open = |port| TcpListener::bind((Ipv4Addr::LOCALHOST, port));
    let listener = match port {
        Some(port) => open(port).with_context(|| format!("port {port} cannot be opened: name another with --port"))?,
        None => (FIRST_PORT..FIRST_PORT + PORTS)
            .find_map(|port| open(port).ok())
            .with_context(|| format!("no port from {FIRST_PORT} on is free: name one with --port"))?,
    };
    Server::from_listener(listener, None).map_err(|error| anyhow!("the server did not start: {error}"))
}

/// Answers requests until the program is ended.
pub fn serve(root: &Path, server: &Server) -> Result<()> {
    let folders = Folders::new(root)?;
    say(&format!("Running Hand is at http://{}/ (Ctrl+C ends it)", server.server_addr()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Ok(request) = server.recv() {
                    answer(&folders, request);
                }
            });
        }
    });
    Ok(())
}

fn answer(folders: &Folders, request: Request) {
    if !matches!(request.method(), Method::Get | Method::Head) {
        send(request, Response::from_string("Only GET and HEAD.\n").with_status_code(405));
        return;
    }
    let file = folders.find(request.url()).and_then(|path| Some((File::open(&path).ok()?, path)));
    match file {
        Some((file, path)) => send(request, Response::from_file(file).with_header(header("Content-Type", mime(&path)))),
        None => {
            let missing = format!("There is no {} here.\n", request.url());
            send(request, Response::from_string(missing).with_status_code(StatusCode(404)));
        }
    }
}

fn send<R: std::io::Read>(request: Request, response: Response<R>) {
    let response = response
        // Whoever edits the page must see the edit.
        .with_header(header("Cache-Control", "no-cache, no-store"))
        .with_header(header("X-Content-Type-Options", "nosniff"))
        // In one piece, with its length: the page shows how far a file has come.
        .with_chunked_threshold(usize::MAX);
    // The browser may have gone away: nobody is left to tell.
    let _ = request.respond(response);
}

#[expect(clippy::expect_used, reason = "all names and values are constants of this file, in ASCII")]
fn header(name: &'static str, value: &'static str) -> Header {
    Header::from_bytes(name, value).expect("an ASCII header")
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

/// The folders that are served, as real paths: no file outside them is.
struct Folders {
    www: PathBuf,
    weights: PathBuf,
}

impl Folders {
    fn new(root: &Path) -> Result<Folders> {
        let real = |name| root.join(name).canonicalize().with_context(|| format!("the folder {name}/ is missing"));
        Ok(Folders { www: real("www")?, weights: real("weights")? })
    }

    /// The file behind a request's address.
    fn find(&self, url: &str) -> Option<PathBuf> {
        let path = relative(url)?;
        let (folder, path) = match path.strip_prefix("weights") {
            Ok(rest) => (&self.weights, rest.to_owned()),
            Err(_) => (&self.www, path),
        };
        // A link may point outside, so the real path decides.
        let mut file = folder.join(path).canonicalize().ok()?;
        if file.is_dir() {
            file = file.join("index.html").canonicalize().ok()?;
        }
        (file.starts_with(folder) && file.is_file()).then_some(file)
    }
}

/// The path that an address names, if it is made of plain names only.
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
    use std::fs;
    use std::io::Read;

    use super::*;
    use crate::scratch::Scratch;

    fn house(name: &str) -> (Scratch, Folders) {
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

    fn text(folders: &Folders, url: &str) -> Option<String> {
        folders.find(url).map(|path| fs::read_to_string(path).unwrap())
    }

    #[test]
    fn addresses_lead_to_files() {
        let (_root, folders) = house("found");
        for (url, found) in [
            ("/", "page"),
            ("/index.html?engine=cpu", "page"),
            ("/pkg/a%20b.js", "script"),
            ("/weights/w.safetensors", "numbers"),
        ] {
            assert_eq!(text(&folders, url).as_deref(), Some(found), "{url}");
        }
        for url in ["/missing", "/pkg", "/weights/", "/weights/missing", "/weightsw.safetensors"] {
            assert_eq!(text(&folders, url), None, "{url}");
        }
    }

    #[test]
    fn nothing_outside_is_served() {
        let (root, folders) = house("outside");
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
            assert_eq!(text(&folders, url), None, "{url}");
        }
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root.path().join("secret.txt"), root.path().join("www/link")).unwrap();
            assert_eq!(text(&folders, "/link"), None);
        }
        drop(root);
    }

    #[test]
    fn files_have_the_types_that_browsers_ask_for() {
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
    fn a_taken_port_is_an_error_only_if_asked_for() {
        let first = bind(Some(0)).unwrap();
        let port = first.server_addr().to_ip().unwrap().port();
        assert!(format!("{:#}", bind(Some(port)).err().unwrap()).contains("--port"));
        assert!(bind(None).is_ok());
    }

    #[test]
    fn answers_carry_their_length_and_type() {
        let (_root, folders) = house("answers");
        let server = bind(Some(0)).unwrap();
        let address = server.server_addr().to_ip().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| answer(&folders, server.recv().unwrap()));
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            let request = "GET /weights/w.safetensors HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
            std::io::Write::write_all(&mut stream, request.as_bytes()).unwrap();
            let mut reply = String::new();
            stream.read_to_string(&mut reply).unwrap();
            let head = reply.to_ascii_lowercase();
            assert!(head.starts_with("http/1.1 200"), "{reply}");
            assert!(head.contains("content-length: 7"), "{reply}");
            assert!(head.contains("content-type: application/octet-stream"), "{reply}");
            assert!(head.contains("cache-control: no-cache"), "{reply}");
            assert!(reply.ends_with("numbers"), "{reply}");
        });
    }
}
