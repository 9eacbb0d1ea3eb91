import type { Follow, PushCommands, PushedBranch } from '../../../src/commands/index.ts';
import { type Block, noSpecs, type Outcome } from '../../../src/replies/index.ts';

type Told = AsyncGenerator<Block, Outcome>;
type Deleted = Parameters<PushCommands['deleteBranch']>[0];

/** Commands that remember what they were asked, and wait wherever a test wants them to. */
export interface PretendCommands extends PushCommands {
  readonly checked: PushedBranch[];
  readonly deployed: PushedBranch[];
  readonly deleted: Deleted[];
  /** What a check, a deploy or a deletion does; a test may give its own. */
  check: (push: PushedBranch, signal: AbortSignal) => Told;
  deploy: (push: PushedBranch, signal: AbortSignal) => Told;
  remove: (branch: Deleted, signal: AbortSignal) => Told;
}

export const DONE: Outcome = { kind: 'done', code: 'done', blocks: [], data: null };

export function text(said: string): Block {
  return { kind: 'text', text: said };
}

export function createPretendCommands(): PretendCommands {
  const pretend: PretendCommands = {
    checked: [],
    deployed: [],
    deleted: [],
    check: async function* ({ repository, branch, environment, commit, files }) {
      if (!files.length) yield noSpecs(repository, environment, commit);
      yield text(`checking ${repository} ${branch} for ${environment}`);
      return DONE;
    },
    deploy: async function* ({ branch, environment }) {
      yield text(`deploying ${branch} to ${environment}`);
      return DONE;
    },
    remove: async function* ({ branch, environment }) {
      yield text(`removing ${branch} from ${environment}`);
      return DONE;
    },
    checkPush(push, signal) {
      pretend.checked.push(push);
      return pretend.check(push, signal);
    },
    checkDeletion: async () => DONE,
    deployPush(push) {
      pretend.deployed.push(push);
      return begun((signal) => pretend.deploy(push, signal));
    },
    deleteBranch(branch) {
      pretend.deleted.push(branch);
      return begun((signal) => pretend.remove(branch, signal));
    },
  };
  return pretend;
}

/** What stands before the first block is the writing of wishes; what follows is the telling. */
async function begun(work: (signal: AbortSignal) => Told): Promise<Follow> {
  const following = new AbortController();
  const told = work(following.signal);
  const first = await told.next();
  return async function* (signal) {
    const end = () => following.abort(signal.reason);
    if (signal.aborted) end();
    else signal.addEventListener('abort', end, { once: true });
    let step = first;
    for (; !step.done; step = await told.next()) yield step.value;
    return step.value;
  };
}

/** A moment that a test decides: the pretend commands come to it, and go on when the test lets them. */
export function createGate() {
  const reached = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  return {
    /** Resolves when somebody stands before the gate. */
    reached: reached.promise,
    open: () => opened.resolve(),
    /** Waits until the gate opens or the signal fires; rejects with the signal's reason. */
    async pass(signal?: AbortSignal): Promise<void> {
      reached.resolve();
      const left = Promise.withResolvers<never>();
      const leave = () => left.reject(signal?.reason);
      if (signal?.aborted) leave();
      signal?.addEventListener('abort', leave, { once: true });
      await Promise.race([opened.promise, left.promise]);
    },
  };
}
