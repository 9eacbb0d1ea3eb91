import { type EngineFacts, isIsolated } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { labelTaken } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import { type Group, groupSize, type Problem } from '../spec/index.ts';
import type { Ground, Location } from './ground.ts';
import { problemAt } from './locate.ts';
import { nameFor } from './visible.ts';

// Problems that only the bot can see: the file itself is right, but not here, or not now.

export function unknownLocation(ground: Ground, file: { path: string; text: string }, name: string): Problem {
  const known = Object.keys(ground.locations).join(', ') || 'none';
  return problemAt(file, {
    code: 'location-unknown',
    own: true,
    path: 'location',
    message: name ? `There is no location "${name}" here.` : 'This bot has no location yet.',
    advice: `Write one of: ${known}.`,
  });
}

export function isolationProblems(
  file: { path: string; text: string },
  name: string,
  location: Location,
  facts: EngineFacts,
): Problem[] {
  if (isIsolated(facts.isolation, location.isolation)) return [];
  return [
    problemAt(file, {
      code: 'isolation-unavailable',
      own: true,
      path: 'location',
      message: `The location ${name} requires ${location.isolation} isolation, and its engine shows ${facts.isolation} (runtime ${facts.runtime}${facts.isolationSaw ? `: ${facts.isolationSaw}` : ''}).`,
      advice: `Whoever runs the bot gives the location an isolating runtime, or allows less: locations.${name}.isolation: ${facts.isolation} in the settings.`,
    }),
  ];
}

/** Why a group has no room, at the lines that ask for it. */
export async function capacityProblems(
  ground: Ground,
  file: { path: string; text: string },
  key: GroupKey,
  group: Group,
  locationName: string,
  facts: EngineFacts,
): Promise<Problem[]> {
  const shortages = await shortagesFor(ground, key, group, locationName, facts);
  return shortages.map(({ property, message, advice }) =>
    problemAt(file, {
      code: 'ServiceUnavailable',
      own: false,
      path: `properties.containers[${largest(group, property)}].properties.resources.requests.${property}`,
      message,
      advice,
    }),
  );
}

interface Shortage {
  readonly property: 'cpu' | 'memoryInGB';
  readonly message: string;
  readonly advice: string;
}

/** What a location has too little of for a group. Memory is promised, so it is never promised twice; processors are shared. */
export async function shortagesFor(
  ground: Ground,
  key: GroupKey,
  group: Group,
  locationName: string,
  facts: EngineFacts,
): Promise<Shortage[]> {
  const others = (await ground.desired.list()).filter(
    (wish) =>
      wish.location === locationName &&
      wish.key !== key &&
      wish.wanted === 'running' &&
      wish.settled !== 'Succeeded' &&
      wish.settled !== 'Failed',
  );
  const sizeOf = (each: Group) => groupSize(each).memoryBytes + facts.overheadBytes;
  const promised = others.reduce((sum, wish) => sum + sizeOf(wish.revision.group), 0);
  const { vcpuMilli } = groupSize(group);
  const memoryBytes = sizeOf(group);
  const around = facts.overheadBytes > 0 ? ', with the virtual machine around it' : '';
  const gb = (bytes: number) => `${Math.floor((bytes / 2 ** 30) * 10) / 10} GB`;
  const free = facts.memoryBytes - promised;
  const shortages: Shortage[] = [];
  if (memoryBytes > free) {
    shortages.push({
      property: 'memoryInGB',
      message: `The group asks for ${gb(memoryBytes)} of memory${around}; ${locationName} has ${gb(Math.max(0, free))} free of ${gb(facts.memoryBytes)}.`,
      advice:
        'Ask for less, delete a group that is no longer needed (katabot status), or name another location.',
    });
  }
  const tooWide = group.containers.some(({ resources }) => resources.requests.cpu > facts.cpus);
  if (tooWide || vcpuMilli > facts.cpus * 1000 * 16) {
    shortages.push({
      property: 'cpu',
      message: `The group asks for ${vcpuMilli / 1000} vCPU; ${locationName} has ${facts.cpus}.`,
      advice: 'Ask for less, or name another location.',
    });
  }
  return shortages;
}

/** The container that asks for the most: where there is something to take away. */
function largest({ containers }: Group, property: Shortage['property']): number {
  const asked = containers.map(({ resources }) => resources.requests[property]);
  return Math.max(0, asked.indexOf(Math.max(...asked)));
}

export function ownershipProblems(
  file: { path: string; text: string },
  repository: string,
  key: GroupKey,
  locationName: string,
  before: Wish | undefined,
): Problem[] {
  const at = (code: string, property: string, message: string, advice: string) =>
    problemAt(file, { code, own: true, path: property, message, advice });
  if (before && before.repository !== repository) {
    return [
      at(
        'group-taken',
        'name',
        `The group ${key} belongs to the repository ${before.repository}.`,
        'Give the group another name; names are unique in an environment of this bot.',
      ),
    ];
  }
  if (before && before.location !== locationName) {
    return [
      at(
        'location-changed',
        'location',
        `The group runs in ${before.location}; it cannot be moved to ${locationName} while it exists.`,
        `Delete it first (katabot delete ${before.revision.group.name}), then push again.`,
      ),
    ];
  }
  return [];
}

export async function labelProblems(
  ground: Ground,
  file: { path: string; text: string },
  { key, caller }: { key: GroupKey; caller: Caller },
  fqdn: string,
): Promise<Problem[]> {
  if (!fqdn) return [];
  const holder = (await ground.labels.all()).find((label) => label.fqdn === fqdn);
  if (!holder || holder.key === key) return [];
  const { message, advice } = labelTaken(fqdn, await nameFor(ground, caller, holder.key));
  return [
    problemAt(file, {
      code: 'DnsNameLabelAlreadyTaken',
      own: false,
      path: 'properties.ipAddress.dnsNameLabel',
      message,
      advice,
    }),
  ];
}
