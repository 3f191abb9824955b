//! How the API reaches the running calls: orders go to the control thread, live facts are read without asking it.

use pbx::settings::RingDevice;
use pbx::{CallId, CarrierId, ConversationRecord, CustomerRecord, ManagerId, PhoneId, UnixMillis};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64};
use std::sync::{Arc, RwLock};
use switch::trunks::TrunkStatus;
use tokio::sync::{broadcast, mpsc, oneshot};

/// Orders that may wait for the control thread; one more is refused.
const MAX_WAITING_ORDERS: usize = 1024;

/// What the API asks of the control thread.
pub enum Order {
    /// Swap the settings; answered once new calls follow them.
    Publish(Arc<switch::Settings>, oneshot::Sender<()>),
    /// Put prompts into (or take them out of) the library of the media workers; answered when done.
    Library(Arc<media::Library>, oneshot::Sender<()>),
    /// Ring the manager's device, then dial.
    Dial(pbx::DialRequest, oneshot::Sender<Result<CallId, pbx::DialRefusal>>),
    /// End a call.
    HangUp(CallId, Option<ManagerId>, oneshot::Sender<bool>),
    /// Hand a call on for the manager who talks in it.
    Transfer(CallId, ManagerId, pbx::TransferTarget, oneshot::Sender<Result<(), pbx::TransferRefusal>>),
    /// Take back whom the manager hands on in this call.
    TakeBack(CallId, ManagerId, oneshot::Sender<Result<(), pbx::TransferRefusal>>),
    /// Change a conversation; a live one's row wins over the one given.
    EditConversation(
        Box<ConversationRecord>,
        pbx::ConversationEdit,
        ManagerId,
        oneshot::Sender<Result<ConversationRecord, pbx::EditRefusal>>,
    ),
    /// A customer was made or changed through the API.
    EditCustomer(Box<CustomerRecord>),
    /// Let a browser sign in over `/sip`.
    AddBrowser(BrowserAccount),
    /// The trace of a call that is up, or was a moment ago.
    Trace(CallId, oneshot::Sender<Option<switch::CallTrace>>),
    /// Take no new calls; answered when no call is left.
    Drain(oneshot::Sender<()>),
    /// The same, and hang up every call that still runs.
    Cut(oneshot::Sender<()>),
    /// End the control thread and the media workers.
    Stop,
}

/// A short-lived SIP account of a browser.
#[derive(Clone, Debug)]
pub struct BrowserAccount {
    /// SIP user and digest user name.
    pub username: String,
    /// Its password.
    pub password: String,
    /// Who is behind it.
    pub who: BrowserUser,
    /// Signing in is refused from then on (a call that is up goes on).
    pub expires_at: UnixMillis,
}

/// Who a browser's SIP account belongs to.
#[derive(Clone, Debug, PartialEq)]
pub enum BrowserUser {
    /// A manager's ring device.
    Manager(ManagerId, RingDevice),
    /// "Call as a customer": a caller with this number, demo workspaces only.
    Customer(String),
}

/// Whether a phone is signed in (R62, R156).
#[derive(Clone, Debug, PartialEq)]
pub struct Link {
    /// Signed in now, or within its grace.
    pub linked: bool,
    /// Since when it is so.
    pub since: UnixMillis,
    /// What the phone calls itself.
    pub user_agent: String,
    /// Where it is.
    pub address: Option<SocketAddr>,
}

/// A live change that never touches the database.
#[derive(Clone, Debug)]
pub enum LiveChange {
    /// A phone's light changed.
    Phone(PhoneId),
    /// A manager's browsers came or went.
    Manager(ManagerId),
    /// The trunk to a carrier came up or went down.
    Carrier(CarrierId),
    /// The health of the system changed (disk full, database away).
    System,
}

/// Facts the API reads without asking.
#[derive(Debug)]
pub struct Live {
    /// Phones' links.
    pub links: RwLock<HashMap<PhoneId, Link>>,
    /// How many browsers of a manager can ring, by kind.
    pub reachable: RwLock<HashMap<(ManagerId, RingDevice), u16>>,
    /// How the trunks stand; a carrier that is not in it was never heard of.
    pub trunks: RwLock<HashMap<CarrierId, TrunkStatus>>,
    /// Told on every change.
    pub changes: broadcast::Sender<LiveChange>,
    /// Is the store refusing writes (disk full)? Calls go on; the console shows it.
    pub store_failing: AtomicBool,
    /// Records written so far.
    pub records_written: AtomicU64,
}

impl Default for Live {
    fn default() -> Self {
        Self {
            links: RwLock::default(),
            reachable: RwLock::default(),
            trunks: RwLock::default(),
            changes: broadcast::channel(1024).0,
            store_failing: AtomicBool::new(false),
            records_written: AtomicU64::new(0),
        }
    }
}

