/**
 * Which pictures are looked at, and how large: the relay sends none that nobody sees, and a small one for a small
 * tile. A tile says whom it shows; whether it is in sight the browser knows: scrolled away, in a tab behind another,
 * or behind a tile that fills the screen.
 */
import type { Remote } from './peer';
import type { Want } from './protocol';

/** Heights are told in steps: a window that is drawn larger does not say so with every dot. */
const STEP = 30;
/** Less is told a moment later: whoever turns to another tab for a word is back before it. */
const LESS_MS = 1_000;
const MORE_MS = 60;

interface Shown {
  key: string;
  inSight: boolean;
  height: number;
}

/** What to tell the relay of everybody's pictures. */
export function wantsOf(remotes: readonly Pick<Remote, 'pid' | 'source'>[], heights: ReadonlyMap<string, number>): Want[] {
  return remotes
    .filter((one) => one.source !== 'mic')
    .map(({ pid, source }) => ({ pid, source, height: Math.ceil((heights.get(`${pid}/${source}`) ?? 0) / STEP) * STEP }));
}

/** Whether any picture is wanted larger than before, or for the first time. */
export function isMore(now: readonly Want[], before: readonly Want[]): boolean {
  return now.some((want) => want.height > (before.find((one) => one.pid === want.pid && one.source === want.source)?.height ?? 0));
}

const tiles = new Map<Element, Shown>();
let changed: () => void = () => undefined;

const crossing = typeof IntersectionObserver === 'undefined' ? null : new IntersectionObserver((entries) => {
  for (const entry of entries) note(entry.target, { inSight: entry.isIntersecting, height: entry.boundingClientRect.height });
});
const growing = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver((entries) => {
  for (const entry of entries) note(entry.target, { height: entry.contentRect.height });
});

function note(tile: Element, what: Partial<Shown>): void {
  const known = tiles.get(tile);
  if (!known) return;
  Object.assign(known, what);
  changed();
}

/** For the picture of a tile: whom it shows. */
export function inSight(tile: HTMLVideoElement, key: string): { update: (next: string) => void; destroy: () => void } {
  tiles.set(tile, { key, inSight: false, height: 0 });
  crossing?.observe(tile);
  growing?.observe(tile);
  return {
    update: (next) => note(tile, { key: next }),
    destroy() {
      tiles.delete(tile);
      crossing?.unobserve(tile);
      growing?.unobserve(tile);
      changed();
    },
  };
}

function heights(): Map<string, number> {
  const all = new Map<string, number>();
  if (document.hidden) return all;
  const whole = document.fullscreenElement;
  for (const [tile, { key, inSight, height }] of tiles) {
    if (inSight && (!whole || whole.contains(tile))) all.set(key, Math.max(all.get(key) ?? 0, height * devicePixelRatio));
  }
  return all;
}

/** The eyes of one call. */
export class Sight {
  private readonly say: (wants: Want[]) => void;
  private remotes: readonly Remote[] = [];
  private told: Want[] = [];
  private waiting: { timer: ReturnType<typeof setTimeout>; more: boolean } | null = null;

  constructor(say: (wants: Want[]) => void) {
    this.say = say;
    changed = this.look;
    document.addEventListener('visibilitychange', this.look);
    document.addEventListener('fullscreenchange', this.look);
  }

  /** Who plays where has changed. */
  meets(remotes: readonly Remote[]): void {
    this.remotes = remotes;
    this.look();
  }

  /** Says it once more: it may have been lost, or the relay may have forgotten. */
  again(): void {
    this.stop();
    this.told = wantsOf(this.remotes, heights());
    this.say(this.told);
  }

  close(): void {
    this.stop();
    changed = () => undefined;
    document.removeEventListener('visibilitychange', this.look);
    document.removeEventListener('fullscreenchange', this.look);
  }

  private stop(): void {
    if (this.waiting) clearTimeout(this.waiting.timer);
    this.waiting = null;
  }

  private readonly look = (): void => {
    const wants = wantsOf(this.remotes, heights());
    if (JSON.stringify(wants) === JSON.stringify(this.told)) return this.stop();
    const more = isMore(wants, this.told);
    if (this.waiting && (this.waiting.more || !more)) return;
    this.stop();
    this.waiting = { more, timer: setTimeout(() => this.again(), more ? MORE_MS : LESS_MS) };
  };
}
