import { Failure } from '../failure.ts';
import type { Caller, Channel, Decision, Filters } from '../policy/index.ts';
import * as say from '../replies/index.ts';
import { filtersIn } from './filters.ts';
import type { Ground } from './ground.ts';
import type { Asked, RunVerb } from './verb.ts';
import { environmentsOf } from './visible.ts';

const REPOSITORY = /^[a-z0-9][a-z0-9._-]{0,99}(\/[a-z0-9._-]{1,100})?$/;

/** A channel hears of a repository from now on. It takes the right to read all that it will hear of. */
export const runSubscribe: RunVerb = async function* (ground, asked) {
  const channel = channelOf(asked);
  const repository = repositoryOf(asked);
  const filters = filtersIn(repository, asked.words.slice(1));
  const decision = mayHear(ground, asked.caller, repository, filters);
  if (!decision.allowed) return say.refused(decision.code, decision.message, decision.advice);
  const by = asked.caller.name;
  await ground.subscriptions.put({ ...channel, ...filters, repository, by, atMs: ground.clock.now() });
  const known = await environmentsOf(ground, repository);
  yield* say.subscribed({ repository, ...filters }, by, ground.defaultPrices.currency, known);
  return say.done('subscribed', { repository, ...plain(filters) });
};

export const runUnsubscribe: RunVerb = async function* (ground, asked) {
  const repository = repositoryOf(asked);
  const was = await ground.subscriptions.remove(channelOf(asked), repository);
  yield say.unsubscribed(repository, was, asked.caller.name);
  return say.done(was ? 'unsubscribed' : 'unsubscribed-already', { repository });
};

/** What a channel hears of is no secret in that channel. */
export const runSubscriptions: RunVerb = async function* (ground, asked) {
  const all = await ground.subscriptions.of(channelOf(asked));
  yield* say.subscriptionTable(all, ground.defaultPrices.currency);
  return say.done('subscriptions', {
    subscriptions: all.map(({ repository, by, ...filters }) => ({ repository, by, ...plain(filters) })),
  });
};

/** Everything that a channel will be told, the person may read: each environment by itself, a pattern as a whole. */
function mayHear(
  { policy }: Ground,
  caller: Caller,
  repository: string,
  { environments }: Filters,
): Decision {
  const deed = `subscribe to ${repository}`;
  const places = environments.map((environment) =>
    environment.includes('*') ? { repository } : { environment, repository },
  );
  const decisions = places.map((place) => policy.decide(caller, 'reader', deed, place));
  return decisions.find(({ allowed }) => !allowed) ?? decisions[0] ?? { allowed: true, rule: '' };
}

function repositoryOf({ words: [repository = ''] }: Asked): string {
  const name = repository.toLowerCase();
  if (REPOSITORY.test(name)) return name;
  throw new Failure('usage', `"${repository}" is no repository.`, { advice: 'Write its name: acme/shop' });
}

function channelOf({ channel }: Asked): Channel {
  if (channel) return channel;
  throw new Failure('wrong-surface', 'Only a channel can be told of something.', {
    advice: 'Say it in a channel of Slack: /kata subscribe acme/shop',
  });
}

function plain({ environments, on, abovePicosPerHour }: Filters) {
  return {
    environments,
    on,
    abovePicosPerHour: abovePicosPerHour === null ? null : String(abovePicosPerHour),
  };
}
