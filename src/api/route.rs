//! One line of the route table, and how the table meets actix.

use actix_web::guard::{self, GuardContext};
use actix_web::http::Method;
use actix_web::{FromRequest, Handler, Resource, Responder, web};

/// A method and a path with their handler.
pub(super) struct Route {
    pub(super) label: &'static str,
    handler: actix_web::Route,
}

/// `label` is `METHOD /path`.
pub(super) fn route<H, Args>(label: &'static str, handler: H) -> Route
where
    H: Handler<Args>,
    Args: FromRequest + 'static,
    H::Output: Responder + 'static,
{
    Route { label, handler: web::route().to(handler) }
}

impl Route {
    fn method(&self) -> &'static str {
        self.label.split_once(' ').map_or("GET", |(method, _)| method)
    }

    fn path(&self) -> &'static str {
        self.label.split_once(' ').map_or(self.label, |(_, path)| path)
    }
}

/// Registers the routes: one resource for neighbours of the same path. A resource that has no route of a
/// method lets the request pass on, so that `PATCH /api/collections/import` is a collection of that name,
/// and a wrong method ends as a 404.
pub(super) fn register(config: &mut web::ServiceConfig, routes: Vec<Route>) {
    let mut routes = routes.into_iter().peekable();
    while let Some(first) = routes.next() {
        let path = first.path();
        let mut group = vec![first];
        while let Some(next) = routes.next_if(|next| next.path() == path) {
            group.push(next);
        }
        config.service(resource(path, group));
    }
}

fn resource(path: &'static str, routes: Vec<Route>) -> Resource {
    let methods: Vec<&'static str> = routes.iter().map(Route::method).collect();
    let known = guard::fn_guard(move |ctx| methods.iter().any(|method| fits(method, ctx)));
    routes.into_iter().fold(web::resource(path).guard(known), |resource, route| {
        let method = route.method();
        resource.route(route.handler.guard(guard::fn_guard(move |ctx| fits(method, ctx))))
    })
}

/// HEAD is answered wherever GET is; the body is left out by actix.
fn fits(method: &str, ctx: &GuardContext<'_>) -> bool {
    let asked = &ctx.head().method;
    asked.as_str() == method || (*asked == Method::HEAD && method == "GET")
}
