//! What the relay answers over HTTP.

use std::{io, time::Instant};

use abraham_messages::{PRESENCE_TOPIC, PROTOCOL_VERSION, limits};
use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method, StatusCode,
        header::{
            self, AcceptEncoding, ContentEncoding, EntityTag, Header as _, HeaderName, HeaderValue,
            IfNoneMatch,
        },
    },
    middleware::Next,
    web::{self, Data, ServiceConfig},
};
use serde::Serialize;

use crate::{
    assets::{Asset, Assets, Encoding},
    network::Shared,
};

/// Scripts, styles, workers and connections only from this relay; no inline script or style; wasm may be compiled;
/// pictures may also be ones that the page itself made. No other site may frame the page.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; \
    connect-src 'self' ws: wss:; img-src 'self' blob: data:; style-src 'self'; font-src 'self'; manifest-src 'self'; \
    base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Sent with every answer, errors included.
const SECURITY_HEADERS: [(&str, &str); 7] = [
    ("content-security-policy", CONTENT_SECURITY_POLICY),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    (
        "permissions-policy",
        "camera=(), microphone=(), geolocation=(), display-capture=(), payment=(), usb=(), serial=(), hid=(), \
         midi=(), browsing-topics=()",
    ),
];

const IMMUTABLE: &str = "public, max-age=31536000, immutable";
const REVALIDATE: &str = "no-cache";
const NEVER: &str = "no-store";

const NOT_FOUND: &str = "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
    <meta name=\"viewport\" content=\"width=device-width\">\n<title>Not here · Abraham</title>\n\
    <h1>There is nothing here</h1>\n<p><a href=\"/\">Go to Abraham</a></p>\n</html>\n";

const NOT_BUILT: &str = "The browser program has not been built into this relay. Run `cargo xtask build`, then start \
    the relay again.\n";

/// Installs every route.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/healthz", web::get().to(healthz))
        .route("/healthz", web::head().to(healthz))
        // What browsers ask for beside a file that is no page.
        .route("/favicon.ico", web::get().to(async || web::Redirect::to("/icon.svg").permanent()))
        .route("/api/v1/config", web::get().to(config))
        .route("/api/v1/config", web::head().to(config))
        .default_service(web::to(asset));
}

/// Adds the security headers to every answer and writes one line of log. Visitors' addresses are not logged.
pub(crate) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    #[expect(
        clippy::disallowed_methods,
        reason = "the relay is a shell; the log states how long an answer took"
    )]
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.path().to_owned();
    let mut response = next.call(request).await?;
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    let status = response.status().as_u16();
    let micros = u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX);
    if path == "/healthz" {
        tracing::debug!(%method, path, status, micros, "answered");
    } else {
        tracing::info!(%method, path, status, micros, "answered");
    }
    Ok(response)
}

async fn healthz() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header((header::CACHE_CONTROL, NEVER))
        .content_type("text/plain; charset=utf-8")
        .body("ok\n")
}

#[derive(Serialize)]
struct PublicConfig {
    version: &'static str,
    protocols: [&'static str; 1],
    limits: Limits,
    relays: Vec<String>,
    #[serde(rename = "webrtcDirect")]
    webrtc_direct: Vec<String>,
    #[serde(rename = "iceServers")]
    ice_servers: Vec<String>,
    topic: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    frame_bytes: usize,
    checkpoint_bytes: usize,
    piece_record_bytes: usize,
}

async fn config(shared: Data<Shared>) -> HttpResponse {
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, REVALIDATE)).json(PublicConfig {
        version: env!("CARGO_PKG_VERSION"),
        protocols: [PROTOCOL_VERSION],
        limits: Limits {
            frame_bytes: limits::FRAME_BYTES,
            checkpoint_bytes: limits::CHECKPOINT_BYTES,
            piece_record_bytes: limits::PIECE_RECORD_BYTES,
        },
        relays: shared.dialable().iter().map(ToString::to_string).collect(),
        webrtc_direct: Vec::new(),
        ice_servers: Vec::new(),
        topic: PRESENCE_TOPIC,
    })
}

/// Any file of the page.
async fn asset(request: HttpRequest, assets: Data<Assets>) -> HttpResponse {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        let mut response = text(StatusCode::METHOD_NOT_ALLOWED, "Only GET and HEAD are answered here.\n");
        response.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    // actix has decoded what is safe to decode; a name that is still percent-encoded is no name of ours.
    let path = match request.path().trim_start_matches('/') {
        "" => "index.html".to_owned(),
        path => path.to_owned(),
    };
    let wanted = accepted(&request);
    let not_built = path.starts_with("pkg/");
    // Reading and compressing take a while the first time; other requests go on meanwhile.
    let found = web::block(move || -> io::Result<Option<(Asset, Encoding, web::Bytes)>> {
        let Some(asset) = assets.get(&path)? else { return Ok(None) };
        let encoding = if asset.compressible { wanted } else { Encoding::Identity };
        let bytes = assets.encoded(&asset, encoding)?;
        Ok(Some((asset, encoding, bytes)))
    })
    .await;
    match found {
        Ok(Ok(Some((asset, encoding, bytes)))) => file(&request, &asset, encoding, bytes),
        Ok(Ok(None)) if not_built => text(StatusCode::SERVICE_UNAVAILABLE, NOT_BUILT),
        Ok(Ok(None)) => HttpResponse::NotFound()
            .insert_header((header::CACHE_CONTROL, NEVER))
            .content_type("text/html; charset=utf-8")
            .body(NOT_FOUND),
        Ok(Err(error)) => {
            tracing::error!(%error, "could not read an asset");
            text(StatusCode::INTERNAL_SERVER_ERROR, "The relay could not read this file.\n")
        }
        Err(_) => text(StatusCode::SERVICE_UNAVAILABLE, "The relay is stopping.\n"),
    }
}

/// The answer that carries `bytes`, or says that the client's copy is still good.
fn file(request: &HttpRequest, asset: &Asset, encoding: Encoding, bytes: web::Bytes) -> HttpResponse {
    // Each form of a file has its own tag: a tag promises the same bytes on the wire.
    let form = encoding.name().unwrap_or("raw");
    let tag = EntityTag::new_strong(format!("{}-{form}", &asset.hash.to_hex()[..32]));
    let unchanged = match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(tags)) => tags.iter().any(|known| known.weak_eq(&tag)),
        Err(_) => false,
    };
    let status = if unchanged { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
    let mut response = HttpResponse::build(status);
    response
        .insert_header((header::ETAG, tag.to_string()))
        .insert_header((header::CACHE_CONTROL, if asset.immutable { IMMUTABLE } else { REVALIDATE }));
    if asset.compressible {
        response.insert_header((header::VARY, "accept-encoding"));
    }
    if unchanged {
        return response.finish();
    }
    if let Some(name) = encoding.name() {
        response.insert_header((header::CONTENT_ENCODING, name));
    }
    response.content_type(asset.mime.as_str()).body(bytes)
}

/// The smallest form that the client takes.
fn accepted(request: &HttpRequest) -> Encoding {
    let Ok(accepted) = AcceptEncoding::parse(request) else { return Encoding::Identity };
    let takes = |coding: ContentEncoding| {
        let coding = header::Encoding::Known(coding);
        accepted.negotiate([&coding].into_iter()) == Some(coding.clone())
    };
    if takes(ContentEncoding::Brotli) {
        Encoding::Brotli
    } else if takes(ContentEncoding::Gzip) {
        Encoding::Gzip
    } else {
        Encoding::Identity
    }
}

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, NEVER))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}
