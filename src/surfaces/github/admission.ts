import { Failure } from '../../failure.ts';
import {
  type Admission,
  type Approver,
  environmentVerdict,
  FORK_NEED,
  type Need,
  type Refusal,
  requiredChecksVerdict,
  reviewsVerdict,
} from '../../policy/index.ts';
import { groupSize, readGroup } from '../../spec/index.ts';
import type { Pull } from '../../store/index.ts';
import type { Octokit } from './clients.ts';
import { branchIsProtected, environmentRules } from './environment-rules.ts';
import { handsIn } from './hands.ts';
import { nameOf, previewOf } from './names.ts';
import { codeOwners, isAmong, nobodyOwns } from './owners.ts';
import type { Desk } from './parts.ts';
import { type Person, personAt } from './people.ts';
import { type BranchRules, branchRules, passedChecks, reviewsOf } from './required.ts';

/** Where a deploy of a pull request is to go, with which commit, and who wants it. */
export interface Wanted {
  readonly pull: Pull;
  readonly commit: string;
  readonly environment: string;
  readonly actor: Person;
  /** Asks for confirmation, and for a code owner where one is named. */
  readonly isProtected: boolean;
}

/**
 * What GitHub itself asks of a deployment: the rules of its environment, and outside of previews the checks and reviews that
 * the base branch requires and the owners of the file. Everything is read anew each time.
 */
export async function admitted(desk: Desk, octokit: Octokit, wanted: Wanted): Promise<Admission> {
  const { pull, environment, isProtected, commit } = wanted;
  const { repository, branch } = pull;
  const rules = await environmentRules(octokit, repository, environment);
  const verdict = environmentVerdict(rules, {
    environment,
    branch,
    branchIsProtected: needsProtected(rules) && (await branchIsProtected(octokit, repository, branch)),
  });
  if (!verdict.allowed) return verdict;
  const greedy = pull.fork ? await gpuOfFork(desk, octokit, wanted) : undefined;
  if (greedy) return greedy;
  const isPreview = environment === previewOf(repository, pull.number);
  try {
    const owners = isPreview ? [] : await ownersOfFiles(desk, octokit, wanted);
    const no = isPreview ? undefined : await missingOnBase(desk, octokit, wanted, owners);
    if (no) return no;
    const approvals: Need[] = [
      ...verdict.approvals,
      ...(pull.fork ? [FORK_NEED] : []),
      ...(isProtected ? await ownersAsked(octokit, wanted, owners) : []),
    ];
    const { rule, waitMs } = verdict;
    if (!approvals.length && !waitMs) return { allowed: true, rule, commit, isProtected };
    const barred = approvals.length ? await handsInPull(desk, octokit, wanted) : [];
    return { allowed: true, rule, commit, isProtected, needs: { approvals, waitMs, barred } };
  } catch (error) {
    if (error instanceof Failure) throw error;
    return unreadable(environment);
  }
}

/** Hardware that is dear or scarce is not for strangers, whoever has looked at what they wrote. */
async function gpuOfFork(
  desk: Desk,
  octokit: Octokit,
  { pull, commit }: Wanted,
): Promise<Refusal | undefined> {
  const { files } = await desk.trees.at(octokit, nameOf(pull.repository), commit);
  const greedy = files.find(({ text }) => {
    const { group } = readGroup(text);
    return group !== undefined && groupSize(group).gpuCount > 0;
  });
  return (
    greedy && {
      allowed: false,
      code: 'fork',
      message: `The commits come from a fork, and ${greedy.path} asks for a GPU.`,
      advice: 'Push the branch to this repository.',
    }
  );
}

/** Owners, teams and authors that cannot be read could be anybody. */
function unreadable(environment: string): Refusal {
  return {
    allowed: false,
    code: 'people-unknown',
    message: `It could not be read who owns, has written or may approve what goes to ${environment}.`,
    advice: 'Try again when GitHub answers; the app needs the permission members.',
  };
}

function needsProtected(rules: Awaited<ReturnType<typeof environmentRules>>): boolean {
  return Array.isArray(rules) && rules.some(({ kind }) => kind === 'protected-branches');
}

