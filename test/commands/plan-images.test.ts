/** Who has a host ask registries, with the logins of an environment, before anything is deployed. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import { Failure } from '../../src/failure.ts';
import type { Admission, Caller, Need } from '../../src/policy/index.ts';
import type { Outcome } from '../../src/replies/index.ts';
import { Secret } from '../../src/secrets/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const COMMIT = 'a'.repeat(40);
const TEXT = JSON.stringify({
  name: 'shop',
  location: 'local',
  properties: {
    osType: 'Linux',
    imageRegistryCredentials: [
      { server: 'elsewhere.example', username: 'x', passwordReference: 'katabot:DATABASE' },
    ],
    containers: [
      {
        name: 'main',
        properties: {
          image: 'elsewhere.example/x:1',
          resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } },
        },
      },
    ],
  },
});
const DEPLOYER: Caller = {
  name: 'github:ann',
  right: 'admin',
  grants: [
    { right: 'deployer', environments: ['*'], repositories: ['acme/shop'], rule: 'role write in acme/shop' },
  ],
};
const YES: Need = { why: 'reviewers', from: [], right: 'deployer' };
const needs = (approvals: number, waitMs: number) => ({
  approvals: Array.from({ length: approvals }, () => YES),
  waitMs,
  barred: [],
});
const open: Admission = { allowed: true, rule: 'environment', commit: COMMIT };

let bot: AppInTest;
const asked: string[] = [];

beforeAll(async () => {
  const engine = createMemoryEngine(systemClock, []);
  bot = await startApp({
    parts: {
      engine: () => ({
        ...engine,
        checkImage: async ({ image, credentials }) => {
          asked.push(`${image} ${credentials.map(({ password }) => password?.reveal()).join()}`);
          return new Failure('image-not-found', 'There is none.', {
            advice: 'It is tried again by itself. Look at the tag.',
            about: { image },
          });
        },
      }),
    },
  });
  const set = runCommand(
    bot.app.ground,
    {
      words: ['secret', 'set', 'DATABASE', 'in', 'production'],
      caller: { name: 'local', right: 'admin' },
      surface: 'cli',
      secret: new Secret('canary'),
    },
    AbortSignal.timeout(20_000),
  );
  await endOf(set);
});

afterAll(() => bot.stop());

async function endOf(telling: ReturnType<typeof runCommand>): Promise<Outcome> {
  for (;;) {
    const step = await telling.next();
    if (step.done) return step.value;
  }
}

async function say(line: string, admission: Admission): Promise<Outcome> {
  asked.length = 0;
  const here = {
    repository: 'acme/shop',
    environment: 'pr-7-shop',
    environments: ['pr-7-shop', 'production'],
    fork: false,
    admit: async () => admission,
    pull: { number: 7, head: '' },
    seen: async () => ({ allowed: true as const, rule: 'test' }),
    begin: async () => {},
    source: async () => ({ commit: COMMIT, files: [{ path: 'containergroup.yaml', text: TEXT }] }),
  };
  const command = { words: [], line, caller: DEPLOYER, surface: 'github' as const, here };
  return endOf(runCommand(bot.app.ground, Object(command), AbortSignal.timeout(20_000)));
}

const PLAN = '/kata plan in production';
const DRY = '/kata deploy to production --dry-run';

test('who could deploy now hears what is wrong with an image, and nothing of tries that there are none of', async () => {
  const { data } = await say(PLAN, open);
  expect(asked).toEqual(['elsewhere.example/x:1 canary']);
  const [problem] = Object(data).problems;
  expect(problem).toMatchObject({ code: 'image-not-found', severity: 'warning' });
  expect(problem.advice).not.toContain('by itself');
});

test.each<[string, string, Admission]>([
  [
    'whom the rules of the place refuse',
    PLAN,
    { allowed: false, code: 'checks-missing', message: 'Checks are missing.', advice: 'Wait.' },
  ],
  ['who needs a yes first', PLAN, { ...open, needs: needs(1, 0) }],
  ['who has to wait first', PLAN, { ...open, needs: needs(0, 600_000) }],
  ['who needs a yes first, with a dry run', DRY, { ...open, needs: needs(1, 0) }],
  ['who has to wait first, with a dry run', DRY, { ...open, needs: needs(0, 600_000) }],
])('no registry is asked for one %s', async (_, line, admission) => {
  await say(line, admission);
  expect(asked).toEqual([]);
});
