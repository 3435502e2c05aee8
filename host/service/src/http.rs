//! Routes, authentication and errors.

mod app;
mod auth;
mod body;
mod error;
mod files;
mod health;
mod kinds;
mod lines;
mod metrics;
mod openapi;
mod output;
mod page;
mod process;
mod query;
#[cfg(feature = "queue")]
mod queue;
mod requests;
mod selection;
mod tasks;
mod whoami;

use std::sync::Arc;

use axum::routing::{get, post};
use axum::{Router, middleware};
use solti_api::HttpApi;

pub(crate) use app::{Access, App};
pub(crate) use auth::Peer;
use error::Problem;
#[cfg(feature = "grpc")]
pub(crate) use health::why_not_ready;

use crate::tasks::Handler;

/// All routes: our own, and those of 0.0.8; and what they work with.
pub(crate) fn router(mut app: App) -> (Router, Arc<App>) {
    let published = HttpApi::new(Arc::new(Handler(Arc::clone(&app.tasks)))).build();
    app.openapi = openapi::document(&published.openapi);
    let app = Arc::new(app);
    let own = Router::new()
        .route("/v1/tasks", post(tasks::create).get(tasks::list))
        .route("/v1/tasks/{name}", get(tasks::get).delete(tasks::delete))
        .route("/v1/tasks/{name}/cancel", post(tasks::cancel))
        .route("/v1/tasks/{name}/retry", post(tasks::retry))
        .route("/v1/tasks/{name}/output", get(output::output))
        .route("/v1/tasks/{name}/lines", get(lines::lines))
        .route("/v1/kinds", get(kinds::kinds))
        .route("/v1/whoami", get(whoami::whoami))
        .route("/v1/plugins", get(files::plugins))
        .route("/v1/plugins/reload", post(files::reload))
        .route("/v1/plugins/{name}", get(files::plugin))
        .route("/v1/plugins/{name}/retire", post(files::retire))
        .route("/v1/plugins/{name}/reinstate", post(files::reinstate))
        .merge(of_queue())
        .route("/metrics", get(metrics::metrics))
        .route("/livez", get(health::livez))
        .route("/readyz", get(health::readyz))
        .route("/openapi.json", get(openapi::openapi))
        .route("/", get(page::index))
        .route("/page/{file}", get(page::file))
        .method_not_allowed_fallback(Problem::method_not_allowed)
        .with_state(Arc::clone(&app));
    let router = published
        .router
        .merge(own)
        .layer(middleware::from_fn_with_state(Arc::clone(&app), body::take))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            auth::check,
        ))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&app),
            metrics::count,
        ));
    (router, app)
}

/// The routes of the queue that hosts share.
fn of_queue() -> Router<Arc<App>> {
    let routes = Router::new();
    #[cfg(feature = "queue")]
    let routes = routes
        .route("/v1/queue", get(queue::queue))
        .route("/v1/queue/dead/{name}/retry", post(queue::retry));
    routes
}
