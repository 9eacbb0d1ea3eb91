import type { PushCommands, PushedBranch } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Caller, Decision } from '../../policy/index.ts';
import * as say from '../../replies/index.ts';
import { type Block, drawPlain, type Outcome } from '../../replies/index.ts';
import type { BranchBook } from '../../store/index.ts';
import { environmentOf } from './environments.ts';
import type { HookCall } from './hooks.ts';
import { adoptDefaultBranch, isNothing, openRepository, type Repository } from './repository.ts';
import type { Turns } from './turns.ts';

export interface PushParts {
  readonly folder: string;
  readonly commands: PushCommands;
  readonly branches: BranchBook;
  readonly turns: Turns;
  readonly reportInternal: (error: unknown) => string;
}

/** One push under way: from the client's request to the end of the deploy. */
export interface Push {
  readonly repository: string;
  readonly caller: Caller;
  /** Fires when the client went away while nothing had happened yet. */
  readonly leaving: AbortController;
  /** Fires when the client went away later: the deploy goes on, nobody listens. */
  readonly audience: AbortController;
  /** The ref has moved (or is about to): from here on the work is not ended with the connection. */
  committed: boolean;
  endTurn: (() => void) | undefined;
}

const MOST_REFS = 20;
const BRANCH = 'refs/heads/';

type Say = (text: string) => void;

/** Answers a hook: the exit code, with lines said on the way. Never throws. */
export async function answerHook(parts: PushParts, push: Push, call: HookCall, tell: Say): Promise<number> {
  const show = (block: Block) => {
    for (const line of drawPlain(block)) tell(line);
  };
  try {
    return call.hook === 'pre-receive'
      ? await beforePush(parts, push, call, show)
      : await afterPush(parts, push, call, show);
  } catch (error) {
    if (push.leaving.signal.aborted) return 1;
    const outcome =
      error instanceof Failure ? say.failedOutcome(error) : say.failedOutcome(internal(parts, error));
    for (const block of outcome.blocks) show(block);
    return 1;
  }
}

function internal(parts: PushParts, error: unknown): Failure {
  const reference = parts.reportInternal(error);
  return new Failure('internal', `Something went wrong inside the bot (reference ${reference}).`, {
    advice: 'The bot’s log has the details under the reference.',
  });
}

async function beforePush(
  parts: PushParts,
  push: Push,
  call: HookCall,
  show: (block: Block) => void,
): Promise<number> {
  const { repository, caller, leaving } = push;
  const newest = call.refs[0]?.after.slice(0, 7) ?? '';
  push.endTurn = await parts.turns.take(repository, `${newest} by ${caller.name}`, (before) =>
    show(say.waitingForPush(before)),
  );
  leaving.signal.throwIfAborted();
  if (call.refs.length > MOST_REFS) {
    throw new Failure(
      'too-many-refs',
      `This push moves ${call.refs.length} refs; ${MOST_REFS} is the most.`,
      { advice: 'Push them in parts.' },
    );
  }
  const reader = openRepository(parts.folder, repository, call.quarantine);
  for (const ref of call.refs) {
    const wrong = refusedRef(ref.ref);
    if (wrong) throw wrong;
    if (!ref.ref.startsWith(BRANCH) || isNothing(ref.after)) continue;
    const pushed = await pushedBranch(reader, push, ref);
    if (!pushed.files.length) show(say.noSpecs(pushed.repository, pushed.environment, pushed.commit));
    else if (!(await drained(parts.commands.checkPush(pushed, leaving.signal), show))) return 1;
  }
  push.committed = true;
  return 0;
}

function refusedRef(ref: string): Failure | undefined {
  if (ref.startsWith(BRANCH) || ref.startsWith('refs/tags/')) return undefined;
  return new Failure('ref-refused', `${ref} is neither a branch nor a tag.`, {
    advice: 'Push a branch: git push REMOTE main',
  });
}

