import { type Group, groupSize } from '../spec/index.ts';
import type { EngineFacts } from './facts.ts';
import { type Isolation, isIsolated } from './isolation.ts';

// Pure: on which host of a location a group goes, or what is missing on each.

/** What a group takes, besides what its host puts around it. */
export interface Need {
  readonly operatingSystem: 'Linux' | 'Windows';
  readonly memoryBytes: number;
  readonly vcpuMilli: number;
  /** Of the container that asks for the most. */
  readonly widestMilli: number;
  readonly isolation: Isolation;
  /** The zone that its host has to be in; '' where any will do. */
  readonly zone: string;
}

/** What is known of a host when a group is to be placed. */
export interface Candidate {
  readonly name: string;
  /** Undefined while it does not answer. */
  readonly facts: EngineFacts | undefined;
  /** '' for none. */
  readonly zone: string;
  /** It takes no new groups. */
  readonly drained: boolean;
  /** All of its groups share one address, of IPv4; absent where that is not known. */
  readonly isOneAddress?: boolean;
  /** Whether it has an address and a network for the group, with the ports of the group. */
  readonly hasAddress: boolean;
  /** Whether it has the GPUs that the group asks for: free now, held by others, or never so many; absent where none are asked. */
  readonly gpus?: 'free' | 'held' | 'never' | undefined;
  /** A sandbox waits there that the group would take over. */
  readonly standby?: boolean;
  /** What other groups there were promised, with what the host puts around them. */
  readonly promised: { readonly memoryBytes: number; readonly vcpuMilli: number };
}

/** One thing that keeps a group from a host. */
export type Shortage =
  | { readonly kind: 'away' }
  | { readonly kind: 'drained' }
  | { readonly kind: 'system'; readonly runs: 'Linux' | 'Windows'; readonly wanted: 'Linux' | 'Windows' }
  | { readonly kind: 'isolation'; readonly shown: Isolation }
  | { readonly kind: 'zone'; readonly zone: string; readonly wanted: string }
  | {
      readonly kind: 'memory';
      readonly neededBytes: number;
      readonly freeBytes: number;
      readonly totalBytes: number;
      /** Something around the group is counted in. */
      readonly around: boolean;
    }
  | { readonly kind: 'cpu'; readonly neededMilli: number; readonly cpus: number }
  | { readonly kind: 'gpu' }
  /** The engine publishes at all addresses of the host at once, and several are handed out. */
  | { readonly kind: 'addresses' }
  | { readonly kind: 'address' };

export type Placement =
  | {
      readonly host: string;
      /** Of its memory, before the group takes its part. */
      readonly freeBytes: number;
      readonly totalBytes: number;
      /** How many hosts would have taken it. */
      readonly fitting: number;
      /** On how many of those a sandbox waits for it, where that has decided: on some, and not on all. */
      readonly standby?: number;
      readonly asked: number;
    }
  | { readonly missing: ReadonlyMap<string, readonly Shortage[]> };

/** Processors are shared, by so many to one. */
const MOST_SHARING = 16;

/** What a group needs of a host that it goes to. ACI: of several zones the first one counts. */
export function needOf(group: Group, isolation: Isolation): Need {
  const { memoryBytes, vcpuMilli } = groupSize(group);
  const widest = Math.max(0, ...group.containers.map(({ resources }) => resources.requests.cpu));
  const { osType: operatingSystem } = group;
  const zone = group.zones[0] ?? '';
  return { operatingSystem, memoryBytes, vcpuMilli, widestMilli: widest * 1000, isolation, zone };
}

/** What the host has too little of; nothing when the group fits. Memory is promised, so it is never promised twice. */
export function shortagesOn(need: Need, candidate: Candidate): Shortage[] {
  const { facts, drained, hasAddress, isOneAddress, promised, zone } = candidate;
  const shortages: Shortage[] = drained ? [{ kind: 'drained' }] : [];
  if (need.zone && need.zone !== zone) shortages.push({ kind: 'zone', zone, wanted: need.zone });
  if (!facts) return [...shortages, { kind: 'away' }];
  const { operatingSystem: runs } = facts;
  if (runs !== need.operatingSystem)
    return [...shortages, { kind: 'system', runs, wanted: need.operatingSystem }];
  if (!isIsolated(facts.isolation, need.isolation))
    shortages.push({ kind: 'isolation', shown: facts.isolation });
  const { memoryBytes: totalBytes, overheadBytes, cpus } = facts;
  const neededBytes = need.memoryBytes + overheadBytes;
  const freeBytes = totalBytes - promised.memoryBytes;
  if (neededBytes > freeBytes)
    shortages.push({ kind: 'memory', neededBytes, freeBytes, totalBytes, around: overheadBytes > 0 });
  const { vcpuMilli: neededMilli } = need;
  if (need.widestMilli > cpus * 1000 || neededMilli > cpus * 1000 * MOST_SHARING)
    shortages.push({ kind: 'cpu', neededMilli, cpus });
  if (candidate.gpus === 'never') shortages.push({ kind: 'gpu' });
  if (facts.publishesEverywhere && isOneAddress === false) shortages.push({ kind: 'addresses' });
  else if (!hasAddress) shortages.push({ kind: 'address' });
  return shortages;
}

/**
 * Where it fits, first where its GPUs are free, then where a sandbox waits for it, then on the host with the most memory free; of
 * two alike on the one with fewer promised processors, then the first.
 */
export function place(need: Need, candidates: readonly Candidate[]): Placement {
  const missing = new Map(candidates.map((each) => [each.name, shortagesOn(need, each)]));
  const free = ({ facts, promised }: Candidate) => (facts?.memoryBytes ?? 0) - promised.memoryBytes;
  const load = ({ facts, promised }: Candidate) => promised.vcpuMilli / (facts?.cpus || 1);
  const fitting = candidates.filter(({ name }) => !missing.get(name)?.length);
  const waits = ({ gpus }: Candidate) => (gpus === 'held' ? 1 : 0);
  const isWarm = ({ standby }: Candidate) => Number(standby === true);
  const [best] = fitting.toSorted(
    (one, other) =>
      waits(one) - waits(other) ||
      isWarm(other) - isWarm(one) ||
      free(other) - free(one) ||
      load(one) - load(other),
  );
  if (!best) return { missing };
  const warm = fitting.filter(isWarm).length;
  return {
    host: best.name,
    freeBytes: free(best),
    totalBytes: best.facts?.memoryBytes ?? 0,
    fitting: fitting.length,
    ...(best.standby && warm < fitting.length ? { standby: warm } : {}),
    asked: candidates.length,
  };
}

const NEVER: ReadonlySet<Shortage['kind']> = new Set([
  'system',
  'cpu',
  'isolation',
  'zone',
  'gpu',
  'addresses',
]);

/** Whether room can come by itself: what a host is too small for, or not made for, it will never take. */
export function canWait(missing: ReadonlyMap<string, readonly Shortage[]>): boolean {
  const passes = (shortage: Shortage) =>
    shortage.kind === 'memory' ? shortage.neededBytes <= shortage.totalBytes : !NEVER.has(shortage.kind);
  return missing.values().some((shortages) => shortages.every(passes));
}
