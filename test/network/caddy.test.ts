/** What a Caddy is told, and what stays of what others have told it. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { caddyFindings } from '../../src/commands/doctor-caddy.ts';
import { caddyFrom, parseSettings } from '../../src/config.ts';
import { type CaddyAdmin, createCaddyAdmin } from '../../src/network/caddy/admin.ts';
import { type CaddyTls, ownPart } from '../../src/network/caddy/own-part.ts';
import { namesServedIn, withOwnPart } from '../../src/network/caddy/with-own-part.ts';
import type { ServedName } from '../../src/network/index.ts';

const INSIDE: CaddyTls = { acme: undefined, redirects: true, hstsSeconds: 0 };
const OUTSIDE: CaddyTls = {
  ...INSIDE,
  acme: { directory: 'https://ca.example/dir', email: '', caFile: '' },
};
const hello: ServedName = {
  name: 'hello.local.apps',
  address: '198.18.0.1',
  port: 80,
  ready: true,
  changing: false,
};
const shop: ServedName = { ...hello, name: 'shop.example.com' };

function partOf(tls: CaddyTls | undefined, ...served: ServedName[]) {
  return partIn(false, tls, ...served);
}

function partIn(keepsStreams: boolean, tls: CaddyTls | undefined, ...served: ServedName[]) {
  const https = tls && { host: '::', port: 443 };
  const behind = { host: '127.0.0.1', port: 7081, secret: 's3cret' };
  const means = { http: { host: '0.0.0.0', port: 80 }, https, behind, keepsStreams };
  return ownPart({ instance: 'bot', domain: 'apps', tls }, means, served);
}

const policy = (...subjects: string[]) => expect.objectContaining({ '@id': 'bot-certificates', subjects });

describe('the part of a Caddy that is the bot’s', () => {
  test('is one server where nothing is served over HTTPS', () => {
    expect(Object.keys(partOf(undefined, hello).servers)).toEqual(['bot-http']);
    expect(Object.keys(partOf(INSIDE, shop).servers)).toEqual(['bot-http']);
  });

  test('is the same whatever the order of names', () => {
    expect(partOf(INSIDE, hello, shop)).toEqual(partOf(INSIDE, shop, hello));
  });

  test.each([
    ['its own authority', INSIDE, [hello.name]],
    ['an authority of others', OUTSIDE, [hello.name, shop.name]],
  ])('asks %s for names that it may sign, and for none besides', (_, tls, subjects) => {
    const { policies, servers } = partOf(tls, shop, hello);
    expect(policies).toEqual([policy(...subjects)]);
    expect(servers['bot-https']).toMatchObject({ listen: ['[::]:443'] });
  });

  test.each([
    ['to a group that is ready', { ready: true }, true, true],
    ['to the bot’s own edge for one that is not', { ready: false }, false, false],
    ['there for one that is being changed, if that ends no websockets', { changing: true }, false, true],
  ])('leads %s', (_, state, sinceThen, before) => {
    const isDirect = (keepsStreams: boolean) =>
      JSON.stringify(partIn(keepsStreams, undefined, { ...hello, ...state })).includes('198.18.0.1');
    expect([isDirect(true), isDirect(false)]).toEqual([sinceThen, before]);
  });

  test('shows the edge by what it is known, and shows that to no group', () => {
    const { servers } = partOf(undefined, hello);
    const [toGroup, toEdge] = Object(servers['bot-http'])['routes'].map((route: unknown) =>
      JSON.stringify(route),
    );
    expect([toGroup.includes('s3cret'), toEdge.includes('s3cret')]).toEqual([false, true]);
  });

  const theirs = {
    admin: { listen: 'localhost:2019' },
    apps: {
      http: { servers: { srv0: { listen: [':443'] } } },
      tls: { automation: { policies: [{ subjects: ['example.org'] }] }, certificates: {} },
    },
  };

  test('comes to what others have there, and goes again without a trace', () => {
    const both = withOwnPart(theirs, 'bot', partOf(INSIDE, hello));
    expect(both).toMatchObject({
      ...theirs,
      apps: { tls: { automation: { policies: [policy(hello.name), { subjects: ['example.org'] }] } } },
    });
    expect(withOwnPart(both, 'bot', { policies: [], servers: {} })).toEqual(theirs);
    expect(withOwnPart(both, 'bot', partOf(INSIDE, hello))).toEqual(both);
  });

  test.each([undefined, INSIDE, OUTSIDE])('tells which names it serves, and none of others (%j)', (tls) => {
    const other = {
      policies: [{ '@id': 'other-certificates', subjects: ['one.example.com'] }],
      servers: { 'other-http': { routes: [{ match: [{ host: ['two.example.com'] }] }] } },
    };
    const both = withOwnPart(withOwnPart(theirs, 'bot', partOf(tls, hello, shop)), 'other', other);
    expect(namesServedIn(both, 'bot').sort()).toEqual([hello.name, shop.name]);
    for (const nothing of [theirs, null, { apps: { http: null } }])
      expect(namesServedIn(nothing, 'bot')).toEqual([]);
  });

  test('stands beside that of another bot', () => {
    const both = withOwnPart(theirs, 'other', { policies: [{ '@id': 'other-certificates' }], servers: {} });
    expect(withOwnPart(both, 'bot', partOf(INSIDE, hello))).toHaveProperty('apps.tls.automation.policies', [
      policy(hello.name),
      { '@id': 'other-certificates' },
      { subjects: ['example.org'] },
    ]);
  });

  test.each([null, { apps: { tls: null, http: { servers: null } } }])(
    'is all there is where %j was',
    (nothing) => {
      const part = partOf(INSIDE, hello);
      expect(withOwnPart(nothing, 'bot', part)).toEqual({
        apps: { http: { servers: part.servers }, tls: { automation: { policies: part.policies } } },
      });
    },
  );
});

test('doctor says what Caddy serves, or what is wrong with it', () => {
  const facts = {
    admin: 'http://127.0.0.1:2019',
    version: 'v2.8.4',
    names: 1,
    problem: '',
    advice: '',
    signsItself: false,
  };
  expect(caddyFindings(facts)).toEqual([
    { name: 'caddy', state: 'fine', text: 'v2.8.4 serves 1 name, told at http://127.0.0.1:2019', advice: '' },
  ]);
  expect(caddyFindings({ ...facts, version: '', signsItself: true }).map(({ text }) => text)).toEqual([
    'serves 1 name, told at http://127.0.0.1:2019',
    expect.stringContaining('curl -s http://127.0.0.1:2019/pki/ca/local/certificates'),
  ]);
  expect(caddyFindings({ ...facts, problem: 'Caddy is silent.', advice: 'Start it.' })).toEqual([
    { name: 'caddy', state: 'broken', text: 'Caddy is silent.', advice: 'Start it.' },
  ]);
});

describe('settings of a Caddy', () => {
  const read = (edge: string) =>
    caddyFrom(parseSettings(`edge: { domain: apps.example.com, ${edge} }`, 'katabot.yml'));

  test('are few where little is wanted', () => {
    expect(read('caddy: {}')).toMatchObject({ admin: 'http://127.0.0.1:2019', tls: undefined });
    expect(read('caddy: {}, https: { acme: { termsAgreed: true } }')?.tls).toEqual({
      acme: { directory: 'https://acme-v02.api.letsencrypt.org/directory', email: '', caFile: '' },
      redirects: true,
      hstsSeconds: 0,
    });
  });

  test.each([
    [
      'caddy: { admin: http://10.0.0.1:2019 }',
      'edge.caddy.admin: expected the admin API of a Caddy on this machine',
    ],
    ['caddy: { admin: http://localhost:99999 }', 'edge.caddy.admin: expected a port'],
    ['caddy: {}, address: "127.0.0.1:0"', 'edge.address: with caddy, say the port'],
    ['caddy: {}, https: { address: "127.0.0.1:0" }', 'edge.https.address: with caddy, say the port'],
    [
      'caddy: {}, https: { files: [{ certificate: a.pem, key: a.key }] }',
      'edge.https.files: the bot’s own edge shows',
    ],
    [
      'caddy: {}, https: { acme: { termsAgreed: true, proof: dns } }',
      'edge.https.acme.proof: Caddy proves names itself',
    ],
  ])('%s are refused with one sentence', (edge, why) => {
    expect(() => read(edge)).toThrow(why);
  });
});

describe('an admin API that says in front which configuration it has, as newer ones do (2.11)', () => {
  let configuration: unknown = { count: 0 };
  let changes = 0;
  let answers: { refuses?: string; tagged: boolean };
  const server = createServer(async (request, response) => {
    if (answers.refuses) return void response.writeHead(403).end(JSON.stringify({ error: answers.refuses }));
    const tag = `"/config/ ${changes}"`;
    if (request.method === 'POST') {
      const wanted = JSON.parse(await text(request));
      // Caddy takes a change that names no state whatever the state is.
      const named = request.headers['if-match'] || tag;
      if (named !== tag) return void response.writeHead(412).end();
      configuration = wanted;
      changes += 1;
    } else if (answers.tagged) response.setHeader('etag', tag);
    response.end(JSON.stringify(configuration));
  });
  let admin: CaddyAdmin;
  const signal = AbortSignal.timeout(30_000);
  const count = (found: unknown) => ({ count: Object(found).count + 1 });

  beforeAll(async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    admin = createCaddyAdmin(`http://127.0.0.1:${Object(server.address()).port}`);
  });
  beforeEach(() => {
    answers = { tagged: true };
  });
  afterAll(() => void server.close());

  test('loses nothing of two who change it at the same moment', async () => {
    await Promise.all([admin.bring(count, signal), admin.bring(count, signal)]);
    expect(configuration).toEqual({ count: 2 });
  });

  test('is told nothing where it does not say so at all', async () => {
    answers = { tagged: false };
    const before = changes;
    await expect(admin.bring(count, signal)).rejects.toThrow('Caddy does not say which configuration it has');
    expect(changes).toBe(before);
  });

  test('that lets in nobody at that address says what to do', async () => {
    answers = { tagged: true, refuses: 'host not allowed: 127.0.0.9:2019' };
    await expect(admin.bring(count, signal)).rejects.toMatchObject({
      code: 'caddy-refused',
      message: expect.stringContaining('host not allowed: 127.0.0.9:2019'),
      advice: expect.stringContaining('admin.origins'),
    });
  });
});
