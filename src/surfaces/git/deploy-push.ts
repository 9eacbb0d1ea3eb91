import type { PushedBranch } from '../../commands/index.ts';
import type { Caller } from '../../policy/index.ts';
import * as say from '../../replies/index.ts';
import { environmentOf, openRepository, type Repository } from '../../repositories/index.ts';
import { crossOutDeletion, type Deletion, notedDeletions } from './deletions.ts';
import type { HookCall } from './hooks.ts';
import { drained, HEADS, type Push, type PushParts, type Show, tellThrown } from './push.ts';
import { runOptions } from './push-options.ts';

/** post-receive: the refs have moved, so every one of them is dealt with, whatever becomes of the others. */
export async function deployPush(parts: PushParts, push: Push, call: HookCall, show: Show): Promise<void> {
  push.handedOver = true;
  const repository = openRepository(parts.folder, push.repository);
  await keepDefaultBranch(repository, push.defaultBranch);
  for (const { ref } of call.refs) {
    const pushed = push.checked.get(ref);
    const { signal } = push.audience;
    try {
      if (!ref.startsWith(HEADS)) show(say.tagKept(ref));
      else if (pushed) await deployBranch(parts, pushed, signal, show);
      else await removeNoted(parts, repository, ref.slice(HEADS.length), signal, show);
    } catch (error) {
      tellThrown(parts, error, show);
    }
  }
  await runOptions(parts.options, push, show);
}

async function keepDefaultBranch(repository: Repository, wanted: string): Promise<void> {
  const [branches, current] = await Promise.all([repository.branches(), repository.defaultBranch()]);
  if (wanted !== current && branches.has(wanted)) await repository.setDefaultBranch(wanted);
}

/** Hands a branch to the deploy and remembers that as soon as the wishes are written. */
async function deployBranch(parts: PushParts, pushed: PushedBranch, audience: AbortSignal, show: Show) {
  const follow = await parts.commands.deployPush(pushed);
  await parts.branches.record(pushed.repository, pushed.branch, pushed.commit);
  await drained(follow(audience), show);
}

async function removeNoted(
  parts: PushParts,
  repository: Repository,
  branch: string,
  audience: AbortSignal,
  show: Show,
) {
  const deletion = (await notedDeletions(repository.folder)).find((each) => each.branch === branch);
  if (deletion) await removeBranch(parts, repository, deletion, audience, show);
}

async function removeBranch(
  parts: PushParts,
  { name, folder }: Repository,
  deletion: Deletion,
  audience: AbortSignal,
  show: Show,
) {
  const follow = await parts.commands.deleteBranch({ repository: name, ...deletion });
  await parts.branches.record(name, deletion.branch, null);
  await crossOutDeletion(folder, deletion);
  await drained(follow(audience), show);
}

const CATCHING_UP: Caller = { name: 'katabot', right: 'operator' };

/**
 * Hands over what nobody has: branches whose commit never reached the deploy, and deleted ones whose groups are left,
 * because something died between the moved ref and post-receive. Nobody listens, so nothing is followed.
 */
export async function catchUp(parts: PushParts, name: string, signal: AbortSignal): Promise<void> {
  const endTurn = await parts.turns.take(name, 'katabot, which catches up', signal, () => {});
  try {
    const repository = openRepository(parts.folder, name);
    const [branches, defaultBranch] = await Promise.all([repository.branches(), repository.defaultBranch()]);
    const nobody = AbortSignal.abort(new Error('nobody listens'));
    for (const deletion of await notedDeletions(repository.folder)) {
      if (branches.has(deletion.branch)) await crossOutDeletion(repository.folder, deletion);
      else await told(parts, () => removeBranch(parts, repository, deletion, nobody, () => {}));
    }
    for (const [branch, commit] of branches) {
      signal.throwIfAborted();
      if ((await parts.branches.commit(name, branch)) === commit) continue;
      await told(parts, async () => {
        const [files, subject] = await Promise.all([repository.specs(commit), repository.subject(commit)]);
        const environment = environmentOf(branch, defaultBranch);
        const caller = CATCHING_UP;
        // Its check has let it pass, and nobody is there to be told that its room has gone since: it waits.
        const pushed = { repository: name, branch, environment, commit, subject, files, caller, queue: true };
        await deployBranch(parts, pushed, nobody, () => {});
      });
    }
  } finally {
    endTurn();
  }
}

/** One branch that cannot be caught up with keeps no other one waiting. */
async function told(parts: PushParts, work: () => Promise<unknown>): Promise<void> {
  try {
    await work();
  } catch (error) {
    parts.reportInternal(error);
  }
}
