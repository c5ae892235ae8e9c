//! What the relay answers over HTTP.

mod file;
pub(crate) mod sockets;

use std::{
    net::IpAddr,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::SystemTime,
};

use abraham_limiter::KeyedBuckets;
use abraham_messages::{IceServer, PRESENCE_TOPIC, PROTOCOL_VERSION, limits as protocol};
use actix_web::{
    Error, HttpRequest, HttpResponse,
    body::{EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        StatusCode,
        header::{self, HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::{self, Data, ServiceConfig},
};
use serde::Serialize;
use tokio::time::Instant;

use crate::{
    addresses::{Addresses, Served, host_name},
    assets::Assets,
    client::Proxies,
    limits,
    metrics::Metrics,
};
use sockets::{Body, Request, Requests};

/// Sent with every answer, errors included, beside the Content-Security-Policy.
const SECURITY_HEADERS: [(&str, &str); 6] = [
    // A window that the page opens itself may speak with it, as sign-in windows do; no other site's may.
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
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

const REVALIDATE: &str = "no-cache";
const NEVER: &str = "no-store";

/// What every worker answers from.
pub(crate) struct Site {
    assets: Assets,
    addresses: Addresses,
    proxies: Proxies,
    ice_servers: Vec<IceServer>,
    metrics: Arc<Metrics>,
    requests: Mutex<KeyedBuckets<IpAddr, Instant>>,
    open: Requests,
    unreachable_named: AtomicBool,
}

impl Site {
    pub(crate) fn new(
        assets: Assets,
        addresses: Addresses,
        proxies: Proxies,
        ice_servers: Vec<IceServer>,
        metrics: Arc<Metrics>,
    ) -> Self {
        let requests = Mutex::new(KeyedBuckets::new(limits::HTTP_REQUEST_RATE, limits::MAX_REMEMBERED));
        let unreachable_named = AtomicBool::new(false);
        let open = Requests::default();
        Self { assets, addresses, proxies, ice_servers, metrics, requests, open, unreachable_named }
    }

    /// Takes a request, unless its sender has sent or has open too many. One that no limit applies to needs no place.
    fn admit(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Result<Option<Request>, TooMuch> {
        let client = peer.map(|peer| self.proxies.client(peer, headers));
        let Some(address) = client.and_then(|client| self.proxies.limited(client)) else { return Ok(None) };
        let mut requests = self.requests.lock().unwrap_or_else(PoisonError::into_inner);
        if !requests.take(address, 1, Instant::now()) {
            return Err(TooMuch);
        }
        self.open.take(address).map(Some).ok_or(TooMuch)
    }

    /// The address that the connections of `peer` count for, if any.
    pub(crate) fn limited(&self, peer: IpAddr) -> Option<IpAddr> {
        self.proxies.limited(peer)
    }

    /// Where the page that `headers` ask for can dial.
    fn served(&self, peer: Option<IpAddr>, headers: &HeaderMap) -> Served {
        let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).and_then(host_name);
        let https = peer.is_some_and(|peer| self.proxies.is_https(peer, headers));
        self.addresses.served(host, https)
    }

    /// Says once that tabs are told nothing that they could dial.
    fn name_unreachable(&self, served: &Served) {
        let nothing = served.relays.is_empty() && served.webrtc_direct.is_empty();
        if nothing && !self.unreachable_named.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "a page was opened that cannot reach this relay's network: it came over TLS, and no wss address was \
                 given with --external"
            );
        }
    }
}

/// A client sent too many requests, or has too many open.
struct TooMuch;

/// Scripts, styles and workers only from this relay; connections only to it and to the addresses that the page is told;
/// no inline script or style; wasm may be compiled; pictures may also be ones that the page itself made. No other site
/// may frame the page.
fn content_security_policy(sources: &[String]) -> String {
    let connect = sources.iter().fold("'self'".to_owned(), |all, source| all + " " + source);
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src {connect}; \
         img-src 'self' blob: data:; style-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    )
}

/// Installs every route.
pub(crate) fn routes(app: &mut ServiceConfig) {
    app.route("/healthz", web::get().to(healthz))
        .route("/healthz", web::head().to(healthz))
        // What browsers ask for beside a file that is no page.
        // Relative, for a proxy may have put the page under a prefix.
        .route("/favicon.ico", web::get().to(async || web::Redirect::to("icon.svg").permanent()))
        .route("/api/v1/config", web::get().to(config))
        .route("/api/v1/config", web::head().to(config))
        .route("/api/v1/now", web::get().to(now))
        .route("/api/v1/now", web::head().to(now))
        .default_service(web::to(file::asset));
}

