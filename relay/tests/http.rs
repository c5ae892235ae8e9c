//! The relay over real connections: types, headers, compression, caching, and what it refuses.

use std::{
    collections::HashMap,
    fs,
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
    path::Path,
    time::Duration,
};

use abraham_relay::{Config, Error, Relay, Running};

/// One answer as it was on the wire; header names in small letters.
struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }
}

/// Sends one request exactly as given, so that nothing tidies the path, and reads the answer to its end.
fn send(address: SocketAddr, method: &str, path: &str, headers: &[(&str, &str)]) -> Answer {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    let mut request = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
    for (name, value) in headers {
        request += &format!("{name}: {value}\r\n");
    }
    request += "\r\n";
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("an answer with a head");
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let mut lines = head.lines();
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers = lines
        .map(|line| line.split_once(':').unwrap())
        .map(|(name, value)| (name.to_lowercase(), value.trim().to_owned()))
        .collect();
    Answer { status, headers, body: answer[end + 4..].to_vec() }
}

/// A relay serving a folder with one file of each kind that the page has.
async fn folder_relay() -> (tempfile::TempDir, Running) {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, bytes: &[u8]| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("index.html", "<!doctype html><title>Abraham</title>".repeat(50).as_bytes());
    write("app.js", "export const painters = 4;\n".repeat(50).as_bytes());
    write("pkg/client_bg-0123456789abcdef.wasm", &b"\0asm\x01\0\0\0".repeat(200));
    write("picture.png", &[137; 2000]);
    write("package.json", b"{}");
    write(".secret", b"secret");
    write("node_modules/tool.js", b"secret");
    let running = bind_folder(folder.path()).await;
    (folder, running)
}

