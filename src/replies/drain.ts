import type { GroupKey } from '../event.ts';
import type { Outcome } from './document.ts';
import { nameOf } from './group.ts';
import { stage } from './push.ts';

// What the bot says of hosts that take no new groups.

export function drained(host: string, stay: readonly GroupKey[], isNew: boolean): Outcome {
  const groups = stay.length === 1 ? '1 group stays' : `${stay.length} groups stay`;
  const left = stay.length ? `${groups} there: ${stay.map(nameOf).join(', ')}` : 'nothing runs there';
  const text = isNew ? `takes no new groups from now on; ${left}` : `takes no new groups already; ${left}`;
  return told(host, 'drained', isNew, stay, text);
}

export function undrained(host: string, stay: readonly GroupKey[], isNew: boolean): Outcome {
  const text = isNew ? 'takes new groups again' : 'takes new groups already';
  return told(host, 'undrained', isNew, stay, text);
}

function told(
  host: string,
  code: 'drained' | 'undrained',
  isNew: boolean,
  stay: readonly GroupKey[],
  text: string,
): Outcome {
  return {
    kind: 'done',
    code: isNew ? code : 'unchanged',
    blocks: [stage('done', host, text)],
    data: { host, drained: code === 'drained', groups: stay },
  };
}
