import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { inPlaceBecause } from '../../src/commands/beside.ts';
import { meant } from '../../src/engines/index.ts';
import type { Wish } from '../../src/reconciler/index.ts';
import { updateStages } from '../../src/replies/index.ts';
import { readGroup, updatesOf } from '../../src/spec/index.ts';
import { documentOf, type GroupWords, groupFrom, KEY, wishFor } from '../reconciler/groups.ts';
import { type AppInTest, commitFiles, eventually, startApp } from '../world/bot.ts';
import { groupText } from '../world/groups.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const WEB: GroupWords = { containers: { web: {} }, ports: [80], dnsNameLabel: 'hello' };
const FQDN = 'hello.local.localhost';
const GPU = { containers: { web: { gpu: { count: 1, sku: 'V100' } } } };

const host = { name: 'local' } as NonNullable<Parameters<typeof inPlaceBecause>[0]['host']>;

function because(
  words: Partial<GroupWords>,
  before: Partial<Wish> = {},
  more: { fqdn?: string; locationName?: string } = {},
) {
  const old = wishFor(WEB, { settled: 'Running', fqdn: FQDN, ...before });
  const group = groupFrom({ ...WEB, ...words });
  return inPlaceBecause({ key: KEY, group, fqdn: FQDN, locationName: 'local', host, ...more }, old);
}

function share(readOnly: boolean) {
  const azureFile = { shareName: 'files', storageAccountName: 'team', storageAccountKey: 'a2V5', readOnly };
  return { volumes: [{ name: 'files', azureFile }] };
}

describe('a revision stands beside the one that serves', () => {
  test('where the group has a name and nothing that only one can have', () => {
    expect(because({})).toBeUndefined();
    expect(because({ ports: [80, 443] })).toBeUndefined();
    expect(because({ volumes: [{ name: 'scratch', emptyDir: {} }] })).toBeUndefined();
    expect(because(share(true))).toBeUndefined();
  });

  test.each<[string, ReturnType<typeof because>]>([
    ['nothing-serves', because({}, { settled: null })],
    ['nothing-serves', because({}, { wanted: 'stopped', settled: 'Stopped' })],
    ['elsewhere', because({}, {}, { locationName: 'attic' })],
    ['elsewhere', because({}, { host: '' })],
    ['no-name', because({}, { fqdn: '' })],
    ['names-change', because({}, {}, { fqdn: 'other.local.localhost' })],
    ['names-change', because({ customDomains: ['shop.example.com'] })],
    ['gpu', because(GPU)],
    ['share', because(share(false))],
  ])('but not where it is %s', (reason, found) => {
    expect(found).toBe(reason);
  });

  test.each([
    [
      { kind: 'beside', serving: 3 },
      'beside: #3 serves until the new revision is healthy; both are billed until a minute after',
    ],
    [{ kind: 'in-place', because: 'gpu' }, 'in place: its GPUs are held by one sandbox'],
    [{ kind: 'in-place' }, undefined],
  ] as const)('and the plan says how it will be: %j', (update, text) => {
    expect(updateStages(update).map((block) => ('text' in block ? block.text : ''))).toEqual(
      text ? [text] : [],
    );
  });

  test('as its own tag says, whatever the location does; a tag that says something else is told at its line', () => {
    const tagged = (value: string) =>
      readGroup(
        JSON.stringify({ ...JSON.parse(documentOf(WEB)), tags: { 'katabot-updates': value } }, null, 2),
      );
    const groups = ['beside', 'in-place'].map((value) => tagged(value).group);
    expect(groups.map((group) => group && updatesOf(group))).toEqual(['beside', 'in-place']);
    expect(updatesOf(groupFrom(WEB))).toBeUndefined();
    expect(tagged('blue-green').problems).toMatchObject([
      {
        code: 'updates-unknown',
        path: 'tags.katabot-updates',
        line: expect.any(Number),
        message: '"blue-green" is no way of updating.',
        advice: 'Write in-place or beside, or remove the tag for what the location does.',
      },
    ]);
  });
});

describe('of several sandboxes the one that is meant', () => {
  const of = (revisions: number[], upTo?: number) => meant(revisions, (each) => each, upTo);
  test.each([
    ['all, where nobody says', of([1, 2]), [1, 2]],
    ['the one that serves, while a later one is tried', of([1, 2], 1), [1]],
    ['the newest that is not too new', of([1, 2, 4], 3), [2]],
    ['all that belongs to it', of([1, 2, 2], 2), [2, 2]],
    ['the only one, though it is newer than was known', of([3], 2), [3]],
    ['none', of([], 2), []],
  ])('is %s', (_, found, wanted) => {
    expect(found).toEqual(wanted);
  });
});

