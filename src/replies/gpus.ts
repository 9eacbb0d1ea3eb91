import type { Block } from './document.ts';
import { stage } from './push.ts';
import { lineWords } from './usage.ts';

// What the bot says of GPUs: who has them, and who waits.

interface Shortage {
  readonly sku: string;
  readonly wanted: number;
  readonly total: number;
  readonly free: number;
  /** '' for a group that is not for the reader's eyes. */
  readonly holders: readonly { readonly name: string; readonly count: number }[];
}

/** `The group asks for 2 × V100; office has 1 free of 4. shop in production holds 2, another group 1.` */
export function gpuShortage(location: string, { sku, wanted, total, free, holders }: Shortage): string {
  const has = total ? `has ${free} free of ${total}` : 'has none of that model';
  const named = holders.filter(({ name }) => name);
  const others = holders.filter(({ name }) => !name);
  const hidden = others.reduce((sum, { count }) => sum + count, 0);
  const parts = [
    ...named.map(({ name, count }) => `${name} holds ${count}`),
    ...(hidden ? [`${others.length === 1 ? 'another group holds' : 'other groups hold'} ${hidden}`] : []),
  ];
  const who = parts.length ? ` ${parts.join(', ').replace(/^a/, 'A').replace(/^o/, 'O')}.` : '';
  return `The group asks for ${wanted} × ${sku}; ${location} ${has}.${who}`;
}

/** What to do where there are enough, but not now. */
export function gpuAdvice(queue: boolean, place: number): string {
  const line = lineWords(place);
  if (queue) return `It waits for its turn, ${line}, and is brought up by itself.`;
  return `Deploy with --queue to wait for them, ${line}; or delete a group that is no longer needed (katabot gpu).`;
}

/** What to do where there will never be enough. */
export function gpuNever(skus: readonly string[], near: string | undefined): string {
  if (near) return `Did you mean ${near}?`;
  return skus.length
    ? `Ask for fewer, or for another model: ${skus.join(', ')}.`
    : 'Name a location that has GPUs.';
}

interface Waits {
  readonly location: string;
  readonly shortages: readonly { sku: string; wanted: number; free: number; ahead: number }[];
}

/** `2 × V100 of office (1 free), first in line` */
export function gpuWaitWords({ location, shortages }: Waits): string {
  return shortages
    .map(({ sku, wanted, free, ahead }) => {
      return `${wanted} × ${sku} of ${location} (${free} free), ${lineWords(ahead + 1)}`;
    })
    .join('; ');
}

/** What is told of GPUs that have had nothing to do for an hour. */
export function gpuIdle(
  name: string,
  { gpus, perHour }: { readonly gpus: number; readonly perHour: string },
): Block[] {
  const which = gpus === 1 ? 'its GPU has' : `its ${gpus} GPUs have`;
  return [
    stage(
      'warning',
      'gpu idle',
      `${name}: ${which} had nothing to do for an hour; it costs ${perHour} an hour`,
    ),
    {
      kind: 'text',
      text: `    → katabot stop ${name} ends that and keeps address and volumes; katabot gpu ${name} shows the load`,
    },
  ];
}
