import { type Said, toEnd, withdraw } from '../../commands/index.ts';
import type { Caller } from '../../policy/index.ts';
import type { Block, Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { Ask, Pull } from '../../store/index.ts';
import type { Octokit } from './clients.ts';
import { beginDeploy, endDeploy } from './deploys.ts';
import { type Admitted, hereIn } from './here.ts';
import { nameOf, pullName } from './names.ts';
import { accountOf, type Desk } from './parts.ts';
import { callerFor } from './people.ts';
import { changePlace, nameOfPull, readPull } from './pulls.ts';
import { put } from './put.ts';
import { reply } from './reply.ts';
import { type RepositoryRules, rulesFor } from './repository-rules.ts';
import { statusOf } from './tree.ts';
import { proposalIn, waitEnded, waitFor, withdrawOld } from './waiting.ts';

/** Begins to answer what was asked, beside everything else. */
type Start = (desk: Desk, ask: Ask) => void;

const MOST_COMMANDS = 5;

/**
 * Does what somebody asked for, line by line, up to the first that fails; then answers. Begun anew after a crash: a deploy
 * that is on its way is followed further, and what has been done already changes nothing.
 */
export async function answer(desk: Desk, ask: Ask, start: Start): Promise<void> {
  const octokit = await desk.clients.installation(ask.installation);
  if (await stillStands(octokit, ask)) {
    const pull = await readPull(desk, octokit, ask.installation, pullName(ask.repository, ask.number));
    await withdrawOld(desk, pull);
    const { outcome, blocks, left } = await outcomeOf(desk, octokit, pull, ask);
    if (outcome.kind === 'waiting') {
      const proposal = await proposalIn(desk, outcome);
      if (blocks.length) await reply(desk, ask, blocks);
      await waitFor(desk, { ...ask, lines: left }, { proposal, head: pull.head, start });
      desk.attempts.delete(ask.id);
      return;
    }
    if (blocks.length) await reply(desk, ask, blocks);
    await react(desk, ask, outcome);
  } else if (ask.waits) await withdraw(desk.parts, ask.waits.proposal, say.commentGoneWords());
  await desk.parts.pulls.answered(ask.id);
  desk.attempts.delete(ask.id);
}

/** A webhook says what a comment was; only the API says that it is. One that is gone asks for nothing. */
async function stillStands(octokit: Octokit, { comment, repository, actor }: Ask): Promise<boolean> {
  if (!comment) return true;
  try {
    const { data } = await octokit.rest.issues.getComment({ ...nameOf(repository), comment_id: comment });
    return data.user?.id === actor.id;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

async function outcomeOf(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  ask: Ask,
): Promise<{ outcome: Outcome; blocks: readonly Block[]; left: readonly string[] }> {
  const { lines } = ask;
  if (lines.length > MOST_COMMANDS) {
    const text = say.tooManyCommands(lines.length, MOST_COMMANDS);
    const outcome = say.refused('too-many-commands', text, '');
    return { outcome, blocks: [{ kind: 'text', text }], left: [] };
  }
  const { repository, base } = pull;
  const rules = await rulesFor(desk, octokit, repository, base);
  const caller = await callerFor(octokit, repository, ask.actor, rules);
  const told: Block[] = [];
  let last: Outcome = say.done('nothing', {});
  for (const [index, line] of lines.entries()) {
    const asking = index === 0 || !ask.waits ? ask : withoutWaits(ask);
    const ran = await runLine(desk, octokit, pull, asking, { line, caller, rules });
    last = ran.outcome;
    if (last.kind === 'waiting') return { outcome: last, blocks: told, left: lines.slice(index) };
    if (ran.told.length && lines.length > 1) told.push({ kind: 'text', text: `\`${line}\`` });
    told.push(...ran.told);
    if (last.kind !== 'done') break;
  }
  return { outcome: last, blocks: told, left: [] };
}

/** Only the first of the lines that are left has waited. */
function withoutWaits({ waits: _, ...ask }: Ask): Ask {
  return ask;
}

/** Whoever else wants to hear of a line that is obeyed. */
export interface Listener {
  readonly surface: Said['surface'];
  readonly onDeploy: (admitted: Admitted) => Promise<void>;
  readonly onBlock: (block: Block) => void;
}

const NOBODY: Listener = { surface: 'github', onDeploy: async () => {}, onBlock: () => {} };

/** One line: what it says belongs into a comment of its own, unless the pull request's one comment shows it anyway. */
export async function runLine(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  ask: Ask,
  { line, caller, rules }: { line: string; caller: Caller; rules: RepositoryRules },
  { surface, onDeploy, onBlock }: Listener = NOBODY,
): Promise<{ outcome: Outcome; told: readonly Block[]; all: readonly Block[] }> {
  let deploy: Admitted | undefined;
  const here = hereIn(desk, octokit, pull, ask, rules, async (admitted) => {
    deploy = admitted;
    await beginDeploy(desk, pull, ask, admitted);
    await onDeploy(admitted);
  });
  const proposal = ask.waits ? { proposal: ask.waits.proposal } : {};
  const said = { words: [], line, caller, surface, here, ...proposal };
  const { outcome, blocks } = await toEnd(desk.parts.run(said, desk.closing), desk.closing, (block) => {
    if (deploy) tellStep(desk, pull, deploy, block);
    onBlock(block);
  });
  const all = [...blocks, ...outcome.blocks];
  if (deploy) await endDeploy(desk, pull, ask, deploy, { outcome, blocks: all });
  if (outcome.kind !== 'waiting') await waitEnded(desk, ask, outcome, deploy !== undefined);
  await noteRemoval(desk, pull, caller.name, outcome);
  return { outcome, told: toldOf(outcome, all, rules), all };
}

/** What is not shown anyway; who went past others is told in any case. */
function toldOf(
  { kind, code }: Outcome,
  all: readonly Block[],
  { comments }: RepositoryRules,
): readonly Block[] {
  const isShown = kind === 'done' && SHOWN.includes(code) && comments !== 'outcomes';
  if (!isShown) return all;
  const glass = all.findIndex((block) => block.kind === 'stage' && block.label === 'break-glass');
  return glass < 0 ? [] : all.slice(glass, glass + 2);
}

/** Ends that the pull request's one comment tells. */
const SHOWN = [
  'deploy-already',
  'deployed',
  'removed',
  'stopped',
  'started',
  'restarted',
  'extended',
  'rolled-back',
  'still-going',
];

function tellStep(desk: Desk, pull: Pull, { environment }: Admitted, block: Block): void {
  if (block.kind !== 'stage') return;
  const name = nameOfPull(pull);
  const key = `${name} ${environment}`;
  const steps = desk.steps.get(key) ?? [];
  // A stage that goes on takes its own place.
  const before = steps.findIndex(
    (each) => each.kind === 'stage' && each.mark === 'running' && each.label === block.label,
  );
  desk.steps.set(key, [...(before < 0 ? steps : steps.toSpliced(before, 1)), block]);
  desk.paints.add(name);
}

/** A group that somebody deleted is not failing: its environment shows who it was, and its bill. */
async function noteRemoval(desk: Desk, pull: Pull, by: string, { code, data }: Outcome): Promise<void> {
  const key: unknown = Object(data).group;
  if (code !== 'removed' || typeof key !== 'string') return;
  const environment = key.slice(0, key.indexOf('/'));
  if (pull.places[environment])
    await changePlace(desk, nameOfPull(pull), environment, () => ({
      removedBy: `by ${by.replace(/^github:/, '')}`,
    }));
}

export async function react(
  desk: Desk,
  { comment, installation, repository }: Ask,
  { kind }: Outcome,
): Promise<void> {
  if (!comment || kind === 'waiting') return; // 👀 stays as long as it waits
  const content = ({ done: 'rocket', refused: '-1', invalid: 'confused', failed: 'confused' } as const)[kind];
  await put(desk, accountOf(installation), {
    kind: 'reaction',
    key: `reaction:${repository}:${comment}`,
    importance: 'result',
    content: { repository, comment, content },
  });
}
