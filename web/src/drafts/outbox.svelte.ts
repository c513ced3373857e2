/**
 * What was handed over and is not through yet. Every submission goes this way: kept on disk first, then
 * sent; if the line is gone it waits here and goes by itself when the line is back.
 */
import { ask, get, newKey, onAnswer, Refused, type Problem } from '../api/client';
import { say } from '../ui/toast.svelte';
import { t } from '../i18n/index.svelte';
import { amended, answered, goesByItself, looked, next, refused, verdict, type Answered, type Parcel, type Step, type What } from './parcel';
import * as shelf from './shelf';

/** A day: the server remembers a key for three. */
const DAY = 24 * 3_600_000;
/** Who is rung for a request of an hour ago thinks it is of now. */
export const RING_STILL = 10 * 60_000;
const AGAIN = 15_000;
/** How long a submission waits for the disk. */
const KEEP_MS = 2_000;

export const outbox: { parcels: Parcel[]; sending: string | null } = $state({ parcels: [], sending: null });

export interface Submission {
  what: What;
  title: string;
  action?: string;
  draft: string;
  href: string;
  steps: Step[];
  /** How long it may still go by itself. */
  still?: number;
}

/** It is through: what the last step answered. Or it waits in the list. */
export type Outcome<T> = { sent: true; body: T } | { sent: false };

const put = (parcel: Parcel): void => {
  outbox.parcels = [...outbox.parcels.filter((one) => one.id !== parcel.id), parcel].sort((a, b) => a.at - b.at);
};
const take = (id: string): void => {
  outbox.parcels = outbox.parcels.filter((one) => one.id !== id);
};

/** Hands a form over. A refusal is thrown and nothing waits; without a line it waits. */
export async function submit<T>(of: Submission): Promise<Outcome<T>> {
  const { still = DAY, ...rest } = of;
  const before = outbox.parcels.find((one) => one.draft === of.draft);
  if (before) await discard(before.id);
  const steps = before ? amended(before, of.steps) : of.steps;
  const parcel: Parcel = { ...rest, steps, id: newKey(), at: Date.now(), done: 0, last: null, until: Date.now() + still, state: 'waiting', problem: null };
  // A disk that hangs does not keep an emergency from going out.
  await Promise.race([shelf.keepParcel(parcel.id, parcel), new Promise((late) => setTimeout(late, KEEP_MS))]);
  const gone = await send<T>(parcel);
  if ('body' in gone) {
    await through(gone.parcel);
    return { sent: true, body: gone.body };
  }
  if (gone.verdict === 'refused') {
    await shelf.dropParcel(parcel.id);
    throw new Refused(gone.problem);
  }
  await shelf.keepParcel(parcel.id, gone.parcel);
  put(gone.parcel);
  return { sent: false };
}

type Gone<T> = { parcel: Parcel; body: T } | { parcel: Parcel; verdict: 'later' | 'refused'; problem: Problem };

async function send<T>(first: Parcel): Promise<Gone<T>> {
  let parcel = first;
  let body: unknown = null;
  for (let tries = 0; tries < first.steps.length + 4; tries += 1) {
    const request = next(parcel);
    if (!request) break;
    try {
      body = (await ask<unknown>(request.method, request.path, request)).body;
      parcel = answered(parcel, body);
      if (next(parcel)) await shelf.keepParcel(parcel.id, parcel);
    } catch (fault) {
      if (!(fault instanceof Refused)) throw fault;
      const said = verdict(parcel, fault.problem);
      if (said !== 'look') return { parcel: said === 'refused' ? refused(parcel, fault.problem) : parcel, verdict: said, problem: fault.problem };
      try {
        parcel = looked(parcel, await get<Answered & { state: string }>(request.path));
      } catch {
        return { parcel, verdict: 'later', problem: fault.problem };
      }
    }
  }
  return { parcel, body: body as T };
}

async function through(parcel: Parcel): Promise<void> {
  await shelf.drop(parcel.draft);
  // Whom a letter without a record asks is kept beside it.
  await shelf.drop(parcel.draft.replace(/^letter:new:/, 'begun:'));
  await shelf.dropParcel(parcel.id);
  take(parcel.id);
}

/** Sends one that waits: by itself, or because somebody pressed the button. */
export async function again(id: string): Promise<void> {
  const parcel = outbox.parcels.find((one) => one.id === id);
  if (!parcel || outbox.sending) return;
  outbox.sending = id;
  try {
    await alone(async () => {
      const gone = await send({ ...parcel, state: 'waiting', problem: null });
      if ('body' in gone) {
        await through(gone.parcel);
        say(t('un.sent', { what: t(`un.what.${parcel.what}`), who: parcel.title }));
        return;
      }
      await shelf.keepParcel(id, gone.parcel);
      put(gone.parcel);
    });
  } finally {
    outbox.sending = null;
  }
}

/** Two windows of one person do not send the same thing at once. */
async function alone(deed: () => Promise<void>): Promise<void> {
  if (!('locks' in navigator)) return deed();
  await navigator.locks.request('causeway-outbox', deed);
}

export async function discard(id: string): Promise<void> {
  take(id);
  await shelf.dropParcel(id);
}

let rounds = false;
async function round(): Promise<void> {
  if (rounds) return;
  rounds = true;
  try {
    for (const parcel of outbox.parcels.filter((one) => goesByItself(one, Date.now()))) {
      await again(parcel.id);
      // The line is still gone: the others wait with it.
      if (outbox.parcels.some((one) => one.id === parcel.id && one.state === 'waiting')) break;
    }
  } finally {
    rounds = false;
  }
}

let running: (() => void) | null = null;
/** Begins to look after what waits; called once a person is signed in. */
export async function begin(user: string): Promise<void> {
  running?.();
  let [lost, opened] = [false, false];
  /** What was left on disk is known once the boxes are open: without a line they are not, and are asked for again. */
  const look = async (): Promise<void> => {
    if (opened) return;
    await shelf.open(user);
    if (!shelf.isOpen()) return;
    opened = true;
    outbox.parcels = shelf.parcelsKept<Parcel>().sort((a, b) => a.at - b.at);
    await round();
  };
  // What was handed over on this page does not wait for a disk that hangs.
  const now = (): void => {
    void round();
    void look().catch(() => undefined);
  };
  const stop = onAnswer((heard) => {
    if (heard === 'lost') lost = true;
    else if (heard !== 'signed-out' && lost) {
      lost = false;
      now();
    }
  });
  addEventListener('online', now);
  const timer = setInterval(now, AGAIN);
  running = () => {
    stop();
    removeEventListener('online', now);
    clearInterval(timer);
  };
  await look();
}

/** Nobody is signed in any more. */
export function end(): void {
  running?.();
  running = null;
  outbox.parcels = [];
}
