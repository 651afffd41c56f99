//! A cache that many people share, in front of the service: nobody is given what was meant for another.

mod nginx;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::routing::get;
use reqwest::{Method, RequestBuilder};
use serde_json::json;
use tokio::net::TcpListener;

use super::callers::{CREATOR, Mode, REQUESTER, STRANGER, Who, assert_unknown};
use crate::support::{Answer, App, BUYER, Instance, MAKER};
use nginx::Nginx;

const ORDER: i64 = 7;

/// A service, NGINX in front of it, and beside it a page that everybody may keep.
struct World {
    app: App,
    mode: Mode,
    front: Instance,
    pages_made: Arc<AtomicUsize>,
    _nginx: Nginx,
}

impl World {
    async fn start(mode: Mode) -> Self {
        let app = mode.app().await;
        let pages_made = Arc::new(AtomicUsize::new(0));
        let counter = Arc::clone(&pages_made);
        let page = get(async move || {
            counter.fetch_add(1, Ordering::SeqCst);
            ([("cache-control", "max-age=60")], "a page")
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let cacheable = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, Router::new().route("/cacheable", page)).await });
        let nginx = Nginx::start(app.address, cacheable).await;
        let front = Instance::at(nginx.address, app.ops_address);
        Self { app, mode, front, pages_made, _nginx: nginx }
    }

    /// A request through NGINX: with a token, or with a cookie by which the gateway knows people.
    fn request(&self, who: Option<Who>, path: &str) -> RequestBuilder {
        let request = self.front.request(Method::GET, path);
        match (self.mode, who) {
            (Mode::Token, who) => Mode::Token.sign(who, request),
            (_, Some(who)) => request.header("cookie", format!("person={}", who.user_id)),
            (_, None) => request,
        }
    }

    /// Asks for something that is nobody's but the asker's.
    async fn ask(&self, who: Option<Who>, path: &str) -> Answer {
        let answer = Answer::of(self.request(who, path)).await;
        self.was_asked_for_anew(&answer);
        answer
    }

    /// The same, if it is no longer what one knows.
    async fn ask_again(&self, who: Who, path: &str, tag: &str) -> Answer {
        let answer = Answer::of(self.request(Some(who), path).header("if-none-match", tag)).await;
        self.was_asked_for_anew(&answer);
        answer
    }

    #[track_caller]
    fn was_asked_for_anew(&self, answer: &Answer) {
        assert_eq!(answer.header("x-cache"), Some("MISS"), "{:?}: {answer:?}", self.mode);
    }

    async fn create(&self) {
        let body = json!({"order_id": ORDER, "requester_id": BUYER, "created_by": MAKER});
        let request = self.app.request(Method::POST, "/orders").body(body.to_string());
        assert_eq!(Answer::of(self.mode.sign(Some(REQUESTER), request)).await.status, 201);
    }
}

fn assert_absent(answer: &Answer) {
    answer.refused(404, "order_not_found", "Order not found");
    assert_eq!(answer.header("etag"), None);
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn two_people_behind_one_cache_are_never_given_each_other_s_answers() {
    for mode in [Mode::Token, Mode::Gateway] {
        let world = World::start(mode).await;
        let paths = [
            format!("/orders/{ORDER}"),
            format!("/orders/{ORDER}/status"),
            format!("/orders/{ORDER}/history"),
        ];
        // That it was not there, or that somebody was not known, is true of one moment only.
        for path in &paths {
            for _ in 0..2 {
                assert_absent(&world.ask(Some(REQUESTER), path).await);
                assert_unknown(&world.ask(None, path).await);
            }
        }
        world.create().await;
        for path in &paths {
            for _ in 0..2 {
                let own = world.ask(Some(REQUESTER), path).await;
                assert_eq!(own.status, 200, "{mode:?} {path}: {own:?}");
                assert_eq!(world.ask(Some(CREATOR), path).await.text, own.text);
                assert_absent(&world.ask(Some(STRANGER), path).await);
                assert_unknown(&world.ask(None, path).await);
                for tag in ["*", "\"1\"", own.header("etag").unwrap_or("\"1\"")] {
                    assert_absent(&world.ask_again(STRANGER, path, tag).await);
                    let again = world.ask_again(REQUESTER, path, tag).await;
                    assert!(
                        again.status == 304 || (again.status, &again.text) == (200, &own.text),
                        "{again:?}"
                    );
                }
            }
        }
    }
}

#[tokio::test]
#[ignore = "needs nginx"]
async fn the_cache_does_keep_what_may_be_kept() {
    let world = World::start(Mode::Gateway).await;
    for expected in ["MISS", "HIT", "HIT"] {
        let page = Answer::unchecked(world.request(Some(REQUESTER), "/cacheable")).await.expect("a page");
        assert_eq!((page.text.as_str(), page.header("x-cache")), ("a page", Some(expected)));
    }
    assert_eq!(world.pages_made.load(Ordering::SeqCst), 1);
}

/// What makes the first test worth something: without the headers of its answers the service would be no better.
#[tokio::test]
#[ignore = "needs nginx"]
async fn a_cache_that_does_not_read_the_headers_gives_a_stranger_what_was_another_s() {
    for mode in [Mode::Token, Mode::Gateway] {
        let world = World::start(mode).await;
        world.create().await;
        let path = format!("/careless/orders/{ORDER}");
        let own = Answer::of(world.request(Some(REQUESTER), &path)).await;
        assert_eq!((own.status, own.header("x-cache")), (200, Some("MISS")));
        let leaked = Answer::of(world.request(Some(STRANGER), &path)).await;
        assert_eq!((leaked.status, leaked.header("x-cache")), (200, Some("HIT")));
        assert_eq!(leaked.text, own.text);
    }
}
