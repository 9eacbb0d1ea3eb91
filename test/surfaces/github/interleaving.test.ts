/**
 * Pushes, comments, clocks and webhooks in any order: what is deployed is always a commit that the person could see. A commit
 * could be seen by somebody when it was the head at the second in which they pressed send. And nothing gets into an
 * environment with a reviewer that the reviewer could not see when they said yes.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Comment } from '../../world/github/index.ts';
import { botComments, groupFile, openStage, reactions, type Stage } from './stage.ts';

const MINUTE_MS = 60_000;

type Deed =
  | { readonly kind: 'push'; readonly by: 'ann' | 'carl' }
  | { readonly kind: 'deploy'; readonly by: 'ann' | 'bo' }
  | { readonly kind: 'staging' }
  | { readonly kind: 'approve' }
  | { readonly kind: 'status' }
  | { readonly kind: 'time'; readonly ms: number }
  | { readonly kind: 'deliver'; readonly how: 'in order' | 'reversed' | 'twice' | 'lost' };

const deed: fc.Arbitrary<Deed> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      by: fc.constantFrom('ann' as const, 'carl' as const),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('deploy' as const),
      by: fc.constantFrom('ann' as const, 'bo' as const),
    }),
  },
  { weight: 2, arbitrary: fc.constant({ kind: 'staging' as const }) },
  { weight: 2, arbitrary: fc.constant({ kind: 'approve' as const }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'status' as const }) },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('time' as const),
      ms: fc.constantFrom(300, 1_100, 15_000, 35_000, 120_000),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('deliver' as const),
      how: fc.constantFrom('in order' as const, 'reversed' as const, 'twice' as const, 'lost' as const),
    }),
  },
);

let stage: Stage;
let count = 0;

beforeAll(async () => {
  stage = await openStage();
});
afterAll(() => stage.stop());

test('in any order', async () => {
  await fc.assert(fc.asyncProperty(fc.array(deed, { minLength: 4, maxLength: 14 }), play), {
    numRuns: 20,
    endOnFailure: true,
  });
}, 240_000);

async function play(deeds: readonly Deed[]): Promise<void> {
  const { github, clock, ann, bo } = stage;
  const name = `acme/play-${++count}`;
  const group = `web-${count}`;
  const shop = github.repository(name, {
    permissions: { ann: 'write', bo: 'admin', carl: 'write', cleo: 'read' },
  });
  const cleo = github.person('cleo');
  shop.environments.set('staging', {
    protection_rules: [
      { type: 'required_reviewers', reviewers: [{ type: 'User', reviewer: { id: cleo.id, login: 'cleo' } }] },
    ],
    deployment_branch_policy: null,
  });
  const push = (by: string) =>
    github.push(github.person(by), shop, 'feature', {
      'containergroup.yaml': groupFile(group, { text: `${count} ${clock.now()}` }),
    });
  push('ann');
  const pull = github.openPull(ann, shop, { branch: 'feature' });
  await stage.settle();
  clock.leap(5 * MINUTE_MS);
  const [seen, approved, comments]: [Set<string>, Set<string>, Comment[]] = [new Set(), new Set(), []];
  for (const each of deeds) {
    if (each.kind === 'push') push(each.by);
    if (each.kind === 'time') clock.leap(each.ms);
    if (each.kind === 'staging') comments.push(github.comment(ann, shop, pull, '/deploy to staging'));
    if (each.kind === 'approve') {
      approved.add(shop.branches.get('feature') ?? '');
      comments.push(github.comment(cleo, shop, pull, '/kata approve staging'));
    }
    if (each.kind === 'status') comments.push(github.comment(bo, shop, pull, '/kata status'));
    if (each.kind === 'deploy') {
      seen.add(shop.branches.get('feature') ?? '');
      comments.push(github.comment(each.by === 'ann' ? ann : bo, shop, pull, '/deploy'));
    }
    if (each.kind === 'deliver')
      await github.deliver({
        reversed: each.how === 'reversed',
        twice: each.how === 'twice',
        lose: each.how === 'lost',
      });
  }
  await stage.settle();
  for (let minute = 0; minute < 8; minute++) {
    clock.leap(MINUTE_MS);
    await stage.settle();
  }
  clock.leap(61 * MINUTE_MS); // nobody approves it any more
  await stage.settle();
  const key = `pr-11-play-${count}/${group}` as const;
  const deployed = (await stage.bot.app.store.desired.revisions(key)).map(({ commit }) => commit);
  for (const commit of deployed) expect([...seen]).toContain(commit);
  const reviewed = await stage.bot.app.store.desired.revisions(`staging/${group}`);
  for (const { commit } of reviewed) expect([...approved]).toContain(commit);
  for (const comment of comments)
    expect([['rocket'], ['-1'], ['confused']]).toContainEqual(reactions(comment));
  const own = pull.comments.filter(({ app }) => app !== null).map(({ body }) => body.split('\n')[0]);
  expect(new Set(own).size).toBe(own.length);
  expect(botComments(pull).sticky?.body).toContain((shop.branches.get('feature') ?? '').slice(0, 7));
  clock.leap(61 * MINUTE_MS); // GitHub lets an app write only so much an hour
}
