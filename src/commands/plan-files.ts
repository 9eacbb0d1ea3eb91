import { randomUUID } from 'node:crypto';
import { canWait, type EngineFacts } from '../engines/index.ts';
import { type Effect, type GroupKey, groupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { fqdnOf } from '../network/index.ts';
import { isUp, type Wish } from '../reconciler/index.ts';
import { type Change, diffGroups, effectOf, type Group, type Problem, readGroup } from '../spec/index.ts';
import { addressProblems } from './addresses.ts';
import { type Update, updateOf } from './beside.ts';
import { domainProblems } from './domain-problems.ts';
import { NO_REPOSITORY, type Source } from './file-source.ts';
import { gpuProblems } from './gpu-problems.ts';
import type { Ground, Host, Location } from './ground.ts';
import { labelProblems, ownershipProblems, scratchProblems, unknownLocation } from './here-problems.ts';
import { problemAt } from './locate.ts';
import { ENGINE_TIMEOUT_MS } from './locations.ts';
import { type Existing, otherHostFor, type Spot, spotFor } from './placing.ts';
import { networkProblems } from './private.ts';
import { roomProblems } from './room-problems.ts';
import { supplyFor, withLogins } from './supply.ts';
import type { GivenFile } from './verb.ts';

/** One file of a source, understood as far as it could be. */
export interface Plan {
  readonly path: string;
  readonly text: string;
  readonly problems: readonly Problem[];
  /** Absent when there are errors. */
  readonly accepted?: Accepted;
}

/** A group that may become a wish. */
export interface Accepted {
  readonly key: GroupKey;
  readonly group: Group;
  readonly repository: string;
  readonly locationName: string;
  readonly location: Location;
  readonly facts: EngineFacts;
  /** '' without a DNS label. */
  readonly fqdn: string;
  readonly effect: Effect;
  readonly changes: readonly Change[];
  readonly before: Wish | undefined;
  readonly update: Update;
  readonly existing: Existing;
  /** Undefined for a group that waits until one has room. */
  readonly host: Host | undefined;
  readonly placement?: Spot['placement'];
  /** Spot groups that go for it. */
  readonly evicts?: Spot['evicts'];
  /** What it waits for; empty when it has room. */
  readonly missing: Spot['missing'];
  readonly again: Spot['again'];
  /** Whether it may wait for room. */
  readonly queue: boolean;
}

/** Reads every file of a source and holds it against what runs. Changes nothing. */
export async function planFiles(ground: Ground, source: Source, signal: AbortSignal): Promise<Plan[]> {
  const plans: Plan[] = [];
  for (const file of source.files) plans.push(await planFile(ground, source, file, signal));
  return plans.map((plan, index) => withDuplicates(plan, plans.slice(0, index)));
}

async function planFile(ground: Ground, source: Source, file: GivenFile, signal: AbortSignal): Promise<Plan> {
  const first = readGroup(file.text, { file: file.path });
  if (!first.group) return { ...file, problems: first.problems };
  const locationName = first.group.location ?? Object.keys(ground.locations)[0] ?? '';
  const location = ground.locations[locationName];
  if (!location)
    return { ...file, problems: [...first.problems, unknownLocation(ground, file, locationName)] };
  const before = await ground.desired.get(groupKey(source.environment, first.group.name));
  const from = { ...source, repository: repositoryOf(source, before) };
  const supply = await supplyFor(ground, from, first.group, before);
  const { group, problems } = readGroup(file.text, { file: file.path, gaps: gapsOf(location), supply });
  if (!group) return { ...file, problems };
  const complete = await withLogins(ground, from, group);
  return planGroup(ground, source, { ...file, group: complete, problems }, signal);
}

function repositoryOf({ repository }: Pick<Source, 'repository'>, before: Wish | undefined): string {
  return repository || before?.repository || NO_REPOSITORY;
}

/** Holds a group that was understood against what runs and what the location can give. */
export async function planGroup(
  ground: Ground,
  source: Omit<Source, 'files'>,
  { group, problems, ...file }: GivenFile & { readonly group: Group; readonly problems: readonly Problem[] },
  signal: AbortSignal,
): Promise<Plan> {
  const locationName = group.location ?? Object.keys(ground.locations)[0] ?? '';
  const location = ground.locations[locationName];
  if (!location) return { ...file, problems: [...problems, unknownLocation(ground, file, locationName)] };
  const key = groupKey(source.environment, group.name);
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ENGINE_TIMEOUT_MS)]);
  const before = await ground.desired.get(key);
  const spot = await spotFor(ground, { key, group, location, before }, limit);
  const { host, existing } = spot;
  const repository = repositoryOf(source, before);
  const fqdn = fqdnFor(ground, { ...source, repository }, group, locationName, before?.fqdn ?? '');
  const waits = source.queue === true && mayWait(spot, before);
  const found = [
    ...problems,
    ...(waits
      ? []
      : await roomLacks(ground, file, { key, group, locationName, location, before, spot }, limit)),
    ...scratchProblems(file, group, spot.facts),
    ...ownershipProblems(file, repository, key, locationName, before),
    ...(await labelProblems(ground, file, { key, caller: source.caller }, fqdn)),
    ...(await domainProblems(ground, file, { key, group, caller: source.caller })),
    ...(await networkProblems(
      ground,
      file,
      { key, group, repository, locationName, location },
      source.caller,
    )),
    ...(host ? await addressProblems(ground, file, { key, group, host, existing }, source.caller) : []),
    ...(await gpuProblems(ground, file, { key, group, host: host ?? onlyHostOf(location) }, source, limit)),
  ];
  if (found.some(({ severity }) => severity === 'error')) return { ...file, problems: found };
  const there = before !== undefined && before.wanted !== 'deleted';
  // Whoever gets no secret is not told either whether one that was guessed is right.
  const secrets = source.secretsFor === 'nobody' ? 'left-out' : 'compared';
  const changes = there ? diffGroups(before.revision.group, group, secrets) : [];
  const effect = there ? effectOf(changes) : 'create';
  const { facts } = spot;
  const updating = { key, group, fqdn, locationName, location, host, facts, effect, before };
  return {
    ...file,
    problems: found,
    accepted: {
      ...spot,
      ...updating,
      queue: source.queue === true,
      repository,
      changes,
      update: await updateOf(ground, updating),
    },
  };
}

