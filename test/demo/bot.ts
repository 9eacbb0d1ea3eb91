/** The demo's bot: its own process, its own folder, the Docker Engine that was found. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';
import { finished } from 'node:stream/promises';

const ROOT = resolve(import.meta.dirname, '../..');
const MAIN = join(ROOT, 'src/main.ts');
const READY_TIMEOUT_MS = 20_000;

export interface DemoBot {
  readonly http: string;
  readonly edge: string;
  /** What the command line needs to find the bot. */
  readonly environment: Record<string, string>;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Ports 7070 and 7080 when they are free, otherwise whatever is. */
export async function startBot(
  folder: string,
  dockerHost: string,
  { keep }: { keep: boolean },
): Promise<DemoBot> {
  const [httpPort, edgePort] = [await freePort(7070), await freePort(7080)];
  const settings = join(folder, 'katabot.yml');
  await writeFile(
    settings,
    [
      'instance: demo',
      `http: { address: 127.0.0.1:${httpPort} }`,
      `edge: { address: 127.0.0.1:${edgePort} }`,
      'stopGraceSeconds: 5',
      'locations:',
      '  local:',
      '    isolation: none',
      '',
    ].join('\n'),
  );
  const environment = {
    KATABOT_SETTINGS: settings,
    KATABOT_DATA: join(folder, 'data'),
    KATABOT_URL: `http://127.0.0.1:${httpPort}`,
    DOCKER_HOST: dockerHost,
  };
  const log = createWriteStream(join(folder, 'bot.log'));
  const child = spawn(process.execPath, [MAIN, 'serve'], {
    env: { ...process.env, ...environment },
    stdio: ['ignore', 'pipe', keep ? 'ignore' : 'pipe'],
    detached: true, // Ctrl-C is for the demo, which then ends the bot in order
  });
  child.stderr?.pipe(log);
  await ready(child, join(folder, 'bot.log'));
  if (keep) {
    child.stdout?.destroy();
    child.unref();
  }
  return {
    http: `127.0.0.1:${httpPort}`,
    edge: `127.0.0.1:${edgePort}`,
    environment,
    pid: child.pid ?? 0,
    async stop() {
      if (child.exitCode === null) {
        const ended = new Promise<void>((done) => child.once('exit', () => done()));
        child.kill('SIGTERM');
        await ended;
      }
      log.end();
      await finished(log).catch(() => {});
    },
  };
}

function ready(child: ChildProcess, log: string): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(
      () => fail(new Error(`the bot was not ready after 20 s; its log is ${log}`)),
      READY_TIMEOUT_MS,
    );
    child.stdout?.once('data', () => {
      clearTimeout(timer);
      done();
    });
    child.once('exit', (code) => {
      clearTimeout(timer);
      fail(new Error(`the bot ended with code ${code}; its log is ${log}`));
    });
  });
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