describe('while a revision is tried', () => {
  const NEVER_READY = ['readinessProbe: {exec: {command: [sh, -c, exit 1]}, periodSeconds: 1}'];
  const settings = { locations: { local: { isolation: 'none', updates: 'beside' } } };
  const engine = createMemoryEngine(systemClock, ['katabot/hello:1', 'katabot/hello:2']);
  const parts = { engine: () => engine };
  // Whatever address a group has, somebody answers there.
  const server = createServer((_, response) => response.end('hello'));
  let port: number;
  let app: AppInTest;
  let folder: string;

  beforeAll(async () => {
    await once(server.listen(0, '0.0.0.0'), 'listening');
    port = Object(server.address()).port;
    folder = await mkdtemp(join(tmpdir(), 'katabot-beside-'));
    app = await startApp({ settings, parts });
    expect(await push(textOf())).toMatchObject({ code: 0 });
  });

  afterAll(async () => {
    server.close();
    await app.stop();
    await rm(folder, { recursive: true, force: true });
  });

  function textOf(more: Parameters<typeof groupText>[0] = {}): string {
    return groupText({ label: 'beside', ...more }).replaceAll('port: 80', `port: ${port}`);
  }

  async function push(text: string) {
    await commitFiles(folder, { 'containergroup.yaml': text });
    return app.push(folder);
  }

  /** A push that goes on until its revision is given up; resolves once that is being tried. */
  async function pushUnready(number: number) {
    const image = `katabot/hello:${(number % 2) + 1}`;
    const pushed = push(textOf({ image, container: NEVER_READY }));
    await eventually(async () => expect(await status()).toMatchObject({ coming: number }));
    return { pushed };
  }

  async function status() {
    const outcome = await app.run('status', 'shop');
    return 'data' in outcome ? outcome.data : undefined;
  }

  test('the status is that of what serves, and cancel gives up what is tried', async () => {
    const { pushed } = await pushUnready(2);
    expect(await status()).toMatchObject({ revision: 1, state: 'Running', serving: 1, coming: 2 });
    expect(await app.run('cancel', 'shop', '--dry-run')).toMatchObject({ kind: 'done' });
    expect(await status()).toMatchObject({ coming: 2 });
    expect(await app.run('cancel', 'shop')).toMatchObject({
      code: 'cancelled',
      data: { revision: 2, serving: 1 },
    });
    expect((await pushed).text).toContain('Revision 2 was given up');
    const after = await status();
    expect(after).toMatchObject({ revision: 1, state: 'Running' });
    expect(after).not.toHaveProperty('failure');
    expect(await app.run('cancel', 'shop')).toMatchObject({ data: { changed: false } });
  });

  test('a rollback to what serves takes the place of what is tried', async () => {
    const { pushed } = await pushUnready(3);
    expect(await app.run('rollback', 'shop', 'to', '1')).toMatchObject({ code: 'deployed' });
    expect((await pushed).text).toContain('superseded');
    expect(await status()).toMatchObject({ revision: 4, state: 'Running' });
  });

  test('a revision that ends again and again is told with its last words, which are kept', async () => {
    const container = ['command: [sh, -c, "echo no database; exit 3"]'];
    const { code, text } = await push(textOf({ container }));
    expect(code).toBe(0); // the push is through; it is the deploy that failed
    expect(text).toMatch(/exit-code[\s\S]*no database[\s\S]*Revision 4 keeps serving/);
    expect(text).toContain('`katabot logs shop/main --previous`');
    expect(await status()).toMatchObject({
      revision: 4,
      state: 'Running',
      failure: { code: 'exit-code' },
      serving: 4,
    });
    const previous = await app.run('logs', 'shop', '--previous');
    expect(previous).toMatchObject({ data: { kept: [{ container: 'main', revision: 5 }] } });
  });

  test('a group that asks for it itself is changed in place', async () => {
    const tagged = textOf({ image: 'katabot/hello:2' }).replace(
      'location: local',
      'location: local\ntags: {katabot-updates: in-place}',
    );
    const { code, text } = await push(tagged);
    expect({ code, beside: text.includes('serves until') }).toEqual({ code: 0, beside: false });
    expect(await status()).toMatchObject({ revision: 6, state: 'Running' });
  });

  test('a revision that cannot be written down leaves the books as they were', async () => {
    const { store } = app.app;
    const books = async () => ({
      slots: (await store.slots.all('local')).toSorted((a, b) => a.slot - b.slot),
      addresses: await store.addresses.all('local'),
      labels: await store.labels.all(),
    });
    const before = await books();
    const database = new DatabaseSync(join(app.dataFolder, 'katabot.sqlite'));
    try {
      database.exec("create trigger full before insert on revisions begin select raise(abort, 'full'); end");
      const other = textOf({ container: ["environmentVariables: [{name: OTHER, value: 'yes'}]"] });
      const tagged = other.replace('location: local', 'location: local\ntags: {katabot-updates: in-place}');
      for (const text of [
        other, // at a second place
        groupText({ name: 'newer', label: 'newer' }),
        tagged.replaceAll(/\[(\{port: \d+\})\]/g, '[$1, {port: 9999}]').replace('beside', 'elsewhere'),
      ]) {
        expect((await push(text)).text).toContain('went wrong');
        expect(await books()).toEqual(before);
      }
    } finally {
      database.exec('drop trigger full');
      database.close();
    }
  });

  test('a bot that has lost its books takes up the older one', async () => {
    const before = await app.app.store.desired.get('production/shop');
    const { pushed } = await pushUnready(7);
    await app.stop();
    await pushed;
    app = await startApp({ settings, parts });
    expect(await push(textOf())).toMatchObject({ code: 0 });
    const after = await app.app.store.desired.get('production/shop');
    // 8 when a sandbox of the seventh had been made already: labels know of it.
    expect([7, 8]).toContain(after?.revision.number);
    expect(after).toMatchObject({ address: before?.address, subnet: before?.subnet });
    const seen = (await engine.observe(AbortSignal.timeout(1_000))).get('production/shop');
    expect(seen?.pods).toHaveLength(1);
  });
});
