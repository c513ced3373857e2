/**
 * The ring, made of two tones that rise in volume: no file to load, and it sounds in a hidden tab.
 * A browser plays nothing before the page was touched; `blocked` says so, and the first press anywhere opens the sound.
 */
import type { Urgency } from './protocol';

const TONES = [660, 880] as const;
/** An emergency rings faster: it is known by ear. */
const PAUSE_S: Record<Urgency, number> = { emergency: 0.9, urgent: 1.6, routine: 2.2 };
const QUIETEST = 0.12;
const LOUDEST = 0.5;

let audio: AudioContext | null = null;
const watchers = new Set<(blocked: boolean) => void>();

function context(): AudioContext | null {
  if (!audio && typeof AudioContext !== 'undefined') {
    audio = new AudioContext();
    audio.onstatechange = () => watchers.forEach((fn) => fn(blocked()));
    // Kept for good: a system may take the sound away again, and the next press fetches it back. Not before the press
    // has ended: a bell that is struck through has to know at its click that it still was.
    for (const press of ['click', 'keyup']) addEventListener(press, () => void (blocked() && unlock()), true);
  }
  return audio;
}

export const blocked = (): boolean => audio !== null && audio.state !== 'running';

/** Tells now and whenever it changes whether a ring could be heard. */
export function onBlocked(fn: (blocked: boolean) => void): () => void {
  watchers.add(fn);
  context();
  // A context that may run says so a moment after it was made.
  const first = setTimeout(() => fn(blocked()), 300);
  return () => {
    clearTimeout(first);
    watchers.delete(fn);
  };
}

/** Resolves when the sound is open; to be asked within a press. */
export async function unlock(): Promise<void> {
  await context()?.resume();
}

function tone(at: AudioContext, hz: number, start: number, length: number, volume: number): void {
  const wave = at.createOscillator();
  const gain = at.createGain();
  wave.frequency.value = hz;
  gain.gain.setValueAtTime(0, start);
  gain.gain.linearRampToValueAtTime(volume, start + 0.02);
  gain.gain.setValueAtTime(volume, start + length - 0.05);
  gain.gain.linearRampToValueAtTime(0, start + length);
  wave.connect(gain).connect(at.destination);
  wave.start(start);
  wave.stop(start + length);
}

/** Rings until the returned function is called. */
export function ring(urgency: Urgency): () => void {
  const at = context();
  if (!at) return () => undefined;
  let rounds = 0;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const round = (): void => {
    const volume = Math.min(LOUDEST, QUIETEST + rounds * 0.06);
    if (at.state === 'running') TONES.forEach((hz, i) => tone(at, hz, at.currentTime + 0.02 + i * 0.3, 0.28, volume));
    rounds += 1;
    timer = setTimeout(round, PAUSE_S[urgency] * 1_000);
  };
  round();
  return () => {
    if (timer) clearTimeout(timer);
  };
}

/** One soft tone: somebody came in, or a message while the chat is closed. */
export function soft(): void {
  const at = context();
  if (at?.state === 'running') tone(at, 520, at.currentTime + 0.01, 0.16, 0.15);
}
