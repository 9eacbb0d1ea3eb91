import type Docker from 'dockerode';
import { type Clock, within } from '../../clock.ts';
import { type LogLine, type LogRequest, meant } from '../index.ts';
import { causeOf } from './causes.ts';
import type { Connection } from './connection.ts';
import { LABEL, ownedBy, podRevisionIn } from './labels.ts';
import { containerLines, type LogWindow } from './logs.ts';

/** How often to look whether a member that ended runs again, or a new one has come. */
const LOOK_AGAIN_MS = 1_000;
/** Who follows many groups for long asks the engine less often. */
const LOOK_AGAIN_FOR_WHOLE_MS = 10_000;
/** A reader that is slower than its group loses the oldest lines rather than the bot its memory; one that wants all is ended. */
const MOST_WAITING_LINES = 10_000;

type Window = Omit<LogWindow, 'follow'>;

interface Source {
  readonly id: string;
  readonly name: string;
  readonly revision: number;
}

interface LogParts {
  readonly connection: Connection;
  readonly owner: string;
  readonly clock: Clock;
}

/**
 * The lines of a group: a finished log in the order of time, a followed one as it comes, over restarts of members. Throws a
 * Failure that names the cause, also when the engine goes away while it is read.
 */
export async function* groupLogs(
  parts: LogParts,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  try {
    yield* linesOf(parts, request, signal);
  } catch (error) {
    signal.throwIfAborted();
    throw causeOf(error, 'to give its logs');
  }
}

async function* linesOf(
  { connection, owner, clock }: LogParts,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const docker = await connection.client();
  const sources = () => sourcesOf(docker, owner, request);
  const window = {
    tail: request.tail,
    since: request.sinceMs === undefined ? undefined : momentOf(request.sinceMs),
    until: request.untilMs === undefined ? undefined : momentOf(request.untilMs),
  };
  const { follow, whole = false } = request;
  if (follow) yield* followed({ docker, clock, sources, window, whole }, signal);
  else yield* inOrder(docker, await sources(), window, signal);
}

function momentOf(ms: number): string {
  return `${Math.floor(ms / 1000)}.${String(Math.floor(ms % 1000)).padStart(3, '0')}000000`;
}

async function sourcesOf(
  docker: Docker,
  owner: string,
  { key, container, member, upTo }: LogRequest,
): Promise<Source[]> {
  const found = await docker.listContainers({ all: true, filters: ownedBy(owner, key) });
  return meant(found, ({ Labels }) => podRevisionIn(Labels), upTo)
    .filter(({ Labels }) => Labels[LABEL.role] !== 'sandbox')
    .map(({ Id, Labels }) => ({
      id: Id,
      name: Labels[LABEL.container] ?? '',
      revision: Number(Labels[LABEL.revision] ?? 0),
    }))
    .filter(({ id, name }) => (container ?? name) === name && (member ?? id) === id);
}

/** Merges logs that are each in order: always the oldest of the lines that come next. */
async function* inOrder(
  docker: Docker,
  sources: readonly Source[],
  window: Window,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const next = async (lines: AsyncGenerator<LogLine>) => {
    const { value, done } = await lines.next();
    return done ? [] : [{ line: value, lines }];
  };
  const opened = sources.map((source) =>
    containerLines(docker, source, { ...window, follow: false }, signal),
  );
  let heads = (await Promise.all(opened.map(next))).flat();
  while (heads.length) {
    const oldest = heads.reduce((a, b) => (b.line.timestamp < a.line.timestamp ? b : a));
    yield oldest.line;
    heads = [...heads.filter((head) => head !== oldest), ...(await next(oldest.lines))];
  }
}

interface Following {
  readonly docker: Docker;
  readonly clock: Clock;
  readonly sources: () => Promise<Source[]>;
  readonly window: Window;
  readonly whole: boolean;
}

/** Follows each member on its own; one that ended is looked for again, because it may be restarted or made anew. */
async function* followed(
  { docker, clock, sources, window, whole }: Following,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const lookAgainMs = whole ? LOOK_AGAIN_FOR_WHOLE_MS : LOOK_AGAIN_MS;
  const waiting: LogLine[] = [];
  let isBehind = false;
  const last = new Map<string, string>();
  const active = new Set<string>();
  let wake = () => {};
  const follow = async (source: Source) => {
    const seen = last.get(source.id);
    const options = seen ? { follow: true, since: secondsOf(seen) } : { ...window, follow: true };
    for await (const line of containerLines(docker, source, options, signal)) {
      if (seen && line.timestamp <= seen) continue; // `since` includes the line it names
      last.set(source.id, line.timestamp);
      if (whole && waiting.length >= MOST_WAITING_LINES) isBehind = true;
      if (isBehind) return wake();
      waiting.push(line);
      if (waiting.length > MOST_WAITING_LINES) waiting.shift();
      wake();
    }
  };
  let nextLookMs = 0;
  while (!signal.aborted) {
    if (clock.now() >= nextLookMs) {
      nextLookMs = clock.now() + lookAgainMs;
      for (const source of await sources()) {
        if (active.has(source.id)) continue;
        active.add(source.id);
        void follow(source)
          .catch(() => {}) // it is gone, or the engine is: the next look tells
          .finally(() => active.delete(source.id));
      }
    }
    yield* waiting.splice(0);
    if (isBehind) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    wake = resolve;
    const cancel = clock.after(Math.max(1, nextLookMs - clock.now()), resolve);
    if (!waiting.length) await within(signal, promise).catch(() => {});
    cancel();
  }
}

/** RFC 3339 to the `seconds.nanoseconds` that the engine's `since` takes, without losing a digit. */
function secondsOf(timestamp: string): string {
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? '0';
  return `${Math.floor(Date.parse(timestamp) / 1000)}.${fraction.padEnd(9, '0')}`;
}