async function afterPush(
  parts: PushParts,
  push: Push,
  call: HookCall,
  show: (block: Block) => void,
): Promise<number> {
  const reader = openRepository(parts.folder, push.repository);
  await adoptDefaultBranch(reader);
  for (const ref of call.refs) {
    if (!ref.ref.startsWith(BRANCH)) {
      show(say.tagKept(ref.ref));
      continue;
    }
    const branch = ref.ref.slice(BRANCH.length);
    if (isNothing(ref.after)) {
      const environment = environmentOf(branch, await reader.defaultBranch());
      const { repository, caller } = push;
      await drained(
        parts.commands.deleteBranch({ repository, branch, environment, caller }, push.audience.signal),
        show,
      );
      await parts.branches.record(repository, branch, null);
    } else {
      await deployBranch(parts, await pushedBranch(reader, push, ref), push.audience.signal, show);
    }
  }
  return 0;
}

/** Hands a branch to the deploy and remembers that, as soon as the wishes are written. */
export async function deployBranch(
  parts: Pick<PushParts, 'commands' | 'branches'>,
  pushed: PushedBranch,
  signal: AbortSignal,
  show: (block: Block) => void,
): Promise<void> {
  const remember = () => parts.branches.record(pushed.repository, pushed.branch, pushed.commit);
  let remembered: Promise<void> | undefined;
  await drained(parts.commands.deployPush(pushed, signal), (block) => {
    remembered ??= remember();
    show(block);
  });
  await (remembered ?? remember());
}

async function pushedBranch(
  reader: Repository,
  { repository, caller }: Pick<Push, 'repository' | 'caller'>,
  { ref, before, after }: HookCall['refs'][number],
): Promise<PushedBranch> {
  const branch = ref.slice(BRANCH.length);
  const known = (await reader.branches()).filter((each) => each.branch !== branch);
  const preferred = await reader.defaultBranch();
  // Into an empty repository: what is pushed first is the default branch.
  const defaultBranch = known.length > 0 || !isNothing(before) ? preferred : branch;
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
    ...(isNothing(before) ? {} : { previousCommit: before }),
    ...(rewind ? { rewind } : {}),
  };
}

async function rewindOf(reader: Repository, before: string, after: string): Promise<PushedBranch['rewind']> {
  if (isNothing(before) || before === after) return undefined;
  const [lostCommits, gained] = await Promise.all([
    reader.lostCommits(before, after),
    reader.lostCommits(after, before),
  ]);
  if (lostCommits === 0) return undefined; // the ordinary way: forward
  return { kind: gained === 0 ? 'older-commit' : 'force-push', lostCommits };
}

/** Shows a command's blocks as they come, then the end. Gives whether it went well. */
async function drained(
  command: AsyncGenerator<Block, Outcome>,
  show: (block: Block) => void,
): Promise<boolean> {
  for (let step = await command.next(); ; step = await command.next()) {
    if (!step.done) {
      show(step.value);
      continue;
    }
    for (const block of step.value.blocks) show(block);
    return step.value.kind === 'done';
  }
}

/** What the bot died over: branches whose head was never handed to the deploy. Without an audience. */
export async function catchUp(parts: PushParts, repository: string, signal: AbortSignal): Promise<void> {
  const reader = openRepository(parts.folder, repository);
  const defaultBranch = await reader.defaultBranch();
  for (const { branch, commit } of await reader.branches()) {
    if ((await parts.branches.commit(repository, branch)) === commit) continue;
    const [files, subject] = await Promise.all([reader.specs(commit), reader.subject(commit)]);
    const caller: Caller = { name: 'katabot', right: 'operator' };
    const environment = environmentOf(branch, defaultBranch);
    await deployBranch(
      parts,
      { repository, branch, environment, commit, subject, files, caller },
      signal,
      () => {},
    );
  }
}

/** What policy said, as text for git to show. */
export function refusalText(decision: Exclude<Decision, { allowed: true }>): string {
  return `${decision.message} ${decision.advice}`.trim();
}
