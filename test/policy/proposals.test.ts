/** What waits for people and the clock: where it stands, whose yes counts, and who owns a path. */
import { describe, expect, test } from '@jest/globals';
import {
  approvalVerdict,
  type Need,
  ownersOf,
  type Proposal,
  type ReviewRule,
  readOwners,
  reviewsVerdict,
  standingOf,
} from '../../src/policy/index.ts';

const MINUTE_MS = 60_000;
const ann = { person: 'github:1', name: 'ann' };
const cleo = { person: 'github:3', name: 'cleo' };
const dora = { person: 'github:4', name: 'dora' };
const byCleo: Need = { why: 'reviewers', from: [{ kind: 'person', ...cleo }], right: 'reader' };
const byOps: Need = { why: 'code-owners', from: [{ kind: 'team', name: 'acme/ops' }], right: 'reader' };

const proposal = (more: Partial<Proposal> & { approvals?: Proposal['approvals'] } = {}): Proposal => ({
  id: 'ask-1',
  repository: 'acme/shop',
  environment: 'staging',
  commit: 'c'.repeat(40),
  spec: 's',
  group: '',
  pull: 12,
  head: 'c'.repeat(40),
  branch: '',
  requester: ann,
  reason: '',
  needs: { approvals: [byCleo], waitMs: 0, barred: [] },
  askedAtMs: 0,
  expiresAtMs: 60 * MINUTE_MS,
  wanted: true,
  approvals: [],
  state: 'open',
  ending: '',
  ...more,
});
const yes = (who: typeof cleo, teams: readonly string[] = []) => ({
  ...who,
  right: 'reader' as const,
  teams,
  atMs: MINUTE_MS,
  reason: '',
});

describe('a proposal', () => {
  test.each<[string, Partial<Proposal>, number, string]>([
    [
      'needs every approval',
      { needs: { approvals: [byCleo, byOps], waitMs: 0, barred: [] }, approvals: [yes(cleo)] },
      0,
      'needs-approval',
    ],
    [
      'may have all of them from one person',
      { needs: { approvals: [byCleo, byOps], waitMs: 0, barred: [] }, approvals: [yes(cleo, ['acme/ops'])] },
      0,
      'ready',
    ],
    ['is over after an hour of silence', {}, 60 * MINUTE_MS, 'expired'],
    ['is not over once it is approved', { approvals: [yes(cleo)] }, 90 * MINUTE_MS, 'ready'],
    [
      'waits for the clock as well',
      { needs: { approvals: [byCleo], waitMs: 30 * MINUTE_MS, barred: [] }, approvals: [yes(cleo)] },
      29 * MINUTE_MS,
      'waits',
    ],
    [
      'ends with the clock',
      { needs: { approvals: [], waitMs: 30 * MINUTE_MS, barred: [] } },
      30 * MINUTE_MS,
      'ready',
    ],
    ['does not count the yes of who asked', { requester: cleo, approvals: [yes(cleo)] }, 0, 'needs-approval'],
    [
      'does not count the yes of who wrote it',
      {
        needs: { approvals: [byCleo], waitMs: 0, barred: [{ ...cleo, why: 'wrote it' }] },
        approvals: [yes(cleo)],
      },
      0,
      'needs-approval',
    ],
    ['stays ended', { state: 'rejected', approvals: [yes(cleo)] }, 0, 'ended'],
  ])('%s', (_name, more, nowMs, expected) => {
    expect(standingOf(proposal(more), nowMs).kind).toBe(expected);
  });

  test('is judged by the rules of now', () => {
    const approved = proposal({ approvals: [yes(cleo)] });
    expect(standingOf(approved, 0, { approvals: [byCleo, byOps], waitMs: 0, barred: [] }).kind).toBe(
      'needs-approval',
    );
  });

  test.each<
    [string, Partial<Proposal>, { person: string; name: string; teams: readonly string[] }, string | true]
  >([
    ['a reviewer', {}, { ...cleo, teams: [] }, true],
    [
      'a member of a team',
      { needs: { approvals: [byOps], waitMs: 0, barred: [] } },
      { ...dora, teams: ['acme/ops'] },
      true,
    ],
    ['anybody else', {}, { ...dora, teams: [] }, 'approval-not-asked'],
    ['who asked', {}, { ...ann, teams: [] }, 'approval-own'],
    [
      'the same person under another name',
      { requester: { ...cleo, name: 'cleo-on-slack' } },
      { ...cleo, teams: [] },
      'approval-own',
    ],
    [
      'somebody that GitHub does not know',
      {},
      { person: 'caller:cleo', name: 'cleo', teams: [] },
      'approval-stranger',
    ],
    ['a yes that comes too late', { state: 'expired' }, { ...cleo, teams: [] }, 'proposal-ended'],
  ])('from %s', (_name, more, who, expected) => {
    const verdict = approvalVerdict(proposal(more), { ...who, right: 'reader' }, 0);
    expect(verdict.allowed || verdict.code).toBe(expected);
  });

  test('of a fork takes somebody who may deploy', () => {
    const fork = proposal({
      needs: { approvals: [{ why: 'fork', from: [], right: 'deployer' }], waitMs: 0, barred: [] },
    });
    expect(approvalVerdict(fork, { ...dora, teams: [], right: 'reader' }, 0)).toMatchObject({
      code: 'approval-not-asked',
    });
    expect(approvalVerdict(fork, { ...dora, teams: [], right: undefined }, 0)).toMatchObject({
      code: 'approval-not-asked',
    });
    expect(approvalVerdict(fork, { ...dora, teams: [], right: 'operator' }, 0).allowed).toBe(true);
  });
});

