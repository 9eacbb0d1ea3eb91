import { type KeptSecret, type Scope, scopeText } from '../secrets/index.ts';
import type { Block, Outcome } from './document.ts';
import { done } from './outcomes.ts';
import { stage } from './push.ts';
import { timeOf } from './tokens.ts';

// What is said of secrets: names, places and times, never a value.

export function secretSet(kept: KeptSecret, isNew: boolean): Outcome {
  const text = `${kept.name} ${scopeText(kept)} (${kept.fingerprint})`;
  return done('secret-set', { ...kept, isNew }, [
    stage('done', isNew ? 'kept' : 'replaced', text),
    { kind: 'text', text: 'Groups get it with their next deploy; katabot plan shows what that changes.' },
  ]);
}

export function secretRemoved(name: string, scope: Scope, removed: boolean): Outcome {
  const text = removed
    ? `${name} ${scopeText(scope)}; groups that have it keep it until their next deploy`
    : `there is no ${name} ${scopeText(scope)}`;
  return done('secret-removed', { name, ...scope, removed }, [
    stage(removed ? 'done' : 'skipped', 'removed', text),
  ]);
}

export function secretList(secrets: readonly KeptSecret[]): Outcome {
  const rows = secrets.map(({ name, repository, environment, setBy, setAtMs, fingerprint }) => [
    name,
    repository || 'every',
    environment || 'every',
    setBy,
    timeOf(setAtMs),
    fingerprint,
  ]);
  const columns = ['name', 'repository', 'environment', 'set by', 'at', 'fingerprint'];
  const blocks: Block[] = rows.length
    ? [{ kind: 'table', columns, rows }]
    : [{ kind: 'text', text: 'No secret is kept for what you operate.' }];
  return done('secrets', { secrets }, blocks);
}

/** A line of its own, to be copied into a file. */
export function secretSealed(sealed: string): Outcome {
  return done('secret-sealed', { sealed }, [{ kind: 'verbatim', text: sealed }]);
}

export function secretRecipient(recipient: string): Outcome {
  return done('secret-recipient', { recipient }, [{ kind: 'verbatim', text: recipient }]);
}
