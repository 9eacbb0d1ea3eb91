import { formatMoney, rate, sizeOf } from '../metering/index.ts';
import { gpuClaims, type Wish } from '../reconciler/index.ts';
import type { Ground } from './ground.ts';

/** How often usage is looked at, and how long that is kept. */
export const EVERY_MS = 60_000;
export const KEPT_MS = 3_600_000;
/** A card that serves nobody now and then shows a percent. */
const IDLE_BELOW_PERCENT = 2;
/** Looks get lost while the host is busy; a card of which an hour is not known is not called idle. */
const FEWEST_SAMPLES = 50;

/** How busy the busiest GPU of a group was at one moment; null where its driver gives no number. */
interface Sample {
  readonly atMs: number;
  readonly gpuPercent: number | null;
}

/** Whether the GPUs of a group have had nothing to do for an hour. Pure. */
export function isIdle(samples: readonly Sample[]): boolean {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < FEWEST_SAMPLES) return false;
  if (last.atMs - first.atMs < KEPT_MS - 2 * EVERY_MS) return false;
  return samples.every(({ gpuPercent }) => gpuPercent !== null && gpuPercent < IDLE_BELOW_PERCENT);
}

/** Says once of a revision that its GPUs are idle, and what it costs. */
export async function tellIdle(
  { events, feed, locations, defaultPrices }: Ground,
  { key, revision, location }: Wish,
  samples: readonly Sample[],
): Promise<void> {
  const gpus = gpuClaims(revision.group).reduce((sum, { count }) => sum + count, 0);
  if (!gpus || !isIdle(samples)) return;
  await feed.written();
  const told = (await events.events({ group: key })).some(
    (event) => event.revision === revision.number && event.fact.kind === 'gpu-idle',
  );
  if (told) return;
  const { perHour } = rate(sizeOf(revision.group), locations[location]?.prices ?? defaultPrices);
  feed.tell(key, revision.number, { kind: 'gpu-idle', gpus, perHour: formatMoney(perHour, { digits: 4 }) });
}
