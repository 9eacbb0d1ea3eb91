import { type GroupKey, groupKey } from '../event.ts';
import { type Group, groupSize, joinedNetwork } from '../spec/index.ts';
import type { Published } from './published.ts';

// Pure: sandboxes that wait for a group, and which group may have one.

/** What a waiting sandbox is made for. */
export interface SizeClass {
  readonly vcpuMilli: number;
  readonly memoryGbTenths: number;
  /** TCP ports that it has published, in ascending order; what is published can never be changed. */
  readonly ports: readonly number[];
}

/** A sandbox that waits, as it is to be made. */
export interface Standby {
  /** Like no other one's of this bot, also of those that groups have taken over. */
  readonly id: string;
  readonly size: SizeClass;
  readonly subnet: string;
  readonly published: readonly Published[];
}

/** What an engine shows of one. Times are the engine's own, epoch ms. */
export interface ObservedStandby {
  readonly id: string;
  /** '' when only its network is left. */
  readonly sandboxId: string;
  /** As `classText` wrote it. */
  readonly size: string;
  readonly subnet: string;
  readonly published: readonly Published[];
  readonly state: 'running' | 'exited' | 'absent';
  /** It runs, and has shown the isolation that its location requires. */
  readonly ready: boolean;
  readonly createdAtMs: number;
  readonly finishedAtMs?: number;
  /** The group that has taken it over, and when: it belongs to that group from then on. */
  readonly adopted?: { readonly key: GroupKey; readonly atMs: number };
}

/** Sandboxes that wait on one engine. Every method is safe to repeat, and throws a Failure that names the cause. */
export interface StandbyHost {
  /** Those that wait, and those that groups have taken over. */
  list(signal: AbortSignal): Promise<ObservedStandby[]>;
  /** Makes one and looks at it; one that does not show the isolation that is required goes again (`isolation-missing`). */
  prepare(standby: Standby, signal: AbortSignal): Promise<void>;
  /** Ends one that waits; asked again, removes what is left of it. What a group has taken over is left alone. */
  discard(id: string, signal: AbortSignal): Promise<void>;
}

/** No environment is called so, for none may begin with this letter. */
const STANDBY_ENVIRONMENT = '_standby';

/** Under which name books keep what belongs to no group: the place of a waiting sandbox, or the bill of those of a host. */
export function standbyKey(name: string): GroupKey {
  return groupKey(STANDBY_ENVIRONMENT, name);
}

/** The name in a key of `standbyKey`; undefined for the key of a group. */
export function standbyName(key: GroupKey): string | undefined {
  const prefix = `${STANDBY_ENVIRONMENT}/`;
  return key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
}

/** One word for a size class, such as `1000m-15-80`: it is written on sandboxes, and read by `classFrom`. */
export function classText({ vcpuMilli, memoryGbTenths, ports }: SizeClass): string {
  return [`${vcpuMilli}m`, memoryGbTenths, ...ports].join('-');
}

/** Reads what `classText` wrote. */
export function classFrom(text: string): SizeClass {
  const [vcpuMilli = 0, memoryGbTenths = 0, ...ports] = text
    .split('-')
    .map((part) => Number.parseInt(part, 10));
  return { vcpuMilli, memoryGbTenths, ports };
}

/** What one container of this size would ask for. */
export function bytesOfClass({ memoryGbTenths }: SizeClass): number {
  return Math.round((memoryGbTenths * 2 ** 30) / 10);
}

/**
 * Why a group cannot take over a sandbox of this class, in words; undefined when it can. `exact`: the sandbox is a virtual
 * machine, whose size was settled when it was made.
 */
export function unfitFor(
  group: Group,
  size: SizeClass,
  { exact }: { readonly exact: boolean },
): string | undefined {
  const { vcpuMilli, memoryGbTenths, gpuCount } = groupSize(group);
  const asked = (group.ipAddress?.ports ?? []).toSorted((one, other) => one.port - other.port);
  if (joinedNetwork(group)) return 'it joins a network';
  if (group.dnsConfig) return 'it has resolvers of its own';
  if (gpuCount > 0) return 'it takes GPUs';
  if (group.ipAddress?.ip !== undefined) return 'it names its address';
  if (group.volumes.length || hasFiles(group)) return 'its sandbox has to hold volumes or secrets';
  if (
    asked.some(({ protocol }) => protocol !== 'TCP') ||
    asked.map(({ port }) => port).join() !== size.ports.join()
  )
    return 'it publishes other ports';
  const differs = vcpuMilli !== size.vcpuMilli || memoryGbTenths !== size.memoryGbTenths;
  if (exact && differs) return 'it is of another size than the virtual machine';
  if (vcpuMilli > size.vcpuMilli || memoryGbTenths > size.memoryGbTenths) return 'it is larger';
  return undefined;
}

/** Secure environment variables and config maps are files that the sandbox holds. */
function hasFiles({ initContainers, containers }: Group): boolean {
  const secure = [...initContainers, ...containers].some(({ environmentVariables }) =>
    environmentVariables.some(({ secureValue }) => secureValue),
  );
  return secure || containers.some(({ configMap }) => Object.keys(configMap?.keyValuePairs ?? {}).length > 0);
}
