/**
 * The writer's drafts, open in memory while the page lives and sealed on disk at every change. Opened
 * once per page, before the first form: forms read and write without waiting.
 */
import { get } from '../api/client';
import * as cell from './cell';

interface Kept {
  at: number;
  value: unknown;
}

type Deed = (sealing: CryptoKey, user: string) => Promise<void>;

let owner = '';
let key: CryptoKey | null = null;
let opening: Promise<void> | null = null;
const drafts = new Map<string, Kept>();
const parcels = new Map<string, unknown>();
/** What was to be written before the boxes were open, by its place: the last of each is done once they are. */
const early = new Map<string, Deed>();
/** One write after the other: the last state of a form is the one that stays. */
let writing: Promise<unknown> = Promise.resolve();

/** Opens what `user` left on this machine. Without a line there is no key: what is typed stays in the page until it is asked again. */
export function open(user: string): Promise<void> {
  if (owner !== user) {
    close();
    owner = user;
  }
  if (key) return Promise.resolve();
  opening ??= (async () => {
    const given = await get<{ key: string }>('/session/draft-key');
    const made = await cell.keyOf(given.key);
    const found = await cell.all(made, user);
    if (owner !== user) return;
    for (const { kind, name, value } of found) {
      if (early.has(placeOf(kind, name))) continue;
      if (kind === 'parcel') parcels.set(name, value);
      else drafts.set(name, value as Kept);
    }
    key = made;
    const waited = [...early];
    early.clear();
    for (const [place, deed] of waited) void write(place, deed);
  })().finally(() => (opening = null));
  return opening;
}

export const isOpen = (): boolean => key !== null;

const placeOf = (kind: cell.Kind, name: string): string => `${kind} ${name}`;

/** Forgets in memory; what is on disk stays sealed. */
export function close(): void {
  owner = '';
  key = null;
  drafts.clear();
  parcels.clear();
  early.clear();
}

function write(place: string, deed: Deed): Promise<boolean> {
  const [sealing, user] = [key, owner];
  if (!sealing) {
    early.set(place, deed);
    return Promise.resolve(false);
  }
  const done = writing.then(() => deed(sealing, user)).then(() => true, () => false);
  writing = done;
  return done;
}

export const read = (name: string): unknown => drafts.get(name)?.value ?? null;

/** Resolves with true once it is on disk. */
export function keep(name: string, value: unknown): Promise<boolean> {
  const kept = { at: Date.now(), value };
  drafts.set(name, kept);
  return write(placeOf('draft', name), (sealing, user) => cell.put(sealing, user, 'draft', name, kept));
}

export function drop(name: string): Promise<boolean> {
  drafts.delete(name);
  return write(placeOf('draft', name), (_, user) => cell.drop(user, 'draft', name));
}

export const list = (): { name: string; at: number }[] =>
  [...drafts].map(([name, kept]) => ({ name, at: kept.at })).sort((a, b) => b.at - a.at);

export const parcelsKept = <T>(): T[] => [...parcels.values()] as T[];

export function keepParcel(id: string, value: unknown): Promise<boolean> {
  parcels.set(id, value);
  return write(placeOf('parcel', id), (sealing, user) => cell.put(sealing, user, 'parcel', id, value));
}

export function dropParcel(id: string): Promise<boolean> {
  parcels.delete(id);
  return write(placeOf('parcel', id), (_, user) => cell.drop(user, 'parcel', id));
}

/** Signing out: gone from memory and disk. */
export async function wipe(user: string): Promise<void> {
  await writing;
  close();
  await cell.wipe(user);
}
