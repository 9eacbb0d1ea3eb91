/** The demo's bot: its own process, its own folder, the Docker Engine that was found. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { join, resolve } from 'node:path';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/main.mjs');
const READY_TIMEOUT_MS = 20_000;
const END_TIMEOUT_MS = 30_000;
const PORTS = { http: 7070, edge: 7080, edgeTls: 7443, dns: 7053 } as const;

export interface DemoBot {
  readonly http: string;
  readonly edge: string;
  readonly edgeTls: string;
  readonly dns: string;
  /** The certificate of the authority that it has made for itself. */
  readonly authorityFile: string;
  /** Whether somebody else has the usual ports. */
  readonly moved: boolean;
  /** Its name on the engine: every object of the demo carries it. */
  readonly instance: string;
  /** What the command line needs to find the bot. */
  readonly environment: Record<string, string>;
  readonly pid: number;
  stop(): Promise<void>;
  /** Lets it outlive the demo. */
  leave(): void;
}

/** The usual ports when they are free, otherwise whatever is. */
export async function startBot(folder: string, dockerHost: string): Promise<DemoBot> {
  const place = await freePlace();
  const ports = {
    http: await freePort(PORTS.http),
    edge: await freePort(PORTS.edge),
    edgeTls: await freePort(PORTS.edgeTls),
    dns: await freePort(PORTS.dns),
  };
  const at = (port: number) => `127.0.0.1:${port}`;
  const instance = place === 0 ? 'demo' : `demo-${place}`;
  const settings = join(folder, 'katabot.yml');
  await writeFile(
    settings,
    [
      `instance: ${instance}`,
      `http: { address: ${at(ports.http)} }`,
      `edge: { address: ${at(ports.edge)}, https: { address: ${at(ports.edgeTls)} } }`,
      `dns: { serve: { address: ${at(ports.dns)} } }`,
      'stopGraceSeconds: 5',
      'locations:',
      '  local:',
      '    isolation: none',
      `    addresses: 127.20.${place}.0/24`,
      `    networks: 198.18.${place}.0/24`,
      '',
    ].join('\n'),
  );
  const environment = {
    KATABOT_SETTINGS: settings,
    KATABOT_DATA: join(folder, 'data'),
    KATABOT_URL: `http://${at(ports.http)}`,
    DOCKER_HOST: dockerHost,
  };
  const log = join(folder, 'bot.log');
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', openSync(log, 'a')],
    detached: true, // Ctrl-C is for the demo, which then ends the bot in order
  });
  await ready(child, log);
  return {
    http: at(ports.http),
    edge: at(ports.edge),
    edgeTls: at(ports.edgeTls),
    dns: at(ports.dns),
    authorityFile: join(folder, 'data', 'authority', 'authority.pem'),
    moved: Object.entries(PORTS).some(([name, usual]) => ports[name as keyof typeof ports] !== usual),
    instance,
    environment,
    pid: child.pid ?? 0,
    stop: () => end(child),
    leave() {
      child.stdout?.destroy();
      child.unref();
    },
  };
}

async function ready(child: ChildProcess, log: string): Promise<void> {
  const ending = new AbortController();
  const limit = AbortSignal.any([ending.signal, AbortSignal.timeout(READY_TIMEOUT_MS)]);
  child.once('exit', () => ending.abort());
  try {
    if (child.stdout) await once(child.stdout, 'data', { signal: limit });
  } catch {
    child.kill('SIGKILL');
    const what = ending.signal.aborted ? 'ended right after its start' : 'was not ready after 20 s';
    throw new Error(`the bot ${what}: ${lastWords(log)}`);
  }
}

/** The sentence of a failure, or the message of a crash without its trace. */
function lastWords(log: string): string {
  const lines = readFileSync(log, 'utf8').trim().split('\n');
  return lines.find((each) => /^\w*Error\b/.test(each)) ?? lines.slice(0, 2).join(' ');
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const patience = setTimeout(() => child.kill('SIGKILL'), END_TIMEOUT_MS);
  await ended;
  clearTimeout(patience);
}

function freePort(wanted: number): Promise<number> {
  return new Promise((done) => {
    const server = createServer();
    server.once('error', () => server.listen(0, '127.0.0.1'));
    server.once('listening', () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : wanted;
      server.close(() => done(port));
    });
    server.listen(wanted, '127.0.0.1');
  });
}

/** The first of some places whose address nobody serves, so that a demo left running and a new one do not meet. */
async function freePlace(): Promise<number> {
  for (let place = 0; place < 100; place++) if (!(await answers(`127.20.${place}.1`))) return place;
  throw new Error('somebody serves port 80 on every address from 127.20.0.1 to 127.20.99.1');
}

function answers(host: string): Promise<boolean> {
  return new Promise((done) => {
    const socket = connect({ host, port: 80, timeout: 500 });
    const settle = (open: boolean) => () => {
      socket.destroy();
      done(open);
    };
    socket.once('connect', settle(true)).once('error', settle(false)).once('timeout', settle(false));
  });
}
