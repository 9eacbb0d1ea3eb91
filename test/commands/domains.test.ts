/** Custom domains through the commands: who has one, what is said of it, and that it is given back. */
import { once } from 'node:events';
import { createServer, get } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';
import { type PretendResolver, startPretendResolver } from '../world/resolver.ts';

const ADMIN = { name: 'ann', right: 'admin' } as const;
const SHOP = 'shop.example.com';
/** The first addresses of the location: what listens there stands for the groups of the engine in memory. */
const PLACES = ['127.45.0.1', '127.45.0.2'];
const PORT = 18_080;
const groups = PLACES.map((place) =>
  createServer((request, response) => response.end(`${place} for ${request.headers.host}`)),
);

let bot: AppInTest;
let resolver: PretendResolver;

beforeAll(async () => {
  resolver = await startPretendResolver('127.44.0.4');
  for (const [index, group] of groups.entries()) await once(group.listen(PORT, PLACES[index]), 'listening');
  const engine = createMemoryEngine(systemClock, ['web:1']);
  bot = await startApp({
    settings: {
      edge: { address: '127.44.0.5:0', https: { address: '127.44.0.5:0' } },
      locations: { local: { isolation: 'none', addresses: '127.45.0.0/24' } },
    },
    parts: { engine: () => engine, resolvers: [resolver.address] },
  });
});
afterAll(async () => {
  await bot?.stop();
  await resolver?.stop();
  for (const group of groups) group.close();
});
beforeEach(async () => {
  resolver.put(SHOP, undefined);
  for (const { key } of await bot.app.store.desired.list()) {
    const [environment, name = ''] = key.split('/');
    await hear(`delete ${name} in ${environment}`);
  }
});

function text(name: string, domains: readonly string[]): string {
  return JSON.stringify({
    name,
    location: 'local',
    properties: {
      osType: 'Linux',
      ipAddress: {
        type: 'Public',
        dnsNameLabel: name,
        ports: [{ port: PORT }],
        ...(domains.length ? { customDomains: domains } : {}),
      },
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
}

async function hear(line: string, file?: string): Promise<Outcome & { readonly said: string }> {
  const files = file === undefined ? [] : [{ path: 'containergroup.yaml', text: file }];
  const words = { words: line.split(' '), caller: ADMIN, surface: 'cli', files } as const;
  const told = runCommand(bot.app.ground, words, AbortSignal.timeout(20_000));
  const blocks: Block[] = [];
  for (;;) {
    const step = await told.next();
    if (!step.done) blocks.push(step.value);
    else {
      const all = [...blocks, ...step.value.blocks];
      return { ...step.value, said: all.flatMap((block) => drawPlain(block)).join('\n') };
    }
  }
}

const deploy = (name: string, domains: readonly string[], where = '') =>
  hear(`deploy${where} --file containergroup.yaml`, text(name, domains));

/** What the edge answers to a request for the host. */
async function ask(host: string): Promise<string> {
  const [address, port] = bot.app.addresses.edge.split(':');
  const [response] = await once(get({ host: address, port, headers: { host }, agent: false }), 'response');
  let body = '';
  for await (const part of response) body += part;
  return `${response.statusCode} ${body}`;
}

test('a deploy with a domain that does not lead here succeeds, and says what is to be done', async () => {
  const { kind, said } = await deploy('hello', [SHOP]);
  expect(kind).toBe('done');
  expect(said).toContain(`${SHOP} does not lead here: make it a CNAME of hello.local.localhost`);
});

test('status looks again; the domain is served from then on, over HTTP where no authority signs it', async () => {
  await deploy('hello', [SHOP]);
  const waiting = await hear('status hello');
  expect(waiting.said).toContain(`! domain`);
  expect(waiting.said).toContain(`${SHOP} does not lead here`);
  expect(bot.app.ground.https()).toMatchObject({ local: {} });
  expect(await ask(SHOP)).toContain('404');
  resolver.put(SHOP, { alias: 'hello.local.localhost' });
  const { said, data } = await hear('status hello');
  const port = bot.app.addresses.edge.split(':')[1];
  expect(said).toContain(
    `http://${SHOP}:${port}   plain HTTP: the bot’s own authority signs no names of others`,
  );
  expect(data).toMatchObject({ domains: [{ domain: SHOP, state: 'leads', unsigned: true }] });
  expect((await hear('status')).said).toMatch(new RegExp(`hello.* http://${SHOP}:\\d+ https://hello\\.`));
  expect(await ask(SHOP)).toBe(`200 ${PLACES[0]} for ${SHOP}`);
});

test('at an address of the edge it is served for who proves it, and status says how', async () => {
  await deploy('hello', [SHOP]);
  resolver.put(SHOP, { address: '127.44.0.5' });
  const { said, data } = await hear('status hello');
  const [, text = ''] = /or add _katabot\.shop\.example\.com TXT "(\S+)"/.exec(said) ?? [];
  expect(data).toMatchObject({ domains: [{ state: 'unproved', proof: { name: `_katabot.${SHOP}`, text } }] });
  expect(await ask(SHOP)).toContain('404');
  resolver.put(`_katabot.${SHOP}`, { text });
  expect((await hear('status hello')).data).toMatchObject({ domains: [{ state: 'leads' }] });
  expect(await ask(SHOP)).toBe(`200 ${PLACES[0]} for ${SHOP}`);
});

describe('a domain that a group has', () => {
  test('is refused to another one at its line, with the name of the holder', async () => {
    await deploy('hello', [SHOP]);
    const refused = await deploy('other', ['www.example.com', SHOP]);
    expect(refused).toMatchObject({ kind: 'invalid' });
    expect(refused.said).toContain('domain-taken');
    expect(refused.said).toContain(`The domain ${SHOP} is taken by the group production/hello.`);
    expect(refused.said).not.toContain('www.example.com is taken');
  });

  test('is free when it has left the file, and when the group is deleted', async () => {
    await deploy('hello', [SHOP]);
    await deploy('hello', []);
    expect((await deploy('other', [SHOP])).kind).toBe('done');
    await hear('delete other');
    expect((await deploy('hello', [SHOP])).kind).toBe('done');
    expect(await bot.app.store.labels.all()).toEqual([
      { fqdn: 'hello.local.localhost', key: 'production/hello' },
      { fqdn: SHOP, key: 'production/hello' },
    ]);
  });

  test('is changed in place', async () => {
    await deploy('hello', []);
    const { said } = await hear('plan --file containergroup.yaml', text('hello', [SHOP]));
    expect(said).toContain('in place');
  });
});

test('a name inside the bot’s own domain is refused', async () => {
  const { kind, said } = await deploy('hello', ['shop.local.localhost']);
  expect(kind).toBe('invalid');
  expect(said).toContain('domain-inside');
});

test('another environment is told that its domains are left aside, and holds none', async () => {
  const { kind, said } = await deploy('hello', [SHOP], ' in staging');
  expect(kind).toBe('done');
  expect(said).toContain('Custom domains are served in production, and this is staging.');
  expect((await bot.app.store.labels.all()).map(({ fqdn }) => fqdn)).toEqual([
    'hello-staging.local.localhost',
  ]);
});
