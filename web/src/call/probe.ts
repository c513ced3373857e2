/**
 * A window for tests: `window.__causeway.pc` is the peer connection of the call, so that a test can ask its
 * statistics, `remotes` who is heard and seen in it. It exists only when the page was opened with `?probe` or `localStorage.causeway_probe` is set.
 */
export interface Probe {
  pc: RTCPeerConnection | null;
  /** The socket is let in. */
  live: boolean;
  /** Called with everything that was applied, once each. */
  told?: (what: object) => void;
  /** Which of the other seats plays in which of our tracks. */
  remotes: () => { pid: string; source: string; track: MediaStreamTrack }[];
}

export const probe: Probe = { pc: null, live: false, remotes: () => [] };

function wanted(): boolean {
  try {
    return new URLSearchParams(location.search).has('probe') || localStorage.getItem('causeway_probe') !== null;
  } catch {
    return false;
  }
}

if (wanted()) (window as { __causeway?: Probe }).__causeway = probe;
