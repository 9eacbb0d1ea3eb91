import { parseLine, toEnd } from '../../commands/index.ts';
import { Failure } from '../../failure.ts';
import type { Outcome } from '../../replies/index.ts';
import * as say from '../../replies/index.ts';
import type { Room, SlackAsk } from '../../store/index.ts';
import { ended, tellStep } from './deploys.ts';
import { hereIn } from './here.ts';
import { refusal } from './message/index.ts';
import { accountOf, type Desk } from './parts.ts';
import { answerOnGithub } from './pull.ts';
import { beginRoom, type RoomFacts } from './rooms.ts';
import { type Meant, meantBy } from './targets.ts';
import { tell, verbIn, whisper } from './tell.ts';
import { sendCharts } from './usage-chart.ts';
import { giveUpWaiting, type Start, waitFor } from './waiting.ts';

/**
 * Does what somebody asked for, line by line, up to the first that fails; then answers. Begun anew after a crash: a deploy
 * that is on its way is followed further, and what has been done already changes nothing.
 */
export async function answer(desk: Desk, ask: SlackAsk, start: Start): Promise<void> {
  const { slack, members } = { slack: desk.parts.slack, members: desk.members };
  const standing = await members.standing(ask.team, ask.user);
  if (standing === 'member') {
    for (const [index, line] of ask.lines.entries()) {
      // Only the first of the lines that are left has waited.
      const outcome = await answerLine(desk, index ? withoutWaits(ask) : ask, line);
      if (outcome.kind === 'waiting') {
        await waitFor(desk, ask, { outcome, lines: ask.lines.slice(index), start });
        desk.attempts.delete(ask.id);
        return;
      }
      if (outcome.kind === 'refused' && ask.button) await slack.buttons.free(ask.button);
      if (outcome.kind !== 'done') break;
    }
  } else {
    if (ask.button) await slack.buttons.free(ask.button);
    const refused = say.noMember(standing);
    await whisper(desk, ask, refusal(refused));
    await giveUpWaiting(desk, ask, say.reasonOf(refused));
  }
  await slack.asks.answered(ask.id);
  desk.attempts.delete(ask.id);
}

function withoutWaits({ waits: _, ...ask }: SlackAsk): SlackAsk {
  return ask;
}

async function answerLine(desk: Desk, ask: SlackAsk, line: string): Promise<Outcome> {
  try {
    const room = ask.room ? await desk.parts.slack.rooms.get(ask.room) : undefined;
    const meant = await meantIn(desk, line);
    const number =
      meant.pull || (meant.repository === '' && verbIn(line)?.name === 'deploy' ? (room?.pull ?? 0) : 0);
    const repository = meant.repository || (room?.repository ?? '');
    await onceOnly(desk, ask, line);
    if (number || (meant.branch && desk.parts.pullRequests?.knows(repository)))
      return await answerOnGithub(desk, ask, { ...meant, repository, pull: number });
    return await answerHere(desk, ask, { ...meant, repository }, room);
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    const outcome = say.failedOutcome(error);
    await tell(desk, ask, line, { outcome, blocks: outcome.blocks });
    return outcome;
  }
}

/** What has begun to run in a container is not run twice, whatever became of the answer. */
async function onceOnly({ parts }: Desk, { id, team }: SlackAsk, line: string): Promise<void> {
  if (verbIn(line)?.name !== 'exec') return;
  if (await parts.slack.attempt(accountOf(team), `exec:${id}`, parts.clock.now())) return;
  throw new Failure('exec-begun', 'The bot was stopped while this ran, and does not run it twice.', {
    advice: 'Say it again if it is to run again.',
  });
}

async function meantIn(desk: Desk, line: string): Promise<Meant> {
  const named = repositoryArgument(line);
  if (named !== undefined) return { line, repository: named, pull: 0, branch: '' };
  const { places, settings } = desk.parts;
  const [repositories, groups] = await Promise.all([places.repositories(), places.groups()]);
  const all = [...new Set([...repositories, ...Object.values(settings.repositories)])];
  return meantBy(line, {
    repositories: all,
    aliases: settings.repositories,
    groups: groups.map(({ name }) => name),
  });
}

/** A verb that is told a repository, such as `subscribe`, keeps the word; it may be one that nothing runs of yet. */
function repositoryArgument(line: string): string | undefined {
  const takes = verbIn(line)?.arguments.some(({ name }) => name === 'repository');
  return takes ? (line.trim().split(/\s+/)[2]?.toLowerCase() ?? '') : undefined;
}

async function answerHere(
  desk: Desk,
  ask: SlackAsk,
  { line, repository, branch }: Meant,
  room: Room | undefined,
): Promise<Outcome> {
  const { team, channel, user } = ask;
  const groups = await desk.parts.places.groups();
  const own = groups.filter((each) => each.repository === repository).map(({ environment }) => environment);
  const caller = await desk.parts.people.callerOf(user, {
    team,
    channel,
    repository: repository || undefined,
  });
  const deploy = deployIn(line, groups);
  let begun = '';
  const onDeploy = async (facts: Pick<RoomFacts, 'environment' | 'commit'>) => {
    const names = deploy?.group ? [deploy.group] : [];
    begun = await beginRoom(desk, ask, {
      ...facts,
      repository: repository || (deploy?.repository ?? ''),
      groups: names,
      pull: 0,
      title: '',
      again: ask.lines[0] ?? '',
    });
  };
  const place = { repository, environment: room?.environment ?? '', branch };
  const here = repository ? hereIn(desk, ask, place, own, onDeploy) : undefined;
  const said = {
    words: [],
    line,
    caller,
    surface: 'slack' as const,
    channel: { team, channel },
    ...(here ? { here } : {}),
  };
  const { outcome, blocks } = await toEnd(desk.parts.run(said, desk.closing), desk.closing, async (block) => {
    if (!begun && !here && deploy) await onDeploy({ environment: deploy.environment, commit: '' });
    if (begun) tellStep(desk, begun, block);
  });
  const about = repository === room?.repository ? '' : repository;
  const told = await ended(desk, ask, line, begun, {
    outcome,
    blocks: [...blocks, ...outcome.blocks],
    about,
  });
  if (told.code === 'usage' && told.kind === 'done') await sendCharts(desk, ask, placesIn(told, groups));
  return told;
}

/** What a line deploys that names a group alone; undefined for any other. */
function deployIn(
  line: string,
  groups: readonly { name: string; environment: string; repository: string }[],
) {
  try {
    const known = {
      environments: groups.map(({ environment }) => environment),
      groups: groups.map(({ name }) => name),
    };
    const command = parseLine(line, 'slack', known);
    if (command?.verb.name !== 'deploy' || command.options['dry-run'] === true) return undefined;
    const { target, environment = target?.environment ?? 'production' } = command;
    const found = groups.find((each) => each.name === target?.name && each.environment === environment);
    return { group: target?.name ?? '', environment, repository: found?.repository ?? '' };
  } catch {
    return undefined; // what is wrong with it is told when it is run
  }
}

/** The groups that an answer about usage has rows of. */
function placesIn<Place extends { readonly name: string; readonly environment: string }>(
  { data }: Outcome,
  groups: readonly Place[],
): Place[] {
  const { containers }: { containers?: unknown } = Object(data);
  const names = new Set(Array.isArray(containers) ? containers.map((row) => String(Object(row).group)) : []);
  return groups.filter(({ environment, name }) => names.has(say.nameOf(`${environment}/${name}`)));
}
