/** What goes wrong around a deploy: a registry that misbehaves, an engine that goes away, images that cannot run. */
import { createServer as createHttpServer, type Server as HttpServer } from 'node:http';
import { connect, createServer, type Server, type Socket } from 'node:net';
import type Docker from 'dockerode';
import { type Clock, systemClock } from '../../src/clock.ts';
import { waitingProgram } from '../../src/engines/docker/sandbox-image.ts';
import { loadImage } from '../world/load-image.ts';

const ANSWERS: Readonly<Record<string, { status: number; code: string; message: string }>> = {
  throttled: { status: 429, code: 'TOOMANYREQUESTS', message: 'You have reached your pull rate limit.' },
  private: { status: 401, code: 'UNAUTHORIZED', message: 'authentication required' },
  missing: { status: 404, code: 'MANIFEST_UNKNOWN', message: 'manifest unknown' },
  broken: { status: 503, code: 'UNAVAILABLE', message: 'down for maintenance' },
};

export interface PretendRegistry {
  /** `host:port`, as an image begins. */
  readonly host: string;
  /** Resolves when an image is asked for that is never answered. */
  asked(): Promise<void>;
  close(): Promise<void>;
}

/** A registry that answers by the name of the repository: `throttled/any`, `private/any`, `missing/any`, `silent/any`. */
export async function startRegistry(address: string): Promise<PretendRegistry> {
  let asked = Promise.withResolvers<void>();
  const server = createHttpServer(({ url = '' }, response) => {
    const name = url.split('/')[2] ?? '';
    if (name === 'silent') {
      asked.resolve();
      asked = Promise.withResolvers();
      return;
    }
    const answer = ANSWERS[name];
    if (answer?.status === 401) response.setHeader('www-authenticate', 'Basic realm="tests"');
    response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json' });
    response.end(answer ? JSON.stringify({ errors: [answer] }) : '{}');
  });
  return {
    host: `${address}:${await listening(server, address, 5000)}`,
    asked: () => asked.promise,
    close: () => closed(server),
  };
}

/** A git host that has nothing. */
export async function startEmptyHost(address: string): Promise<{ url: string; close(): Promise<void> }> {
  const server = createHttpServer((_, response) => response.writeHead(404).end('nothing here'));
  return {
    url: `http://${address}:${await listening(server, address, 3000)}`,
    close: () => closed(server),
  };
}

/** Stands between the bot and the engine, over TCP, and can be cut; what runs on the engine stays as it is. */
export async function startProxy(address: string, target: string, port = 0) {
  const sockets = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(target);
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.on('close', () => {
        sockets.delete(socket);
        client.destroy();
        upstream.destroy();
      });
    }
    client.pipe(upstream).pipe(client);
  });
  const place = await listening(server, address, port);
  return {
    port: place,
    cut: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** Takes a port, as another program on the host does. */
export async function takePort(address: string, port: number): Promise<() => Promise<void>> {
  const server = createServer();
  await listening(server, address, port);
  return () => closed(server);
}

function listening(server: Server, address: string, port = 0): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, () => {
      const place = server.address();
      resolve(typeof place === 'object' && place ? place.port : 0);
    });
  });
}

function closed(server: Server | HttpServer): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    if ('closeAllConnections' in server) server.closeAllConnections();
  });
}

/** Real time, but for delays of one length, which pass when the test says so. */
export function hurriedClock(delayMs: number): Clock & { hurry(): void } {
  const waiting = new Set<() => void>();
  return {
    now: systemClock.now,
    after(wanted, callback) {
      if (wanted !== delayMs) return systemClock.after(wanted, callback);
      waiting.add(callback);
      return () => waiting.delete(callback);
    },
    hurry() {
      for (const callback of waiting) callback();
    },
  };
}

export const FOREIGN_IMAGE = 'katabot-cause-test/foreign:1';
export const STRANGER_IMAGE = 'katabot-cause-test/stranger:1';
export const SCRIPT_IMAGE = 'katabot-cause-test/script:1';

/** Images that the engine takes and that cannot run: of another processor, as a user of nobody's, scripts without a first line. */
export async function loadBrokenImages(docker: Docker): Promise<void> {
  const host = (await docker.info()).Architecture;
  const other =
    host === 'x86_64' ? { image: 'arm64', program: 'aarch64' } : { image: 'amd64', program: 'x86_64' };
  const foreign = Buffer.from(waitingProgram(other.program));
  const own = Buffer.from(waitingProgram(host));
  const spelt = host === 'x86_64' ? 'amd64' : 'arm64';
  await loadImage(docker, FOREIGN_IMAGE, { architecture: other.image, files: { run: foreign } });
  await loadImage(docker, STRANGER_IMAGE, { architecture: spelt, files: { run: own }, user: 'nobody-knows' });
  await loadImage(docker, SCRIPT_IMAGE, {
    architecture: spelt,
    files: { run: Buffer.from('echo hello\n'), lost: Buffer.from('#!/no/such/shell\n') },
  });
}

export async function removeBrokenImages(docker: Docker): Promise<void> {
  for (const name of [FOREIGN_IMAGE, STRANGER_IMAGE, SCRIPT_IMAGE])
    await docker
      .getImage(name)
      .remove({ force: true })
      .catch(() => {});
}
