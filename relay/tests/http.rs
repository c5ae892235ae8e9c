//! The relay over real connections: types, headers, compression, caching, and what it refuses.

mod support;

use std::{
    fs,
    io::{Read as _, Write as _},
    net::TcpStream,
    path::Path,
    time::{Duration, SystemTime},
};

use abraham_relay::{Config, Error, Relay, Running, ice_server};
use support::send;

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

/// Where a page is to connect, as a policy names it.
fn websocket_origin(relay: &Running) -> String {
    let address = relay.p2p_addrs()[0].to_string();
    let port = address.split('/').nth(4).unwrap();
    assert!(address.starts_with(&format!("/ip4/127.0.0.1/tcp/{port}/ws/p2p/")), "{address}");
    format!("ws://127.0.0.1:{port}")
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_the_files_with_their_types_and_the_security_headers_on_every_answer() {
    let (_folder, relay) = folder_relay().await;
    let at = relay.http_addr();
    let websocket = websocket_origin(&relay);
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
        let connect = format!("connect-src 'self' {websocket}");
        for part in [
            "default-src 'none'",
            "script-src 'self' 'wasm-unsafe-eval'",
            "worker-src 'self'",
            &connect,
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
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin-allow-popups", "{path}");
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

/// A proxy may put the page under a prefix, and strip it: whatever the relay says of its own paths is relative.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_names_a_path_from_the_root() {
    let (_folder, relay) = folder_relay().await;
    let at = relay.http_addr();
    assert_eq!(send(at, "GET", "/favicon.ico", &[]).header("location"), "icon.svg");
    for (path, back) in [("/nothing", "./"), ("/nothing/", "./../"), ("/a/b/nothing", "./../../")] {
        let answer = send(at, "GET", path, &[]);
        assert!(answer.text().contains(&format!("href=\"{back}\"")), "{path}: {}", answer.text());
    }
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn one_address_with_many_connections_displaces_its_own_and_nobody_elses() {
    let (relay, _) = support::relay(|_| {}).await;
    let at = relay.http_addr();
    let mut open = Vec::new();
    for _ in 0..200 {
        open.push(support::connect([127, 0, 0, 2], at).await.unwrap());
    }
    support::metric_until(&relay, "abraham_http_connections_displaced_total", |count| count >= 136.0).await;
    for from in [[127, 0, 0, 3], [127, 0, 0, 1], [127, 0, 0, 2]] {
        support::is_well(from, at).await.unwrap();
    }
    let displaced = support::metric(&relay, "abraham_http_connections_displaced_total").await;
    assert!(
        (displaced - 137.0).abs() < 0.1,
        "only the last one of the same address needed a place: {displaced}"
    );
    drop(open);
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
    assert_eq!(config["protocols"][0], "/abraham/painters/1.3.0");
    assert!(config["limits"]["frameBytes"].as_u64().unwrap() > 0);
    let told = || send(at, "GET", "/api/v1/config", &[]);
    let now = || SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_millis() as u64;
    let (before, answer, after) = (now(), told(), now());
    let server = answer.json()["now_ms"].as_u64().unwrap();
    assert!((before..=after).contains(&server), "{before} {server} {after}");
    assert_eq!(answer.header("cache-control"), "no-store", "the time is of now");
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

#[tokio::test(flavor = "multi_thread")]
async fn the_page_is_told_where_to_dial_and_may_connect_there_and_nowhere_else() {
    let other = "12D3KooWJKwkxLYLEvFNW2VXnAXkrMXsmsoS8yoe1WKrHjL2d6hH";
    let mut config = Config::default();
    config.p2p_listen = vec!["/ip4/0.0.0.0/tcp/0/ws".parse().unwrap()];
    config.ice_servers = vec![
        ice_server("stun:stun.example:3478").unwrap(),
        ice_server("turn:turn.example:3478,visitor,secret").unwrap(),
    ];
    config.bootstrap = vec![format!("/dns4/second.example/tcp/443/wss/p2p/{other}").parse().unwrap()];
    config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
    let relay = Relay::bind(config.clone()).await.unwrap();
    let listening = relay.p2p_addrs()[0].to_string();
    let (port, id) = (listening.split('/').nth(4).unwrap(), listening.rsplit('/').next().unwrap());
    for (host, name, source) in [
        ("localhost:8080", "/dns/localhost", format!("ws://localhost:{port}")),
        ("192.0.2.7", "/ip4/192.0.2.7", format!("ws://192.0.2.7:{port}")),
        ("art.example", "/dns/art.example", format!("ws://art.example:{port}")),
        ("art_relay.example:8443", "/dns/art_relay.example", format!("ws://art_relay.example:{port}")),
    ] {
        let answer = send(relay.http_addr(), "GET", "/api/v1/config", &[("host", host)]);
        let told = answer.json();
        assert_eq!(told["relays"][0], format!("{name}/tcp/{port}/ws/p2p/{id}"));
        assert_eq!(told["relays"][1], format!("/dns4/second.example/tcp/443/wss/p2p/{other}"));
        assert_eq!(told["webrtcDirect"], serde_json::json!([]));
        assert_eq!(told["topic"], "abraham/presence/1");
        let servers = serde_json::json!([
            { "urls": ["stun:stun.example:3478"] },
            { "urls": ["turn:turn.example:3478"], "username": "visitor", "credential": "secret" },
        ]);
        assert_eq!(told["iceServers"], servers);
        let connect = format!("connect-src 'self' {source} wss://second.example:443;");
        assert!(answer.header("content-security-policy").contains(&connect), "{host}");
    }
    let hostile = send(relay.http_addr(), "GET", "/", &[("host", "a;script-src *")]);
    assert!(!hostile.header("content-security-policy").contains("script-src *"));
    // Over TLS a browser would refuse plain websocket, so it is not told of any.
    let secure = send(relay.http_addr(), "GET", "/api/v1/config", &[("x-forwarded-proto", "https")]).json();
    assert_eq!(secure["relays"].as_array().unwrap().len(), 1);
    relay.stop().await.unwrap();

    config.external = vec!["/dns4/art.example/tcp/443/wss".parse().unwrap()];
    let relay = Relay::bind(config).await.unwrap();
    let id = relay.p2p_addrs()[0].to_string().rsplit('/').next().unwrap().to_owned();
    for headers in [vec![], vec![("x-forwarded-proto", "https"), ("host", "art.example")]] {
        let told = send(relay.http_addr(), "GET", "/api/v1/config", &headers).json();
        assert_eq!(told["relays"][0], format!("/dns4/art.example/tcp/443/wss/p2p/{id}"));
    }
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_are_limited_for_each_client_that_a_trusted_proxy_names() {
    let mut config = Config::default();
    config.trusted_proxies = vec!["127.0.0.0/8".parse().unwrap()];
    let relay = Relay::bind(config).await.unwrap();
    let at = relay.http_addr();
    let statuses = |client: &'static str, times: usize| {
        let mut stream = TcpStream::connect(at).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
        let ask = format!("HEAD /healthz HTTP/1.1\r\nhost: localhost\r\nx-forwarded-for: {client}\r\n");
        let mut answers = stream.try_clone().unwrap();
        let writer = std::thread::spawn(move || {
            for left in (0..times).rev() {
                let close = if left == 0 { "connection: close\r\n\r\n" } else { "\r\n" };
                stream.write_all(format!("{ask}{close}").as_bytes()).unwrap();
            }
        });
        let mut text = String::new();
        answers.read_to_string(&mut text).unwrap();
        writer.join().unwrap();
        let count = |status: &str| text.matches(&format!("HTTP/1.1 {status}")).count();
        (count("200"), count("429"))
    };
    let (answered, limited) = statuses("198.51.100.7", 20_000);
    assert!(answered >= 6000 && limited > 0 && answered + limited == 20_000, "{answered} and {limited}");
    assert_eq!(statuses("198.51.100.8", 20), (20, 0), "another client is not limited with it");
    assert_eq!(statuses("1.1.1.1, 127.0.0.1", 20), (20, 0));
    let policy = send(at, "GET", "/", &[("x-forwarded-for", "198.51.100.7")]);
    assert!(!policy.header("content-security-policy").is_empty(), "refusals carry the headers too");
    relay.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn metrics_are_served_on_their_own_address_and_nowhere_else() {
    let (relay, _) = support::relay(|_| {}).await;
    assert_eq!(send(relay.http_addr(), "GET", "/healthz", &[]).status, 200);
    assert_eq!(send(relay.http_addr(), "GET", "/metrics", &[]).status, 404);
    let metrics = send(relay.metrics_addr().unwrap(), "GET", "/metrics", &[]);
    assert!(metrics.header("content-type").starts_with("application/openmetrics-text"));
    for name in [
        "abraham_visitors 0",
        "abraham_reservations 0",
        "abraham_circuits 0",
        "abraham_mesh_relays 0",
        "abraham_http_requests_total{cause=\"ok\"} 1",
        "# TYPE libp2p_swarm_new_listen_addr counter",
        "# TYPE libp2p_gossipsub_mesh_peer_counts gauge",
        "# EOF",
    ] {
        assert!(metrics.text().contains(name), "{name} is missing:\n{}", metrics.text());
    }
    assert_eq!(send(relay.metrics_addr().unwrap(), "GET", "/", &[]).status, 404);
    relay.stop().await.unwrap();
}