/// Refuses who asks too often, adds the security headers to every answer and writes one line of log. Visitors' addresses
/// are not logged.
pub(crate) async fn finish(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, Error> {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.path().to_owned();
    let Some(site) = request.app_data::<Data<Site>>().cloned() else {
        return Ok(request.into_response(HttpResponse::InternalServerError().finish()).map_into_right_body());
    };
    let peer = request.peer_addr().map(|peer| peer.ip());
    let policy = content_security_policy(&site.served(peer, request.headers()).sources);
    let mut place = None;
    let admitted = site.admit(peer, request.headers()).map(|request| place = request);
    let mut response = if admitted.is_err() {
        let refused = HttpResponse::TooManyRequests()
            .insert_header((header::CACHE_CONTROL, NEVER))
            .insert_header((header::RETRY_AFTER, "10"))
            .content_type("text/plain; charset=utf-8")
            .body("Too many requests from your address. Try again in a few seconds.\n");
        request.into_response(refused).map_into_right_body()
    } else {
        let answered = next.call(request).await?;
        answered.map_body(|_, body| Body::new(body, place.take())).map_into_left_body()
    };
    for (name, value) in SECURITY_HEADERS {
        response.headers_mut().insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        response.headers_mut().insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let status = response.status();
    site.metrics.http_request(match status.as_u16() {
        429 => "limited",
        200..300 => "ok",
        300..400 => "unchanged",
        400..500 => "refused",
        _ => "failed",
    });
    let (status, micros) =
        (status.as_u16(), u64::try_from(started.elapsed().as_micros()).unwrap_or(u64::MAX));
    if matches!(path.as_str(), "/healthz" | "/api/v1/now") {
        tracing::debug!(%method, path, status, micros, "answered");
    } else {
        tracing::info!(%method, path, status, micros, "answered");
    }
    Ok(response)
}

async fn healthz() -> HttpResponse {
    text(StatusCode::OK, "ok\n")
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PublicConfig<'a> {
    version: &'static str,
    protocols: [&'static str; 1],
    limits: Limits,
    relays: Vec<String>,
    webrtc_direct: Vec<String>,
    ice_servers: &'a [IceServer],
    topic: &'static str,
    /// Milliseconds since 1970, so that a tab whose own clock is wrong can take this one.
    #[serde(rename = "now_ms")]
    now_ms: u64,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Limits {
    frame_bytes: usize,
    checkpoint_bytes: usize,
}

#[expect(clippy::disallowed_methods, reason = "a tab whose clock is wrong takes the server's time")]
async fn config(request: HttpRequest, site: Data<Site>) -> HttpResponse {
    let served = site.served(request.peer_addr().map(|peer| peer.ip()), request.headers());
    site.name_unreachable(&served);
    let texts = |addresses: &[libp2p::Multiaddr]| addresses.iter().map(ToString::to_string).collect();
    let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, NEVER)).json(PublicConfig {
        version: env!("CARGO_PKG_VERSION"),
        protocols: [PROTOCOL_VERSION],
        limits: Limits {
            frame_bytes: protocol::MAX_FRAME_BYTES,
            checkpoint_bytes: protocol::MAX_CHECKPOINT_BYTES,
        },
        relays: texts(&served.relays),
        webrtc_direct: texts(&served.webrtc_direct),
        ice_servers: &site.ice_servers,
        topic: PRESENCE_TOPIC,
        now_ms: u64::try_from(since_1970.as_millis()).unwrap_or(u64::MAX),
    })
}

#[derive(Serialize)]
struct Now {
    visitors: i64,
    circuits: i64,
}

/// Cheap counts for a page that has not connected.
async fn now(site: Data<Site>) -> HttpResponse {
    let now = Now { visitors: site.metrics.visitors.get(), circuits: site.metrics.circuits.get() };
    HttpResponse::Ok().insert_header((header::CACHE_CONTROL, NEVER)).json(now)
}

/// `/metrics`, on the listener of its own.
pub(crate) async fn metrics(metrics: Data<Metrics>) -> HttpResponse {
    match metrics.text() {
        Ok(text) => HttpResponse::Ok()
            .insert_header((header::CACHE_CONTROL, NEVER))
            .content_type("application/openmetrics-text; version=1.0.0; charset=utf-8")
            .body(text),
        Err(error) => {
            tracing::error!(%error, "could not write the metrics");
            text(StatusCode::INTERNAL_SERVER_ERROR, "The metrics could not be written.\n")
        }
    }
}

fn text(status: StatusCode, text: &'static str) -> HttpResponse {
    HttpResponse::build(status)
        .insert_header((header::CACHE_CONTROL, NEVER))
        .content_type("text/plain; charset=utf-8")
        .body(text)
}

#[cfg(test)]
mod tests {
    use actix_web::{App, dev::Service, middleware::from_fn, test};
    use libp2p::{PeerId, metrics::Registry};

    use super::*;

    /// A proxy's connections carry the requests of many, and are all its own: so the answers that are open count.
    #[tokio::test]
    async fn one_client_behind_a_proxy_has_so_many_answers_open() {
        let addresses = Addresses {
            peer: PeerId::random(),
            external: Vec::new(),
            listeners: Vec::new(),
            others: Vec::new(),
        };
        let proxies = Proxies::new(vec!["127.0.0.1/32".parse().unwrap()]);
        let metrics = Arc::new(Metrics::new(Registry::default()));
        let site = Data::new(Site::new(Assets::embedded(), addresses, proxies, Vec::new(), metrics));
        let app = App::new().app_data(site).wrap(from_fn(finish)).configure(routes);
        let app = test::init_service(app).await;
        let ask = async |client: &str| {
            let request = test::TestRequest::get().uri("/healthz").peer_addr(([127, 0, 0, 1], 1).into());
            app.call(request.insert_header(("x-forwarded-for", client)).to_request()).await.unwrap()
        };
        let mut open = Vec::new();
        for _ in 0..limits::MAX_HTTP_SOCKETS {
            open.push(ask("198.51.100.7").await);
        }
        assert!(open.iter().all(|answer| answer.status() == StatusCode::OK));
        assert_eq!(ask("198.51.100.7").await.status(), StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(ask("198.51.100.8").await.status(), StatusCode::OK);
        drop(open);
        assert_eq!(ask("198.51.100.7").await.status(), StatusCode::OK);
    }
}
