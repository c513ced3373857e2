/** Who is on the stage, and in which order. Pure: people, tracks and wishes in, seats out. */
import type { DeviceState } from './devices';
import type { Remote } from './peer';
import type { Person, Source } from './protocol';

export interface Seat {
  key: string;
  pid: string | null;
  name: string;
  source: Source;
  track: MediaStreamTrack | null;
  muted: boolean;
  speaking: boolean;
  reconnecting: boolean;
  own: boolean;
  /** How the line is, in words, when it is worth a word. */
  line?: string;
  /** Under the name, when there is no picture. */
  note?: string;
  /** What the tile offers to put right, in words. */
  restore?: string;
}

export interface Own {
  pid: string | null;
  name: string;
  camera: MediaStreamTrack | null;
  cam: DeviceState;
  muted: boolean;
  spare: { source: 'screen' | 'exam'; track: MediaStreamTrack } | null;
}

export interface Words {
  me: string;
  /** "exam camera of …", "screen of …" */
  of: (source: 'exam' | 'screen', name: string) => string;
  noPicture: string;
  restore: (state: DeviceState) => string | undefined;
  /** What is said of a seat's line. */
  line?: (pid: string | null, own: boolean) => string | undefined;
}

/** First what is shown about the patient, then faces in the order of arrival, oneself last. */
export function seats(people: readonly Person[], remotes: readonly Remote[], speaking: readonly string[], own: Own, words: Words): Seat[] {
  const all: Seat[] = [];
  const others = people.filter((one) => one.pid !== own.pid);
  const trackOf = (pid: string, source: Source): MediaStreamTrack | null =>
    remotes.find((one) => one.pid === pid && one.source === source)?.track ?? null;
  for (const source of ['screen', 'exam'] as const) {
    for (const one of others) {
      const track = trackOf(one.pid, source);
      if (track) all.push({ key: `${one.pid}/${source}`, pid: one.pid, name: words.of(source, one.user.name), source, track, muted: false, speaking: false, reconnecting: one.reconnecting, own: false });
    }
  }
  for (const one of others) {
    all.push({
      key: `${one.pid}/cam`, pid: one.pid, name: one.user.name, source: 'cam',
      track: one.cam === 'on' ? trackOf(one.pid, 'cam') : null,
      muted: one.mic !== 'on', speaking: speaking.includes(one.pid), reconnecting: one.reconnecting, own: false, note: words.noPicture, ...said(words.line?.(one.pid, false)),
    });
  }
  if (own.spare) all.push({ key: `me/${own.spare.source}`, pid: own.pid, name: words.of(own.spare.source, words.me), source: own.spare.source, track: own.spare.track, muted: false, speaking: false, reconnecting: false, own: true });
  const restore = words.restore(own.cam);
  all.push({ key: 'me/cam', pid: own.pid, name: words.me, source: 'cam', track: own.camera, muted: own.muted, speaking: own.pid !== null && speaking.includes(own.pid), reconnecting: false, own: true, ...(restore ? { restore } : {}), ...said(words.line?.(own.pid, true)) });
  return all;
}

const said = (line: string | undefined): { line?: string } => (line ? { line } : {});

/** The seat in front: what one picked, else the first that is not oneself. */
export function front(all: readonly Seat[], picked: string | null): Seat | null {
  return all.find((one) => one.key === picked) ?? all.find((one) => !one.own) ?? null;
}
