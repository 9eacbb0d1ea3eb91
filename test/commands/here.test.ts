/** Commands that are said where the place itself says what they are about, as in a pull request. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { runCommand } from '../../src/commands/index.ts';
import type { Here } from '../../src/commands/verb.ts';
import { Failure } from '../../src/failure.ts';
import { type Block, drawPlain, type Outcome } from '../../src/replies/index.ts';
import { type AppInTest, startApp } from '../world/bot.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';

const HEAD = 'a'.repeat(40);
const OLDER = 'b'.repeat(40);

function file(name: string, text = 'up') {
  return {
    path: `${name}/containergroup.yaml`,
    text: JSON.stringify({
      name,
      location: 'local',
      properties: {
        osType: 'Linux',
        containers: [
          {
            name: 'main',
            properties: {
              image: 'web:1',
              command: ['sh', '-c', `echo ${text}; serve`],
              resources: { requests: { cpu: 0.1, memoryInGB: 0.1 } },
            },
          },
        ],
      },
    }),
  };
}

/** Pull request 12 of a repository: what its trees hold can be changed between two lines. */
const trees: Record<string, readonly { path: string; text: string }[]> = {};
const here: Here = {
  repository: 'acme/shop',
  environment: 'pr-12-shop',
  environments: ['pr-12-shop', 'staging'],
  fork: false,
  pull: { number: 0, head: '' },
  seen: async () => ({ allowed: true, rule: 'test' }),
  begin: async () => {},
  admit: async () => ({ allowed: true, rule: 'a test' }),
  async source(commit = HEAD) {
    const found = Object.keys(trees).find((each) => each.startsWith(commit));
    if (!found) throw new Failure('commit-elsewhere', `${commit} is no commit of this pull request.`);
    return { commit: found, files: trees[found] ?? [] };
  },
};

let bot: AppInTest;
const engine = createMemoryEngine(systemClock, ['web:1']);

beforeAll(async () => {
  bot = await startApp({ parts: { engine: () => engine } });
});
afterAll(() => bot.stop());

async function say(line: string, place: Here = here): Promise<Outcome & { readonly text: string }> {
  const caller = { name: 'ann', right: 'operator' } as const;
  const blocks: Block[] = [];
  const command = runCommand(
    bot.app.ground,
    { words: [], line, caller, surface: 'github', here: place },
    AbortSignal.timeout(20_000),
  );
  for (;;) {
    const step = await command.next();
    if (!step.done) blocks.push(step.value);
    else {
      const text = [...blocks, ...step.value.blocks].flatMap((block) => drawPlain(block)).join('\n');
      return { ...step.value, text };
    }
  }
}

const running = async () => (await bot.app.store.desired.list()).filter(({ wanted }) => wanted === 'running');
const keys = async () => (await running()).map(({ key }) => key).sort();

