//! The control thread's and the media workers' figures for `/metrics`.

use super::Signalling;
use super::outbox::Network;
use crate::media_workers::{DROP_REASONS, Figures as MediaFigures};
use crate::metrics::{Counter, Gauge, Metrics};
use std::sync::atomic::Ordering::Relaxed;
use switch::Counts;
use switch::trunks::TrunkCondition;

/// Every gauge and counter of signalling and media.
pub(crate) struct Figures {
    calls: Gauge,
    switched: Gauge,
    legs: Gauge,
    client_transactions: Gauge,
    server_transactions: Gauge,
    dialogs: Gauge,
    invites: Gauge,
    subscriptions: Gauge,
    timers: Gauge,
    bindings: Gauge,
    trunks: [Gauge; TrunkCondition::ALL.len()],
    trunk_requests: Gauge,
    connections: Gauge,
    refused_connections: Counter,
    malformed: Counter,
    retransmissions: Counter,
    refused_credentials: Counter,
    swept: Counter,
    panics: Counter,
    media_legs: Gauge,
    media_bridges: Gauge,
    media_sockets: Gauge,
    media_received: Counter,
    media_sent: Counter,
    media_dropped: [Counter; DROP_REASONS.len()],
    media_wake_ups: Counter,
    events_lost: Counter,
    sound_lost: Counter,
}

fn gauge_of(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}

impl Figures {
    pub(crate) fn new(metrics: &Metrics) -> Self {
        let gauge = |name, help| metrics.gauge(name, help, &[]);
        let counter = |name, help| metrics.counter(name, help, &[]);
        Self {
            calls: gauge("sori_calls", "Calls alive."),
            switched: gauge("sori_switched_calls", "Calls the switch holds legs of."),
            legs: gauge("sori_legs", "Legs alive."),
            client_transactions: metrics.gauge(
                "sori_sip_transactions",
                "SIP transactions alive.",
                &[("role", "client")],
            ),
            server_transactions: metrics.gauge(
                "sori_sip_transactions",
                "SIP transactions alive.",
                &[("role", "server")],
            ),
            dialogs: gauge("sori_sip_dialogs", "SIP dialogs alive."),
            invites: gauge("sori_sip_invite_sessions", "Invite sessions alive."),
            subscriptions: gauge("sori_sip_subscriptions", "Subscriptions of phones that watch something."),
            timers: gauge("sori_sip_timers", "SIP timers running."),
            bindings: gauge("sori_bindings", "Ring devices signed in."),
            trunks: TrunkCondition::ALL.map(|condition| {
                let state = [("state", condition.as_str())];
                metrics.gauge("sori_trunks", "Trunks to carriers, by how they stand.", &state)
            }),
            trunk_requests: gauge("sori_trunk_requests", "REGISTER and OPTIONS requests to carriers under way."),
            connections: gauge("sori_sip_connections", "TCP, TLS and WebSocket connections open."),
            refused_connections: counter(
                "sori_sip_connections_refused_total",
                "Connections refused: too many, in all or from one address.",
            ),
            malformed: counter("sori_sip_malformed_total", "SIP messages that could not be read."),
            retransmissions: counter("sori_sip_retransmissions_total", "SIP messages sent again."),
            swept: counter(
                "sori_swept_total",
                "Legs and calls that stood too long and were ended by the sweep; each is a fault of sori.",
            ),
            refused_credentials: counter(
                "sori_sip_refused_credentials_total",
                "Requests refused for a wrong password or pairing.",
            ),
            panics: counter("sori_panics_total", "Panics caught; each is a fault of sori."),
            media_legs: gauge("sori_media_legs", "Media legs alive."),
            media_bridges: gauge("sori_media_bridges", "Media bridges alive."),
            media_sockets: gauge("sori_media_sockets", "Media sockets open."),
            media_received: counter("sori_media_packets_received_total", "Media packets received."),
            media_sent: counter("sori_media_packets_sent_total", "Media packets sent."),
            media_dropped: DROP_REASONS.map(|reason| {
                metrics.counter("sori_media_packets_dropped_total", "Media packets dropped.", &[("reason", reason)])
            }),
            events_lost: counter(
                "sori_media_events_lost_total",
                "Events of media legs lost because the control thread took none for long.",
            ),
            sound_lost: counter(
                "sori_recording_pieces_lost_total",
                "Pieces of recordings lost because the disk did not keep up.",
            ),
            media_wake_ups: counter("sori_media_wake_ups_total", "Wake-ups of the media workers."),
        }
    }

    pub(crate) fn take(&self, counts: &Counts, media: &MediaFigures, network: &Network, signalling: &Signalling) {
        self.calls.set(counts.calls as i64);
        self.switched.set(counts.switched as i64);
        self.legs.set(counts.legs as i64);
        self.client_transactions.set(counts.sip.client_transactions as i64);
        self.server_transactions.set(counts.sip.server_transactions as i64);
        self.dialogs.set(counts.sip.dialogs as i64);
        self.invites.set(counts.sip.invites as i64);
        self.subscriptions.set(counts.sip.subscriptions as i64);
        self.timers.set(counts.sip.timers as i64);
        self.bindings.set(counts.bindings as i64);
        self.trunk_requests.set(counts.trunks.requests as i64);
        self.connections.set(network.connections.len() as i64);
        self.refused_connections.set(signalling.refused());
        self.malformed.set(counts.sip.totals.malformed);
        self.retransmissions.set(counts.sip.totals.retransmissions);
        self.refused_credentials.set(counts.refused_credentials);
        self.swept.set(counts.swept);
        self.media_legs.set(gauge_of(media.legs.load(Relaxed)));
        self.media_bridges.set(gauge_of(media.bridges.load(Relaxed)));
        self.media_sockets.set(gauge_of(media.sockets.load(Relaxed)));
        self.media_received.set(media.received.load(Relaxed));
        self.media_sent.set(media.sent.load(Relaxed));
        for (counter, total) in self.media_dropped.iter().zip(&media.dropped) {
            counter.set(total.load(Relaxed));
        }
        self.events_lost.set(media.events_lost.load(Relaxed));
        self.sound_lost.set(media.sound_lost.load(Relaxed));
        self.media_wake_ups.set(media.wake_ups.load(Relaxed));
    }

    /// How many trunks stand in each way, in the order of [`TrunkCondition::ALL`].
    pub(crate) fn take_trunks(&self, counts: [usize; TrunkCondition::ALL.len()]) {
        for (gauge, count) in self.trunks.iter().zip(counts) {
            gauge.set(count as i64);
        }
    }

    pub(crate) fn count_panic(&self) {
        self.panics.add(1);
    }
}
