/** What the call room keeps on every page once someone is signed in. */
export { default as CallStrip } from './CallStrip.svelte';
export { default as RingHost } from './RingHost.svelte';
