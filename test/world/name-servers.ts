/** Debian's DNS programs, for tests that ask what the bot says and have it told on: dig, unbound, knot; and what stands beside them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './bot.ts';
import { find, installPackages } from './private-engine.ts';

const PACKAGES: Readonly<Record<string, string>> = {
  dig: 'bind9-dnsutils',
  unbound: 'unbound',
  knotd: 'knot',
  dnsperf: 'dnsperf',
  pebble: 'pebble',
  wrk: 'wrk',
  nginx: 'nginx-light',
  caddy: 'caddy',
};

/** Installs what is not there; where that cannot be done the test fails with the reason. */
export function needPrograms(...programs: (keyof typeof PACKAGES & string)[]): void {
  const missing = programs.filter((program) => !find(program));
  if (missing.length) installPackages(missing.map((program) => PACKAGES[program] ?? program));
}

export interface Dug {
  readonly status: string;
  readonly flags: readonly string[];
  /** Each record's `name ttl class type data`, by section. */
  readonly answer: readonly string[];
  readonly authority: readonly string[];
  readonly text: string;
}

/** Asks with dig, and reads what it prints. */
export async function dig(at: { host: string; port: number }, ...words: string[]): Promise<Dug> {
  const own = words.some((word) => word.startsWith('+tries')) ? [] : ['+tries=1', '+time=5'];
  const text = await output('dig', [`@${at.host}`, '-p', String(at.port), ...own, ...words]);
  const section = (name: string) =>
    (new RegExp(`;; ${name} SECTION:\\n([\\s\\S]*?)\\n\\n`).exec(text)?.[1] ?? '')
      .split('\n')
      .filter(Boolean)
      .map((line) => line.replace(/\s+/g, ' '));
  return {
    status: /status: (\w+)/.exec(text)?.[1] ?? '',
    flags: (/;; flags: ([^;]*);/.exec(text)?.[1] ?? '').split(' '),
    answer: section('ANSWER'),
    authority: section('AUTHORITY'),
    text,
  };
}

/** All that a program says, on both streams. */
export async function output(program: string, words: readonly string[], input = ''): Promise<string> {
  const child = spawn(program, words, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}).end(input); // a program that reads nothing may have ended
  let text = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      text += part;
    });
  await once(child, 'close');
  return text;
}

export interface NameServer {
  readonly host: string;
  readonly port: number;
  stop(): Promise<void>;
}

/** A resolver that has been told where the zone is answered, as a delegation tells it. */
export async function startUnbound(
  host: string,
  zone: string,
  server: { host: string; port: number },
  inside: readonly string[] = [],
): Promise<NameServer> {
  needPrograms('unbound', 'dig');
  const port = inside.length ? 53 : await freePort(host);
  return started('unbound', host, port, inside, (folder) => ({
    file: 'unbound.conf',
    text: `server:
  interface: ${host}@${port}
  access-control: 0.0.0.0/0 allow
  directory: "${folder}"
  chroot: ""
  username: ""
  pidfile: ""
  use-syslog: no
  do-daemonize: no
  do-not-query-localhost: no
  do-ip6: no
  use-caps-for-id: yes
  module-config: "iterator"
  local-zone: "${zone}." nodefault
  cache-min-ttl: 0
  num-threads: 1
stub-zone:
  name: "${zone}."
  stub-addr: ${server.host}@${server.port}
`,
    words: (file) => ['-d', '-p', '-c', file],
  }));
}

export const TSIG = {
  name: 'katabot-key',
  secret: Buffer.from('a key that only tests know').toString('base64'),
};

/** The primary server of a zone, which takes updates that are signed with the key. */
export async function startKnot(host: string, zone: string, records = ''): Promise<NameServer> {
  needPrograms('knotd', 'dig');
  const port = await freePort(host);
  return started('knotd', host, port, [], (folder) => ({
    file: 'knot.conf',
    text: `server:
  rundir: "${folder}"
  listen: ${host}@${port}
  automatic-acl: off
database:
  storage: "${folder}"
key:
- id: ${TSIG.name}
  algorithm: hmac-sha256
  secret: ${TSIG.secret}
acl:
- id: bots
  action: update
  key: ${TSIG.name}
template:
- id: default
  storage: "${folder}"
  file: "%s.zone"
  zonefile-sync: -1
  journal-content: all
  zonefile-load: difference
zone:
- domain: ${zone}
  acl: bots
`,
    words: (file) => ['-c', file],
    more: {
      [`${zone}.zone`]: `$ORIGIN ${zone}.
@ 60 SOA ns1 hostmaster 1 3600 600 86400 60
@ 60 NS ns1
ns1 60 A ${host}
elsewhere 60 A 192.0.2.1
${records}`,
    },
  }));
}

interface Plan {
  readonly file: string;
  readonly text: string;
  readonly words: (file: string) => string[];
  readonly more?: Readonly<Record<string, string>>;
}

async function started(
  program: string,
  host: string,
  port: number,
  inside: readonly string[],
  plan: (folder: string) => Plan,
): Promise<NameServer> {
  const folder = await mkdtemp(join(tmpdir(), `katabot-${program}-`));
  await mkdir(folder, { recursive: true });
  const { file, text, words, more = {} } = plan(folder);
  for (const [name, content] of Object.entries({ [file]: text, ...more }))
    await writeFile(join(folder, name), content);
  const [command = program, ...before] = [...inside, program];
  const child = spawn(command, [...before, ...words(join(folder, file))], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (part: string) => {
      said = `${said}${part}`.slice(-2_000);
    });
  const stop = async () => {
    await ended(child);
    await rm(folder, { recursive: true, force: true });
  };
  try {
    if (!inside.length)
      await eventually(async () => {
        const { status } = await dig({ host, port }, 'version.bind', 'TXT', 'CH', '+time=1');
        if (!status) throw new Error(`${program} does not answer: ${said}`);
      }, 15_000);
  } catch (error) {
    await stop();
    throw error;
  }
  return { host, port, stop };
}

export async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(patience);
}

export async function freePort(host: string): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' && address ? address.port : 0;
  server.close();
  await once(server, 'close');
  return port;
}