async function ownersOfFiles(desk: Desk, octokit: Octokit, { pull, commit }: Wanted): Promise<Approver[][]> {
  const { repository, base } = pull;
  const { files } = await desk.trees.at(octokit, nameOf(repository), commit);
  return codeOwners(octokit, desk.trees, { repository, base, paths: files.map(({ path }) => path) });
}

/** Checks and reviews without which the base branch would not take the commit either. */
async function missingOnBase(
  desk: Desk,
  octokit: Octokit,
  { pull, commit, environment }: Wanted,
  owners: readonly (readonly Approver[])[],
): Promise<Refusal | undefined> {
  const { repository, base, number, authorId } = pull;
  let rules: BranchRules | 'unknown' = 'unknown';
  let passed: ReadonlySet<string> = new Set();
  let reviews: Awaited<ReturnType<typeof reviewsOf>> = [];
  try {
    rules = await branchRules(octokit, repository, base);
    if (rules.checks.length) passed = await passedChecks(octokit, repository, commit);
    const { approvals, codeOwner, lastPush } = rules.reviews;
    if (approvals || codeOwner || lastPush) reviews = await reviewsOf(octokit, repository, number);
  } catch {
    rules = 'unknown';
  }
  const checks = requiredChecksVerdict(rules === 'unknown' ? rules : rules.checks, passed, environment);
  if (!checks.allowed) return checks;
  const rule = rules === 'unknown' ? rules : rules.reviews;
  const owning = rule !== 'unknown' && rule.codeOwner ? await ownersWho(octokit, owners, reviews) : [];
  return reviewsVerdict({
    environment,
    rule,
    reviews,
    commit,
    author: authorId,
    lastPusher: (await pusherOf(desk, pull, commit)) || (await authorOf(octokit, repository, commit)),
    owners: owning,
  });
}

/** For each set of owners, which of the reviewers belong to it. */
async function ownersWho(
  octokit: Octokit,
  owners: readonly (readonly Approver[])[],
  reviews: readonly { readonly by: number; readonly login: string }[],
): Promise<((by: number) => boolean)[]> {
  return Promise.all(
    owners.map(async (each) => {
      const among = await Promise.all(
        reviews.map(async ({ by, login }) => ((await isAmong(octokit, each, { id: by, login })) ? [by] : [])),
      );
      const set = new Set(among.flat());
      return (by: number) => set.has(by);
    }),
  );
}

/** To a protected environment goes what an owner of the file deploys or approves. */
async function ownersAsked(
  octokit: Octokit,
  { actor, environment }: Wanted,
  owners: readonly (readonly Approver[])[],
): Promise<Need[]> {
  const asked = await Promise.all(
    owners.map(async (from): Promise<Need[]> => {
      if (!from.length) throw nobodyOwns(environment);
      return (await isAmong(octokit, from, actor)) ? [] : [{ why: 'code-owners', from, right: 'reader' }];
    }),
  );
  return asked.flat();
}

/** Who has a hand in what is to be deployed there. */
export async function handsInPull(
  desk: Desk,
  octokit: Octokit,
  { pull, commit, environment }: Pick<Wanted, 'pull' | 'commit' | 'environment'>,
) {
  const { repository, number, author, authorId, fork } = pull;
  const there = (await desk.parts.views(repository, desk.closing)).find(
    (view) => view.environment === environment && view.commit,
  );
  const hands = await handsIn(octokit, {
    repository,
    commit,
    deployed: there?.commit ?? '',
    number,
    pusher: await pusherOf(desk, pull, commit),
  });
  const own = { person: personAt(authorId), name: author, why: 'has opened the pull request' };
  return fork && !hands.some(({ person }) => person === own.person) ? [...hands, own] : hands;
}

/** By the code host's number; 0 when no webhook has told. */
async function pusherOf(desk: Desk, { repository, number }: Pull, commit: string): Promise<number> {
  const heads = await desk.parts.pulls.heads(repository, number);
  return heads.findLast((head) => head.commit === commit && head.by !== 0)?.by ?? 0;
}

/** Who has written a commit is the next best answer to who has pushed it. */
async function authorOf(octokit: Octokit, repository: string, commit: string): Promise<number> {
  const { data } = await octokit.rest.repos.getCommit({ ...nameOf(repository), ref: commit });
  return data.author && 'id' in data.author && typeof data.author.id === 'number' ? data.author.id : 0;
}
