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
 * elsewhere (another network), `settings` are further variables, `config` the text of a settings file, `again` the
 * folder of a server that was stopped and goes on with what it kept, `binary` another one than the tests'.
 */
export async function startServer({ keep = false, within = [], settings = {}, config = '', again = null, binary = BINARY } = {}) {
  if (!existsSync(binary)) throw new Error(`no binary at ${binary}: build it, or name it in CAUSEWAY_BIN`);
  const folder = again ?? mkdtempSync(join(tmpdir(), 'causeway-story-'));
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
  const [program, ...words] = [...within, binary, 'serve', '--demo'];
  let said = '';
  let child;
  /** Starts the program and waits for the address it prints. */
  const start = () =>
    new Promise((done, no) => {
      const from = said.length;
      child = spawn(program, words, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] });
      const late = setTimeout(() => no(new Error(`the server did not start:\n${said}`)), 60_000);
      const look = setInterval(() => {
        const found = /https:\/\/localhost:\d+/.exec(said.slice(from));
        if (!found) return;
        clearInterval(look);
        clearTimeout(late);
        done(found[0]);
      }, 50);
      child.stdout.on('data', (text) => (said += text));
      child.stderr.on('data', (text) => (said += text));
      child.on('exit', (code) => no(new Error(`the server ended with ${code}:\n${said}`)));
    });
  const base = await start();
  return {
    base,
    folder,
    files: join(folder, 'files'),
    log: () => said,
    get pid() {
      return child.pid;
    },
    mediaPorts: () => udpPorts(child.pid),
    /** Killed as a crash kills; whoever was talking to it is left in the middle of a sentence. */
    async kill() {
      child.removeAllListeners('exit');
      const gone = new Promise((done) => child.on('exit', done));
      // The same doors again: that is what the people's pages know.
      env.CAUSEWAY_SERVER__LISTEN = `127.0.0.1:${new URL(base).port}`;
      child.kill('SIGKILL');
      await gone;
    },
    again: start,
    async stop() {
      child.removeAllListeners('exit');
      if (child.exitCode === null && child.signalCode === null) {
        child.kill('SIGTERM');
        await new Promise((done) => {
          const hard = setTimeout(() => (child.kill('SIGKILL'), done()), 5_000);
          child.on('exit', () => (clearTimeout(hard), done()));
        });
      }
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
