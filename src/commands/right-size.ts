import { Money, type Prices, rate, sizeOf } from '../metering/index.ts';
import type { Saving } from '../replies/index.ts';
import type { Container, Group } from '../spec/index.ts';
import type { UsageSample } from './usage-sample.ts';

/** A minute that was not seen could have been the one that mattered: so much of an hour has to be known. */
const LEAST_KNOWN_MS = 50 * 60_000;
const FEWEST_SAMPLES = 10;
/** What is left above the largest use that was seen. */
const MARGIN = 1.5;
/** Less than this part of what is asked for is worth a word. */
const WORTH_BELOW = 0.6;
const GIB = 2 ** 30;

type Resource = 'cpu' | 'memoryInGB';

/**
 * Where a group asks for much more than it has used within the last hour: what to write instead, and what that saves. Nothing
 * while too little of an hour is known. Pure.
 */
export function savingsOf(group: Group, samples: readonly UsageSample[], prices: Prices): Saving[] {
  const [first, last] = [samples[0], samples.at(-1)];
  if (!first || !last || samples.length < FEWEST_SAMPLES || last.atMs - first.atMs < LEAST_KNOWN_MS)
    return [];
  return group.containers.flatMap(({ name, resources }, index) => {
    const seen = samples.flatMap(({ containers }) =>
      containers.filter(({ container }) => container === name),
    );
    if (seen.length < FEWEST_SAMPLES) return [];
    const peaks: Readonly<Record<Resource, number>> = {
      cpu: Math.max(...seen.map(({ cpuMilli }) => cpuMilli)) / 1000,
      memoryInGB: Math.max(...seen.map(({ memoryBytes }) => memoryBytes)) / GIB,
    };
    return (['cpu', 'memoryInGB'] as const).flatMap((resource): Saving[] => {
      const asked = resources.requests[resource];
      const enough = Math.max(0.1, tenthsAbove(peaks[resource] * MARGIN));
      if (enough > asked * WORTH_BELOW) return [];
      const savesPerHour = difference(group, withRequest(group, index, { [resource]: enough }), prices);
      if (savesPerHour.picos <= 0n) return [];
      const path = `properties.containers[${index}].properties.resources.requests.${resource}`;
      return [{ container: name, resource, asked, peak: peaks[resource], enough, path, savesPerHour }];
    });
  });
}

/** ACI counts in tenths; what is above one by less than a millionth is the arithmetic's own. */
function tenthsAbove(amount: number): number {
  return Math.ceil(Number((amount * 10).toFixed(6))) / 10;
}

/** How much more one group costs an hour than another. Pure. */
export function difference(larger: Group, smaller: Group, prices: Prices): Money {
  const [before, after] = [larger, smaller].map((each) => rate(sizeOf(each), prices).perHour.picos);
  return new Money(prices.currency, (before ?? 0n) - (after ?? 0n));
}

/** A group in which one container asks for something else. Pure. */
export function withRequest(group: Group, index: number, request: Partial<Record<Resource, number>>): Group {
  const containers = group.containers.map((container, each): Container => {
    if (each !== index) return container;
    const requests = { ...container.resources.requests, ...request };
    return { ...container, resources: { ...container.resources, requests } };
  });
  return { ...group, containers };
}
