import { canWait, type EngineFacts, type Shortage } from '../engines/index.ts';
import type { GroupKey } from '../event.ts';
import * as say from '../replies/index.ts';
import type { Group, Problem } from '../spec/index.ts';
import type { Location } from './ground.ts';
import { problemAt } from './locate.ts';
import type { Spot } from './placing.ts';

// Why a group has no room, and what helps. Pure.

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

/** The container that asks for the most: where there is something to take away. */
function requestPath({ containers }: Group, property: 'cpu' | 'memoryInGB'): string {
  const asked = containers.map(({ resources }) => resources.requests[property]);
  const largest = Math.max(0, asked.indexOf(Math.max(...asked)));
  return `properties.containers[${largest}].properties.resources.requests.${property}`;
}
