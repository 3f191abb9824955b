/** The microphone: opening it, and knowing beforehand that it will fail. */

export type MicrophoneState = "ok" | "refused" | "missing" | "insecure";

/** Why the microphone could not be opened. */
export class MicrophoneProblem extends Error {
  readonly state: Exclude<MicrophoneState, "ok">;

  constructor(state: Exclude<MicrophoneState, "ok">) {
    super(`microphone ${state}`);
    this.state = state;
  }
}

/** Opens it; the caller stops the tracks. Throws `MicrophoneProblem`. */
export async function openMicrophone(constraints: MediaTrackConstraints): Promise<MediaStream> {
  if (!navigator.mediaDevices) throw new MicrophoneProblem("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: constraints });
  } catch (problem) {
    const refused = problem instanceof DOMException && ["NotAllowedError", "SecurityError"].includes(problem.name);
    throw new MicrophoneProblem(refused ? "refused" : "missing");
  }
}

/** A stream of silence with one track, for a phone that may listen without speaking. */
export function silence(): MediaStream {
  const context = new AudioContext();
  const stream = context.createMediaStreamDestination().stream;
  for (const track of stream.getTracks()) track.addEventListener("ended", () => void context.close());
  return stream;
}

async function currentState(permission: PermissionStatus | null): Promise<MicrophoneState> {
  if (!navigator.mediaDevices) return "insecure";
  if (permission?.state === "denied") return "refused";
  const devices = await navigator.mediaDevices.enumerateDevices();
  return devices.some((device) => device.kind === "audioinput") ? "ok" : "missing";
}

/** Tells the state now and whenever a device or the permission changes; the returned function stops it. */
export function watchMicrophone(tell: (state: MicrophoneState) => void): () => void {
  let permission: PermissionStatus | null = null;
  let stopped = false;
  const check = () => {
    void currentState(permission).then((state) => {
      if (!stopped) tell(state);
    });
  };
  const begin = async () => {
    try {
      permission = await navigator.permissions.query({ name: "microphone" as PermissionName });
      permission.addEventListener("change", check);
    } catch {
      // This browser does not tell; opening the microphone will.
    }
    check();
  };
  void begin();
  navigator.mediaDevices?.addEventListener("devicechange", check);
  return () => {
    stopped = true;
    permission?.removeEventListener("change", check);
    navigator.mediaDevices?.removeEventListener("devicechange", check);
  };
}
