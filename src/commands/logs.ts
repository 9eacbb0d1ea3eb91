import { lineMask } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { type KeptLog, maskOf, type Wish } from '../reconciler/index.ts';
import type { Block, Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import { maskFor } from '../spec/index.ts';
import type { Ground } from './ground.ts';
import { hostOf } from './locations.ts';
import { logsOfRemoved, type Previous, previousRuns } from './previous-logs.ts';
import { targetKey } from './targets.ts';
import type { Asked, RunVerb } from './verb.ts';
import { groupsFor, maySee } from './visible.ts';

/** What the containers of a group print; with `follow` until the reader leaves. */
export const runLogs: RunVerb = async function* (ground, asked, signal) {
  const key = targetKey(asked.target);
  const wish = await ground.desired.get(key);
  const container = asked.target?.container;
  if (!wish) return yield* removedLogs(ground, asked, key);
  checkContainer(wish, container);
  const { engine } = hostOf(ground, wish);
  const mask = await maskOf(ground.desired, key);
  const all: Previous = { window: container === undefined ? {} : { container } };
  const parts =
    asked.options['previous'] === true
      ? await previousRuns(ground, wish, (await engine.observe(signal, key)).get(key), container)
      : [all];
  const { tail, follow, since } = asked.options;
  const request = {
    key,
    follow: follow === true && asked.options['previous'] !== true,
    // Who follows goes on with the one that takes over; who looks back means the one that serves.
    ...(wish.beside && follow !== true ? { upTo: wish.revision.number } : {}),
    ...(typeof tail === 'number' ? { tail } : {}),
    ...(typeof since === 'number' ? { sinceMs: ground.clock.now() - since } : {}),
  };
  const hide = lineMask(mask);
  let count = 0;
  for (const part of parts) {
    if ('kept' in part) count += yield* keptLines(ground, asked, part.kept, mask);
    else {
      for await (const line of engine.logs({ ...request, ...part.window }, signal)) {
        const { text } = hide(line);
        if (!isWanted(asked, text)) continue;
        count++;
        yield say.logBlock({ ...line, text }, asked.options['timestamps'] === true);
      }
    }
  }
  return logsDone(count, parts);
};

function checkContainer({ revision: { group } }: Wish, wanted: string | undefined): void {
  const names = [...group.initContainers, ...group.containers].map(({ name }) => name);
  if (wanted === undefined || names.includes(wanted)) return;
  throw new Failure('container-unknown', `${group.name} has no container "${wanted}".`, {
    advice: `It has ${names.join(', ')}.`,
  });
}

/** A group that is gone has left the last of its logs, for those who might look at it. */
async function* removedLogs(ground: Ground, asked: Asked, key: GroupKey): AsyncGenerator<Block, Outcome> {
  const { caller, here, options, target } = asked;
  const parts =
    options['previous'] === true
      ? await logsOfRemoved(ground, key, (repository) =>
          here ? here.repository === repository : maySee(ground, caller, { group: key, repository }),
        )
      : [];
  const wanted = parts.filter(({ kept }) => (target?.container ?? kept.container) === kept.container);
  if (!wanted.length) return say.unknownGroup(key, await groupsFor(ground, caller));
  let count = 0;
  for (const { kept } of wanted) count += yield* keptLines(ground, asked, kept, maskFor());
  return logsDone(count, wanted);
}

/** Lines that were kept, after a line that says whose they are. */
async function* keptLines(
  { clock }: Ground,
  asked: Asked,
  kept: KeptLog,
  mask: (text: string) => string,
): AsyncGenerator<Block, number> {
  const { tail, since, timestamps } = asked.options;
  const sinceMs = typeof since === 'number' ? clock.now() - since : 0;
  const lines = kept.lines
    .map((line) => ({ ...line, text: mask(line.text) }))
    .filter(({ timestamp, text }) => Date.parse(timestamp) >= sinceMs && isWanted(asked, text));
  yield say.keptLogHeading(kept);
  const shown = typeof tail === 'number' ? lines.slice(Math.max(0, lines.length - tail)) : lines;
  for (const line of shown) yield say.logBlock(line, timestamps === true);
  return shown.length;
}

function isWanted({ options: { grep } }: Asked, text: string): boolean {
  return typeof grep !== 'string' || text.toLowerCase().includes(grep.toLowerCase());
}

function logsDone(lines: number, parts: readonly Previous[]): Outcome {
  const kept = parts.flatMap((part) => ('kept' in part ? [part.kept] : []));
  const facts = kept.map(({ container, revision, startedAtMs, cut }) => ({
    container,
    revision,
    startedAt: new Date(startedAtMs).toISOString(),
    cut,
  }));
  return say.done('logs', { lines, ...(kept.length ? { kept: facts } : {}) });
}
