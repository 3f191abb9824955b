//! A router over a temporary database, and a control thread's place taken by a real business machine.

use crate::api::{App, Parts, router};
use crate::clock::now;
use crate::configuration::{Arguments, Configuration, Mode};
use crate::control::{Control, Live, Order};
use crate::events::EventBus;
use crate::metrics::Metrics;
use crate::store::{Store, Writer};
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::ConnectInfo;
use axum::http::{Request, Response, StatusCode, header};
use pbx::Pbx;
use serde_json::Value;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use tower::ServiceExt as _;

pub struct Server {
    pub router: Router,
    pub app: App,
    /// The settings published last.
    pub published: Arc<Mutex<Option<Arc<switch::Settings>>>>,
    /// Facts for the business machine.
    pub facts: tokio::sync::mpsc::UnboundedSender<pbx::Fact>,
    /// Browser accounts that were made.
    pub browsers: Arc<Mutex<Vec<crate::control::BrowserAccount>>>,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: axum::http::HeaderMap,
    pub text: String,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|why| panic!("{} {why}: {}", self.status, self.text))
    }
    pub fn code(&self) -> String {
        self.json()["code"].as_str().unwrap_or_default().to_owned()
    }
    /// Paths and codes of the wrong fields.
    pub fn fields(&self) -> Vec<(String, String)> {
        let text = |v: &Value| v.as_str().unwrap_or_default().to_owned();
        self.json()["fields"].as_array().into_iter().flatten().map(|f| (text(&f["path"]), text(&f["code"]))).collect()
    }
}

/// Does what the control thread does with orders, with the business machine alone.
async fn control(
    mut orders: tokio::sync::mpsc::Receiver<Order>,
    mut facts: tokio::sync::mpsc::UnboundedReceiver<pbx::Fact>,
    mut business: Pbx,
    writer: Writer,
    published: Arc<Mutex<Option<Arc<switch::Settings>>>>,
    browsers: Arc<Mutex<Vec<crate::control::BrowserAccount>>>,
) {
    loop {
        let order = tokio::select! {
            order = orders.recv() => order,
            fact = facts.recv() => {
                let Some(fact) = fact else { return };
                business.handle_fact(fact, now());
                drain(&mut business, &writer);
                continue;
            }
        };
        match order {
            None | Some(Order::Stop) => return,
            Some(Order::Publish(settings, done)) => {
                business.handle_settings(settings.business.clone(), now());
                *published.lock().unwrap() = Some(settings);
                drain(&mut business, &writer);
                let _ = done.send(());
            }
            Some(Order::Dial(request, done)) => {
                let outcome = business.dial(request, now());
                drain(&mut business, &writer);
                let _ = done.send(outcome);
            }
            Some(Order::HangUp(call, by, done)) => {
                let outcome = business.hang_up(call, by, now());
                drain(&mut business, &writer);
                let _ = done.send(outcome);
            }
            Some(Order::Transfer(call, by, to, done)) => {
                let outcome = business.transfer(call, by, to, now());
                drain(&mut business, &writer);
                let _ = done.send(outcome);
            }
            Some(Order::TakeBack(call, by, done)) => {
                let outcome = business.take_back(call, by, now());
                drain(&mut business, &writer);
                let _ = done.send(outcome);
            }
            Some(Order::EditConversation(current, edit, by, done)) => {
                let outcome = business.edit_conversation(*current, edit, by, now());
                drain(&mut business, &writer);
                let _ = done.send(outcome);
            }
            Some(Order::Trace(_, done)) => {
                let _ = done.send(None);
            }
            Some(Order::EditCustomer(customer)) => business.edit_customer(*customer),
            Some(Order::AddBrowser(account)) => browsers.lock().unwrap().push(account),
            Some(Order::Library(_, done) | Order::Drain(done) | Order::Cut(done)) => {
                let _ = done.send(());
            }
        }
    }
}

