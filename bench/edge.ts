/**
 * Requests a second, and how long the slowest hundredth takes: through the edge, nginx, caddy and a caddy that the bot tells, each on
 * one core, and without any.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { systemClock } from '../src/clock.ts';
import { createCaddyEdge } from '../src/network/index.ts';
import { eventually } from '../test/world/bot.ts';
import { startCaddy as startCaddyToTell } from '../test/world/caddy.ts';
import { type Certificate, createAuthority, signed } from '../test/world/certificates.ts';
import { ended, freePort, needPrograms, output } from '../test/world/name-servers.ts';
import { type Figure, median } from './figure.ts';

const ROUNDS = 3;
const SECONDS = 2;
const HOSTS = {
  group: '127.43.2.1',
  edge: '127.43.2.2',
  nginx: '127.43.2.3',
  caddy: '127.43.2.4',
  told: '127.43.2.5',
} as const;

interface Door {
  readonly name: string;
  readonly url: string;
}

interface Measured {
  readonly perSecond: number;
  readonly p99Ms: number;
}

export async function benchEdge(): Promise<readonly Figure[]> {
  needPrograms('wrk', 'nginx', 'caddy');
  const folder = await mkdtemp(join(tmpdir(), 'katabot-bench-edge-'));
  const authority = createAuthority(folder, 'bench');
  const certificateOf = (host: string) => signed(folder, host, authority, host);
  const group = await thread({ host: HOSTS.group });
  const target = { address: HOSTS.group, port: group.ports.http };
  const edge = await thread({ host: HOSTS.edge, group: target, ...certificateOf(HOSTS.edge) });
  const programs: ChildProcess[] = [];
  const told = await startToldCaddy(target);
  try {
    const others = await Promise.all([
      startNginx(folder, target, certificateOf(HOSTS.nginx), programs),
      startCaddy(folder, target, certificateOf(HOSTS.caddy), programs),
    ]);
    const doors: Door[] = [
      { name: 'direct', url: `http://${HOSTS.group}:${group.ports.http}/` },
      { name: 'edge http', url: `http://${HOSTS.edge}:${edge.ports.http}/` },
      { name: 'edge https', url: `https://${HOSTS.edge}:${edge.ports.https}/` },
      ...others.flat(),
      { name: 'told caddy http', url: `http://${HOSTS.told}:${told.port}/` },
    ];
    return figures(await measured(doors));
  } finally {
    await Promise.all([
      group.worker.terminate(),
      edge.worker.terminate(),
      told.stop(),
      ...programs.map(ended),
    ]);
    await rm(folder, { recursive: true, force: true });
  }
}

/** Round by round, so that what else the machine does falls on all of them. */
async function measured(doors: readonly Door[]): Promise<Map<string, Measured>> {
  const rounds = new Map<string, Measured[]>(doors.map(({ name }) => [name, []]));
  for (let round = 0; round < ROUNDS; round++)
    for (const { name, url } of doors) rounds.get(name)?.push(await measure(url));
  return new Map(
    [...rounds].map(([name, all]) => [
      name,
      {
        perSecond: median(all.map(({ perSecond }) => perSecond)),
        p99Ms: median(all.map(({ p99Ms }) => p99Ms)),
      },
    ]),
  );
}

function figures(all: ReadonlyMap<string, Measured>): Figure[] {
  const pairs = [
    ['edge http', 'direct'],
    ['edge http', 'nginx http'],
    ['edge http', 'caddy http'],
    ['edge https', 'direct'],
    ['edge https', 'nginx https'],
    ['edge https', 'caddy https'],
    ['told caddy http', 'caddy http'],
  ] as const;
  return pairs.flatMap(([own, against]) => {
    const [ours, theirs] = [all.get(own), all.get(against)];
    if (!ours || !theirs) throw new Error(`${own} or ${against} was not measured`);
    return [
      {
        bench: 'edge',
        figure: `${own}: requests`,
        value: ours.perSecond,
        unit: 'a second',
        against,
        ratio: ours.perSecond / theirs.perSecond,
      },
      {
        bench: 'edge',
        figure: `${own}: slowest hundredth`,
        value: ours.p99Ms,
        unit: 'ms',
        against,
        ratio: ours.p99Ms / theirs.p99Ms,
      },
    ];
  });
}

