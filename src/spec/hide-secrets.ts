import { nearestWord } from './nearest.ts';

/** Properties whose values are secret, as the schema marks them, and the map of secret files. */
const SECRET_NAMES = [
  'secureValue',
  'secret',
  'password',
  'storageAccountKey',
  'workspaceKey',
  'protectedSettings',
];
/** They name a secret that is kept elsewhere. */
const REFERENCE = /references?(uri)?$/i;
const KEY = /(?<=^|[\s{,[-])(["']?)([A-Za-z_][\w-]*)\1\s*:/g;
const HIDDEN = '••••';

/**
 * The text of a spec as it may be shown: line for line the same, without what follows a secret property. Works on lines,
 * so that it holds for a text that is no YAML, and takes a mistyped name (`secureValu`) for what was meant.
 */
export function hideSecrets(text: string): string {
  let hiddenBelow: number | undefined;
  const shown = text.split('\n').map((line) => {
    const content = line.search(/\S/);
    if (content < 0) return line;
    if (hiddenBelow !== undefined && content > hiddenBelow) return `${line.slice(0, content)}${HIDDEN}`;
    const secret = firstSecret(line);
    hiddenBelow = secret?.column;
    return secret ? `${line.slice(0, secret.end)} ${HIDDEN}` : line;
  });
  return shown.join('\n').replace(/(https?:\/\/)[^\s/@]+@/g, `$1${HIDDEN}@`);
}

/** The first secret property of a line: where its name begins, and where its value could. */
function firstSecret(line: string): { column: number; end: number } | undefined {
  for (const match of line.matchAll(KEY)) {
    if (isSecretName(match[2] ?? '')) return { column: match.index, end: match.index + match[0].length };
  }
  return undefined;
}

function isSecretName(name: string): boolean {
  if (REFERENCE.test(name)) return false;
  return /secret|secure|passw/i.test(name) || nearestWord(name, SECRET_NAMES) !== undefined;
}
