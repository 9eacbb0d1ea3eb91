import type { LogLine } from '../engines/index.ts';

/** Container and revision -> the time of its last line that was shipped, as the engine wrote it. */
export type Cursors = Readonly<Record<string, string>>;

/** Containers come and go with revisions; those that have been quiet for longest are forgotten. */
const MOST_CURSORS = 40;
/** Streams of one group are read side by side: one may have been that much behind another when the bot went. */
const SLACK_MS = 60_000;

/** Lets each line through once, in the order of its container: the rest has been shipped before. Pure but for what it has seen. */
export function createSieve(before: Cursors) {
  const reached = new Map(Object.entries(before));
  return {
    /** Gives the line with a time, or nothing for one that is not new. A line that goes on has none of its own. */
    take(line: LogLine): LogLine | undefined {
      const source = sourceKey(line);
      const last = reached.get(source) ?? '';
      if (!line.timestamp) return { ...line, timestamp: last };
      if (line.timestamp <= last) return undefined;
      reached.set(source, line.timestamp);
      return line;
    },
  };
}

/** How far it is once these lines are shipped as well. Pure. */
export function cursorsAfter(before: Cursors, lines: readonly LogLine[]): Cursors {
  const all = { ...before };
  for (const line of lines) all[sourceKey(line)] = line.timestamp;
  const newest = Object.entries(all).toSorted(([, one], [, other]) => (one < other ? 1 : -1));
  return Object.fromEntries(newest.slice(0, MOST_CURSORS));
}

/** From when on the engine's logs have to be read again; undefined for all of them. Pure. */
export function resumeAtMs(cursors: Cursors, containers: readonly string[]): number | undefined {
  const newest = containers.flatMap((name) => {
    const times = Object.entries(cursors).filter(([source]) => source.split(' ')[0] === name);
    return times.length ? [Math.max(...times.map(([, time]) => Date.parse(time)))] : [];
  });
  return newest.length ? Math.min(...newest) - SLACK_MS : undefined;
}

function sourceKey({ container, revision = 0 }: LogLine): string {
  return `${container} ${revision}`;
}