describe('in a pull request', () => {
  test('/deploy alone deploys every file of the head to the environment of the place', async () => {
    trees[HEAD] = [file('shop'), file('api')];
    expect(await say('/deploy')).toMatchObject({ kind: 'done', code: 'deployed' });
    expect(await keys()).toEqual(['pr-12-shop/api', 'pr-12-shop/shop']);
    expect((await running())[0]).toMatchObject({ repository: 'acme/shop', revision: { commit: HEAD } });
  });

  test('one of several groups has to be named, and the lines to write are given', async () => {
    const answer = await say('/kata logs');
    expect(answer).toMatchObject({ kind: 'invalid', code: 'usage' });
    expect(answer.text).toContain('/kata logs api or /kata logs shop');
    expect(await say('/kata logs shop')).toMatchObject({ kind: 'done', code: 'logs' });
  });

  test('a deploy of all that is there takes away what has lost its file; of one group it does not', async () => {
    trees[HEAD] = [file('shop')];
    await say('/deploy shop');
    expect(await keys()).toEqual(['pr-12-shop/api', 'pr-12-shop/shop']);
    await say('/deploy');
    expect(await keys()).toEqual(['pr-12-shop/shop']);
  });

  test('the only group needs no name, except to be deleted', async () => {
    expect((await say('/kata logs')).text).toContain('up');
    expect(await say('/kata stop')).toMatchObject({ kind: 'done' });
    expect(await say('/kata start')).toMatchObject({ kind: 'done' });
    const previous = await say('/kata logs --previous');
    expect(previous).toMatchObject({ kind: 'done', data: { lines: 1, kept: [{ container: 'main' }] } });
    expect(previous.text).toMatch(/the run of revision #\d+ that began [\s\S]*up/);
    expect((await say('/kata status shop')).data).toMatchObject({ containers: [{ restarts: 0 }] });
    expect(await say('/kata delete')).toMatchObject({ kind: 'invalid', code: 'usage' });
    expect(await keys()).toEqual(['pr-12-shop/shop']);
  });

  test('a commit of the place is deployed, one from elsewhere is not', async () => {
    trees[OLDER] = [file('shop', 'older')];
    expect(await say(`/deploy @${OLDER.slice(0, 7)}`)).toMatchObject({ kind: 'done' });
    expect((await running())[0]?.revision.commit).toBe(OLDER);
    expect(await say('/deploy @9999999')).toMatchObject({ kind: 'failed', code: 'commit-elsewhere' });
  });

  test('an environment that nothing runs in yet is understood as one', async () => {
    expect(await say('/deploy staging')).toMatchObject({ kind: 'done', code: 'deployed' });
    expect(await keys()).toEqual(['pr-12-shop/shop', 'staging/shop']);
    expect((await say('/kata status')).data).toMatchObject({ groups: [{ environment: 'pr-12-shop' }] });
    expect(await say('/kata status shop in staging')).toMatchObject({ data: { environment: 'staging' } });
  });

  test('nothing of another repository is spoken of', async () => {
    const other: Here = { ...here, repository: 'acme/other', environment: 'pr-1-other' };
    expect(await say('/kata logs shop in staging', other)).toMatchObject({ code: 'group-unknown' });
    expect(await say('/kata delete shop in staging', other)).toMatchObject({ code: 'group-unknown' });
    expect(await keys()).toContain('staging/shop');
  });

  test('a plan changes nothing and says what would change', async () => {
    trees[HEAD] = [file('shop', 'newer')];
    const before = (await running()).map(({ revision }) => revision.commit);
    expect(await say('/kata plan')).toMatchObject({
      kind: 'done',
      data: { groups: [{ effect: 'restart', wouldDeploy: true }] },
    });
    expect((await running()).map(({ revision }) => revision.commit)).toEqual(before);
  });

  test('a tree without a file, and a file that a comment cannot bring along, are told', async () => {
    trees[HEAD] = [];
    expect((await say('/deploy')).text).toContain('has no containergroup.yaml');
    expect(await say('/deploy --file containergroup.yaml')).toMatchObject({ code: 'usage' });
  });

  test('help lists what may be said there, and nothing else', async () => {
    const { text } = await say('/kata help');
    expect(text).toContain('deploy');
    expect(text).not.toMatch(/^ {2}(exec|attach|audit|doctor|serve|token) /m);
    expect((await say('/kata help logs')).text).toContain('--tail');
    expect(await say('/kata exec shop -- id')).toMatchObject({ code: 'wrong-surface' });
    expect(await say('/kata audit')).toMatchObject({ code: 'wrong-surface' });
  });
});

test('a deploy that was on its way before goes on, is tried anew and told from its beginning', async () => {
  trees[HEAD] = [file('late')];
  const broken = engine.failAlways('pull', new Failure('image-not-found', 'There is no such image.'));
  engine.images.delete('web:1');
  expect(await say('/deploy late')).toMatchObject({ kind: 'failed', code: 'image-not-found' });
  broken.mend();
  engine.images.add('web:1');
  expect(await say('/deploy late')).toMatchObject({ kind: 'done', code: 'deployed' });
});
