import { type GroupKey, groupKey, partsOf } from '../event.ts';
import { Failure } from '../failure.ts';
import { EVERYTHING, type Place } from '../policy/index.ts';
import type { Wish } from '../reconciler/index.ts';
import * as say from '../replies/index.ts';
import type { Ground } from './ground.ts';
import type { Known } from './known.ts';
import type { Command, Here } from './verb.ts';

const PRODUCTION = 'production';

/** What a bare word may mean: of a place that has a repository, nothing of any other. */
export function knownIn(wishes: readonly Wish[], here: Here | undefined): Known {
  const own = here ? wishes.filter(({ repository }) => repository === here.repository) : wishes;
  const parts = own.map(({ key }) => partsOf(key));
  const environments = [
    ...new Set([...parts.map(({ environment }) => environment), ...(here?.environments ?? [])]),
  ];
  const groups = parts.map(({ name }) => name);
  if (!here) return { environments, groups };
  const there = parts.filter(({ environment }) => environment === here.environment).map(({ name }) => name);
  return { environments, groups, here: { environment: here.environment, groups: there } };
}

/** What a command is about, as policy is asked. */
export interface KnownPlace {
  readonly place: Place;
  readonly group: GroupKey | '';
  /** Whether all is known of the place that there is to know. */
  readonly whole: boolean;
  /** A look, whatever right it takes: who may see a part of the place sees that part. */
  readonly looks?: boolean;
}

/** What a command is about: a group with the repository that it came from, an environment, or everything. */
export async function placeOf(
  { desired }: Ground,
  command: Command,
  here: Here | undefined,
): Promise<KnownPlace> {
  const { verb, target, environment } = command;
  if (verb.takesSecret) return scopeIn(command);
  if (verb.everywhere)
    return { place: { environment: EVERYTHING, repository: EVERYTHING }, group: '', whole: false };
  const from = here ? { repository: here.repository } : {};
  if (target) {
    const key = groupKey(target.environment, target.name);
    const repository = (await desired.get(key))?.repository;
    if (here && repository !== undefined && repository !== here.repository) throw notOfHere(key, here);
    const place = { environment: target.environment, ...(repository ? { repository } : from) };
    return { place, group: key, whole: repository !== undefined };
  }
  if (environment !== undefined)
    return { place: { environment, ...from }, group: '', whole: here !== undefined };
  return {
    place: { ...(verb.mutating ? { environment: PRODUCTION } : {}), ...from },
    group: '',
    whole: false,
  };
}

/** A secret that holds everywhere is everybody's: it takes the right everywhere. */
function scopeIn({ words: [action], environment, options }: Command): KnownPlace {
  const looks = action === 'list' || action === 'recipient';
  const { repository } = options;
  const place = {
    ...(environment === undefined && looks ? {} : { environment: environment ?? EVERYTHING }),
    ...(repository === undefined && looks ? {} : { repository: String(repository ?? EVERYTHING) }),
  };
  return { place, group: '', whole: false, looks };
}

/** Another repository's group is spoken of in no pull request of this one. */
function notOfHere(key: GroupKey, { repository }: Here): Failure {
  return new Failure('group-unknown', `${repository} has no group ${say.nameOf(key)}.`, {
    advice: '/kata list shows what there is.',
  });
}
