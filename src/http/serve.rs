//! Connections: accepted up to a limit, with limits on their headers, and drained at the end.

use core::future::Future;
use core::time::Duration;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use axum::body::Body;
use axum::extract::Request;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tower::ServiceExt as _;

use crate::engine::Engine;
use crate::http::inviter::Inviter;
use crate::http::teller::Teller;
use crate::http::{App, Beside};

/// How long the header of a request may take to arrive; also how long a connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);
/// The most header lines of a request.
const HEADERS_MAX: usize = 64;
/// The most bytes of a request's header, and of what is read ahead of a body.
const BUFFER_BYTES_MAX: usize = 256 * 1024;
/// The most connections at a time; more wait to be accepted.
const CONNECTIONS_MAX: usize = 4_096;
/// How long open requests get to end when the registry stops.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(20);
/// How long to wait after the system refused a connection, as it does without file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves a registry, sends its webhooks and letters and reads its connections until `shutdown` ends, then takes no more
/// requests, lets those that are
/// open and messages that are under way end, and stops the engine.
///
/// # Errors
/// None now; kept for listeners that can fail for good.
pub async fn serve(
    engine: Engine,
    beside: Beside,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> io::Result<()> {
    let (webhooks, packages) = (beside.webhooks.clone(), beside.connections.clone());
    let invitations = beside.invitations.clone();
    let app = App::new(engine.clone(), beside);
    let router = super::routes(app.clone());
    let sending = webhooks.run(Arc::new(Teller(app.clone())), app.stopping.subscribe());
    let writing = invitations.run(Arc::new(Inviter(app.clone())), app.stopping.subscribe());
    let reading = packages.run(engine.clone(), app.stopping.subscribe());
    let connections = GracefulShutdown::new();
    let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
    let mut shutdown = pin!(shutdown);
    loop {
        let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = &mut shutdown => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        // Answers are written whole; waiting for more to send only delays them.
        drop(stream.set_nodelay(true));
        let service = router.clone().map_request(|request: Request<_>| request.map(Body::new));
        let service = TowerToHyperService::new(service);
        let mut builder = Builder::new(TokioExecutor::new());
        builder
            .http1()
            .timer(TokioTimer::new())
            .header_read_timeout(HEADER_TIMEOUT)
            .max_headers(HEADERS_MAX)
            .max_buf_size(BUFFER_BYTES_MAX);
        builder
            .http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(HEADER_TIMEOUT)
            .max_concurrent_streams(256);
        let watcher = connections.watcher();
        tokio::spawn(async move {
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            if let Err(error) = watcher.watch(connection.into_owned()).await {
                tracing::debug!(%error, "a connection ended");
            }
            drop(place);
        });
    }
    drop(listener);
    app.stop();
    if tokio::time::timeout(DRAIN_TIMEOUT, connections.shutdown()).await.is_err() {
        tracing::warn!("some requests did not end in time");
    }
    drop(sending.await);
    drop(reading.await);
    drop(writing.await);
    engine.shutdown().await;
    Ok(())
}
