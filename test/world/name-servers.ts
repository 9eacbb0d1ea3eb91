/** Debian's DNS programs, for tests that ask what the bot says and have it told on: dig, unbound, knot; and what stands beside them. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually } from './bot.ts';
import { canInstall, find, installPackages } from './private-engine.ts';

const PACKAGES: Readonly<Record<string, string>> = {
  dig: 'bind9-dnsutils',
  unbound: 'unbound',
  knotd: 'knot',
  named: 'bind9',
  pdns_server: 'pdns-server pdns-backend-sqlite3',
  dnsperf: 'dnsperf',
  pebble: 'pebble',
  wrk: 'wrk',
  nginx: 'nginx-light',
  caddy: 'caddy',
  'docker-registry': 'docker-registry',
};

/** Installs what is not there; where that cannot be done the test fails with the reason. */
export function needPrograms(...programs: (keyof typeof PACKAGES & string)[]): void {
  const missing = programs.filter((program) => !find(program));
  if (missing.length)
    installPackages(missing.flatMap((program) => (PACKAGES[program] ?? program).split(' ')));
}

/** Whether the program is there, or can be. */
export function canHave(program: keyof typeof PACKAGES & string): boolean {
  return find(program) !== undefined || canInstall();
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
    files: {
      'unbound.conf': `server:
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
    },
    words: ['-d', '-p', '-c', join(folder, 'unbound.conf')],
  }));
}

/** What a server is started with. */
export interface Plan {
  readonly words: string[];
  /** By name, in the folder of the run. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Starts a program and waits until it answers a question. */
export async function started(
  program: string,
  host: string,
  port: number,
  inside: readonly string[],
  plan: (folder: string) => Plan | Promise<Plan>,
): Promise<NameServer> {
  const folder = await mkdtemp(join(tmpdir(), `katabot-${program}-`));
  const { words, files = {} } = await plan(folder);
  for (const [name, content] of Object.entries(files)) await writeFile(join(folder, name), content);
  const [command = program, ...before] = [...inside, program];
  const child = spawn(command, [...before, ...words], {
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
