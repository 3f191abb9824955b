import { useEffect, useRef } from "react";

/** Plays what the other side says. */
export function RemoteAudio({ stream, testId }: { stream: MediaStream | null; testId: string }) {
  const element = useRef<HTMLAudioElement>(null);
  useEffect(() => {
    if (!element.current || element.current.srcObject === stream) return;
    element.current.srcObject = stream;
    // Without a click on the page yet the browser may refuse; the answer click that follows starts it.
    if (stream) void element.current.play().catch(() => undefined);
  }, [stream]);
  return <audio ref={element} autoPlay data-testid={testId} />;
}