/// The control thread takes no order now: the server is stopping, or too many orders wait already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stopping;

/// The API's handle.
#[derive(Clone)]
pub struct Control {
    orders: mpsc::Sender<Order>,
    /// Live facts.
    pub live: Arc<Live>,
}

impl Control {
    /// A handle, and the receiving end for the control thread.
    #[must_use]
    pub fn new(live: Arc<Live>) -> (Self, mpsc::Receiver<Order>) {
        let (orders, inbox) = mpsc::channel(MAX_WAITING_ORDERS);
        (Self { orders, live }, inbox)
    }

    /// Never waits: where orders pile up, who asks is told so (503), and may come again.
    fn post(&self, order: Order) -> Result<(), Stopping> {
        self.orders.try_send(order).map_err(|_| Stopping)
    }

    async fn ask<T>(&self, order: impl FnOnce(oneshot::Sender<T>) -> Order) -> Result<T, Stopping> {
        let (answer, wait) = oneshot::channel();
        self.post(order(answer))?;
        wait.await.map_err(|_| Stopping)
    }

    /// Swaps the settings; new calls follow them when this returns.
    ///
    /// # Errors
    /// When the server is stopping; so for every method here.
    pub async fn publish(&self, settings: Arc<switch::Settings>) -> Result<(), Stopping> {
        self.ask(|answer| Order::Publish(settings, answer)).await
    }
    /// Swaps the prompt library.
    #[allow(missing_docs, clippy::missing_errors_doc)]
    pub async fn library(&self, library: Arc<media::Library>) -> Result<(), Stopping> {
        self.ask(|answer| Order::Library(library, answer)).await
    }
    /// Rings the manager's device, then dials.
    #[allow(clippy::missing_errors_doc)]
    pub async fn dial(&self, request: pbx::DialRequest) -> Result<Result<CallId, pbx::DialRefusal>, Stopping> {
        self.ask(|answer| Order::Dial(request, answer)).await
    }
    /// Ends a call; `false` when there is none.
    #[allow(clippy::missing_errors_doc)]
    pub async fn hang_up(&self, call: CallId, by: Option<ManagerId>) -> Result<bool, Stopping> {
        self.ask(|answer| Order::HangUp(call, by, answer)).await
    }
    /// Hands a call on for a manager who talks in it; answered when the target is being rung.
    #[allow(clippy::missing_errors_doc)]
    pub async fn transfer(
        &self,
        call: CallId,
        by: ManagerId,
        to: pbx::TransferTarget,
    ) -> Result<Result<(), pbx::TransferRefusal>, Stopping> {
        self.ask(|answer| Order::Transfer(call, by, to, answer)).await
    }
    /// Ends a manager's handing on before anybody answered; answered when they have the party back.
    #[allow(clippy::missing_errors_doc)]
    pub async fn take_back(&self, call: CallId, by: ManagerId) -> Result<Result<(), pbx::TransferRefusal>, Stopping> {
        self.ask(|answer| Order::TakeBack(call, by, answer)).await
    }
    /// The trace of a call that is up, or was a moment ago; one that is over is in the store.
    #[allow(clippy::missing_errors_doc)]
    pub async fn trace(&self, call: CallId) -> Result<Option<switch::CallTrace>, Stopping> {
        self.ask(|answer| Order::Trace(call, answer)).await
    }
    /// Changes a conversation.
    #[allow(clippy::missing_errors_doc)]
    pub async fn edit_conversation(
        &self,
        current: ConversationRecord,
        edit: pbx::ConversationEdit,
        by: ManagerId,
    ) -> Result<Result<ConversationRecord, pbx::EditRefusal>, Stopping> {
        self.ask(|answer| Order::EditConversation(Box::new(current), edit, by, answer)).await
    }
    /// Tells that a customer was made or changed through the API.
    #[allow(clippy::missing_errors_doc)]
    pub fn edit_customer(&self, customer: CustomerRecord) -> Result<(), Stopping> {
        self.post(Order::EditCustomer(Box::new(customer)))
    }
    /// Lets a browser sign in over `/sip`.
    #[allow(clippy::missing_errors_doc)]
    pub fn add_browser(&self, account: BrowserAccount) -> Result<(), Stopping> {
        self.post(Order::AddBrowser(account))
    }
    /// Takes no new calls and waits until none is left.
    #[allow(clippy::missing_errors_doc)]
    pub async fn drain(&self) -> Result<(), Stopping> {
        self.ask(Order::Drain).await
    }
    /// Takes no new calls, hangs up those that run and waits until none is left.
    #[allow(clippy::missing_errors_doc)]
    pub async fn cut(&self) -> Result<(), Stopping> {
        self.ask(Order::Cut).await
    }
    /// Ends the control thread, after every order that waits.
    pub async fn stop(&self) {
        let _ = self.orders.send(Order::Stop).await;
    }
}
