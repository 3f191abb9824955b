//! A running server: everything is put together here, and taken apart in order at the end.

use super::listen::{Listeners, allow_open_files};
use crate::api::{self, App, Parts};
use crate::configuration::{Configuration, StartProblem};
use crate::control::{Control, Live, Order};
use crate::events::EventBus;
use crate::media_workers::{MediaWorkers, Options};
use crate::metrics::Metrics;
use crate::signalling::{Clocks, ControlParts, Signalling, route, start};
use crate::store::{Store, Writer};
use crate::{demo, prompts};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// Running calls may go on this long after SIGTERM.
const DRAIN: Duration = Duration::from_secs(60);
/// Those that still run then are hung up within this.
const CUT: Duration = Duration::from_secs(2);
/// SIP transactions and invite sessions kept at once at most.
const MAX_TRANSACTIONS: usize = 200_000;
/// Opening hours are known for some days only; the snapshot is worked out anew this often.
const REFRESH: Duration = Duration::from_secs(3600);
/// How often the store notes that the server lives, for the end of calls that a crash cut off.
const SIGN_OF_LIFE: Duration = Duration::from_secs(10);
/// Digest realm.
const REALM: &str = "sori";

/// Runs until SIGTERM or SIGINT.
///
/// # Errors
/// When something needed at the start is missing, in one sentence with the way out.
pub(crate) async fn run(configuration: Configuration) -> Result<(), StartProblem> {
    allow_open_files();
    let listeners = Listeners::bind(&configuration)?;
    let configuration = Arc::new(addressed(configuration, &listeners));
    let clocks = Clocks::default();
    let store = open_store(&configuration, &clocks).await?;
    let live = Arc::new(Live::default());
    let metrics = Metrics::default();
    let events = EventBus::new(random_u64()?);
    let writer = Writer::start(store.clone(), Arc::clone(&live), events.clone());
    let (control, orders) = Control::new(Arc::clone(&live));
    let app = App::open(Parts {
        store: store.clone(),
        writer: writer.clone(),
        control: control.clone(),
        events,
        configuration: Arc::clone(&configuration),
        metrics: metrics.clone(),
    })
    .await?;
    let http = listeners.http.try_clone().map_err(|why| cannot("listen for HTTP", &why))?;
    let calls = Calls { app: &app, store: &store, writer: writer.clone(), live, metrics, clocks };
    let (signalling, control_thread) = calls.start(listeners, orders).await?;
    keep_fresh(app.clone(), store.clone(), clocks);
    let router = api::router(app).merge(route(signalling, configuration.http));
    announce(&configuration);
    serve_until_stopped(http, router, control).await?;
    let _ = writer.settled().await;
    store.close().await;
    drop(control_thread);
    Ok(())
}

/// The configuration with the ports that the system picked where 0 was asked for.
fn addressed(mut configuration: Configuration, listeners: &Listeners) -> Configuration {
    configuration.http = listeners.http.local_addr().unwrap_or(configuration.http);
    configuration.sip = listeners.sip_udp.local_addr().unwrap_or(configuration.sip);
    configuration
}

async fn open_store(configuration: &Configuration, clocks: &Clocks) -> Result<Store, StartProblem> {
    let store = Store::open(configuration).await?;
    let unreadable = |why: sqlx::Error| {
        StartProblem(format!(
            "The database {} cannot be read ({why}); restore a backup into an empty folder.",
            configuration.database
        ))
    };
    store.recover(clocks.now().unix).await.map_err(unreadable)?;
    if configuration.is_demo() {
        demo::seed(&store, configuration).await?;
    }
    Ok(store)
}

/// What calls are made of, on the way to the control thread.
struct Calls<'a> {
    app: &'a App,
    store: &'a Store,
    writer: Writer,
    live: Arc<Live>,
    metrics: Metrics,
    clocks: Clocks,
}

