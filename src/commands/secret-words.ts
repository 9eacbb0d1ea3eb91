import { Failure } from '../failure.ts';
import { isSecretName, type Scope } from '../secrets/index.ts';
import { usageOf } from './usage.ts';
import type { Command } from './verb.ts';

/** What is to be done with a secret. */
export interface SecretDeed {
  readonly action: 'set' | 'list' | 'remove' | 'seal' | 'recipient';
  /** '' for what is about no single secret. */
  readonly name: string;
  readonly scope: Scope;
}

const ACTIONS = ['set', 'list', 'remove', 'seal', 'recipient'] as const;
const REPOSITORY = /^[A-Za-z0-9_][\w.-]*(\/[A-Za-z0-9_][\w.-]*)*$/;

/** Throws a Failure `usage` that repeats none of the words: one of them may be a value in the wrong place. */
export function secretIn(command: Pick<Command, 'verb' | 'words' | 'environment' | 'options'>): SecretDeed {
  const { verb, words, environment = '', options } = command;
  const [word, name = ''] = words;
  const action = ACTIONS.find((each) => each === word);
  if (!action) throw new Failure('usage', `secret does not know what to do.`, { advice: usageOf(verb) });
  const repository = String(options['repository'] ?? '');
  if (repository && !REPOSITORY.test(repository)) {
    throw new Failure('usage', '--repository is no name of a repository.', { advice: 'Such as acme/shop.' });
  }
  const needsName = action === 'set' || action === 'remove';
  if (needsName !== (name !== '') || (needsName && !isSecretName(name))) {
    throw new Failure('usage', nameProblem(action, needsName, name), {
      advice:
        'Letters, digits, dots, hyphens and underscores, such as DATABASE; registry:ghcr.io for a login.',
    });
  }
  return { action, name, scope: { repository, environment } };
}

function nameProblem(action: string, needsName: boolean, name: string): string {
  if (!needsName) return `secret ${action} takes no name.`;
  return name ? 'A secret cannot be called so.' : `secret ${action} needs the name of a secret.`;
}