/** What its host, or each of those that it could go to, has too little of. */
async function roomLacks(
  ground: Ground,
  file: { readonly path: string; readonly text: string },
  {
    locationName,
    spot,
    ...asking
  }: Pick<Accepted, 'key' | 'group' | 'locationName' | 'location' | 'before'> & { readonly spot: Spot },
  signal: AbortSignal,
): Promise<Problem[]> {
  const { key, group, location, before } = asking;
  const { host, missing } = spot;
  if (!missing.size) return [];
  const other = host && (await otherHostFor(ground, asking, host, signal));
  const outgrown = host && { key, runs: isUpOn(spot, before), other };
  return roomProblems(file, group, { ...location, name: locationName }, { ...spot, outgrown });
}

/**
 * Whether a group may wait for its room: one that is on no host yet, or of which nothing runs there. What runs would have to
 * go for that, and it is to go on.
 */
export function mayWait(spot: Pick<Spot, 'host' | 'missing'>, before: Wish | undefined): boolean {
  return spot.missing.size > 0 && canWait(spot.missing) && !isUpOn(spot, before);
}

function isUpOn({ host }: Pick<Spot, 'host'>, before: Wish | undefined): boolean {
  return host !== undefined && (before === undefined || isUp(before));
}

/** Of several hosts each says itself that it has not the GPUs. */
function onlyHostOf({ hosts }: Location): Host | undefined {
  return hosts.length === 1 ? hosts[0] : undefined;
}

function fqdnFor(
  ground: Ground,
  source: Pick<Source, 'environment' | 'repository'>,
  group: Group,
  location: string,
  held: string,
): string {
  const label = group.ipAddress?.dnsNameLabel;
  if (label === undefined || group.ipAddress === undefined) return '';
  return fqdnOf({
    label,
    environment: source.environment,
    location,
    domain: ground.edge.domain,
    scope: group.ipAddress.autoGeneratedDomainNameLabelScope,
    owner: ground.owner,
    repository: source.repository,
    held,
    fresh: randomUUID(),
  });
}

/** The hosts of a location are alike in what they cannot do. */
function gapsOf({ hosts }: Location) {
  return hosts[0]?.engine.gaps ?? [];
}

function withDuplicates(plan: Plan, earlier: readonly Plan[]): Plan {
  const twin = earlier.find((each) => each.accepted && each.accepted.key === plan.accepted?.key);
  if (!twin || !plan.accepted) return plan;
  const problem = problemAt(plan, {
    code: 'group-twice',
    own: true,
    path: 'name',
    message: `The group ${plan.accepted.group.name} is already defined in ${twin.path}.`,
    advice: 'Give one of the two another name.',
  });
  return { path: plan.path, text: plan.text, problems: [...plan.problems, problem] };
}

/** The failure of an engine that does not answer, told before anything is changed. */
export function orEngineFailure(error: unknown): Failure {
  if (error instanceof Failure && error.code !== 'engine-unreachable') return error;
  const message = error instanceof Failure ? error.message : 'The engine does not answer in time.';
  return new Failure('engine-unreachable', message, {
    advice: 'Nothing was changed. Push again when the engine answers.',
    cause: error,
  });
}
