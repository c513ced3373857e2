/**
 * What lies in this browser's own database: sealed boxes, each under its writer and name. Nothing here
 * can be read without the key that the server gives to the writer (AES-256-GCM; the place is sealed in).
 */
const NAME = 'causeway';
const VERSION = 1;
/** Drafts are the state of a form; parcels were handed over to be sent. */
export type Kind = 'draft' | 'parcel';

interface Box {
  /** `usr-… draft consult:pat-…` */
  place: string;
  user: string;
  iv: Uint8Array<ArrayBuffer>;
  sealed: ArrayBuffer;
}

let opening: Promise<IDBDatabase> | null = null;

function database(): Promise<IDBDatabase> {
  opening ??= new Promise<IDBDatabase>((done, no) => {
    const request = indexedDB.open(NAME, VERSION);
    request.onupgradeneeded = () => request.result.createObjectStore('boxes', { keyPath: 'place' }).createIndex('user', 'user');
    request.onsuccess = () => done(request.result);
    request.onerror = () => no(request.error ?? new Error('no database'));
  }).catch((fault: unknown) => {
    opening = null;
    throw fault;
  });
  return opening;
}

async function run<T>(mode: IDBTransactionMode, ask: (boxes: IDBObjectStore) => IDBRequest<T>, durability: IDBTransactionDurability = 'relaxed'): Promise<T> {
  const open = await database();
  return new Promise<T>((done, no) => {
    const tx = open.transaction('boxes', mode, { durability });
    const request = ask(tx.objectStore('boxes'));
    tx.oncomplete = () => done(request.result);
    tx.onabort = tx.onerror = () => no(tx.error ?? new Error('not kept'));
  });
}

const placeOf = (user: string, kind: Kind, name: string): string => `${user} ${kind} ${name}`;

export async function keyOf(hex: string): Promise<CryptoKey> {
  const bytes = new Uint8Array(hex.match(/../g)?.map((two) => Number.parseInt(two, 16)) ?? []);
  return crypto.subtle.importKey('raw', bytes, 'AES-GCM', false, ['encrypt', 'decrypt']);
}

export async function put(key: CryptoKey, user: string, kind: Kind, name: string, value: unknown): Promise<void> {
  const place = placeOf(user, kind, name);
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const plain = new TextEncoder().encode(JSON.stringify(value));
  const sealed = await crypto.subtle.encrypt({ name: 'AES-GCM', iv, additionalData: new TextEncoder().encode(place) }, key, plain);
  // A draft is written every few words: a busy disk must not hold them up. What was handed over is there after a power cut too.
  await run('readwrite', (boxes) => boxes.put({ place, user, iv, sealed } satisfies Box), kind === 'parcel' ? 'strict' : 'relaxed');
}

export async function drop(user: string, kind: Kind, name: string): Promise<void> {
  await run('readwrite', (boxes) => boxes.delete(placeOf(user, kind, name)));
}

/** Everything of one writer. A box that does not open (another key, a damaged disk) is left out. */
export async function all(key: CryptoKey, user: string): Promise<{ kind: Kind; name: string; value: unknown }[]> {
  const boxes = await run<Box[]>('readonly', (store) => store.index('user').getAll(user) as IDBRequest<Box[]>);
  const opened = await Promise.all(boxes.map(async (box) => {
    try {
      const additionalData = new TextEncoder().encode(box.place);
      const plain = await crypto.subtle.decrypt({ name: 'AES-GCM', iv: box.iv, additionalData }, key, box.sealed);
      const [, kind, ...rest] = box.place.split(' ');
      return { kind: kind as Kind, name: rest.join(' '), value: JSON.parse(new TextDecoder().decode(plain)) as unknown };
    } catch {
      return null;
    }
  }));
  return opened.filter((one) => one !== null);
}

/** The writer signs out: nothing of his stays on this machine. */
export async function wipe(user: string): Promise<void> {
  const keys = await run<IDBValidKey[]>('readonly', (store) => store.index('user').getAllKeys(user));
  for (const key of keys) await run('readwrite', (boxes) => boxes.delete(key));
}
