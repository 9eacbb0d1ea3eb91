/** The app: what it may do and hear, what it needs to begin, and that it survives everything that GitHub can tell. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import definitions from '@octokit/webhooks-examples' with { type: 'json' };
import { readCredentials } from '../../../src/surfaces/github/credentials.ts';
import { EVENTS } from '../../../src/surfaces/github/events.ts';
import { keptOf } from '../../../src/surfaces/github/kept-fields.ts';
import { laneOf, naturalKey, type Payload } from '../../../src/surfaces/github/natural-key.ts';
import { MANIFEST } from '../../world/github/index.ts';
import { openStage, type Stage } from './stage.ts';

test('the manifest asks for this and no more', () => {
  expect(MANIFEST.default_permissions).toEqual({
    metadata: 'read',
    members: 'read',
    contents: 'read',
    actions: 'read',
    issues: 'read',
    pull_requests: 'write',
    checks: 'write',
    statuses: 'write',
    deployments: 'write',
  });
  expect(MANIFEST.default_events).toEqual(['check_run', 'issue_comment', 'pull_request', 'push']);
  expect([...EVENTS].filter((event) => !event.startsWith('installation'))).toEqual(MANIFEST.default_events);
});

test('what is kept of a payload says the same of itself, and of people no more than who they are', () => {
  for (const { name, payload } of everyExample().filter((each) => EVENTS.has(each.name))) {
    const kept = keptOf(name, payload);
    expect(laneOf(kept)).toBe(laneOf(payload));
    expect(naturalKey(name, 'one', kept)).toBe(naturalKey(name, 'one', payload));
    expect(JSON.stringify(kept)).not.toMatch(/_url"|avatar|description|"email"/);
    expect(keptOf(name, kept)).toEqual(kept);
  }
  const check = {
    name: 'katabot / prod',
    external_id: 'p1 x',
    pull_requests: [{ number: 3, url: 'https://x' }],
    output: {},
  };
  expect(keptOf('check_run', { action: 'rerequested', check_run: check, organization: { id: 1 } })).toEqual({
    action: 'rerequested',
    check_run: { name: 'katabot / prod', external_id: 'p1 x', pull_requests: [{ number: 3 }] },
  });
});

/** One of everything that GitHub can tell. */
function everyExample(): { readonly name: string; readonly payload: Payload }[] {
  // Its types are of CommonJS, what is imported is not.
  const kinds = definitions as unknown as readonly {
    readonly name: string;
    readonly examples: readonly Payload[];
  }[];
  return kinds.flatMap(({ name, examples }) => examples.map((payload) => ({ name, payload })));
}

describe('credentials', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'katabot-credentials-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each<[string, string | undefined, string | undefined, string]>([
    ['without a key', undefined, 's'.repeat(32), 'cannot be read'],
    ['with a key that is none', 'half-a-key', 's'.repeat(32), 'holds no private key'],
    ['without a secret', 'good', undefined, 'cannot be read'],
    ['with an empty secret', 'good', '\n', 'holds no secret'],
    ['with the secret that everybody knows', 'good', 'development', 'holds no secret'],
    ['with a short secret beside a long one', 'good', `${'s'.repeat(32)}\nshort`, 'holds no secret'],
  ])('%s the bot does not begin, and says which file', async (_name, key, secret, expected) => {
    const { generateKeyPairSync } = await import('node:crypto');
    const files = {
      appId: 1,
      privateKeyFile: join(folder, 'key'),
      webhookSecretFile: join(folder, 'secret'),
    };
    await rm(files.privateKeyFile, { force: true });
    await rm(files.webhookSecretFile, { force: true });
    const good = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({
      type: 'pkcs8',
      format: 'pem',
    });
    if (key !== undefined) await writeFile(files.privateKeyFile, key === 'good' ? good : key);
    if (secret !== undefined) await writeFile(files.webhookSecretFile, secret);
    let message = '';
    try {
      readCredentials(files);
    } catch (error) {
      message = String(error);
    }
    expect(message).toContain(expected);
    expect(message).not.toMatch(/half-a-key|ssss|short/);
  });
});

describe('what GitHub can tell', () => {
  let stage: Stage;
  beforeAll(async () => {
    stage = await openStage();
  });
  afterAll(() => stage.stop());

  test('is taken, whatever it is', async () => {
    const all = everyExample().map(({ name, payload }) => ({ name, body: JSON.stringify(payload) }));
    const wanted = all.filter(({ name }) => EVENTS.has(name));
    expect(wanted.length).toBeGreaterThan(20);
    for (const { name, body } of all) {
      const status = await stage.github.send(name, body);
      expect([200, 202]).toContain(status);
    }
    await stage.bot.app.github?.idle();
    expect(await stage.bot.app.store.inbox.counts()).toEqual({ waiting: 0, failed: 0 });
  });
});
