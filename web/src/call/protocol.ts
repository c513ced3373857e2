/**
 * The words of `consult.v1`: every frame a browser says and every frame it hears.
 *
 * The Rust side has the same vocabulary in `src/signal/protocol.rs`; one golden file per message lies in
 * `tests/fixtures/signal/` and both sides' tests read all of them. Unknown fields are ignored, unknown
 * frames and events are skipped: an older page meets a newer server politely.
 */

export type UserId = string;
export type ConsultId = string;
export type ReferralId = string;
export type ParticipantId = string;
export type RingId = string;
export type AttachmentId = string;
/** RFC 3339. */
export type Time = string;

export type Urgency = 'emergency' | 'urgent' | 'routine';
export type Presence = 'available' | 'busy' | 'on_break' | 'off';
export type Source = 'mic' | 'cam' | 'exam' | 'screen';
/** `none`: this seat has no such device, or was not given leave to use it. */
export type TrackState = 'on' | 'off' | 'none';
export type DeclineReason = 'busy' | 'not_my_field' | 'off_duty' | 'other';

export interface Named {
  id: string;
  name: string;
}
export interface Media {
  mic: TrackState;
  cam: TrackState;
  screen: TrackState;
}

/** Someone in the consult's room. */
export interface Person extends Media {
  pid: ParticipantId;
  user: Named & { title?: string | null };
  facility: Named;
  role: string;
  joined_at: Time;
  /** The seat is kept, its line is gone for the moment. */
  reconnecting: boolean;
  speaking?: boolean;
}

/** Which receiving section of our one peer connection carries whom. Tracks never say so themselves. */
export interface Slot {
  mid: string;
  kind: 'audio' | 'video';
  pid: ParticipantId | null;
  source: Source | null;
}

/** A seat of the person at this PC; who speaks for it: this page, another tab or machine, or nobody just now. */
export interface HeldSeat {
  consult: ConsultId;
  at: 'here' | 'elsewhere' | 'nobody';
}

export interface Exam {
  bp_sys?: number | null;
  bp_dia?: number | null;
  heart_rate?: number | null;
  temp_c?: number | null;
  spo2?: number | null;
  resp_rate?: number | null;
  glucose?: number | null;
}

/** A call that waits for this person to answer it. */
export interface Ring {
  ring: RingId;
  consult: ConsultId;
  no: string;
  urgency: Urgency;
  from: { facility: Named; user: Named & { title?: string | null } };
  patient: { name: string; sex: 'male' | 'female' | 'unknown'; birth_date: string | null; allergies: string[] };
  question: string;
  exam: Exam | null;
  first_picture: AttachmentId | null;
  department: Named;
  tier: number;
  started_at: Time;
  expires_at: Time;
}

// ── what a browser says ─────────────────────────────────────────────

export interface Offer {
  neg: number;
  sdp: string;
  restart?: boolean;
}
export interface Rejoin {
  consult: ConsultId;
  pid: ParticipantId;
  offer: Offer;
}
export interface Resume {
  sid: string;
  key: string;
  last_n: number;
  join?: Rejoin;
}

export type Command =
  | { type: 'presence.set'; status: Presence }
  /** Departments and people whose presence this page shows. */
  | { type: 'presence.watch'; scope: string[] }
  | { type: 'ring.start'; consult: ConsultId; to: UserId[] }
  | { type: 'ring.act'; ring: RingId; action: 'accept' | 'decline' | 'forward' | 'cancel' | 'snooze' | 'seen'; to?: UserId; reason?: DeclineReason }
  | { type: 'join'; consult: ConsultId; pid?: ParticipantId; neg: number; offer: string; media: Media }
  | { type: 'route'; consult: ConsultId }
  | { type: 'leave'; consult: ConsultId }
  | { type: 'publish'; consult: ConsultId; mid: string; source: Source }
  | { type: 'unpublish'; consult: ConsultId; mid: string }
  /** `on` says whether the track is muted. */
  | { type: 'mute'; consult: ConsultId; track: 'mic' | 'cam' | 'screen'; on: boolean }
  | { type: 'chat.send'; consult: ConsultId; text: string; reply_to?: string }
  | { type: 'still.request'; consult: ConsultId; from: ParticipantId }
  | { type: 'refer.open'; consult: ConsultId }
  | { type: 'report.close'; consult: ConsultId; rating: number; notes?: string }
  | { type: 'sync'; topic: string };

export interface Candidate {
  candidate: string;
  sdpMid?: string | null;
  sdpMLineIndex?: number | null;
}
export interface Want {
  pid: ParticipantId;
  source: Source;
  /** 0: not shown just now. */
  height: number;
}
/** Which encodings of one of our sections anybody looks at. */
export interface Layer {
  mid: string;
  rids: string[];
}
export type Passing =
  | { k: 'typing' }
  | { k: 'pointer'; attachment: AttachmentId; x: number; y: number }
  | { k: 'want'; wants: Want[] }
  | { k: 'stats'; loss: number; rtt_ms: number; down_kbps: number; up_kbps: number; route: 'udp' | 'tcp' | 'tls' };

