import { type EngineFacts, needOf, type Shortage, shortagesOn } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { labelTaken } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import { evictablesOn, evictions, isSpot } from './evictions.ts';
import type { Ground } from './ground.ts';
import { problemAt } from './locate.ts';
import { hostOf } from './locations.ts';
import { promisedOn } from './placing.ts';
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

/** A limit that nobody would keep is told where it stands, before anything is changed. */
export function scratchProblems(
  file: { path: string; text: string },
  { volumes }: Pick<Group, 'volumes'>,
  { limitsScratch }: Pick<EngineFacts, 'limitsScratch'>,
): Problem[] {
  if (limitsScratch !== false) return [];
  return volumes.flatMap(({ emptyDir }, index) =>
    emptyDir?.sizeLimit === undefined || emptyDir.medium
      ? []
      : [
          problemAt(file, {
            code: 'not-supported-here',
            own: true,
            path: `properties.volumes[${index}].emptyDir.sizeLimit`,
            message: 'sizeLimit: the host’s file system cannot limit how much a folder holds.',
            advice: 'Use medium: Memory, or leave sizeLimit out.',
          }),
        ],
  );
}

/** What the host of a group that is to start again has too little of; nothing where Spot groups that go make enough room. */
export async function roomFor(
  ground: Ground,
  wish: Wish,
  facts: EngineFacts,
): Promise<{ readonly shortages: readonly Shortage[]; readonly evicts: readonly GroupKey[] }> {
  const wishes = await ground.desired.list();
  const promised = promisedOn(wishes, wish.key, { host: hostOf(ground, wish), facts });
  const candidate = { ...promised, drained: false, hasAddress: true };
  const need = { ...needOf(wish.revision.group, 'none'), zone: '' };
  const shortages = shortagesOn(need, candidate);
  if (!shortages.length || isSpot(wish.revision.group)) return { shortages, evicts: [] };
  const evicts = evictions(need, candidate, evictablesOn(wishes, wish.key, candidate));
  return evicts ? { shortages: [], evicts } : { shortages, evicts: [] };
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
