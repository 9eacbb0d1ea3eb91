import type Docker from 'dockerode';
import { within } from '../../clock.ts';
import type { LogLine, LogRequest } from '../index.ts';
import type { Connection } from './connection.ts';
import { LABEL, ownedBy } from './labels.ts';
import { containerLines } from './logs.ts';

/** How long to wait before looking whether a member that ended runs again. */
const LOOK_AGAIN_MS = 1_000;

/** The lines of a group: a finished log in the order of time, a followed one as it comes, over restarts of members. */
export async function* followLogs(
  connection: Connection,
  owner: string,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const docker = await connection.client();
  if (request.follow) yield* merged(docker, owner, request, signal);
  else yield* inOrder(docker, owner, request, signal);
}

interface Source {
  id: string;
  name: string;
}

async function sourcesOf(docker: Docker, owner: string, { key, container }: LogRequest): Promise<Source[]> {
  const found = await docker.listContainers({ all: true, filters: ownedBy(owner, key) });
  return found
    .filter(({ Labels }) => Labels[LABEL.role] !== 'sandbox')
    .map(({ Id, Labels }) => ({ id: Id, name: Labels[LABEL.container] ?? '' }))
    .filter(({ name }) => container === undefined || name === container);
}

async function* inOrder(
  docker: Docker,
  owner: string,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const sources = await sourcesOf(docker, owner, request);
  const iterators = sources.map((source) =>
    containerLines(docker, source, { tail: request.tail, follow: false }, signal),
  );
  const heads = await Promise.all(iterators.map((iterator) => iterator.next()));
  for (;;) {
    let first = -1;
    for (const [index, head] of heads.entries()) {
      if (head.done) continue;
      const best = heads[first];
      if (!best || best.done || head.value.timestamp < best.value.timestamp) first = index;
    }
    const head = heads[first];
    const iterator = iterators[first];
    if (!head || head.done || !iterator) return;
    yield head.value;
    heads[first] = await iterator.next();
  }
}

/** Follows each member on its own; a member that ended is looked for again, because it may be restarted or made anew. */
async function* merged(
  docker: Docker,
  owner: string,
  request: LogRequest,
  signal: AbortSignal,
): AsyncGenerator<LogLine> {
  const lines: LogLine[] = [];
  let wake = () => {};
  const followed = new Set<string>();
  const follow = async (source: Source) => {
    let last: string | undefined;
    while (!signal.aborted) {
      const options = { tail: last ? undefined : request.tail, follow: true, since: last && secondsOf(last) };
      for await (const line of containerLines(docker, source, options, signal)) {
        if (last && line.timestamp <= last) continue; // `since` includes the line it names
        last = line.timestamp || last;
        lines.push(line);
        wake();
      }
      if (!(await runsAgain(docker, source.id, signal))) break;
    }
    followed.delete(source.id);
  };
  while (!signal.aborted) {
    for (const source of await sourcesOf(docker, owner, request)) {
      if (followed.has(source.id)) continue;
      followed.add(source.id);
      void follow(source).catch(() => followed.delete(source.id));
    }
    const nextLook = Date.now() + LOOK_AGAIN_MS;
    while (!signal.aborted && Date.now() < nextLook) {
      while (lines.length) {
        const line = lines.shift();
        if (line) yield line;
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, LOOK_AGAIN_MS);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
        signal.addEventListener('abort', wake, { once: true });
      });
    }
  }
}

async function runsAgain(docker: Docker, id: string, signal: AbortSignal): Promise<boolean> {
  for (;;) {
    const pause = AbortSignal.any([signal, AbortSignal.timeout(LOOK_AGAIN_MS)]);
    await within(pause, new Promise<never>(() => {})).catch(() => {});
    if (signal.aborted) return false;
    try {
      if ((await docker.getContainer(id).inspect()).State.Running) return true;
    } catch {
      return false; // it is gone; a new one is found by the group's own look
    }
  }
}

/** RFC 3339 to the `seconds.nanoseconds` that the engine's `since` takes, without losing a digit. */
function secondsOf(timestamp: string): string {
  const fraction = /\.(\d+)/.exec(timestamp)?.[1] ?? '0';
  return `${Math.floor(Date.parse(timestamp) / 1000)}.${fraction.padEnd(9, '0')}`;
}
