/** What every page of a signed-in person carries: the socket with its rings, and the strip of a call one has left. */
export { default as CallStrip } from './CallStrip.svelte';
export { default as RingHost } from './RingHost.svelte';
