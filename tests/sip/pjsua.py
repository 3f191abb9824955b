"""A SIP phone for tests: PJSUA without a sound card, steered by JSON lines.

The first line on standard input says how the phone is set up, each further one gives a command; each line on standard
output is an event. What each call hears is written to FOLDER/heard-CALL.wav (16-bit mono at the bridge's rate).
"""

import json
import os
import selectors
import sys

import pjsua2 as pj

STATES = {
    pj.PJSIP_INV_STATE_CALLING: "calling",
    pj.PJSIP_INV_STATE_INCOMING: "incoming",
    pj.PJSIP_INV_STATE_EARLY: "early",
    pj.PJSIP_INV_STATE_CONNECTING: "connecting",
    pj.PJSIP_INV_STATE_CONFIRMED: "confirmed",
    pj.PJSIP_INV_STATE_DISCONNECTED: "ended",
}


def tell(kind, **what):
    """Writes one event."""
    print(json.dumps({"event": kind, **what}), flush=True)


class Call(pj.Call):
    """A call that plays the phone's microphone and records what it hears."""

    def __init__(self, phone, call_id=pj.PJSUA_INVALID_ID):
        super().__init__(phone.account, call_id)
        self.phone = phone
        self.recorder = None

    def onCallState(self, prm):
        info = self.getInfo()
        state = STATES.get(info.state, "unknown")
        tell("call", call=info.id, state=state, status=info.lastStatusCode, reason=info.lastReason, peer=info.remoteUri)
        if state == "ended":
            self.recorder = None
            self.phone.calls.pop(info.id, None)

    def onCallMediaState(self, prm):
        info = self.getInfo()
        for media in info.media:
            if media.type != pj.PJMEDIA_TYPE_AUDIO:
                continue
            active = media.status in (pj.PJSUA_CALL_MEDIA_ACTIVE, pj.PJSUA_CALL_MEDIA_REMOTE_HOLD)
            if active:
                audio = self.getAudioMedia(media.index)
                self.phone.microphone.startTransmit(audio)
                if self.recorder is None:
                    self.recorder = pj.AudioMediaRecorder()
                    self.recorder.createRecorder(os.path.join(self.phone.folder, f"heard-{info.id}.wav"))
                audio.startTransmit(self.recorder)
            codec, srtp = "", ""
            if active:
                stream = self.getStreamInfo(media.index)
                codec = f"{stream.codecName}/{stream.codecClockRate}"
                transport = self.getMedTransportInfo(media.index)
                srtp = next((t.localSockAddr and "yes" for t in getattr(transport, "specificInfo", [])), "")
            tell("media", call=info.id, status=media.status, codec=codec, srtp=srtp)

    def onDtmfDigit(self, prm):
        tell("key", call=self.getId(), key=prm.digit, method=prm.method)

    def onCallTransferStatus(self, prm):
        tell("transfer", call=self.getId(), status=prm.statusCode, reason=prm.reason, final=prm.finalNotify)
        prm.cont = not prm.finalNotify

    def onCallTsxState(self, prm):
        event = prm.e.body.tsxState.tsx
        tell("transaction", call=self.getId(), method=event.method, status=event.statusCode)


class Account(pj.Account):
    """The phone's account."""

    phone = None

    def onRegState(self, prm):
        tell("registration", status=prm.code, reason=prm.reason)

    def onIncomingCall(self, prm):
        call = Call(self.phone, prm.callId)
        info = call.getInfo()
        self.phone.calls[info.id] = call
        ringing = pj.CallOpParam()
        ringing.statusCode = pj.PJSIP_SC_RINGING
        call.answer(ringing)
        tell("call", call=info.id, state="incoming", status=0, reason="", peer=info.remoteUri, message=prm.rdata.wholeMsg)

    def onMwiInfo(self, prm):
        tell("messages", body=prm.rdata.wholeMsg)


