// Runs in a page: a phone that is SIP.js and nothing else. Its calls are numbered as they come; each plays in an audio element
// named `call-NUMBER`.
import { Invitation, Inviter, Registerer, RegistererState, SessionState, UserAgent } from './lib/index.js';

const calls = [];
const AUDIO = { constraints: { audio: true, video: false } };
let agent;

function take(session) {
  const call = { session, state: session instanceof Invitation ? 'incoming' : 'calling', told: [] };
  const number = calls.push(call) - 1;
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) {
      call.state = 'confirmed';
      play(number, session.sessionDescriptionHandler.remoteMediaStream);
    }
    if (state === SessionState.Terminated) call.state = 'ended';
  });
  return number;
}

function play(number, stream) {
  const audio = document.createElement('audio');
  audio.dataset.testid = `call-${number}`;
  audio.autoplay = true;
  audio.srcObject = stream;
  document.body.append(audio);
}

/** Sends an offer that holds or does not, and is done when it is answered. */
function offer(number, hold) {
  return new Promise((resolve, reject) => {
    const requestDelegate = {
      onAccept: () => resolve(),
      onReject: ({ message }) => reject(new Error(`refused: ${message.statusCode}`)),
    };
    calls[number].session.invite({ requestDelegate, sessionDescriptionHandlerOptions: { hold } }).catch(reject);
  });
}

/** Sends REFER and is done when it is accepted. `toldOf` says what SIP.js heard of how it went: it takes no NOTIFY after the call's BYE. */
function refer(number, target) {
  return new Promise((resolve, reject) => {
    const requestDelegate = {
      onAccept: () => resolve(),
      onReject: ({ message }) => reject(new Error(`refused: ${message.statusCode}`)),
    };
    const onNotify = (notification) => {
      calls[number].told.push(notification.request.body.trim());
      notification.accept();
    };
    calls[number].session.refer(target, { onNotify, requestDelegate }).catch(reject);
  });
}

window.phone = {
  /** Connects and registers with a credential of `POST /browser-phone`. */
  async signIn(credential) {
    agent = new UserAgent({
      uri: UserAgent.makeURI(credential.uri),
      authorizationUsername: credential.username,
      authorizationPassword: credential.password,
      transportOptions: { server: `ws://${location.host}${credential.ws_path}` },
      sessionDescriptionHandlerFactoryOptions: {
        iceGatheringTimeout: 400,
        peerConnectionConfiguration: { iceServers: credential.ice_servers },
      },
      logLevel: 'warn',
      delegate: { onInvite: take },
    });
    await agent.start();
    const registerer = new Registerer(agent, { expires: 120 });
    await new Promise((resolve, reject) => {
      registerer.stateChange.addListener((state) => state === RegistererState.Registered && resolve());
      registerer.register({ requestDelegate: { onReject: ({ message }) => reject(new Error(`refused: ${message.statusCode}`)) } });
    });
  },
  stateOf: (number) => calls[number]?.state,
  toldOf: (number) => ({ told: calls[number].told }),
  answer: (number) => calls[number].session.accept({ sessionDescriptionHandlerOptions: AUDIO }),
  async dial(target) {
    const inviter = new Inviter(agent, UserAgent.makeURI(target), { sessionDescriptionHandlerOptions: AUDIO });
    const number = take(inviter);
    await inviter.invite();
    return { number };
  },
  hold: (number) => offer(number, true),
  resume: (number) => offer(number, false),
  transfer: (number, target) => refer(number, UserAgent.makeURI(target)),
  transferToCall: (number, other) => refer(number, calls[other].session),
  hangUp: (number) => calls[number].session.bye().then(() => undefined),
};
