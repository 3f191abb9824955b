/**
 * Runs in the page: the loudest frequency that an audio element's stream carries now, and how loud it is.
 * Chromium gives a remote WebRTC stream to WebAudio only while an element plays it, which is what the console does anyway.
 */
export function measureInPage(testId) {
  const silence = { peak_hertz: 0, peak_db: -200 };
  const element = document.querySelector(`audio[data-testid="${testId}"]`);
  const stream = element?.srcObject;
  if (!stream || stream.getAudioTracks().length === 0) return silence;
  const ears = (window.soriEars ??= { context: new AudioContext(), byStream: new Map() });
  const track = stream.getAudioTracks().at(-1);
  let analyser = ears.byStream.get(track.id);
  if (!analyser) {
    analyser = ears.context.createAnalyser();
    analyser.fftSize = 8192;
    analyser.smoothingTimeConstant = 0;
    ears.context.createMediaStreamSource(new MediaStream([track])).connect(analyser);
    ears.byStream.set(track.id, analyser);
  }
  const bins = new Float32Array(analyser.frequencyBinCount);
  analyser.getFloatFrequencyData(bins);
  let peak = 0;
  for (let bin = 1; bin < bins.length; bin += 1) if (bins[bin] > bins[peak]) peak = bin;
  return { peak_hertz: (peak * ears.context.sampleRate) / analyser.fftSize, peak_db: bins[peak] };
}
