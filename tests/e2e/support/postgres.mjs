// A PostgreSQL cluster of one's own on a free port of the loopback. Over TCP it asks for passwords, as a hospital's does;
// `sudo -u postgres` comes in by the socket.
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { until } from './steps.mjs';

const HOME = '/usr/lib/postgresql';

/** `open` lets whoever is on this machine in without a password; `tuned` are settings of the server. */
export async function startPostgres({ open = false, tuned = [] } = {}) {
  const found = existsSync(HOME) ? readdirSync(HOME).map((one) => join(HOME, one, 'bin')).filter((bin) => existsSync(join(bin, 'initdb'))).sort() : [];
  const bin = found.at(-1);
  if (!bin) throw new Error('PostgreSQL is missing: apt-get install postgresql');
  const folder = mkdtempSync(join(tmpdir(), 'causeway-postgres-'));
  // PostgreSQL refuses to run as root: step down to the user its package made.
  const root = process.getuid() === 0;
  if (root) {
    const id = (flag) => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
    chownSync(folder, id('-u'), id('-g'));
  }
  const down = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', '--pdeathsig', 'INT', '--'] : [];
  const words = (program, ...more) => [...down, join(bin, program), ...more];
  const data = join(folder, 'data');
  const [make, ...how] = words('initdb', '-D', data, '-U', 'postgres', '--auth-local=trust', `--auth-host=${open ? 'trust' : 'scram-sha-256'}`, '-E', 'UTF8', '--no-sync', '--locale', 'C.UTF-8');
  execFileSync(make, how, { cwd: folder, stdio: ['ignore', 'ignore', 'inherit'] });
  const port = await freePort();
  const [serve, ...options] = words('postgres', '-D', data, '-p', String(port), '-k', folder, '-c', 'listen_addresses=localhost', ...tuned.flatMap((one) => ['-c', one]));
  const child = spawn(serve, options, { cwd: folder, stdio: 'ignore' });
  const ready = () => spawnSync(join(bin, 'pg_isready'), ['-q', '-h', folder, '-p', String(port)]).status === 0;
  await until('PostgreSQL answers', ready, 30_000);
  return {
    bin,
    folder,
    port,
    async stop() {
      const gone = new Promise((done) => child.on('exit', done));
      child.kill('SIGINT');
      await gone;
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const freePort = () => new Promise((done) => {
  const probe = createServer().listen(0, '127.0.0.1', () => {
    const { port } = probe.address();
    probe.close(() => done(port));
  });
});
