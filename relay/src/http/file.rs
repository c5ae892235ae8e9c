//! Answers that carry a file of the page.

use std::io;

use actix_web::{
    HttpRequest, HttpResponse,
    http::{
        Method, StatusCode,
        header::{self, AcceptEncoding, ContentEncoding, EntityTag, Header as _, HeaderValue, IfNoneMatch},
    },
    web::{self, Data},
};

use super::{NEVER, REVALIDATE, Site, sockets::Slices, text};
use crate::assets::{Asset, Encoding};

const IMMUTABLE: &str = "public, max-age=31536000, immutable";

/// The page that says so. Its way back is relative, for a proxy may have put the page under a prefix.
fn not_found(path: &str) -> String {
    let up = "../".repeat(path.matches('/').count());
    format!(
        "<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n\
        <meta name=\"viewport\" content=\"width=device-width\">\n<title>Not here · Abraham</title>\n\
        <h1>There is nothing here</h1>\n<p><a href=\"./{up}\">Go to Abraham</a></p>\n</html>\n"
    )
}

const NOT_BUILT: &str = "The browser program has not been built into this relay. Run `cargo xtask build`, then start \
    the relay again.\n";

/// Any file of the page.
pub(super) async fn asset(request: HttpRequest, site: Data<Site>) -> HttpResponse {
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
    let asked = path.clone();
    let not_built = path.starts_with("pkg/");
    // Reading and compressing take a while the first time; other requests go on meanwhile.
    let found = web::block(move || -> io::Result<Option<(Asset, Encoding, web::Bytes)>> {
        let assets = &site.assets;
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
            .body(not_found(&asked)),
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
    response.content_type(asset.mime.as_str()).body(Slices(bytes))
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
