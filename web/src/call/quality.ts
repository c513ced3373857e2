/**
 * What the doctor is told about the line, and why. Pure: figures in, a rung and a reason out.
 * Down after one second, up after ten: a line that stumbles must not make the picture flicker.
 */

/** One look at the connection, as `peer.ts` takes it every two seconds. */
export interface Sample {
  /** Share of packets lost on the way to us, and on the way from us; 0 to 1. */
  lossIn: number;
  lossOut: number;
  rttMs: number | null;
  downKbps: number;
  upKbps: number;
  /** Height of the largest picture that arrives; 0 while none does. */
  height: number;
  fps: number;
  /** Picture frames decoded since the last look, and bytes of any kind. */
  frames: number;
  bytes: number;
  route: 'udp' | 'tcp' | 'tls' | null;
}

export type Rung = 'full' | 'small' | 'slow' | 'voice' | 'text';
export const RUNGS: readonly Rung[] = ['text', 'voice', 'slow', 'small', 'full'];
export const DOWN_MS = 1_000;
export const UP_MS = 10_000;

export interface Line {
  rung: Rung;
  /** Bars of the indicator, 0 to 4. */
  bars: number;
  /** Whose side of the line is the thin one; null while all is well. */
  whose: 'mine' | 'theirs' | null;
  sample: Sample | null;
  /** The rung the figures would give, and since when: the memory of the hysteresis. */
  wants: Rung;
  wantsSince: number;
}

export const UNKNOWN: Line = { rung: 'full', bars: 0, whose: null, sample: null, wants: 'full', wantsSince: 0 };

/** The rung these figures alone would give. */
export function rungOf(s: Pick<Sample, 'lossIn' | 'lossOut' | 'rttMs'>): Rung {
  const loss = Math.max(s.lossIn, s.lossOut);
  const rtt = s.rttMs ?? 0;
  if (loss >= 0.45 || rtt > 1_500) return 'text';
  if (loss >= 0.25) return 'voice';
  if (loss >= 0.12 || rtt > 900) return 'slow';
  if (loss >= 0.05 || rtt > 500) return 'small';
  return 'full';
}

export function barsOf(rung: Rung, sample: Sample): number {
  if (rung === 'full') return Math.max(sample.lossIn, sample.lossOut) >= 0.03 || (sample.rttMs ?? 0) > 300 ? 3 : 4;
  return { text: 0, voice: 1, slow: 2, small: 3 }[rung];
}

/** The line after one more look. */
export function look(line: Line, sample: Sample, now: number): Line {
  const wants = rungOf(sample);
  const wantsSince = wants === line.wants ? line.wantsSince : now;
  const worse = RUNGS.indexOf(wants) < RUNGS.indexOf(line.rung);
  const patience = worse ? DOWN_MS : UP_MS;
  const rung = wants !== line.rung && (now - wantsSince >= patience || line.sample === null) ? wants : line.rung;
  const whose = rung === 'full' ? null : sample.lossIn >= sample.lossOut ? 'theirs' : 'mine';
  return { rung, bars: barsOf(rung, sample), whose: whose === 'theirs' && sample.lossIn < 0.03 ? 'mine' : whose, sample, wants, wantsSince };
}

/** What the relay measures of one seat's line, each direction by itself. */
export interface SeatLine {
  lossUp: number;
  lossDown: number;
  rttMs: number | null;
  /** What this person is given of the others. */
  share: 'full' | 'half' | 'quarter' | 'patient' | 'voice';
}

/** Below this nobody sees or hears it. */
const SEEN = 0.05;

/**
 * What is said beside a tile; nothing while there is nothing to say. The worse news first: who is left with a voice,
 * whose own sending suffers, who is sent less.
 */
export function besideTile(line: SeatLine | undefined, own: boolean): 'voice' | 'sends' | 'less' | 'mine.voice' | 'mine.sends' | 'mine.less' | null {
  if (!line) return null;
  const what = line.share === 'voice' ? 'voice' : line.lossUp >= SEEN ? 'sends' : line.share === 'full' ? null : 'less';
  return what && own ? `mine.${what}` : what;
}
