import { canWait, type EngineFacts, needOf, type Shortage, shortagesOn } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import { labelTaken } from '../network/index.ts';
import type { Caller } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import { evictablesOn, evictions, isSpot } from './evictions.ts';
import type { Ground, Location } from './ground.ts';
import { problemAt } from './locate.ts';
import { hostOf } from './locations.ts';
import { promisedOn, type Spot } from './placing.ts';
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

/** Why a group has no room: at the lines that ask for it where there is one host, else in one sentence about all of them. */
export function roomProblems(
  file: { path: string; text: string },
  group: Group,
  { name, isolation, hosts }: Pick<Location, 'isolation' | 'hosts'> & { readonly name: string },
  {
    missing,
    facts,
    outgrown,
  }: Pick<Spot, 'missing' | 'facts'> & { readonly outgrown?: Outgrown | undefined },
): Problem[] {
  if (missing.size > 1) return [noHost(file, group, name, missing)];
  const waits = canWait(missing);
  const advise = (own: string) =>
    outgrown ? outgrownAdvice(outgrown, waits) : `${own}${waits ? LET_IT_WAIT : ''}`;
  return [...missing].flatMap(([host, shortages]) =>
    shortages.map((shortage) => {
      switch (shortage.kind) {
        case 'isolation':
          return notIsolated(file, name, isolation, facts);
        case 'system':
          return otherSystem(file, host, shortage);
        case 'addresses':
          return severalAddresses(file, name, host, shortage);
        case 'drained':
          return drainedProblem(file, hosts.length > 1 ? host : name);
        default:
          return tooSmall(file, group, host, shortage, advise);
      }
    }),
  );
}

/** A group that has a host, and asks for more than there is on it. */
interface Outgrown {
  readonly key: GroupKey;
  readonly runs: boolean;
  /** Another host that would take it if it were new. */
  readonly other: string | undefined;
}

/** It stays on its host for as long as it exists, so another one is no way out before that. */
function outgrownAdvice({ key, runs, other }: Outgrown, waits: boolean): string {
  const name = say.nameOf(key);
  const anew = `katabot delete ${name}, then deploy it again, with a new address`;
  return (
    [
      waits ? 'Ask for less, or delete a group that is no longer needed (katabot status).' : 'Ask for less.',
      ...(other ? [`It fits on ${other}, and stays where it is for as long as it exists: ${anew}.`] : []),
      ...(!other && !waits ? [`Another location takes it only once it is gone here: ${anew}.`] : []),
      ...(waits && runs ? [stopFirst(name)] : []),
    ].join(' ') + (waits && !runs ? LET_IT_WAIT : '')
  );
}

function notIsolated(
  file: { path: string; text: string },
  name: string,
  isolation: Location['isolation'],
  facts: EngineFacts,
): Problem {
  return problemAt(file, {
    code: 'isolation-unavailable',
    own: true,
    path: 'location',
    message: `The location ${name} requires ${isolation} isolation, and its engine shows ${facts.isolation} (runtime ${facts.runtime}${facts.isolationSaw ? `: ${facts.isolationSaw}` : ''}).`,
    advice: `Whoever runs the bot gives the location an isolating runtime, or allows less: locations.${name}.isolation: ${facts.isolation} in the settings.`,
  });
}

function otherSystem(file: { path: string; text: string }, host: string, shortage: Shortage): Problem {
  return problemAt(file, {
    code: 'os-unavailable',
    own: true,
    path: 'properties.osType',
    message: say.shortageOf(host, shortage).message,
    advice: 'Name a location whose hosts run such containers.',
  });
}

function severalAddresses(
  file: { path: string; text: string },
  location: string,
  host: string,
  shortage: Shortage,
): Problem {
  return problemAt(file, {
    code: 'address-unavailable',
    own: true,
    path: 'location',
    message: say.shortageOf(host, shortage).message,
    advice: `Whoever runs the bot hands out its one address of IPv4 there, such as locations.${location}.addresses: 203.0.113.7 in the settings; groups then differ by their ports.`,
  });
}

function drainedProblem(file: { path: string; text: string }, host: string): Problem {
  return problemAt(file, {
    code: 'host-drained',
    own: true,
    path: 'location',
    message: `The host ${host} takes no new groups.`,
    advice: `Name another location, or have an operator say: katabot host undrain ${host}`,
  });
}

function tooSmall(
  file: { path: string; text: string },
  group: Group,
  host: string,
  shortage: Shortage,
  advise: (own: string) => string,
): Problem {
  const property = shortage.kind === 'cpu' ? 'cpu' : 'memoryInGB';
  const { message, advice } = say.shortageOf(host, shortage);
  return problemAt(file, {
    code: 'ServiceUnavailable',
    own: false,
    path: requestPath(group, property),
    message,
    advice: advise(advice),
  });
}

const LET_IT_WAIT = ' Or let it wait for room with --queue (git push -o queue).';

/** Whoever waits in line has nothing that serves. */
function stopFirst(name: string): string {
  return `What runs goes on serving; only a group that is stopped waits for room: katabot stop ${name}, then deploy it with --queue (git push -o queue).`;
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

function noHost(
  file: { path: string; text: string },
  group: Group,
  location: string,
  missing: Spot['missing'],
): Problem {
  return problemAt(file, {
    code: 'ServiceUnavailable',
    own: false,
    path: gpuPath(group, missing) ?? requestPath(group, 'memoryInGB'),
    message: `No host of ${location} takes the group: ${say.missingText(missing)}.`,
    advice: canWait(missing)
      ? 'Let it wait for room with --queue (git push -o queue), ask for less, or delete a group that is no longer needed (katabot status).'
      : 'Ask for less, or name another location.',
  });
}

/** Where the group asks for GPUs, when no host has them. */
function gpuPath({ containers }: Group, missing: Spot['missing']): string | undefined {
  const isMissing = [...missing.values()].every((shortages) => shortages.some(({ kind }) => kind === 'gpu'));
  const index = containers.findIndex(({ resources }) => resources.requests.gpu);
  return isMissing && index >= 0
    ? `properties.containers[${index}].properties.resources.requests.gpu`
    : undefined;
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

/** The container that asks for the most: where there is something to take away. */
function requestPath({ containers }: Group, property: 'cpu' | 'memoryInGB'): string {
  const asked = containers.map(({ resources }) => resources.requests[property]);
  const largest = Math.max(0, asked.indexOf(Math.max(...asked)));
  return `properties.containers[${largest}].properties.resources.requests.${property}`;
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
