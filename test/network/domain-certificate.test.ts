/** A custom domain over HTTPS, from the file to the handshake: pebble looks at the edge where the pretend resolver leads it. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { request } from 'node:https';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import nock from 'nock';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import { drawPlain } from '../../src/replies/index.ts';
import { type Pebble, startPebble } from '../world/acme.ts';
import { type AppInTest, eventually, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';
import { freePort } from '../world/name-servers.ts';
import { type PretendResolver, startPretendResolver } from '../world/resolver.ts';

const HOST = '127.58.0.1';
const PLACE = '127.58.1.1';
const PORT = 18_080;
const SHOP = 'shop.example.net';
const NAME = 'hello.office.apps.example.com';

const GROUP = JSON.stringify({
  name: 'hello',
  location: 'office',
  properties: {
    osType: 'Linux',
    ipAddress: { type: 'Public', dnsNameLabel: 'hello', customDomains: [SHOP], ports: [{ port: PORT }] },
    containers: [
      {
        name: 'main',
        properties: {
          image: 'web:1',
          ports: [{ port: PORT }],
          resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } },
        },
      },
    ],
  },
});

let resolver: PretendResolver;
let pebble: Pebble;
let group: Server;
let bot: AppInTest;

beforeAll(async () => {
  nock.restore();
  resolver = await startPretendResolver(HOST);
  resolver.put(NAME, { address: HOST });
  const httpPort = await freePort(HOST);
  pebble = await startPebble(HOST, resolver.address, httpPort);
  group = createServer((asked, response) => response.end(`the shop for ${asked.headers.host}`));
  await once(group.listen(PORT, PLACE), 'listening');
  const { directory, caFile } = pebble;
  const engine = createMemoryEngine(systemClock, ['web:1']);
  bot = await startApp({
    settings: {
      edge: {
        address: `${HOST}:${httpPort}`,
        domain: 'apps.example.com',
        https: { address: `${HOST}:0`, acme: { termsAgreed: true, directory, caFile } },
      },
      locations: { office: { isolation: 'none', addresses: '127.58.1.0/24' } },
    },
    parts: { engine: () => engine, resolvers: [resolver.address] },
  });
}, 60_000);

afterAll(async () => {
  await bot?.stop();
  group?.close();
  await pebble?.stop();
  await resolver?.stop();
});

async function hear(...words: string[]): Promise<string> {
  const caller = { name: 'ann', right: 'admin' } as const;
  const files = [{ path: 'containergroup.yaml', text: GROUP }];
  const told: string[] = [];
  const said = { words, caller, surface: 'cli', files } as const;
  for await (const block of runCommand(bot.app.ground, said, AbortSignal.timeout(20_000)))
    told.push(...drawPlain(block));
  return told.join('\n');
}

test('the authority is asked for a domain once it leads here, and not before', async () => {
  expect(await hear('deploy', '--file', 'containergroup.yaml')).toContain(`${SHOP} does not lead here`);
  const known = () =>
    (bot.app.ground.https()?.known ?? []).filter(({ pair }) => pair).map(({ name }) => name);
  await eventually(async () => expect(known()).toEqual([NAME]), 30_000);
  resolver.put(SHOP, { alias: NAME });
  await hear('status', 'hello');
  await eventually(async () => expect(known()).toEqual([NAME, SHOP]), 30_000);
  const port = bot.app.addresses.edgeTls.split(':')[1];
  expect(await hear('status', 'hello')).toContain(`https://${SHOP}:${port}`);
  expect(await ask(Number(port))).toBe(`the shop for ${SHOP}`);
}, 60_000);

async function ask(port: number): Promise<string> {
  const asked = request({
    host: HOST,
    port,
    servername: SHOP,
    headers: { host: SHOP },
    ca: await pebble.root(),
  });
  const [response] = await once(asked.end(), 'response');
  let text = '';
  for await (const part of response) text += part;
  return text;
}
