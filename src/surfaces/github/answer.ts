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
import { statusOf } from './tree.ts';

const MOST_COMMANDS = 5;
/** Of what a command says, the beginning and the end are kept. */
const MOST_BLOCKS = 2_000;

/**
 * Does what somebody asked for, line by line, up to the first that fails; then answers. Begun anew after a crash: a deploy
 * that is on its way is followed further, and what has been done already changes nothing.
 */
export async function answer(desk: Desk, ask: Ask): Promise<void> {
  const octokit = await desk.clients.installation(ask.installation);
  if (await stillStands(octokit, ask)) {
    const pull = await readPull(desk, octokit, ask.installation, pullName(ask.repository, ask.number));
    const { outcome, blocks } = await outcomeOf(desk, octokit, pull, ask);
    if (blocks.length) await reply(desk, ask, blocks);
    await react(desk, ask, outcome);
  }
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
): Promise<{ outcome: Outcome; blocks: readonly Block[] }> {
  const { lines } = ask;
  if (lines.length > MOST_COMMANDS) {
    const text = say.tooManyCommands(lines.length, MOST_COMMANDS);
    return { outcome: say.refused('too-many-commands', text, ''), blocks: [{ kind: 'text', text }] };
  }
  const caller = await callerFor(octokit, ask.repository, ask.actor, desk.parts.settings);
  const told: Block[] = [];
  let last: Outcome = say.done('nothing', {});
  for (const line of lines) {
    const ran = await runLine(desk, octokit, pull, ask, { line, caller });
    last = ran.outcome;
    if (ran.told.length && lines.length > 1) told.push({ kind: 'text', text: `\`${line}\`` });
    told.push(...ran.told);
    if (last.kind !== 'done') break;
  }
  return { outcome: last, blocks: told };
}

/** One line: what it says belongs into a comment of its own, unless the pull request's one comment shows it anyway. */
async function runLine(
  desk: Desk,
  octokit: Octokit,
  pull: Pull,
  ask: Ask,
  { line, caller }: { line: string; caller: Parameters<Desk['parts']['run']>[0]['caller'] },
): Promise<{ outcome: Outcome; told: readonly Block[] }> {
  let deploy: Admitted | undefined;
  const here = hereIn(desk, octokit, pull, ask, async (admitted) => {
    deploy = admitted;
    await beginDeploy(desk, pull, ask, admitted);
  });
  const blocks: Block[] = [];
  const command = desk.parts.run({ words: [], line, caller, surface: 'github', here }, desk.closing);
  for (;;) {
    const step = await command.next();
    desk.closing.throwIfAborted(); // answered after the next start
    if (!step.done) {
      keep(blocks, step.value);
      if (deploy) tellStep(desk, pull, deploy, step.value);
      continue;
    }
    const outcome = step.value;
    const all = [...blocks, ...outcome.blocks];
    if (deploy) await endDeploy(desk, pull, ask, deploy, { outcome, blocks: all });
    await noteRemoval(desk, pull, caller.name, outcome);
    const isShown = outcome.kind === 'done' && SHOWN.includes(outcome.code);
    return { outcome, told: isShown ? [] : all };
  }
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

function keep(blocks: Block[], block: Block): void {
  blocks.push(block);
  if (blocks.length > MOST_BLOCKS) blocks.splice(MOST_BLOCKS / 2, 1);
}

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
  if (!comment) return;
  const content = ({ done: 'rocket', refused: '-1', invalid: 'confused', failed: 'confused' } as const)[kind];
  await put(desk, accountOf(installation), {
    kind: 'reaction',
    key: `reaction:${repository}:${comment}`,
    importance: 'result',
    content: { repository, comment, content },
  });
}
