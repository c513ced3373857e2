/**
 * Which encodings of our pictures to send: those that the relay says somebody looks at, and on an uplink that loses
 * packets the smallest alone. Pure.
 */
import type { Layer } from './protocol';

/** Loss at which an uplink carries the small picture only, and at which it counts as well again. */
const WEAK = 0.12;
const WELL = 0.03;
const WELL_MS = 10_000;

/** The camera as it is, and half as high for small tiles and thin lines. The large one first: browsers drop the last of a small camera. */
export const CAMERA: readonly RTCRtpEncodingParameters[] = [
  { rid: 'f', maxBitrate: 700_000 },
  { rid: 'h', maxBitrate: 150_000, scaleResolutionDownBy: 2 },
];

/** Which of these encodings, the largest first, are sent when those are needed. */
export function sent(rids: readonly (string | undefined)[], needed: readonly string[] | undefined, weak: boolean): boolean[] {
  const last = rids.length - 1;
  if (needed && needed.length === 0) return rids.map(() => false);
  const all = rids.map((rid) => rid === undefined || !needed || needed.includes(rid));
  return weak || !all.includes(true) ? rids.map((_, i) => i === last) : all;
}

export interface Uplink {
  weak: boolean;
  wellSince: number | null;
}
export const UPLINK: Uplink = { weak: false, wellSince: null };

/** The uplink after the relay has told once more what does not arrive of ours. */
export function uplink(before: Uplink, loss: number, now: number): Uplink {
  if (loss >= WEAK) return { weak: true, wellSince: null };
  if (!before.weak || loss > WELL) return { weak: before.weak, wellSince: null };
  const wellSince = before.wellSince ?? now;
  return now - wellSince >= WELL_MS ? UPLINK : { weak: true, wellSince };
}

/** What the relay said, read with care: another server may say more. */
export function layersOf(said: unknown): Layer[] {
  return (Array.isArray(said) ? said : []).filter((one): one is Layer => typeof one?.mid === 'string' && Array.isArray(one.rids));
}
