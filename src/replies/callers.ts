import type { Caller, Grant } from '../policy/index.ts';
import type { Block } from './document.ts';
import { timeOf } from './tokens.ts';

// What the bot says to somebody about themselves.

/** Who the bot takes somebody for, and what that allows. `lack`: why it is no more. */
export function whoamiBlocks(
  caller: Caller,
  grants: readonly Grant[],
  isProtected: readonly string[],
  lack?: { readonly message: string; readonly advice: string },
): Block[] {
  const rows = grants.map(({ right, environments, repositories, rule }) => [
    right,
    areaText(environments),
    areaText(repositories),
    rule,
  ]);
  return [
    { kind: 'heading', text: caller.name },
    ...(caller.grants ? identityFields(caller) : [tokenField(caller)]),
    ...(isProtected.length
      ? [{ kind: 'field', label: 'asks', text: `before a change in ${isProtected.join(', ')}` } as const]
      : []),
    ...(lack ? lackBlocks(lack) : []),
    { kind: 'blank' },
    { kind: 'table', columns: ['right', 'environments', 'repositories', 'because of'], rows },
  ];
}

function tokenField({ right, expiresAtMs }: Caller): Block {
  const until = expiresAtMs === undefined ? 'never' : timeOf(expiresAtMs);
  return { kind: 'field', label: 'token', text: `allows ${right} at most, expires ${until}` };
}

/** Each side by its own number: names can be changed and taken over. */
function identityFields({ name, accounts = {}, asOfMs }: Caller): Block[] {
  const { chat, github, untilMs } = accounts;
  const field = (label: string, text: string): Block => ({ kind: 'field', label, text });
  return [
    ...(chat ? [field('slack', `${chat.user} in ${chat.home}`)] : []),
    ...(github === undefined ? [] : [field('github', `${name.replace(/^github:/, '')}, number ${github}`)]),
    ...(untilMs === undefined ? [] : [field('linked', `until ${timeOf(untilMs)}; /kata unlink ends it`)]),
    ...(asOfMs === undefined
      ? []
      : [field('rights', `as they were at ${timeOf(asOfMs)}: GitHub does not answer`)]),
  ];
}

function lackBlocks({ message, advice }: { readonly message: string; readonly advice: string }): Block[] {
  return [{ kind: 'blank' }, { kind: 'text', text: message }, { kind: 'text', text: advice }];
}

function areaText(patterns: readonly string[]): string {
  return patterns.includes('*') ? 'all' : patterns.join(', ');
}
