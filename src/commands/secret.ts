import { Failure } from '../failure.ts';
import { EVERYTHING, isEnough } from '../policy/index.ts';
import type { Outcome } from '../replies/index.ts';
import * as say from '../replies/index.ts';
import {
  fingerprintOf,
  type KeptSecret,
  loginIn,
  REGISTRY,
  type Scope,
  type Secret,
  sealValue,
} from '../secrets/index.ts';
import type { Ground } from './ground.ts';
import { type SecretDeed, secretIn } from './secret-words.ts';
import type { Asked, RunVerb } from './verb.ts';

const MOST_BYTES = 65_536;

/** Keeps, lists and removes secrets, and seals values for files. No value is ever given out again. */
// biome-ignore lint/correctness/useYield: there is nothing to tell but the end
export const runSecret: RunVerb = async function* (ground, asked) {
  const deed = secretIn(asked);
  switch (deed.action) {
    case 'set':
      return setSecret(ground, asked, deed);
    case 'list':
      return listSecrets(ground, asked, deed.scope);
    case 'remove': {
      const removed = await ground.secrets.remove(deed.name, deed.scope);
      return say.secretRemoved(deed.name, deed.scope, removed);
    }
    case 'seal':
      return say.secretSealed(await sealValue(ground.vault.recipient, deed.scope, secretOf(asked)));
    case 'recipient':
      return say.secretRecipient(ground.vault.recipient);
  }
};

async function setSecret(ground: Ground, asked: Asked, { name, scope }: SecretDeed): Promise<Outcome> {
  const value = secretOf(asked);
  if (name.startsWith(REGISTRY) && !loginIn(value.reveal())) {
    throw new Failure('usage', 'A login is written as user:password.', {
      advice: `printf '%s' 'USER:TOKEN' | katabot secret set ${name}`,
    });
  }
  const kept: KeptSecret = {
    ...scope,
    name,
    setBy: asked.caller.name,
    setAtMs: ground.clock.now(),
    fingerprint: fingerprintOf(name, value, ground.vault.pepper),
  };
  const isNew = await ground.secrets.set(kept, value);
  return say.secretSet(kept, isNew);
}

function secretOf({ secret }: Asked): Secret {
  const bytes = Buffer.byteLength(secret?.reveal() ?? '');
  if (secret && bytes > 0 && bytes <= MOST_BYTES) return secret;
  throw new Failure('usage', bytes ? 'The value is longer than 64 KiB.' : 'No value came along.', {
    advice: 'Pipe it in or type it when asked; through the API it is the field `secret` of the body.',
  });
}

/** What others keep for places that the caller does not operate is not told, not even that it is there. */
async function listSecrets(ground: Ground, { caller }: Asked, wanted: Scope): Promise<Outcome> {
  const all = await ground.secrets.list();
  const listed = all.filter(
    ({ repository, environment }) =>
      (wanted.repository === '' || wanted.repository === repository) &&
      (wanted.environment === '' || wanted.environment === environment) &&
      operates(ground, caller, { repository, environment }),
  );
  return say.secretList(listed);
}

function operates({ policy }: Ground, caller: Asked['caller'], { repository, environment }: Scope): boolean {
  const place = { repository: repository || EVERYTHING, environment: environment || EVERYTHING };
  const { right } = policy.rightOf(caller, place);
  return right !== undefined && isEnough(right, 'operator');
}
