// Networks to hold a call in: three namespaces in a row, clinic - router - server, and on the router what a
// hospital's or a carrier's box does to packets.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createServer, connect } from 'node:net';
import { fileURLToPath } from 'node:url';

const TAG = `cw${process.pid}`;
const run = (...words) => execFileSync(words[0], words.slice(1), { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
const OUTER = '10.77.1.1';
const PROXY = 3128;

export const NAMES = { clinic: `${TAG}c`, router: `${TAG}r`, server: `${TAG}s` };
export const within = (place) => ['ip', 'netns', 'exec', NAMES[place]];

/** Nothing if networks can be made here; otherwise what is missing. */
export function missing() {
  if (process.getuid?.() !== 0) return 'only root may make network namespaces';
  for (const program of ['ip', 'nft', 'certutil']) {
    if (!['/usr/sbin', '/usr/bin', '/sbin', '/bin'].some((at) => existsSync(`${at}/${program}`))) return `${program} is not installed (apt-get install iproute2 nftables libnss3-tools)`;
  }
  try {
    run('ip', 'netns', 'add', `${TAG}t`);
    run('ip', 'netns', 'exec', `${TAG}t`, 'nft', 'add table inet t');
  } catch (fault) {
    return `no network namespaces here: ${String(fault.stderr ?? fault).trim().split('\n')[0]}`;
  } finally {
    try { run('ip', 'netns', 'del', `${TAG}t`); } catch { /* it was never made */ }
  }
  return null;
}

const FILTER = (rules) => `table inet fire { chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; ${rules} }; }`;
const V4 = { listen: '0.0.0.0', host: '10.77.2.2' };

/** What stands between, what the server has to be told, and the address that people type. */
export const WORLDS = {
  open: { says: 'all open', ...V4, port: 8443, rules: '' },
  udp: { says: 'UDP 3478 and the TCP port', ...V4, port: 8443, rules: FILTER('tcp dport 8443 accept; udp dport 3478 accept;') },
  tcp: { says: 'the TCP port only', ...V4, port: 8443, rules: FILTER('tcp dport 8443 accept;') },
  proxy: { says: 'the TCP port by an HTTP CONNECT proxy only', ...V4, port: 8443, rules: FILTER(''), flags: [`--proxy-server=http://${OUTER}:${PROXY}`], proxied: true },
  tls: { says: 'the same proxy, and it lets TLS through and nothing else', ...V4, port: 8443, rules: FILTER(''), flags: [`--proxy-server=http://${OUTER}:${PROXY}`], proxied: 'tls' },
  six: { says: 'IPv6 only', listen: '[::]', host: '[fd77:2::2]', port: 8443, rules: '', six: true },
  nat: {
    says: 'server behind a port-forwarding NAT, other ports outside', listen: '0.0.0.0', host: OUTER, port: 443,
    media: `advertise = ["${OUTER}"]\nadvertise_port = 13478\nadvertise_tcp_port = 443`,
    rules: `${FILTER('ct status dnat accept;')}\ntable ip nat { chain pre { type nat hook prerouting priority -100; ip daddr ${OUTER} tcp dport 443 dnat to 10.77.2.2:8443; ip daddr ${OUTER} udp dport 13478 dnat to 10.77.2.2:3478; }; }`,
  },
  natTcp: {
    says: 'the same NAT, and no UDP', listen: '0.0.0.0', host: OUTER, port: 443,
    media: `advertise = ["${OUTER}"]\nadvertise_port = 13478\nadvertise_tcp_port = 443`,
    rules: `${FILTER('ct status dnat accept;')}\ntable ip nat { chain pre { type nat hook prerouting priority -100; ip daddr ${OUTER} tcp dport 443 dnat to 10.77.2.2:8443; }; }`,
  },
  untrusted: { says: 'the TCP port only, our authority not trusted but clicked through', ...V4, port: 8443, rules: FILTER('tcp dport 8443 accept;'), untrusted: true },
};

/** Makes a world; gives back what takes it down again. */
export function make(world) {
  const tools = [];
  const takeDown = () => {
    for (const tool of tools) tool.kill();
    for (const name of Object.values(NAMES)) {
      try { run('ip', 'netns', 'del', name); } catch { /* it was never made */ }
    }
  };
  try {
    build(world, tools);
  } catch (fault) {
    takeDown();
    throw fault;
  }
  return takeDown;
}

function build(world, tools) {
  const { clinic, router, server } = NAMES;
  const inside = (name, ...words) => run('ip', 'netns', 'exec', name, ...words);
  for (const name of [clinic, router, server]) {
    run('ip', 'netns', 'add', name);
    inside(name, 'ip', 'link', 'set', 'lo', 'up');
    // Addresses are ours alone: nobody else to ask whether they are taken.
    inside(name, 'sysctl', '-qw', 'net.ipv6.conf.all.accept_dad=0', 'net.ipv6.conf.default.accept_dad=0');
  }
  for (const [name, end, net] of [[clinic, 'c', 1], [server, 's', 2]]) {
    run('ip', 'link', 'add', `${TAG}${end}0`, 'netns', name, 'type', 'veth', 'peer', 'name', `${TAG}${end}1`, 'netns', router);
    for (const [at, link, last] of [[name, `${TAG}${end}0`, 2], [router, `${TAG}${end}1`, 1]]) {
      if (!world.six) inside(at, 'ip', 'addr', 'add', `10.77.${net}.${last}/24`, 'dev', link);
      inside(at, 'ip', '-6', 'addr', 'add', `fd77:${net}::${last}/64`, 'dev', link, 'nodad');
      inside(at, 'ip', 'link', 'set', link, 'up');
    }
    if (!world.six) inside(name, 'ip', 'route', 'add', 'default', 'via', `10.77.${net}.1`);
    inside(name, 'ip', '-6', 'route', 'add', 'default', 'via', `fd77:${net}::1`);
    // A world of one family has no other.
    if (!world.six) inside(name, 'sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
  }
  inside(router, 'sysctl', '-qw', 'net.ipv4.ip_forward=1', 'net.ipv6.conf.all.forwarding=1');
  if (world.rules) inside(router, 'nft', world.rules);
  if (world.proxied) tools.push(spawn('ip', ['netns', 'exec', router, process.execPath, fileURLToPath(import.meta.url), 'proxy', String(world.proxied)], { stdio: 'inherit' }));
}

/** The settings file of a server in this world. */
export function settings(world) {
  return [
    '[server]', `listen = "${world.listen}:8443"`, '[tls]', `names = ["${world.host.replace(/[[\]]/g, '')}"]`,
    '[media]', `listen = "${world.listen}:3478"`, world.media ?? '',
  ].join('\n');
}

/** The smallest HTTP proxy that knows CONNECT, to the HTTPS port and to no other; a strict one looks inside. */
function proxy(isStrict) {
  createServer((client) => {
    client.on('error', () => client.destroy());
    client.once('data', (head) => {
      const asked = /^CONNECT (\S+):(\d+) HTTP\/1\.[01]\r\n/.exec(head.toString('latin1'));
      if (!asked || asked[2] !== '8443') return client.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      const there = connect(Number(asked[2]), asked[1].replace(/[[\]]/g, ''), () => {
        client.write('HTTP/1.1 200 Connection established\r\n\r\n');
        client.once('data', (first) => {
          if (isStrict && first[0] !== 0x16) return client.destroy();
          there.write(first);
          client.pipe(there);
        });
        there.pipe(client);
      });
      there.on('error', () => client.destroy());
      client.on('close', () => there.destroy());
    });
  }).listen(PROXY, OUTER);
}

if (process.argv[2] === 'proxy' && process.argv[1] === fileURLToPath(import.meta.url)) proxy(process.argv[3] === 'tls');
