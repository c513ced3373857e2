/**
 * Cameras and microphones of this PC. Nothing here may keep anyone out of a call: each device is asked
 * for by itself, and what is missing, refused or taken by another program is a state, not an error.
 */

export type DeviceState =
  | 'asking'
  | 'ready'
  | 'off'
  /** There is none. */
  | 'missing'
  /** The browser was told no. */
  | 'refused'
  /** Another program, or a telephone call, has it. */
  | 'taken'
  /** It was there and was pulled out. */
  | 'lost';

export type Kind = 'mic' | 'cam';

export interface Choice {
  id: string;
  label: string;
}
export interface Found {
  mics: Choice[];
  cams: Choice[];
  speakers: Choice[];
}

/** 360p at 15 frames suits a township's uplink and an old PC; the main picture may grow once the line is known. */
const CAMERA: MediaTrackConstraints = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 15, max: 30 } };
const MICROPHONE: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export function stateOfFault(fault: unknown): DeviceState {
  const name = fault instanceof DOMException ? fault.name : '';
  if (name === 'NotFoundError' || name === 'OverconstrainedError') return 'missing';
  if (name === 'NotReadableError' || name === 'AbortError') return 'taken';
  return 'refused';
}

const wish = (kind: Kind, device: string | null): MediaStreamConstraints => {
  const base = kind === 'mic' ? MICROPHONE : CAMERA;
  const one = device ? { ...base, deviceId: { ideal: device } } : base;
  return kind === 'mic' ? { audio: one } : { video: one };
};

async function open(kind: Kind, device: string | null): Promise<{ track: MediaStreamTrack | null; state: DeviceState }> {
  if (!navigator.mediaDevices?.getUserMedia) return { track: null, state: 'missing' };
  try {
    const stream = await navigator.mediaDevices.getUserMedia(wish(kind, device));
    return { track: stream.getTracks()[0] ?? null, state: 'ready' };
  } catch (fault) {
    return { track: null, state: stateOfFault(fault) };
  }
}

export async function list(): Promise<Found> {
  const all = (await navigator.mediaDevices?.enumerateDevices?.()) ?? [];
  const of = (kind: MediaDeviceKind): Choice[] =>
    all.filter((d) => d.kind === kind && d.deviceId !== '').map((d, i) => ({ id: d.deviceId, label: d.label || `${i + 1}` }));
  return { mics: of('audioinput'), cams: of('videoinput'), speakers: of('audiooutput') };
}

type Change = (kind: Kind, track: MediaStreamTrack | null, state: DeviceState) => void;

/** The microphone and camera of one call, kept alive over unplugging and telephone calls. */
export class Devices {
  readonly tracks: Record<Kind, MediaStreamTrack | null> = { mic: null, cam: null };
  readonly states: Record<Kind, DeviceState> = { mic: 'off', cam: 'off' };
  private readonly chosen: Record<Kind, string | null> = { mic: remembered('mic'), cam: remembered('cam') };
  private readonly change: Change;
  private closed = false;

  constructor(change: Change) {
    this.change = change;
    navigator.mediaDevices?.addEventListener?.('devicechange', this.onChange);
  }

  /** Both at once first, so that the browser asks one question; then each by itself. */
  async openAll(kinds: readonly Kind[]): Promise<void> {
    if (kinds.includes('mic') && kinds.includes('cam') && navigator.mediaDevices?.getUserMedia) {
      this.become('mic', null, 'asking');
      this.become('cam', null, 'asking');
      try {
        const stream = await navigator.mediaDevices.getUserMedia({ ...wish('mic', this.chosen.mic), ...wish('cam', this.chosen.cam) });
        this.take('mic', stream.getAudioTracks()[0] ?? null, 'ready');
        this.take('cam', stream.getVideoTracks()[0] ?? null, 'ready');
        return;
      } catch {
        // One of them is not to be had: which one, the single questions tell.
      }
    }
    await Promise.all(kinds.map((kind) => this.open(kind)));
  }

  async open(kind: Kind): Promise<void> {
    this.become(kind, null, 'asking');
    const { track, state } = await open(kind, this.chosen[kind]);
    this.take(kind, track, state);
  }

  close(kind: Kind): void {
    this.release(kind);
    this.become(kind, null, 'off');
  }

  async choose(kind: Kind, device: string): Promise<void> {
    this.chosen[kind] = device;
    remember(kind, device);
    if (this.states[kind] !== 'off') await this.open(kind);
  }

  closeAll(): void {
    this.closed = true;
    navigator.mediaDevices?.removeEventListener?.('devicechange', this.onChange);
    this.release('mic');
    this.release('cam');
  }

  private take(kind: Kind, track: MediaStreamTrack | null, state: DeviceState): void {
    if (this.closed) return track?.stop();
    this.release(kind);
    this.tracks[kind] = track;
    // Speech before everything: the encoder keeps sharpness of words and of a wound, not of motion.
    if (track) track.contentHint = kind === 'mic' ? 'speech' : 'motion';
    track?.addEventListener('ended', () => {
      if (this.tracks[kind] !== track) return;
      this.tracks[kind] = null;
      this.become(kind, null, 'lost');
    });
    this.become(kind, track, track ? state : state === 'ready' ? 'missing' : state);
  }

  private release(kind: Kind): void {
    const track = this.tracks[kind];
    this.tracks[kind] = null;
    track?.stop();
  }

  private become(kind: Kind, track: MediaStreamTrack | null, state: DeviceState): void {
    this.states[kind] = state;
    this.change(kind, track, state);
  }

  /** Something was plugged in: what was lost or missing is tried again by itself. */
  private readonly onChange = (): void => {
    for (const kind of ['mic', 'cam'] as const) {
      if (this.states[kind] === 'lost' || this.states[kind] === 'missing') void this.open(kind);
    }
  };
}

function remembered(kind: Kind): string | null {
  try {
    return localStorage.getItem(`device.${kind}`);
  } catch {
    return null;
  }
}
function remember(kind: Kind, device: string): void {
  try {
    localStorage.setItem(`device.${kind}`, device);
  } catch {
    // Private mode: the choice lasts as long as the page.
  }
}
