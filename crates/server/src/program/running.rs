//! A running server: everything is put together here, and taken apart in order at the end.

use super::certificate::certificate;
use super::listen::{Listeners, allow_open_files, reachable};
use crate::api::{self, App, Parts};
use crate::configuration::{Configuration, StartProblem};
use crate::control::{Control, Live, Order};
use crate::events::EventBus;
use crate::media_workers::{MAX_TELLINGS, MediaWorkers, Options};
use crate::metrics::Metrics;
use crate::signalling::tls::{Keeper, Peers};
use crate::signalling::{
    Clocks, ControlParts, Dialling, HttpServer, PeerNames, Resolver, Signalling, listen_tls, route, start,
};
use crate::store::{Store, Writer};
use crate::{demo, prompts};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Receiver, channel};

/// Running calls may go on this long after SIGTERM.
const DRAIN: Duration = Duration::from_secs(60);
/// Those that still run then are hung up within this.
const CUT: Duration = Duration::from_secs(2);
/// The threads of calls and media end within this after them.
const JOIN: Duration = Duration::from_secs(5);
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
    let configuration = Arc::new(listeners.told(configuration));
    let clocks = Clocks::default();
    let store = open_store(&configuration, &clocks).await?;
    let live = Arc::new(Live::default());
    let metrics = Metrics::default();
    let keeper = certificate(&configuration, &metrics)?;
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
    let Listeners { http, https, sip_udp, sip_tcp, sips } = listeners;
    let calls = Calls { app: &app, store: &store, writer: writer.clone(), live, metrics, clocks };
    let (signalling, control_thread) = calls.start((sip_udp, sip_tcp), &keeper, orders).await?;
    keep_fresh(app.clone(), store.clone());
    tokio::spawn(Arc::clone(&keeper).watch());
    let sip_tls = keeper.server_config(&[]).map_err(|why| no_tls(&why))?;
    for listener in sips {
        tokio::spawn(listen_tls(listening(listener)?, Arc::clone(&sip_tls), signalling.clone()));
    }
    let server =
        HttpServer::new(api::router(app).merge(route(signalling)), configuration.security.connections_per_address);
    tokio::spawn(server.clone().run(listening(http)?, None));
    if let Some(https) = https {
        let tls = keeper.server_config(&[b"http/1.1"]).map_err(|why| no_tls(&why))?;
        tokio::spawn(server.run(listening(https)?, Some(tls)));
    }
    announce(&configuration);
    until_stopped(&control).await;
    end_threads(&control, control_thread).await;
    let _ = writer.settled().await;
    store.close().await;
    Ok(())
}

/// Ends the control thread, and with it the media workers and the recorder, so that what they still hold is written.
async fn end_threads(control: &Control, thread: std::thread::JoinHandle<()>) {
    control.stop().await;
    let joined = tokio::task::spawn_blocking(move || thread.join());
    if tokio::time::timeout(JOIN, joined).await.is_err() {
        tracing::warn!("the threads of calls and media did not end in time");
    }
}

fn listening(listener: std::net::TcpListener) -> Result<tokio::net::TcpListener, StartProblem> {
    tokio::net::TcpListener::from_std(listener).map_err(|why| cannot("listen", &why))
}

fn no_tls(why: &rustls::Error) -> StartProblem {
    StartProblem(format!("This build of sori cannot speak TLS ({why}); build it anew."))
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
        (udp, tcp): (Vec<std::net::UdpSocket>, Vec<std::net::TcpListener>),
        keeper: &Arc<Keeper>,
        orders: Receiver<Order>,
    ) -> Result<(Signalling, std::thread::JoinHandle<()>), StartProblem> {
        let configuration = &self.app.configuration;
        let (events, media_events) = channel(MAX_TELLINGS);
        let library = prompts::built_in()
            .map_err(|why| StartProblem(format!("This build of sori is incomplete: {why}; build it anew.")))?;
        let options = Options {
            workers: std::thread::available_parallelism().map_or(1, usize::from),
            addresses: configuration.rtp.addresses,
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
        let mut switch = switch::Switch::new(
            switch::Configuration {
                realm: REALM.to_owned(),
                offer_sha256: configuration.offer_sha256,
                host: sip_host(configuration),
                udp: first_reachable(configuration),
                seed: random_u64()?,
                nonce_key,
                max_transactions: MAX_TRANSACTIONS,
            },
            Arc::new(self.app.settings()),
            directory,
        );
        switch.set_local_addresses(switch::LocalAddresses {
            plain: reachable(&configuration.sip),
            secure: reachable(&configuration.sips),
        });
        let names = PeerNames::default();
        let parts = ControlParts {
            udp,
            tcp,
            connections_per_address: configuration.security.connections_per_address,
            dialling: Dialling {
                peers: Arc::new(Peers::new(configuration.security.verify_peers, Arc::clone(keeper))),
                names: names.clone(),
            },
            resolver: Resolver::new(configuration.dns, names, random_u64()?),
            pool: tokio::runtime::Handle::current(),
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
        Some(host) => format!("{host}:{}", configuration.sip.first().port()),
        None => first_reachable(configuration).to_string(),
    }
}

/// Our first SIP address as far ends reach it.
fn first_reachable(configuration: &Configuration) -> SocketAddr {
    reachable(&configuration.sip).first().copied().unwrap_or(configuration.sip.first())
}

fn cannot(what: &str, why: &std::io::Error) -> StartProblem {
    StartProblem(format!("The server could not {what} ({why}); raise the limits of processes and open files."))
}

fn random_u64() -> Result<u64, StartProblem> {
    getrandom::u64()
        .map_err(|why| StartProblem(format!("The system gives no random numbers ({why}); check the machine.")))
}

/// Tasks that go on as long as the server does.
fn keep_fresh(app: App, store: Store) {
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
        let mut clocks = Clocks::default();
        loop {
            every.tick().await;
            // The wall clock may have been set; the control thread's copy follows it as well.
            clocks.follow();
            if let Err(error) = store.mark_alive(clocks.now().unix).await {
                tracing::debug!(%error, "the sign of life could not be written");
            }
        }
    });
}

fn announce(configuration: &Configuration) {
    println!("sori is ready: open http://{} in a browser", configuration.http);
    if let Some(https) = configuration.https {
        println!("The same over TLS: https://{https}");
    }
    if configuration.is_demo() {
        println!(
            "Sign in as owner@demo.test, minji@demo.test, jun@demo.test or sora@demo.test with the password sori-demo"
        );
        println!(
            "SIP (UDP and TCP) at {}, over TLS at {}; outgoing calls go to {}",
            configuration.sip, configuration.sips, configuration.demo_carrier
        );
    }
}

/// Returns when no call is left after somebody asked the server to stop.
async fn until_stopped(control: &Control) {
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
