/** Lines find their way to pretend targets on loopback, each once, whatever happens on the way. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServer as createTlsServer } from 'node:tls';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { logTargetFindings } from '../../src/commands/doctor-logs.ts';
import { createShipping, logTargetFrom, type Shipping } from '../../src/shipping/index.ts';
import { logTargetSchema } from '../../src/shipping/settings.ts';
import { type ContainerWords, KEY } from '../reconciler/groups.ts';
import { createReconciledWorld, type ReconciledWorld } from '../reconciler/reconciled-world.ts';
import { eventually } from '../world/bot.ts';
import { createAuthority, signed } from '../world/certificates.ts';
import { createLeapingClock, type LeapingClock } from '../world/clock.ts';

let world: ReconciledWorld;
let clock: LeapingClock;
let shipping: Shipping | undefined;
let told: string[];
const closing: (() => unknown)[] = [];

beforeEach(async () => {
  world = await createReconciledWorld();
  clock = createLeapingClock();
  told = [];
});

afterEach(async () => {
  await shipping?.close();
  shipping = undefined;
  for (const close of closing.splice(0)) await close();
  await world.close();
});

async function startShipping(settings: object): Promise<void> {
  const target = logTargetFrom('logs', logTargetSchema.parse({ groups: 'all', ...settings }), clock);
  shipping = createShipping({
    desired: world.store.desired,
    archive: world.logs,
    book: world.store.shipped,
    engines: { local: world.engine },
    feed: { listen: () => () => true },
    target: () => target,
    clock,
    random: () => 0,
    tell: (_, message) => told.push(message),
    reportInternal: (error) => told.push(String(error)),
  });
  await shipping.start();
}

/** What comes of a push, with a lever for how it is answered. */
async function pretendHttp() {
  const state = {
    status: 204,
    bodies: [] as string[],
    asked: 0,
    headers: {} as IncomingHttpHeaders,
    path: '',
  };
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += part;
    state.asked++;
    state.headers = request.headers;
    state.path = request.url ?? '';
    if (state.status < 300) state.bodies.push(body);
    response.writeHead(state.status).end('entry too far behind');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  return { state, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const linesIn = (bodies: readonly string[]) =>
  bodies.flatMap((body) =>
    JSON.parse(body).streams.flatMap(({ values }: { values: [string, string][] }) =>
      values.map(([, text]) => text),
    ),
  );

/** Time passes for the shipping until it is so. */
function comesTrue(check: () => void): Promise<void> {
  return eventually(async () => {
    clock.leap(1_000);
    check();
  });
}

async function bring(web: ContainerWords): Promise<void> {
  await world.wish({ containers: { web } });
  await world.rest();
}

test('lines go to Loki with their labels, masked, and no line twice over a restart of the bot', async () => {
  const { state, url } = await pretendHttp();
  await bring({
    script: 'echo one; echo I say first-secret; serve',
    secureEnvironment: { TOKEN: 'first-secret' },
  });
  await startShipping({ loki: url });
  await comesTrue(() => expect(linesIn(state.bodies)).toEqual(['one', 'I say [secret]']));
  expect(state.path).toBe('/loki/api/v1/push');
  expect(JSON.parse(state.bodies[0] ?? '').streams[0].stream).toEqual({
    group: 'hello',
    environment: 'production',
    location: 'local',
    repository: 'shop',
    container: 'web',
    revision: '1',
    stream: 'stdout',
  });
  await eventually(async () => expect(await world.store.shipped.all()).toHaveLength(1));
  await shipping?.close();
  await startShipping({ loki: url });
  await world.pass(1_000);
  await bring({ script: 'echo I say second-secret; serve', secureEnvironment: { TOKEN: 'second-secret' } });
  await comesTrue(() => expect(linesIn(state.bodies)).toEqual(['one', 'I say [secret]', 'I say [secret]']));
});

test('what is tried beside the one that serves is masked, too', async () => {
  const { state, url } = await pretendHttp();
  await bring({ script: 'echo one; serve' });
  await startShipping({ loki: url });
  await comesTrue(() => expect(linesIn(state.bodies)).toEqual(['one']));
  const web = { script: 'echo I say new-secret; serve', secureEnvironment: { TOKEN: 'new-secret' } };
  await world.tryBeside({ containers: { web } });
  await world.rest();
  await comesTrue(() => expect(linesIn(state.bodies)).toEqual(['one', 'I say [secret]']));
});

test('what a target does not take waits, is told by doctor, and goes when it is back; the last words of a removed group, too', async () => {
  const { state, url } = await pretendHttp();
  state.status = 503;
  await bring({ script: 'echo one; serve' });
  await startShipping({ loki: url });
  await comesTrue(() => expect(state.asked).toBeGreaterThan(1));
  const [look] = shipping?.looks() ?? [];
  expect(look && logTargetFindings(look)).toMatchObject([
    {
      state: 'broken',
      text: expect.stringMatching(
        /^loki at http:\S+ takes none since .*: it answers 503: entry too far behind$/,
      ),
    },
  ]);
  expect(told).toEqual(['logs are not taken: it answers 503: entry too far behind']);
  await world.unwish();
  await world.rest();
  expect(await world.store.desired.get(KEY)).toBeUndefined();
  state.status = 204;
  clock.leap(60_000);
  await comesTrue(() => expect(linesIn(state.bodies)).toEqual(['one']));
  await eventually(async () => expect(await world.store.shipped.all()).toEqual([]));
  expect(told.at(-1)).toBe('logs are taken again');
});

test('what a target will never take is counted and left out', async () => {
  const { state, url } = await pretendHttp();
  state.status = 400;
  await bring({ script: 'echo old; serve' });
  await startShipping({ loki: url });
  await comesTrue(() => expect(shipping?.looks()).toMatchObject([{ refusedLines: 1, sentLines: 0 }]));
  state.status = 204;
  await bring({ script: 'echo new; serve' });
  await comesTrue(() => expect(linesIn(state.bodies)).toEqual(['new']));
});

test('only groups that ask are shipped where the settings say so', async () => {
  const { state, url } = await pretendHttp();
  await bring({ script: 'echo one; serve' });
  await startShipping({ loki: url, groups: 'asking' });
  expect(shipping?.looks()).toEqual([]);
  expect(state.asked).toBe(0);
});

test('OpenTelemetry gets its own path', async () => {
  const { state, url } = await pretendHttp();
  await bring({ script: 'echo one; serve' });
  await startShipping({ otlp: url });
  await comesTrue(() => expect(state.bodies).toHaveLength(1));
  expect(state.path).toBe('/v1/logs');
  expect(state.bodies[0]).toContain('"body":{"stringValue":"one"}');
});

test('syslog gets messages that are counted over TCP, and datagrams over UDP', async () => {
  let received = '';
  const server = createTcpServer((socket) => {
    socket.on('data', (part) => {
      received += String(part);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  await bring({ script: 'echo one; echo two >&2; serve' });
  await startShipping({ syslog: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}` });
  await comesTrue(() =>
    expect(received).toMatch(/^\d+ <14>1 \S+ local hello web - \[.*\] one\d+ <11>1 .* two$/),
  );
  await shipping?.close();
  const socket = createSocket('udp4');
  const datagrams: string[] = [];
  socket.on('message', (message) => datagrams.push(String(message)));
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closing.push(() => socket.close());
  await world.store.shipped.remove(KEY);
  await startShipping({ syslog: `udp://127.0.0.1:${socket.address().port}` });
  await comesTrue(() => expect(datagrams.map((each) => each.split('] ')[1])).toEqual(['one', 'two']));
});

test('syslog over TLS reaches who shows a certificate of the named authority, and nobody else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'katabot-syslog-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const [authority, other] = [createAuthority(folder, 'authority'), createAuthority(folder, 'other')];
  const { cert, key } = signed(folder, 'server', authority);
  let received = '';
  const server = createTlsServer(
    { cert: await readFile(cert), key: await readFile(key), minVersion: 'TLSv1.2' },
    (socket) => {
      socket.on('data', (part) => {
        received += String(part);
      });
    },
  );
  server.on('tlsClientError', () => {}); // somebody who does not trust it hangs up
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const syslog = `tls://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await bring({ script: 'echo one; serve' });
  await startShipping({ syslog, caFile: other.cert });
  await comesTrue(() => expect(told).toEqual([expect.stringContaining('name who did as caFile')]));
  expect(received).toBe('');
  await shipping?.close();
  await startShipping({ syslog, caFile: authority.cert });
  await comesTrue(() => expect(received).toMatch(/^\d+ <14>1 \S+ local hello web - \[.*\] one$/));
});