impl Calls<'_> {
    async fn start(
        self,
        listeners: Listeners,
        orders: UnboundedReceiver<Order>,
    ) -> Result<(Signalling, std::thread::JoinHandle<()>), StartProblem> {
        let configuration = &self.app.configuration;
        let (events, media_events) = unbounded_channel();
        let library = prompts::built_in()
            .map_err(|why| StartProblem(format!("This build of sori is incomplete: {why}; build it anew.")))?;
        let options = Options {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            ip: configuration.rtp.ip,
            first_port: configuration.rtp.first,
            last_port: configuration.rtp.last,
            library: Arc::new(library),
            recordings: configuration.recordings(),
            seed: random_u64()?,
        };
        let media = MediaWorkers::start(&options, &events).map_err(|why| cannot("start the media workers", &why))?;
        let directory = self
            .store
            .load_directory()
            .await
            .map_err(|why| StartProblem(format!("The customers cannot be read ({why}); restore a backup.")))?;
        let mut nonce_key = [0u8; 32];
        getrandom::fill(&mut nonce_key)
            .map_err(|why| StartProblem(format!("The system gives no random numbers ({why}); check the machine.")))?;
        let switch = switch::Switch::new(
            switch::Configuration {
                realm: REALM.to_owned(),
                offer_sha256: configuration.offer_sha256,
                host: sip_host(configuration),
                udp: configuration.sip,
                seed: random_u64()?,
                nonce_key,
                max_transactions: MAX_TRANSACTIONS,
            },
            Arc::new(self.app.settings()),
            directory,
        );
        let parts = ControlParts {
            udp: listeners.sip_udp,
            tcp: listeners.sip_tcp,
            switch,
            media,
            media_events,
            orders,
            writer: self.writer,
            live: self.live,
            metrics: self.metrics,
            clocks: self.clocks,
        };
        start(parts).map_err(|why| cannot("start the control thread", &why))
    }
}

fn sip_host(configuration: &Configuration) -> String {
    match &configuration.public_host {
        Some(host) => format!("{host}:{}", configuration.sip.port()),
        None => configuration.sip.to_string(),
    }
}

fn cannot(what: &str, why: &std::io::Error) -> StartProblem {
    StartProblem(format!("The server could not {what} ({why}); raise the limits of processes and open files."))
}

fn random_u64() -> Result<u64, StartProblem> {
    getrandom::u64()
        .map_err(|why| StartProblem(format!("The system gives no random numbers ({why}); check the machine.")))
}

/// Tasks that go on as long as the server does.
fn keep_fresh(app: App, store: Store, clocks: Clocks) {
    tokio::spawn(async move {
        let mut every = tokio::time::interval_at(tokio::time::Instant::now() + REFRESH, REFRESH);
        loop {
            every.tick().await;
            if app.refresh().await.is_err() {
                return;
            }
        }
    });
    tokio::spawn(async move {
        let mut every = tokio::time::interval(SIGN_OF_LIFE);
        loop {
            every.tick().await;
            if let Err(error) = store.mark_alive(clocks.now().unix).await {
                tracing::debug!(%error, "the sign of life could not be written");
            }
        }
    });
}

fn announce(configuration: &Configuration) {
    println!("sori is ready: open http://{} in a browser", configuration.http);
    if configuration.is_demo() {
        println!(
            "Sign in as owner@demo.test, minji@demo.test, jun@demo.test or sora@demo.test with the password sori-demo"
        );
        println!("SIP (UDP and TCP) at {}; outgoing calls go to {}", configuration.sip, configuration.demo_carrier);
    }
}

async fn serve_until_stopped(
    http: std::net::TcpListener,
    router: axum::Router,
    control: Control,
) -> Result<(), StartProblem> {
    let listener = tokio::net::TcpListener::from_std(http).map_err(|why| cannot("listen for HTTP", &why))?;
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server = tokio::spawn(async move { axum::serve(listener, service).await });
    stop_asked().await;
    tracing::info!("stopping: no new calls, running ones may end");
    let drained = tokio::select! {
        _ = control.drain() => true,
        () = tokio::time::sleep(DRAIN) => false,
        () = stop_asked() => false,
    };
    if !drained {
        tracing::warn!("calls that still run are hung up");
        // So that no phone is left in a dead call, and each call's record has its end.
        let _ = tokio::time::timeout(CUT, control.cut()).await;
    }
    server.abort();
    Ok(())
}

/// SIGTERM or SIGINT.
async fn stop_asked() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(mut terminate), Ok(mut interrupt)) => {
            tokio::select! {
                _ = terminate.recv() => {}
                _ = interrupt.recv() => {}
            }
        }
        _ => std::future::pending().await,
    }
}
