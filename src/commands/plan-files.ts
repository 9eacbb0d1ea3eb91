import { randomUUID } from 'node:crypto';
import { within } from '../clock.ts';
import type { EngineFacts, Published } from '../engines/index.ts';
import { type Effect, type GroupKey, groupKey } from '../event.ts';
import { Failure } from '../failure.ts';
import { fqdnOf } from '../network/index.ts';
import type { Wish } from '../reconciler/index.ts';
import { type Change, diffGroups, effectOf, type Group, type Problem, readGroup } from '../spec/index.ts';
import { addressProblems } from './addresses.ts';
import { NO_REPOSITORY, type Source } from './file-source.ts';
import type { Ground, Location } from './ground.ts';
import {
  capacityProblems,
  isolationProblems,
  labelProblems,
  ownershipProblems,
  unknownLocation,
} from './here-problems.ts';
import { problemAt } from './locate.ts';
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
  readonly existing: Existing;
}

/** What the engine holds of a group, whatever the books say: its newest revision (0 for none), and where it is. */
interface Existing {
  readonly revision: number;
  readonly published: readonly Published[];
  readonly subnet: string;
}

/** Longer than this and the engine counts as away; a push must not hang on it. */
const ENGINE_TIMEOUT_MS = 10_000;

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
  const { group, problems } = readGroup(file.text, { file: file.path, gaps: location.engine.gaps, supply });
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
  const [before, facts, existing] = await Promise.all([
    ground.desired.get(key),
    within(limit, location.engine.describe(limit)),
    foundOnEngine(location, key, limit),
  ]);
  const repository = repositoryOf(source, before);
  const fqdn = fqdnFor(ground, { ...source, repository }, group, locationName, before?.fqdn ?? '');
  const settler = { key, group, locationName, location, existing };
  const found = [
    ...problems,
    ...isolationProblems(file, locationName, location, facts),
    ...(await capacityProblems(ground, file, key, group, locationName, facts)),
    ...ownershipProblems(file, repository, key, locationName, before),
    ...(await labelProblems(ground, file, { key, caller: source.caller }, fqdn)),
    ...(await addressProblems(ground, file, settler, source.caller)),
  ];
  if (found.some(({ severity }) => severity === 'error')) return { ...file, problems: found };
  const there = before !== undefined && before.wanted !== 'deleted';
  // Whoever gets no secret is not told either whether one that was guessed is right.
  const secrets = source.secretsFor === 'nobody' ? 'left-out' : 'compared';
  const changes = there ? diffGroups(before.revision.group, group, secrets) : [];
  const effect = there ? effectOf(changes) : 'create';
  return {
    ...file,
    problems: found,
    accepted: { ...settler, repository, facts, fqdn, effect, changes, before },
  };
}

/** With a lost store, the engine's labels know which revisions and which place a group already has. */
async function foundOnEngine(location: Location, key: GroupKey, signal: AbortSignal): Promise<Existing> {
  const pods = (await location.engine.observe(signal, key)).get(key)?.pods ?? [];
  const revisions = pods.flatMap((pod) => [pod.revision, ...pod.members.map(({ revision }) => revision)]);
  return {
    revision: Math.max(0, ...revisions),
    published: pods.findLast((pod) => pod.published?.length)?.published ?? [],
    subnet: pods.findLast((pod) => pod.subnet)?.subnet ?? '',
  };
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
