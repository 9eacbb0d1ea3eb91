import { Failure } from '../failure.ts';
import type { ChatAccount } from '../policy/index.ts';
import * as say from '../replies/index.ts';
import type { Asked, RunVerb } from './verb.ts';

/** Gives somebody the address at which they show that a GitHub account is theirs. Nobody else may see the answer. */
export const runLink: RunVerb = async function* (ground, asked) {
  const account = accountOf(asked);
  if (asked.caller.bar === 'stranger') {
    const refusal = ground.policy.decide(asked.caller, 'reader', 'link a GitHub account');
    if (!refusal.allowed) return say.refused(refusal.code, refusal.message, refusal.advice);
  }
  const address = ground.linkAddress?.(account);
  if (!address) {
    return say.refused(
      'linking-off',
      'This bot cannot ask GitHub who you are.',
      'Whoever runs the bot names slack.clientId, slack.clientSecretFile and the same of github in the settings.',
    );
  }
  const link = await ground.people.find(account);
  yield* say.linkOffer(address, link);
  return say.done('link-offered', {});
};

export const runUnlink: RunVerb = async function* (ground, asked) {
  const link = await ground.people.unlink(accountOf(asked));
  yield say.unlinked(link);
  return say.done(link ? 'unlinked' : 'unlinked-already', { login: link?.login ?? null });
};

function accountOf({ caller }: Asked): ChatAccount {
  const account = caller.accounts?.chat;
  if (account) return account;
  throw new Failure('wrong-surface', 'Accounts are linked in Slack.', { advice: 'Say it there: /kata link' });
}