export type ClientSays =
  | { t: 'hello'; v: 1; device: string; caps: string[]; ticket?: string; resume?: Resume }
  | { t: 'cmd'; id: number; op: string; do: Command }
  | { t: 'sig'; consult: ConsultId; neg: number; kind: 'offer'; sdp: string }
  | { t: 'sig'; consult: ConsultId; neg: number; kind: 'ice'; cand: Candidate }
  | { t: 'sig'; consult: ConsultId; neg: number; kind: 'end' }
  | ({ t: 'eph'; consult?: ConsultId } & Passing)
  | { t: 'ack'; n: number }
  | { t: 'ping'; ts: Time };

// ── what a browser hears ────────────────────────────────────────────

export type ErrorCode =
  | 'unauthorized' | 'forbidden' | 'not_found' | 'gone' | 'conflict' | 'bad_request' | 'too_large' | 'rate_limited' | 'flooding'
  | 'unsupported' | 'unknown_type' | 'not_joined' | 'full' | 'lobby_denied' | 'media_failed' | 'neg_stale' | 'ice_failed'
  | 'node_draining' | 'node_lost' | 'session_unknown' | 'session_expired' | 'superseded' | 'internal';

export interface Refused {
  code: ErrorCode;
  /** The same command may be sent again. */
  retry: boolean;
  msg_key: string;
  data?: Record<string, unknown>;
}

export type RingState =
  | 'ringing' | 'delivered' | 'seen' | 'accepted' | 'declined' | 'forwarded' | 'expired' | 'cancelled' | 'answered_elsewhere';

export interface ChatMessage {
  id: string;
  author: Named;
  kind: 'text' | 'system' | 'file';
  body: string;
  at: Time;
  attachment_id?: AttachmentId | null;
}

export type Event =
  | { type: 'ring'; ring: RingId; consult: ConsultId; urgency: Urgency; tier: number }
  | { type: 'ring.state'; ring: RingId; consult: ConsultId; user?: UserId; state: RingState; by?: UserId | null; reason?: string | null }
  | { type: 'consult.state'; consult: ConsultId; action: string; state: string; by?: UserId | null }
  | { type: 'consult.opinion'; consult: ConsultId; opinion: string; by?: UserId | null }
  | { type: 'person.joined'; consult: ConsultId; pid: ParticipantId; user: UserId }
  | { type: 'person.left'; consult: ConsultId; pid: ParticipantId; user: UserId; reason?: string }
  | { type: 'chat'; consult: ConsultId; message: ChatMessage }
  | { type: 'file'; consult?: ConsultId; referral?: ReferralId; attachment: AttachmentId }
  | { type: 'still'; consult: ConsultId; from: ParticipantId; by: UserId }
  | { type: 'referral'; referral: ReferralId; action: string; state: string; by?: UserId | null; urgency: Urgency; direction: 'up' | 'down' | 'peer' };
export type EventType = Event['type'];
export type EventOf<T extends EventType> = Extract<Event, { type: T }>;

export interface Joined {
  pid: ParticipantId;
  answer: string;
  neg: number;
  slots: Slot[];
  roster: Person[];
}

export type ServerSays =
  | {
      t: 'welcome'; sid: string; key: string; resumed: boolean;
      /** What was missed is older than the server keeps: take everything anew. */
      reset?: boolean;
      /** The events that follow begin after this number. */
      from?: number;
      me: UserId; n: number; hb_ms: number; lease_ms: number; limits: Record<string, number>; node: string; now: Time;
    }
  | { t: 'res'; id: number; ok: Record<string, unknown>; err?: undefined }
  | { t: 'res'; id: number; err: Refused; ok?: undefined }
  | { t: 'evt'; n: number; at: Time; consult?: ConsultId; ev: Event }
  | { t: 'state'; topic: string; rev: number; full: Record<string, unknown>; patch?: undefined }
  | { t: 'state'; topic: string; rev: number; patch: Record<string, unknown>; full?: undefined }
  | { t: 'sig'; consult: ConsultId; neg: number; kind: 'answer'; sdp: string }
  | { t: 'sig'; consult: ConsultId; neg: number; kind: 'ice'; cand: Candidate }
  | { t: 'sig'; consult: ConsultId; neg: number; kind: 'need'; audio: number; video: number }
  | { t: 'eph'; consult?: ConsultId; k: string; from?: ParticipantId; [more: string]: unknown }
  | { t: 'pong'; ts: Time; now: Time }
  | { t: 'bye'; code: string; action: 'stop' | 'resume' | 'rejoin' | 'move'; url?: string; after_ms?: number };

/** Field and type each kind of server frame cannot do without. */
const NEEDED: Record<ServerSays['t'], Record<string, string>> = {
  welcome: { sid: 'string', key: 'string', resumed: 'boolean', me: 'string', n: 'number', now: 'string' },
  res: { id: 'number' },
  evt: { n: 'number', at: 'string', ev: 'object' },
  state: { topic: 'string', rev: 'number' },
  sig: { consult: 'string', neg: 'number', kind: 'string' },
  eph: { k: 'string' },
  pong: { ts: 'string', now: 'string' },
  bye: { code: 'string', action: 'string' },
};

/** Reads one frame, or `null` for what this page does not understand: it is skipped, never fatal. */
export function read(text: string): ServerSays | null {
  let frame: Record<string, unknown>;
  try {
    frame = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof frame !== 'object' || frame === null) return null;
  const needed = NEEDED[frame.t as ServerSays['t']];
  if (!needed) return null;
  for (const [field, kind] of Object.entries(needed)) if (typeof frame[field] !== kind) return null;
  return frame as ServerSays;
}
