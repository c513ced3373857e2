// A person without a browser: the probe on another WebRTC stack, waiting to be rung. It plays a tone and a picture
// and says at the end whom it heard, and how loud.
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { PASSWORD } from './people.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const BINARY = process.env.CAUSEWAY_BIN ?? join(ROOT, 'target/debug/causeway');

export function startNative(server, login, { seconds = 15, wait = 60 } = {}) {
  const child = spawn(BINARY, ['probe', server.base, '--user', login, '--answer', '--wait', String(wait), '--seconds', String(seconds), '--authority', join(server.folder, 'certs/ca.crt')], {
    cwd: server.folder, env: { ...process.env, CAUSEWAY_PROBE_PASSWORD: PASSWORD }, stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  const ended = new Promise((done) => child.on('exit', done));
  return {
    said: () => said,
    /** Its exit code, and what it heard: source, name, packets, energy. */
    async report() {
      const code = await ended;
      const heard = [...said.matchAll(/Received\s+(\w+) of (\S+): (\d+) packets, energy ([\d.]+)/g)];
      return { code, heard: heard.map(([, source, name, packets, energy]) => ({ source, name, packets: Number(packets), energy: Number(energy) })) };
    },
    async stop() {
      if (child.exitCode === null) child.kill('SIGTERM');
      await ended;
    },
  };
}
