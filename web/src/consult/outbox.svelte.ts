/**
 * Words of a conversation that the server has not taken yet. They outlive the panel they were written in
 * and a reload, go out by themselves when the line is back, and each is said once: its key goes with it.
 */
import { newKey, post, Refused } from '../api/client';
import type { Message, Owner } from '../api/schema';
import { onBack } from '../live.svelte';
import { session } from '../session.svelte';
import { Draft } from '../ui/draft';

export interface Waiting {
  client_msg_id: string;
  body: string;
  /** Why it did not go; while there is only no line, it will go by itself. */
  fault: unknown;
}

const AGAIN_MS = 5_000;
const boxes = new Map<string, Outbox>();

/** The line or the server was away: not a refusal, and nobody has to press anything. */
export const isLine = (fault: unknown): boolean => fault instanceof Refused && (fault.status === 0 || fault.status >= 502);

export class Outbox {
  waiting: Waiting[] = $state([]);
  private readonly draft: Draft<{ waiting: Waiting[] }>;
  private readonly user: string;
  private readonly path: string;
  private readonly taken = new Set<(message: Message) => void>();
  private going: string | null = null;

  constructor(user: string, owner: Owner, id: string) {
    this.user = user;
    this.path = `/${owner}/${id}/messages`;
    this.draft = new Draft(`said:${owner}:${id}`);
    this.waiting = (this.draft.read()?.waiting ?? []).map((one) => ({ ...one, fault: null }));
    onBack(() => void this.flush());
    void this.flush();
  }

  /** Tells when one was taken. */
  onTaken(fn: (message: Message) => void): () => void {
    this.taken.add(fn);
    return () => this.taken.delete(fn);
  }

  say(body: string): void {
    this.waiting.push({ client_msg_id: newKey(), body, fault: null });
    this.keep();
    void this.flush();
  }

  /** The server is known to have it, by whatever way. */
  drop(key: string | null | undefined): void {
    if (!this.waiting.some((one) => one.client_msg_id === key)) return;
    this.waiting = this.waiting.filter((one) => one.client_msg_id !== key);
    this.keep();
  }

  again(key: string): void {
    const one = this.waiting.find((w) => w.client_msg_id === key);
    if (one) one.fault = null;
    void this.flush();
  }

  /** One after the other, in the order they were written. */
  async flush(): Promise<void> {
    if (this.going || session.me?.id !== this.user) return;
    for (;;) {
      const one = this.waiting.find((w) => w.fault === null || isLine(w.fault));
      if (!one) return;
      this.going = one.client_msg_id;
      try {
        const made = await post<Message>(this.path, { body: one.body, client_msg_id: one.client_msg_id }, one.client_msg_id);
        this.drop(one.client_msg_id);
        for (const fn of [...this.taken]) fn(made);
      } catch (fault) {
        one.fault = fault;
        if (isLine(fault)) {
          setTimeout(() => void this.flush(), AGAIN_MS);
          return;
        }
      } finally {
        this.going = null;
      }
    }
  }

  private keep(): void {
    if (this.waiting.length === 0) return this.draft.drop();
    this.draft.keep({ waiting: this.waiting.map(({ client_msg_id, body }) => ({ client_msg_id, body, fault: null })) });
    this.draft.flush();
  }
}

/** The one outbox of this person's words about this record. */
export function outboxOf(user: string, owner: Owner, id: string): Outbox {
  const name = `${user}/${owner}/${id}`;
  const known = boxes.get(name) ?? new Outbox(user, owner, id);
  boxes.set(name, known);
  return known;
}
