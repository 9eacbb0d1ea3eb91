import type { GpuDevice } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import type { Group } from '../spec/index.ts';

// Which group holds which GPU. Pure, but for the book that it is written in.

/** How many GPUs of a model a container asks for. */
export interface GpuClaim {
  readonly container: string;
  readonly sku: string;
  readonly count: number;
}

/** A device that a group holds. `container` is '' when its newest revision gives it to none: what ran before may still use it. */
export interface GpuHolding {
  readonly device: string;
  readonly key: GroupKey;
  readonly container: string;
}

/** The book of GPUs. Every method has written to disk when it resolves. */
export interface GpuBook {
  /** All that is held on a host. */
  held(host: string): Promise<GpuHolding[]>;
  /** In one transaction: shows what is held on a host, and writes what is decided for the group, if that is a yes. */
  take(host: string, key: GroupKey, decide: (held: readonly GpuHolding[]) => Allotment): Promise<Allotment>;
  /** The group lets go of all that it holds, or of what its newest revision does not use. Gives whether there was any. */
  release(key: GroupKey, what: 'all' | 'surplus'): Promise<boolean>;
}

/** All that the group holds then, or of which model there is too little. */
export type Allotment =
  | { readonly ok: true; readonly holdings: readonly GpuHolding[] }
  | { readonly ok: false; readonly shortages: readonly GpuShortage[] };

export interface GpuShortage {
  readonly sku: string;
  /** The first container that asks for it. */
  readonly container: string;
  readonly wanted: number;
  /** How many the host has, and how many of them nobody holds. */
  readonly total: number;
  readonly free: number;
  readonly holders: readonly { readonly key: GroupKey; readonly count: number }[];
  /** How many groups have waited for that model for longer. */
  readonly ahead: number;
}

/** What the containers of a group ask for; none for most groups. */
export function gpuClaims({ containers }: Pick<Group, 'containers'>): GpuClaim[] {
  return containers.flatMap(({ name, resources }) => {
    const { gpu } = resources.requests;
    return gpu ? [{ container: name, sku: gpu.sku, count: gpu.count }] : [];
  });
}

/** Container -> the ids that it is given, of what a group holds. */
export function gpusGiven(holdings: readonly GpuHolding[]): Record<string, readonly string[]> {
  const given = Map.groupBy(
    holdings.filter(({ container }) => container),
    ({ container }) => container,
  );
  return Object.fromEntries(
    [...given].map(([container, all]) => [container, all.map(({ device }) => device)]),
  );
}

/** Whether each container has as many as it asks for. */
export function isGiven(
  claims: readonly GpuClaim[],
  given: Readonly<Record<string, readonly string[]>>,
): boolean {
  return claims.every(({ container, count }) => given[container]?.length === count);
}

export interface GpuQuestion {
  readonly key: GroupKey;
  readonly claims: readonly GpuClaim[];
  /** What the host hands out, in the order in which it is handed out. */
  readonly devices: readonly GpuDevice[];
  readonly held: readonly GpuHolding[];
  /** What the groups ask for that have waited for longer. */
  readonly ahead: readonly (readonly GpuClaim[])[];
}

/**
 * Decides which devices a group holds. It keeps what it has, container by container, and takes what is missing from what nobody
 * holds; of a model that somebody has waited for longer it takes none, so that everybody's turn comes. All or nothing.
 */
export function allot(question: GpuQuestion): Allotment {
  const { key, claims, devices, held } = question;
  const skuOf = new Map(devices.map(({ id, sku }) => [id, sku]));
  const own = held.filter((each) => each.key === key);
  const taken = new Set(held.map(({ device }) => device));
  const free = devices.filter(({ id, sku }) => !taken.has(id) && !aheadOf(question, sku)).map(({ id }) => id);
  const given = new Map<string, string>();
  const give = (claim: GpuClaim, from: readonly string[]) => {
    for (const id of from) {
      if ([...given.values()].filter((container) => container === claim.container).length === claim.count)
        return;
      if (!given.has(id) && skuOf.get(id) === claim.sku) given.set(id, claim.container);
    }
  };
  const ownIn = (container?: string) =>
    own.filter((each) => container === undefined || each.container === container).map(({ device }) => device);
  for (const claim of claims) give(claim, ownIn(claim.container));
  for (const claim of claims) give(claim, [...ownIn(), ...free]);
  const byContainer = Object.fromEntries(
    [...Map.groupBy(given, ([, container]) => container)].map(([name, all]) => [name, all.map(([id]) => id)]),
  );
  if (!isGiven(claims, byContainer)) return { ok: false, shortages: shortagesOf(question, byContainer) };
  const surplus = own.filter(({ device }) => !given.has(device)).map((each) => ({ ...each, container: '' }));
  const holdings = [...given].map(([device, container]) => ({ device, key, container }));
  return { ok: true, holdings: [...holdings, ...surplus] };
}

/** How many groups wait for a model before this one. Who asks for more than there are waits for somebody to bring more. */
function aheadOf({ ahead, devices }: GpuQuestion, sku: string): number {
  return ahead.filter((claims) => isEver(claims, devices) && claims.some((claim) => claim.sku === sku))
    .length;
}

/** Whether a host has enough devices for that at all, whoever holds them now. Pure. */
export function isEver(claims: readonly GpuClaim[], devices: readonly GpuDevice[]): boolean {
  return [...Map.groupBy(claims, ({ sku }) => sku)].every(
    ([sku, all]) =>
      all.reduce((sum, { count }) => sum + count, 0) <= devices.filter((device) => device.sku === sku).length,
  );
}

function shortagesOf(
  question: GpuQuestion,
  given: Readonly<Record<string, readonly string[]>>,
): GpuShortage[] {
  const { key, claims, devices, held } = question;
  return [...Map.groupBy(claims, ({ sku }) => sku)].flatMap(([sku, all]) => {
    const [first] = all;
    if (!first || isGiven(all, given)) return [];
    const there = devices.filter((device) => device.sku === sku).map(({ id }) => id);
    const holdings = held.filter(({ device }) => there.includes(device));
    const others = Map.groupBy(
      holdings.filter((each) => each.key !== key),
      (each) => each.key,
    );
    return [
      {
        sku,
        container: first.container,
        wanted: all.reduce((sum, { count }) => sum + count, 0),
        total: there.length,
        free: there.length - new Set(holdings.map(({ device }) => device)).size,
        holders: [...others].map(([holder, { length }]) => ({ key: holder, count: length })),
        ahead: aheadOf(question, sku),
      },
    ];
  });
}