fn drain(business: &mut Pbx, writer: &Writer) {
    while business.poll_command().is_some() {}
    writer.send(std::iter::from_fn(|| business.poll_record()).collect());
}

pub fn configuration(data: &std::path::Path, mode: Mode) -> Configuration {
    let arguments = Arguments { data: Some(data.to_owned()), ..Arguments::default() };
    let mut configuration = Configuration::resolve(&arguments, mode).unwrap();
    let folder = tempfile::tempdir().unwrap();
    if data.as_os_str().is_empty() {
        configuration.data = folder.path().to_owned();
        configuration.database = format!("sqlite:{}", folder.path().join("sori.db").display());
        configuration.temporary = Some(Arc::new(folder));
    }
    configuration
}

impl Server {
    /// A demo workspace.
    pub async fn demo() -> Self {
        Self::start(configuration(std::path::Path::new(""), Mode::Demo)).await
    }

    pub async fn start(configuration: Configuration) -> Self {
        let store = Store::open(&configuration).await.unwrap();
        if configuration.is_demo() {
            crate::demo::seed(&store, &configuration).await.unwrap();
        }
        let live = Arc::new(Live::default());
        let events = EventBus::new(1);
        let writer = Writer::start(store.clone(), live.clone(), events.clone());
        let (handle, orders) = Control::new(live);
        let configuration = Arc::new(configuration);
        let parts = Parts {
            store: store.clone(),
            writer: writer.clone(),
            control: handle,
            events,
            configuration,
            metrics: Metrics::default(),
        };
        let app = App::open(parts).await.unwrap();
        let business = Pbx::new(app.settings().business, store.load_directory().await.unwrap(), 7);
        let (facts, fact_inbox) = tokio::sync::mpsc::unbounded_channel();
        let (published, browsers) = (Arc::default(), Arc::default());
        tokio::spawn(control(orders, fact_inbox, business, writer, Arc::clone(&published), Arc::clone(&browsers)));
        Self { router: router(app.clone()), app, published, facts, browsers }
    }

    pub async fn ask(&self, request: Request<Body>) -> Answer {
        let response = self.raw(request).await;
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = to_bytes(response.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&bytes).into_owned() }
    }

    pub async fn raw(&self, mut request: Request<Body>) -> Response<Body> {
        let from: SocketAddr = "127.0.0.1:5555".parse().unwrap();
        request.extensions_mut().insert(ConnectInfo(from));
        self.router.clone().oneshot(request).await.unwrap()
    }

    pub async fn login(&self, email: &str) -> Client<'_> {
        let body = serde_json::json!({ "email": email, "password": "sori-demo" });
        let answer = self.ask(post("/api/v1/login", &body)).await;
        assert_eq!(answer.status, StatusCode::OK, "{}", answer.text);
        Client { server: self, token: answer.json()["token"].as_str().unwrap().to_owned() }
    }
}

pub fn post(path: &str, body: &Value) -> Request<Body> {
    Request::post(path).header(header::CONTENT_TYPE, "application/json").body(Body::from(body.to_string())).unwrap()
}

/// Somebody who is signed in.
pub struct Client<'a> {
    pub server: &'a Server,
    pub token: String,
}

impl Client<'_> {
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder()
            .method(method)
            .uri(format!("/api/v1{path}"))
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = body.map_or(Body::empty(), |b| Body::from(b.to_string()));
        self.server.ask(request.body(body).unwrap()).await
    }
    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, None, &[]).await
    }
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, Some(&body), &[]).await
    }
    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, Some(&body), &[]).await
    }
    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, None, &[]).await
    }
    /// The item of a list whose field has this value.
    pub async fn find(&self, path: &str, field: &str, value: &str) -> Value {
        let list = self.get(path).await.json();
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .find(|i| i[field] == value)
            .unwrap_or_else(|| panic!("{path}: no {value} in {list}"))
            .clone()
    }
}
