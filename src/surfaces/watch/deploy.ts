import type { PushedBranch } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Caller } from '../../policy/index.ts';
import type { Outcome } from '../../replies/index.ts';
import { type MappedBranch, mapped, openRepository } from '../../repositories/index.ts';
import type { Desk, Watched, WatchedBranch, WatchedRepository } from './parts.ts';

/** Failures that say nothing about a commit: it is tried again. */
const OF_THE_HOST = ['git-host-unreachable', 'git-host-refused', 'host-key-unknown'];

/** Deploys a branch that is not where it was, through the same checks as a push. */
export async function bringUp(desk: Desk, watched: Watched, wanted: MappedBranch): Promise<void> {
  const { parts, closing } = desk;
  const { repository, refused } = watched;
  const { branch, commit } = wanted;
  if (refused.get(branch) === commit) return;
  const previous = await parts.branches.commit(repository.name, branch);
  if (previous === commit) return note(desk, watched, branch, 'fine', `at ${commit.slice(0, 7)}`);
  try {
    await watched.remote.fetch(branch, commit, closing);
    const pushed = await readBranch(desk, watched, wanted, previous);
    const checked = await endOf(parts.commands.checkPush(pushed, closing));
    if (checked.kind !== 'done') return refuse(desk, watched, wanted, sentenceOf(checked));
    const follow = await parts.commands.deployPush(pushed);
    await parts.branches.record(repository.name, branch, commit);
    const followed = endOf(follow(closing)).catch((error: unknown) => parts.reportInternal(error));
    desk.following.add(followed);
    void followed.finally(() => desk.following.delete(followed));
    note(desk, watched, branch, 'fine', `at ${commit.slice(0, 7)}`);
  } catch (error) {
    const passes = !(error instanceof Failure) || OF_THE_HOST.includes(error.code);
    if (closing.aborted || passes) throw error;
    refuse(desk, watched, wanted, error.message);
  }
}

async function readBranch(
  { parts }: Desk,
  { repository }: Watched,
  { branch, commit, environment }: MappedBranch,
  previousCommit: string | undefined,
): Promise<PushedBranch> {
  const local = openRepository(parts.folder, repository.name);
  const [files, subject] = await Promise.all([local.specs(commit), local.subject(commit)]);
  return {
    repository: repository.name,
    branch,
    environment,
    commit,
    subject,
    files,
    caller: callerOf(repository),
    ...(previousCommit === undefined ? {} : { previousCommit }),
    queue: repository.queue,
    ...(repository.removed === 'keep' ? { keepMissing: true } : {}),
  };
}

/** Nothing was changed, and the same commit is not tried again. */
function refuse(desk: Desk, watched: Watched, { branch, commit }: MappedBranch, why: string): void {
  watched.refused.set(branch, commit);
  note(desk, watched, branch, 'broken', `${commit.slice(0, 7)}: ${why}`);
}

/** Told when it changes, not at every look. */
export function note(
  desk: Desk,
  { repository, seen }: Watched,
  branch: string,
  state: WatchedBranch['state'],
  message: string,
): void {
  const before = seen.get(branch);
  seen.set(branch, { name: repository.name, branch, state, message });
  if (state === 'fine' || (before?.state === state && before.message === message)) return;
  desk.parts.tell(
    { repository: repository.name, branch, problem: message },
    `watched repository is ${state}`,
  );
}

/** Branches that were deployed and are no longer there. */
export async function forgetGone(
  { parts, closing }: Desk,
  watched: Watched,
  heads: ReadonlyMap<string, string>,
): Promise<void> {
  const { repository, seen } = watched;
  for (const branch of (await parts.branches.all(repository.name)).keys()) {
    if (heads.has(branch)) continue;
    const environment = environmentFor(watched, branch);
    if (repository.removed === 'delete' && environment !== undefined) {
      const gone = { repository: repository.name, branch, environment, caller: callerOf(repository) };
      await endOf((await parts.commands.deleteBranch(gone))(closing));
    }
    await parts.branches.record(repository.name, branch, null);
    seen.delete(branch);
  }
}

/** Where a branch goes, whether it is still there or not. */
export function environmentFor({ repository }: Watched, branch: string): string | undefined {
  const { wanted } = mapped(new Map([[branch, '']]), repository.branches ? '' : branch, repository.branches);
  return wanted[0]?.environment;
}

function callerOf({ name }: WatchedRepository): Caller {
  return { name: `watch:${name}`, right: 'operator' };
}

async function endOf(command: AsyncGenerator<unknown, Outcome>): Promise<Outcome> {
  for (;;) {
    const step = await command.next();
    if (step.done) return step.value;
  }
}

/** What a push would have been told, in one sentence. */
function sentenceOf({ code, data }: Outcome): string {
  const { problems, message }: { problems?: unknown; message?: unknown } = Object(data);
  const errors = Array.isArray(problems) ? problems.filter(({ severity }) => severity === 'error') : [];
  const [first] = errors;
  if (first) return `${first.file}:${first.line}:${first.column} ${first.message}`;
  return typeof message === 'string' ? message : code;
}
