import type { Gpu } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { usageOf } from './gpu.ts';
import { KEPT_MS, tellIdle } from './gpu-idle.ts';
import type { Ground } from './ground.ts';
import type { UsageSample } from './usage-sample.ts';

/** What running groups have used within the last hour: kept in memory alone, and forgotten with the group. */
export interface UsageHistory {
  /** Looks again and again from now on. */
  start(everyMs: number): void;
  /** Looks now, besides. */
  look(): Promise<void>;
  /** Oldest first. */
  lastHour(key: GroupKey): readonly UsageSample[];
  close(): void;
}

/** One a minute, and some for who asks in between. */
const MOST_SAMPLES = 120;
const LONGEST_LOOK_MS = 30_000;

export function createUsageHistory(ground: Ground): UsageHistory {
  const { clock } = ground;
  const kept = new Map<GroupKey, readonly UsageSample[]>();
  const closing = new AbortController();
  let cancel = () => {};
  const look = async () => {
    const wishes = (await ground.desired.list()).filter(({ wanted }) => wanted === 'running');
    const keys = new Set(wishes.map(({ key }) => key));
    for (const key of kept.keys()) if (!keys.has(key)) kept.delete(key);
    if (!wishes.length) return;
    const signal = AbortSignal.any([closing.signal, AbortSignal.timeout(LONGEST_LOOK_MS)]);
    const atMs = clock.now();
    const byKey = Map.groupBy(await usageOf(ground, wishes, undefined, signal), ({ key }) => key);
    for (const [key, rows] of byKey) {
      const sample = {
        atMs,
        cpuMilli: rows.reduce((sum, row) => sum + row.cpuMilli, 0),
        memoryBytes: rows.reduce((sum, row) => sum + row.memoryBytes, 0),
        containers: rows.map(({ container, cpuMilli, memoryBytes }) => ({
          container,
          cpuMilli,
          memoryBytes,
        })),
        ...gpuFigures(rows.flatMap(({ gpus }) => gpus)),
      };
      const young = (kept.get(key) ?? []).filter((each) => each.atMs > atMs - KEPT_MS && each.atMs < atMs);
      kept.set(key, [...young, sample].slice(-MOST_SAMPLES));
    }
    for (const wish of wishes) await tellIdle(ground, wish, kept.get(wish.key) ?? []);
  };
  const again = (everyMs: number) => {
    if (closing.signal.aborted) return;
    const next = () =>
      void look().then(
        () => again(everyMs),
        () => again(everyMs),
      ); // or a gap in the picture
    cancel = clock.after(everyMs, next);
  };
  return {
    start: again,
    look,
    lastHour: (key) => kept.get(key) ?? [],
    close() {
      closing.abort(new Error('the bot is stopping'));
      cancel();
    },
  };
}

function gpuFigures(
  gpus: readonly Gpu[],
): Pick<UsageSample, 'gpuPercent' | 'gpuMemoryBytes' | 'gpuMemoryLimitBytes' | 'gpus'> {
  const known = (value: (gpu: Gpu) => number | null) => gpus.map(value).filter((each) => each !== null);
  const bytesOf = (mebibytes: readonly number[]) =>
    mebibytes.length ? mebibytes.reduce((sum, each) => sum + each, 0) * 2 ** 20 : null;
  const loads = known(({ utilizationPercent }) => utilizationPercent);
  return {
    gpuPercent: loads.length ? Math.max(...loads) : null,
    gpuMemoryBytes: bytesOf(known(({ memoryUsedMib }) => memoryUsedMib)),
    gpuMemoryLimitBytes: bytesOf(known(({ memoryTotalMib }) => memoryTotalMib)),
    gpus: gpus.map(({ uuid, utilizationPercent }) => ({ uuid, percent: utilizationPercent })),
  };
}