describe('CODEOWNERS', () => {
  const lines = readOwners(`
# everybody first
*                 @everybody
/apps/            @acme/apps   # a comment
*.yaml            @yaml ann@example.com
docs/*            @docs
/deep/**/x.yml    @deep
\\#odd\\ name.yml @odd
!not.yml          @never
[a-z].yml         @never
/free/
`);

  test.each([
    ['readme.md', ['@everybody']],
    ['apps/shop/main.ts', ['@acme/apps']],
    ['apps/shop/containergroup.yaml', ['@yaml', 'ann@example.com']],
    ['docs/a.md', ['@docs']],
    ['docs/deeper/a.md', ['@everybody']],
    ['deep/x.yml', ['@deep']],
    ['deep/a/b/x.yml', ['@deep']],
    ['#odd name.yml', ['@odd']],
    ['not.yml', ['@everybody']],
    ['free/a.md', []],
  ])('%s belongs to %j', (path, owners) => {
    expect(ownersOf(lines, path)).toEqual(owners);
  });
});

describe('reviews that the base branch requires', () => {
  const head = 'h'.repeat(40);
  const review = (
    by: number,
    state: 'approved' | 'changes-requested' | 'dismissed' = 'approved',
    more: object = {},
  ) => ({
    by,
    login: `p${by}`,
    state,
    commit: head,
    writer: true,
    ...more,
  });
  const none: ReviewRule = { approvals: 0, dismissStale: false, codeOwner: false, lastPush: false };

  test.each<[string, Partial<ReviewRule>, ReturnType<typeof review>[], boolean]>([
    ['nothing asked, nothing needed', {}, [], true],
    ['one asked, none there', { approvals: 1 }, [], false],
    ['one asked, one there', { approvals: 1 }, [review(2)], true],
    ['of who may not write', { approvals: 1 }, [review(2, 'approved', { writer: false })], false],
    ['of the author', { approvals: 1 }, [review(1)], false],
    ['two asked, one there', { approvals: 2 }, [review(2)], false],
    ['changes asked for', { approvals: 1 }, [review(2), review(3, 'changes-requested')], false],
    ['of an older commit', { approvals: 1 }, [review(2, 'approved', { commit: 'old' })], true],
    [
      'of an older commit that no longer counts',
      { approvals: 1, dismissStale: true },
      [review(2, 'approved', { commit: 'old' })],
      false,
    ],
    ['dismissed', { approvals: 1 }, [review(2, 'dismissed')], false],
    ['of who pushed last', { lastPush: true }, [review(5)], false],
    ['of somebody else than who pushed last', { lastPush: true }, [review(2)], true],
    ['without a code owner', { codeOwner: true }, [review(2)], false],
    ['of a code owner', { codeOwner: true }, [review(9)], true],
  ])('%s', (_name, rule, reviews, allowed) => {
    const verdict = reviewsVerdict({
      environment: 'staging',
      rule: { ...none, ...rule },
      reviews,
      commit: head,
      author: 1,
      lastPusher: 5,
      owners: [(by) => by === 9],
    });
    expect(verdict === undefined).toBe(allowed);
  });

  test('that cannot be read are a no', () => {
    const facts = { environment: 'x', reviews: [], commit: head, author: 1, lastPusher: 5, owners: [] };
    expect(reviewsVerdict({ ...facts, rule: 'unknown' })).toMatchObject({ code: 'reviews-unknown' });
  });
});
