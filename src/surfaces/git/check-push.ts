import type { PushedBranch } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import * as say from '../../replies/index.ts';
import { environmentOf, isNothing, openRepository, type Repository } from '../../repositories/index.ts';
import { type Deletion, noteDeletions } from './deletions.ts';
import type { HookCall } from './hooks.ts';
import { drained, HEADS, type Push, type PushParts, type Show } from './push.ts';
import { checkOptions } from './push-options.ts';

type MovedRef = HookCall['refs'][number];

const MOST_REFS = 20;
/** `git push -o yes`: it is meant, also in a protected environment. */
const CONFIRMED = 'yes';
/** `git push -o queue`: groups wait in line for what others hold now. */
const QUEUE = 'queue';

/** pre-receive: waits for the turn, then checks every branch that is pushed. Whether the refs may move. */
export async function checkPush(parts: PushParts, push: Push, call: HookCall, show: Show): Promise<boolean> {
  await takeTurn(parts, push, call, show);
  if (call.refs.length > MOST_REFS) {
    throw new Failure(
      'too-many-refs',
      `This push moves ${call.refs.length} refs; ${MOST_REFS} is the most.`,
      { advice: 'Push them in parts.' },
    );
  }
  for (const { ref } of call.refs) refuseOtherRefs(ref);
  push.confirmed = call.options.includes(CONFIRMED);
  push.queue = call.options.includes(QUEUE);
  const said = call.options.filter((option) => option !== CONFIRMED && option !== QUEUE);
  push.options = checkOptions(parts.options, said, show);
  const reader = openRepository(parts.folder, push.repository, call.quarantine);
  const [known, head] = await Promise.all([reader.branches(), reader.defaultBranch()]);
  const moved = call.refs.filter(({ ref }) => ref.startsWith(HEADS));
  for (const ref of moved) refuseOvertaken(ref, known);
  push.defaultBranch = defaultBranchOf(head, known, moved);
  for (const ref of moved.filter(({ after }) => !isNothing(after))) {
    const pushed = await readBranch(reader, push, ref);
    push.checked.set(ref.ref, pushed);
    if ((await drained(parts.commands.checkPush(pushed, push.leaving.signal), show)).kind !== 'done')
      return false;
  }
  const deletions = deletionsOf(push, moved);
  for (const deletion of deletions) if (!(await mayGo(parts, push, deletion, show))) return false;
  await noteDeletions(reader.folder, deletions);
  push.leaving.signal.throwIfAborted();
  push.committed = true;
  return true;
}

async function mayGo(parts: PushParts, push: Push, deletion: Deletion, show: Show): Promise<boolean> {
  const { repository, confirmed } = push;
  const outcome = await parts.commands.checkDeletion({ repository, confirmed, ...deletion });
  for (const block of outcome.blocks) show(block);
  return outcome.kind === 'done';
}

async function takeTurn(parts: PushParts, push: Push, { refs }: HookCall, show: Show): Promise<void> {
  const newest = refs.find(({ after }) => !isNothing(after))?.after ?? refs[0]?.before ?? '';
  const holder = `${newest.slice(0, 7)} by ${push.caller.name}`;
  let waited = false;
  push.endTurn = await parts.turns.take(push.repository, holder, push.leaving.signal, (before) => {
    waited = true;
    const more = before.waiting ? ` and ${before.waiting} more` : '';
    show(say.waitingForPush(`${before.holder}${more}`));
  });
  if (waited) show(say.yourTurn());
}

function refuseOtherRefs(ref: string): void {
  if (ref.startsWith(HEADS) || ref.startsWith('refs/tags/')) return;
  throw new Failure('ref-refused', `${ref} is neither a branch nor a tag.`, {
    advice: 'Push a branch: git push REMOTE main',
  });
}

/** git would find out itself, but only after everything was checked, and in words that help nobody. */
function refuseOvertaken({ ref, before }: MovedRef, known: ReadonlyMap<string, string>): void {
  const branch = ref.slice(HEADS.length);
  const now = known.get(branch);
  if (isNothing(before) ? now === undefined : now === before) return;
  const how = now ? `moved to ${now.slice(0, 7)}` : 'was deleted';
  throw new Failure('branch-moved', `${branch} ${how} while this push was under way.`, {
    advice: 'Fetch, put your commits on top, and push again.',
  });
}

/** Where HEAD points; but a repository that has no branch yet takes the first one, when HEAD's own is not among them. */
function defaultBranchOf(
  head: string,
  known: ReadonlyMap<string, string>,
  moved: readonly MovedRef[],
): string {
  const pushed = moved.filter(({ after }) => !isNothing(after)).map(({ ref }) => ref.slice(HEADS.length));
  const [first = head] = pushed;
  return known.size > 0 || pushed.includes(head) ? head : first;
}

async function readBranch(
  reader: Repository,
  { repository, caller, confirmed, queue, defaultBranch }: Push,
  { ref, before, after }: MovedRef,
): Promise<PushedBranch> {
  const branch = ref.slice(HEADS.length);
  const [files, subject, rewind] = await Promise.all([
    reader.specs(after),
    reader.subject(after),
    rewindOf(reader, before, after),
  ]);
  return {
    repository,
    branch,
    environment: environmentOf(branch, defaultBranch),
    commit: after,
    subject,
    files,
    caller,
    confirmed,
    ...(queue ? { queue } : {}),
    ...(isNothing(before) ? {} : { previousCommit: before }),
    ...(rewind ? { rewind } : {}),
  };
}

async function rewindOf(reader: Repository, before: string, after: string): Promise<PushedBranch['rewind']> {
  if (isNothing(before) || before === after) return undefined;
  const { lost, gained } = await reader.difference(before, after);
  if (lost === 0) return undefined; // the ordinary way: forward
  return { kind: gained === 0 ? 'older-commit' : 'force-push', lostCommits: lost };
}

function deletionsOf({ defaultBranch, caller }: Push, moved: readonly MovedRef[]) {
  return moved.flatMap(({ ref, after }) => {
    if (!isNothing(after)) return [];
    const branch = ref.slice(HEADS.length);
    return [{ branch, environment: environmentOf(branch, defaultBranch), caller }];
  });
}
