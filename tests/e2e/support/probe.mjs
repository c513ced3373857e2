// What is asked of a page in a call: colours on the other's picture, energy of the other's voice, the path taken.

/** The middle colour of a seat's picture, as red, green, blue; null while there is none. */
export const colourOf = (page, selector) =>
  page.evaluate((query) => {
    const video = document.querySelector(query);
    if (!video || video.videoWidth === 0 || video.readyState < 2) return null;
    const canvas = document.createElement('canvas');
    canvas.width = canvas.height = 16;
    const pen = canvas.getContext('2d');
    pen.drawImage(video, 0, 0, 16, 16);
    const [r, g, b] = pen.getImageData(8, 5, 1, 1).data;
    return { r, g, b };
  }, selector);

/** The energy this page's microphone gave and the energy of the voices it received, since the call began. */
export const energies = (page) =>
  page.evaluate(async () => {
    const report = await window.__causeway.pc.getStats();
    let sent = 0;
    let heard = 0;
    let at = 0;
    for (const s of report.values()) {
      if (s.type === 'media-source' && s.kind === 'audio') sent += s.totalAudioEnergy ?? 0;
      if (s.type === 'inbound-rtp' && s.kind === 'audio') heard += s.totalAudioEnergy ?? 0;
      at = Math.max(at, s.timestamp ?? 0);
    }
    return { sent, heard, at };
  });

/** Both ends of the route that was chosen. */
export const route = (page) =>
  page.evaluate(async () => {
    const report = await window.__causeway.pc.getStats();
    const all = [...report.values()];
    const transport = all.find((s) => s.type === 'transport' && s.selectedCandidatePairId);
    const pair = transport ? report.get(transport.selectedCandidatePairId) : all.find((s) => s.type === 'candidate-pair' && s.nominated);
    if (!pair) return null;
    const remote = report.get(pair.remoteCandidateId);
    const local = report.get(pair.localCandidateId);
    const via = local.candidateType === 'relay' ? `TURN over ${local.relayProtocol}` : `ICE over ${local.protocol}`;
    return { address: remote.address, port: remote.port, protocol: remote.protocol, state: pair.state, via };
  });

export const framesDecoded = (page) =>
  page.evaluate(async () => {
    const pc = window.__causeway?.pc;
    if (!pc) return 0;
    const report = await pc.getStats();
    return [...report.values()].filter((s) => s.type === 'inbound-rtp' && s.kind === 'video').reduce((n, s) => n + (s.framesDecoded ?? 0), 0);
  });

/** What this page is sent of another seat's camera: packets so far, pictures decoded, how wide the last was. */
export const pictureOf = (page, name) =>
  page.evaluate(async (who) => {
    const { pc, remotes } = window.__causeway;
    const tile = [...document.querySelectorAll('.tile:not(.own)')].find((one) => one.querySelector('figcaption').textContent.includes(who));
    const remote = remotes().find((one) => `${one.pid}/${one.source}` === tile?.dataset.seat);
    const s = [...(await pc.getStats()).values()].find((one) => one.type === 'inbound-rtp' && one.trackIdentifier === remote?.track.id);
    return s ? { packets: s.packetsReceived ?? 0, frames: s.framesDecoded ?? 0, width: s.frameWidth ?? 0, tile: tile.clientHeight } : null;
  }, name);

/** In what the pictures that come in now are packed. */
export const packingOf = (page) =>
  page.evaluate(async () => {
    const report = await window.__causeway.pc.getStats();
    const all = [...report.values()].filter((s) => s.type === 'inbound-rtp' && s.kind === 'video' && s.framesDecoded > 0);
    const newest = all.sort((a, b) => b.lastPacketReceivedTimestamp - a.lastPacketReceivedTimestamp)[0];
    return newest ? report.get(newest.codecId)?.mimeType : null;
  });

/** What this page sends of its camera, by encoding: pictures encoded so far and how wide. */
export const encodings = (page) =>
  page.evaluate(async () => {
    const all = [...(await window.__causeway.pc.getStats()).values()].filter((s) => s.type === 'outbound-rtp' && s.kind === 'video' && s.mid === '1');
    return Object.fromEntries(all.map((s) => [s.rid ?? 'f', { frames: s.framesEncoded ?? 0, width: s.frameWidth ?? 0, active: s.active ?? true }]));
  });

/** The energy heard of each other seat, by the name on its tile. */
export const energyByName = (page) =>
  page.evaluate(async () => {
    const report = [...(await window.__causeway.pc.getStats()).values()];
    const heard = {};
    for (const { pid, source, track } of window.__causeway.remotes()) {
      if (source !== 'mic') continue;
      const inbound = report.find((s) => s.type === 'inbound-rtp' && s.trackIdentifier === track.id);
      const name = document.querySelector(`.tile[data-seat="${pid}/cam"] figcaption`)?.textContent?.trim() ?? pid;
      heard[name.split(/\s|·/)[0]] = inbound?.totalAudioEnergy ?? 0;
    }
    return heard;
  });