async function measure(url: string): Promise<Measured> {
  const said = await output('wrk', ['-t1', '-c20', `-d${SECONDS}s`, '--latency', url]);
  const [, slowest = '', unit = ''] = /99%\s+([\d.]+)(us|ms|s)/.exec(said) ?? [];
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(said)?.[1]);
  if (!perSecond || !slowest || said.includes('Non-2xx'))
    throw new Error(`${url} did not answer well:\n${said}`);
  return { perSecond, p99Ms: Number(slowest) * ({ us: 0.001, ms: 1, s: 1_000 }[unit] ?? Number.NaN) };
}

async function thread(workerData: Readonly<Record<string, unknown>>) {
  const worker = new Worker(new URL('./edge-serve.ts', import.meta.url), { workerData });
  const ports = await new Promise<{ http: number; https: number }>((resolve, reject) => {
    worker.once('message', resolve).once('error', reject);
  });
  return { worker, ports };
}

interface Target {
  readonly address: string;
  readonly port: number;
}

async function startNginx(
  folder: string,
  { address, port }: Target,
  { cert, key }: Certificate,
  programs: ChildProcess[],
): Promise<Door[]> {
  const host = HOSTS.nginx;
  const [http, https] = [await freePort(host), await freePort(host)];
  const file = join(folder, 'nginx.conf');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  await writeFile(
    file,
    `daemon off; master_process off; worker_processes 1; pid ${folder}/nginx.pid; error_log stderr crit;
events { worker_connections 1024; }
http { access_log off; ${temporary}
  upstream group { server ${address}:${port}; keepalive 64; }
  server { listen ${host}:${http}; listen ${host}:${https} ssl; ssl_certificate ${cert}; ssl_certificate_key ${key};
    keepalive_requests 1000000;
    location / { proxy_pass http://group; proxy_http_version 1.1; proxy_set_header Connection ""; } } }
`,
  );
  programs.push(spawn('nginx', ['-c', file, '-p', folder], { stdio: 'ignore' }));
  return doors('nginx', host, http, https);
}

async function startCaddy(
  folder: string,
  { address, port }: Target,
  { cert, key }: Certificate,
  programs: ChildProcess[],
): Promise<Door[]> {
  const host = HOSTS.caddy;
  const [http, https] = [await freePort(host), await freePort(host)];
  const file = join(folder, 'Caddyfile');
  const proxy = `reverse_proxy ${address}:${port}`;
  await writeFile(
    file,
    `{
  admin off
  auto_https off
}
http://:${http} {
  bind ${host}
  ${proxy}
}
https://:${https} {
  bind ${host}
  tls ${cert} ${key}
  ${proxy}
}
`,
  );
  const env = { PATH: process.env['PATH'], HOME: folder, GOMAXPROCS: '1' };
  programs.push(
    spawn('caddy', ['run', '--config', file, '--adapter', 'caddyfile'], { stdio: 'ignore', env }),
  );
  return doors('caddy', host, http, https);
}

/** One that the bot tells of the group through its admin API. */
async function startToldCaddy({ address, port }: Target): Promise<{ port: number; stop(): Promise<void> }> {
  const host = HOSTS.told;
  const caddy = await startCaddyToTell(host, { GOMAXPROCS: '1' });
  const edge = createCaddyEdge({
    instance: 'bench',
    domain: 'localhost',
    tls: undefined,
    admin: caddy.admin,
    resolve: () => ({ address, port }),
    served: () => [{ name: host, address, port, ready: true, changing: false }],
    goOnWith: async () => {},
    clock: systemClock,
    tell: () => {},
    warn: ({ problem }) => process.stderr.write(`${problem}\n`),
    reportInternal: (error) => process.stderr.write(`${error}\n`),
  });
  const at = await edge.listen(host, await freePort(host));
  await eventually(() => open(host, at), 15_000);
  return {
    port: at,
    stop: async () => {
      await edge.close();
      await caddy.stop();
    },
  };
}

async function doors(name: string, host: string, http: number, https: number): Promise<Door[]> {
  for (const port of [http, https]) await eventually(() => open(host, port), 15_000);
  return [
    { name: `${name} http`, url: `http://${host}:${http}/` },
    { name: `${name} https`, url: `https://${host}:${https}/` },
  ];
}

function open(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    socket.once('error', reject).once('connect', () => {
      socket.destroy();
      resolve();
    });
  });
}
