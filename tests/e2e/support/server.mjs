// The real binary on free ports, with a folder of its own for everything it keeps.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const BINARY = process.env.CAUSEWAY_BIN ?? join(ROOT, 'target/debug/causeway');

/**
 * Starts the server with the demo alliance and waits until it serves. `within` is a command that runs it
 * elsewhere (another network), `settings` are further variables, `config` the text of a settings file.
 */
export async function startServer({ keep = false, within = [], settings = {}, config = '' } = {}) {
  if (!existsSync(BINARY)) throw new Error(`no binary at ${BINARY}: build it, or name it in CAUSEWAY_BIN`);
  const folder = mkdtempSync(join(tmpdir(), 'causeway-story-'));
  const env = {
    ...Object.fromEntries(Object.entries(process.env).filter(([name]) => !name.startsWith('CAUSEWAY_'))),
    CAUSEWAY_SERVER__LISTEN: '127.0.0.1:0',
    CAUSEWAY_DATABASE__URL: `sqlite://${join(folder, 'causeway.db')}?mode=rwc`,
    CAUSEWAY_ATTACHMENTS__FOLDER: join(folder, 'files'),
    CAUSEWAY_VAULT__KEY_FILE: join(folder, 'vault.key'),
    CAUSEWAY_TLS__FOLDER: join(folder, 'certs'),
    CAUSEWAY_MEDIA__LISTEN: '127.0.0.1:0',
    ...settings,
  };
  if (config) writeFileSync((env.CAUSEWAY_CONFIG = join(folder, 'causeway.toml')), config);
  const [program, ...words] = [...within, BINARY, 'serve', '--demo'];
  const child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  child.stdout.on('data', (text) => (said += text));
  child.stderr.on('data', (text) => (said += text));
  const base = await new Promise((done, no) => {
    const late = setTimeout(() => no(new Error(`the server did not start:\n${said}`)), 60_000);
    child.on('exit', (code) => no(new Error(`the server ended with ${code}:\n${said}`)));
    const look = setInterval(() => {
      const found = /https:\/\/localhost:\d+/.exec(said);
      if (!found) return;
      clearInterval(look);
      clearTimeout(late);
      done(found[0]);
    }, 50);
  });
  return {
    base,
    folder,
    files: join(folder, 'files'),
    log: () => said,
    pid: child.pid,
    mediaPorts: () => udpPorts(child.pid),
    async stop() {
      child.removeAllListeners('exit');
      child.kill('SIGTERM');
      await new Promise((done) => {
        const hard = setTimeout(() => (child.kill('SIGKILL'), done()), 5_000);
        child.on('exit', () => (clearTimeout(hard), done()));
      });
      if (!keep) rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The UDP ports this process listens on, as the kernel knows them: what the relay's port is checked against. */
function udpPorts(pid) {
  const mine = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return /socket:\[(\d+)\]/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    }),
  );
  return ['udp', 'udp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8').split('\n').slice(1).map((line) => line.trim().split(/\s+/)).filter((row) => mine.has(row[9])).map((row) => Number.parseInt(row[1].split(':').at(-1), 16)));
}