class Watched(pj.Buddy):
    """Somebody whose presence is watched."""

    def onBuddyState(self):
        info = self.getInfo()
        known = {pj.PJSUA_BUDDY_STATUS_ONLINE: "online", pj.PJSUA_BUDDY_STATUS_OFFLINE: "offline"}
        status = known.get(info.presStatus.status, "unknown")
        tell("presence", uri=info.uri, subscription=info.subStateName, status=status)


class Phone:
    """Endpoint, account and calls."""

    def __init__(self, setup):
        self.folder = setup["folder"]
        self.calls = {}
        self.watched = []
        self.endpoint = pj.Endpoint()
        self.endpoint.libCreate()
        config = pj.EpConfig()
        config.uaConfig.threadCnt = 0
        config.uaConfig.mainThreadOnly = True
        config.uaConfig.mwiUnsolicitedEnabled = True
        config.medConfig.clockRate = setup.get("clock_rate", 8000)
        config.medConfig.sndClockRate = config.medConfig.clockRate
        config.medConfig.noVad = True
        config.medConfig.ecTailLen = 0
        config.logConfig.level = 5
        config.logConfig.consoleLevel = 0
        config.logConfig.filename = os.path.join(self.folder, "pjsua.log")
        self.endpoint.libInit(config)
        self.transport(setup)
        self.endpoint.libStart()
        self.endpoint.audDevManager().setNullDev()
        self.choose_codecs(setup.get("codecs", ["PCMU/8000", "PCMA/8000"]))
        self.microphone = pj.AudioMediaPlayer()
        self.microphone.createPlayer(setup["microphone"])
        self.account = Account()
        self.account.phone = self
        self.account.create(self.account_config(setup))

    def transport(self, setup):
        config = pj.TransportConfig()
        config.port = setup.get("port", 0)
        config.boundAddress = setup["address"]
        kind = setup.get("transport", "udp")
        kinds = {"udp": pj.PJSIP_TRANSPORT_UDP, "tcp": pj.PJSIP_TRANSPORT_TCP, "tls": pj.PJSIP_TRANSPORT_TLS}
        if kind == "tls":
            config.tlsConfig.method = pj.PJSIP_TLSV1_2_METHOD
            config.tlsConfig.verifyServer = bool(setup.get("ca"))
            config.tlsConfig.CaListFile = setup.get("ca", "")
        self.endpoint.transportCreate(kinds[kind], config)

    def account_config(self, setup):
        config = pj.AccountConfig()
        transport = setup.get("transport", "udp")
        server = setup["server"]
        config.idUri = f"sip:{setup['user']}@{server}"
        config.regConfig.registrarUri = f"sip:{server};transport={transport}"
        config.regConfig.registerOnAdd = setup.get("register", True)
        config.regConfig.timeoutSec = setup.get("expires", 60)
        config.sipConfig.proxies.append(f"sip:{server};transport={transport};lr;hide")
        credentials = pj.AuthCredInfo("digest", "*", setup["auth_user"], 0, setup["password"])
        config.sipConfig.authCreds.append(credentials)
        config.callConfig.prackUse = {
            "off": pj.PJSUA_100REL_NOT_USED,
            "optional": pj.PJSUA_100REL_OPTIONAL,
            "mandatory": pj.PJSUA_100REL_MANDATORY,
        }[setup.get("prack", "off")]
        config.callConfig.timerUse = pj.PJSUA_SIP_TIMER_ALWAYS if setup.get("timer") else pj.PJSUA_SIP_TIMER_OPTIONAL
        if setup.get("timer"):
            config.callConfig.timerSessExpiresSec = setup["timer"]
            config.callConfig.timerMinSESec = 90
        config.mediaConfig.srtpUse = {
            "off": pj.PJMEDIA_SRTP_DISABLED,
            "optional": pj.PJMEDIA_SRTP_OPTIONAL,
            "mandatory": pj.PJMEDIA_SRTP_MANDATORY,
        }[setup.get("srtp", "off")]
        config.mediaConfig.srtpSecureSignaling = 0
        config.mediaConfig.transportConfig.boundAddress = setup["address"]
        config.mediaConfig.transportConfig.port = setup.get("media_port", 4000)
        config.mwiConfig.enabled = setup.get("messages", False)
        config.natConfig.contactRewriteUse = 0
        config.natConfig.viaRewriteUse = 0
        config.natConfig.sdpNatRewriteUse = 0
        return config

    def choose_codecs(self, wanted):
        for codec in self.endpoint.codecEnum2():
            place = next((n for n, name in enumerate(wanted) if codec.codecId.startswith(name)), None)
            self.endpoint.codecSetPriority(codec.codecId, 0 if place is None else 200 - place)

    def run(self, order):
        name = order["command"]
        call = self.calls.get(order["call"]) if "call" in order else None
        if "call" in order and call is None:
            return tell("failed", command=name, why="no such call")
        getattr(self, f"do_{name}")(order, call)

    def do_dial(self, order, _):
        call = Call(self)
        params = pj.CallOpParam(True)
        if order.get("late_offer"):
            params.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
        for name, value in order.get("headers", {}).items():
            header = pj.SipHeader()
            header.hName, header.hValue = name, value
            params.txOption.headers.append(header)
        call.makeCall(order["to"], params)
        self.calls[call.getId()] = call
        tell("dialled", call=call.getId())

    def do_answer(self, order, call):
        params = pj.CallOpParam()
        params.statusCode = order.get("status", 200)
        call.answer(params)

    def do_hang_up(self, order, call):
        params = pj.CallOpParam()
        params.statusCode = order.get("status", 0)
        call.hangup(params)

    def do_hold(self, _, call):
        call.setHold(pj.CallOpParam())

    def do_resume(self, _, call):
        params = pj.CallOpParam(True)
        params.opt.flag |= pj.PJSUA_CALL_UNHOLD
        call.reinvite(params)

    def do_reinvite(self, order, call):
        if "codecs" in order:
            self.choose_codecs(order["codecs"])
        params = pj.CallOpParam(True)
        params.opt.flag |= pj.PJSUA_CALL_REINIT_MEDIA
        if order.get("late_offer"):
            params.opt.flag |= pj.PJSUA_CALL_NO_SDP_OFFER
        call.reinvite(params)

    def do_update(self, _, call):
        call.update(pj.CallOpParam(True))

    def do_transfer(self, order, call):
        call.xfer(order["to"], pj.CallOpParam())

    def do_transfer_to_call(self, order, call):
        call.xferReplaces(self.calls[order["other"]], pj.CallOpParam())

    def do_keys(self, order, call):
        params = pj.CallSendDtmfParam()
        params.digits = order["keys"]
        params.duration = order.get("ms", 160)
        params.method = pj.PJSUA_DTMF_METHOD_SIP_INFO if order.get("info") else pj.PJSUA_DTMF_METHOD_RFC2833
        call.sendDtmf(params)

    def do_watch(self, order, _):
        config = pj.BuddyConfig()
        config.uri, config.subscribe = order["uri"], True
        watched = Watched()
        watched.create(self.account, config)
        self.watched.append(watched)

    def do_unregister(self, _, __):
        self.account.setRegistration(False)

    def do_figures(self, _, call):
        tell("figures", call=call.getId(), text=call.dump(True, " "))


def main():
    setup = json.loads(sys.stdin.readline())
    phone = Phone(setup)
    tell("ready")
    ears = selectors.DefaultSelector()
    os.set_blocking(sys.stdin.fileno(), False)
    ears.register(sys.stdin.fileno(), selectors.EVENT_READ)
    waiting = b""
    while True:
        phone.endpoint.libHandleEvents(10)
        if not ears.select(0):
            continue
        piece = os.read(sys.stdin.fileno(), 65536)
        if not piece:
            break
        waiting += piece
        while b"\n" in waiting:
            line, waiting = waiting.split(b"\n", 1)
            order = json.loads(line)
            try:
                phone.run(order)
            except pj.Error as why:
                tell("failed", command=order["command"], why=why.info())
    phone.calls.clear()
    phone.watched.clear()
    phone.endpoint.libDestroy()


main()