async fn bind_folder(folder: &Path) -> Running {
    let mut config = Config::default();
    config.assets = Some(folder.to_owned());
    Relay::bind(config).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_the_files_with_their_types_and_the_security_headers_on_every_answer() {
    let (_folder, relay) = folder_relay().await;
    let at = relay.http_addr();
    for (path, status, mime) in [
        ("/", 200, "text/html; charset=utf-8"),
        ("/index.html", 200, "text/html; charset=utf-8"),
        ("/app.js", 200, "text/javascript; charset=utf-8"),
        ("/pkg/client_bg-0123456789abcdef.wasm", 200, "application/wasm"),
        ("/picture.png", 200, "image/png"),
        ("/healthz", 200, "text/plain; charset=utf-8"),
        ("/api/v1/config", 200, "application/json"),
        ("/nothing-here", 404, "text/html; charset=utf-8"),
        ("/pkg/abraham_client.js", 503, "text/plain; charset=utf-8"),
    ] {
        let answer = send(at, "GET", path, &[]);
        assert_eq!(answer.status, status, "{path}");
        assert_eq!(answer.header("content-type"), mime, "{path}");
        let policy = answer.header("content-security-policy");
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            "connect-src 'self' ws: wss:",
            "img-src 'self' blob: data:",
            "style-src 'self'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.split("; ").any(|found| found == part), "{path} lacks {part}: {policy}");
        }
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{path}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{path}");
        assert!(answer.header("permissions-policy").contains("camera=()"), "{path}");
    }
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn compresses_what_shrinks_in_the_form_the_client_takes() {
    let (folder, relay) = folder_relay().await;
    let at = relay.http_addr();
    let script = fs::read(folder.path().join("app.js")).unwrap();
    for (accept, form) in [
        ("gzip, deflate, br, zstd", "br"),
        ("gzip", "gzip"),
        ("br;q=0, gzip;q=0.5", "gzip"),
        ("identity", ""),
        ("", ""),
        ("br;q=0, gzip;q=0", ""),
        ("deflate", ""),
    ] {
        let answer = send(at, "GET", "/app.js", &[("accept-encoding", accept)]);
        assert_eq!(answer.status, 200);
        assert_eq!(answer.header("content-encoding"), form, "for {accept:?}");
        assert_eq!(answer.header("vary"), "accept-encoding");
        let mut decoded = Vec::new();
        let mut reader: Box<dyn std::io::Read> = match form {
            "br" => Box::new(brotli::Decompressor::new(&answer.body[..], 4096)),
            "gzip" => Box::new(flate2::read::GzDecoder::new(&answer.body[..])),
            _ => Box::new(&answer.body[..]),
        };
        reader.read_to_end(&mut decoded).unwrap();
        assert_eq!(decoded, script, "for {accept:?}");
    }
    let picture = send(at, "GET", "/picture.png", &[("accept-encoding", "br")]);
    assert_eq!((picture.header("content-encoding"), picture.header("vary")), ("", ""));
    assert_eq!(picture.body, [137; 2000]);
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn caches_by_tag_and_forever_where_the_name_carries_the_hash() {
    let (folder, relay) = folder_relay().await;
    let at = relay.http_addr();
    let page = send(at, "GET", "/", &[]);
    assert_eq!(page.header("cache-control"), "no-cache");
    let wasm = send(at, "GET", "/pkg/client_bg-0123456789abcdef.wasm", &[]);
    assert_eq!(wasm.header("cache-control"), "public, max-age=31536000, immutable");

    let tag = page.header("etag").to_owned();
    let again = send(at, "GET", "/", &[("if-none-match", &tag)]);
    assert_eq!((again.status, again.body.len()), (304, 0));
    assert_eq!(again.header("etag"), tag);
    assert_eq!(again.header("cache-control"), "no-cache");

    let compressed = send(at, "GET", "/", &[("if-none-match", &tag), ("accept-encoding", "br")]);
    assert_eq!(compressed.status, 200, "a tag promises the same bytes, and these are others");
    assert_ne!(compressed.header("etag"), tag);

    fs::write(folder.path().join("index.html"), "<!doctype html><title>Changed</title>").unwrap();
    let changed = send(at, "GET", "/", &[("if-none-match", &tag)]);
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), tag);
    assert_eq!(send(at, "GET", "/healthz", &[]).header("cache-control"), "no-store");
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn head_is_get_without_the_body() {
    let (_folder, relay) = folder_relay().await;
    let at = relay.http_addr();
    for path in ["/", "/app.js", "/healthz", "/api/v1/config", "/nothing-here"] {
        let get = send(at, "GET", path, &[("accept-encoding", "br")]);
        let head = send(at, "HEAD", path, &[("accept-encoding", "br")]);
        assert_eq!(head.body, [0_u8; 0], "{path}");
        assert_eq!(head.status, get.status, "{path}");
        for name in ["content-type", "content-length", "content-encoding", "etag", "cache-control"] {
            assert_eq!(head.header(name), get.header(name), "{path}: {name}");
        }
    }
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn refuses_other_methods_and_says_which_it_takes() {
    let (_folder, relay) = folder_relay().await;
    for method in ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"] {
        let answer = send(relay.http_addr(), method, "/", &[("content-length", "0")]);
        assert_eq!((answer.status, answer.header("allow")), (405, "GET, HEAD"), "{method}");
    }
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_outside_the_page_can_be_read() {
    let (folder, relay) = folder_relay().await;
    let outside = folder.path().parent().unwrap().join("abraham-outside.txt");
    #[cfg(unix)]
    std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link.txt")).unwrap();
    for path in [
        "/../abraham-outside.txt",
        "/%2e%2e/abraham-outside.txt",
        "/..%2fabraham-outside.txt",
        "/demo/..%5c..%5cabraham-outside.txt",
        "/a/../../../../../../etc/passwd",
        "//etc/passwd",
        "/%2fetc/passwd",
        "/link.txt",
        "/.secret",
        "/%2esecret",
        "/package.json",
        "/node_modules/tool.js",
        "/index.html%00.png",
    ] {
        let answer = send(relay.http_addr(), "GET", path, &[]);
        assert!(matches!(answer.status, 400 | 404), "{path}: {}", answer.status);
        assert!(!answer.text().contains("root:") && !answer.text().contains("secret"), "{path}");
    }
    assert!(!outside.exists());
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_embedded_files_are_served_without_any_folder() {
    let relay = Relay::bind(Config::default()).await.unwrap();
    let at = relay.http_addr();
    let sheet = send(at, "GET", "/demo/flags.png", &[]);
    assert_eq!((sheet.status, sheet.header("content-type")), (200, "image/png"));
    assert_eq!(&sheet.body[..4], b"\x89PNG");
    for path in ["/package.json", "/package-lock.json", "/node_modules/typescript/package.json"] {
        assert_eq!(send(at, "GET", path, &[]).status, 404, "{path}");
    }
    let config: serde_json::Value =
        serde_json::from_slice(&send(at, "GET", "/api/v1/config", &[]).body).unwrap();
    assert_eq!(config["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(config["protocols"][0], "/abraham/painters/1.0.0");
    assert!(config["limits"]["frameBytes"].as_u64().unwrap() > 0);
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_head_without_end_is_refused() {
    let (_folder, relay) = folder_relay().await;
    let huge = "a".repeat(200_000);
    let mut stream = TcpStream::connect(relay.http_addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    // The relay may close before everything is written; either way it answers or ends, and keeps serving.
    let _ =
        stream.write_all(format!("GET / HTTP/1.1\r\nhost: localhost\r\nx-long: {huge}\r\n\r\n").as_bytes());
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"HTTP/1.1 200"), "a head of 200 kB was taken");
    assert_eq!(send(relay.http_addr(), "GET", "/healthz", &[]).text(), "ok\n");
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn stopping_frees_the_address_and_a_taken_address_is_named() {
    let first = Relay::bind(Config::default()).await.unwrap();
    let mut config = Config::default();
    config.listen = first.http_addr();
    match Relay::bind(config.clone()).await {
        Err(Error::Listen { listen, .. }) => assert_eq!(listen, first.http_addr()),
        Ok(_) => panic!("two relays on one address"),
        Err(other) => panic!("{other}"),
    }
    first.stop().await.unwrap();
    let second = Relay::bind(config).await.unwrap();
    assert_eq!(send(second.http_addr(), "GET", "/healthz", &[]).status, 200);
    second.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_folder_is_named() {
    let mut config = Config::default();
    config.assets = Some("/nowhere/at/all".into());
    assert!(
        matches!(Relay::bind(config).await, Err(Error::Assets { path, .. }) if path == Path::new("/nowhere/at/all"))
    );
}
