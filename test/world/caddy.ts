/** Debian's Caddy, as somebody else runs it: with a server of their own in it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { eventually } from './bot.ts';
import { ended, freePort, needPrograms } from './name-servers.ts';

export interface Caddy {
  /** Where its admin API listens, as settings say it. */
  readonly admin: string;
  /** Where a server that is not the bot's says `theirs`. */
  readonly theirs: string;
  /** Starts it again with what it was started with first: what it was told since is forgotten. */
  start(): Promise<void>;
  end(): Promise<void>;
  /** Asks its admin API, and gives what it answers. */
  ask(path: string, method?: 'GET' | 'DELETE'): Promise<string>;
  /** Whom to trust where its own authority signs. */
  authority(): Promise<string>;
  stop(): Promise<void>;
}

export async function startCaddy(host: string, more: Readonly<Record<string, string>> = {}): Promise<Caddy> {
  needPrograms('caddy');
  const folder = await mkdtemp(join(tmpdir(), 'katabot-caddy-'));
  const [adminPort, port] = [await freePort(host), await freePort(host)];
  const [admin, theirs] = [`http://${host}:${adminPort}`, `http://${host}:${port}`];
  const file = join(folder, 'caddy.json');
  await writeFile(file, JSON.stringify(configuration(`${host}:${adminPort}`, `${host}:${port}`)));
  const env = {
    PATH: process.env['PATH'],
    HOME: folder,
    XDG_DATA_HOME: folder,
    XDG_CONFIG_HOME: folder,
    ...more,
  };
  let child: ChildProcess;
  const start = async () => {
    child = spawn('caddy', ['run', '--config', file], { stdio: 'ignore', env });
    await eventually(async () => void (await fetch(theirs)), 15_000);
  };
  await start();
  const ask = (path: string, method = 'GET') => answerOf(`${admin}${path}`, method);
  return {
    admin,
    theirs,
    start,
    end: () => ended(child),
    ask,
    authority: () => ask('/pki/ca/local/certificates'),
    async stop() {
      await ended(child);
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Not by fetch: that says how a browser would ask, and newer ones let no page of a browser in. */
async function answerOf(url: string, method: string): Promise<string> {
  const asked = request(url, { method, agent: false }).end();
  const [response] = await once(asked, 'response');
  const body = await text(response);
  if (response.statusCode !== 200) throw new Error(`${method} ${url}: ${response.statusCode} ${body}`);
  return body;
}

function configuration(admin: string, theirs: string) {
  return {
    admin: { listen: admin, origins: [admin] }, // newer ones want it at an address of loopback that is not its first
    apps: {
      pki: { certificate_authorities: { local: { install_trust: false } } },
      http: {
        servers: {
          theirs: {
            listen: [theirs],
            automatic_https: { disable: true },
            routes: [{ handle: [{ handler: 'static_response', body: 'theirs' }] }],
          },
        },
      },
    },
  };
}
