import type { Field, Fields } from './field.ts';
import type { Node } from './node.ts';
import type { Finding } from './problem.ts';

/** The name that a path ends with. */
export function nameIn(path: string): string {
  return path.split('.').at(-1) || 'The document';
}

export function quoted(text: string): string {
  const safe = withoutSecrets(text);
  return `"${safe.length > 60 ? `${safe.slice(0, 57)}…` : safe}"`.replace(/\n/g, '\\n');
}

/** `secureValue:abc`, its blank forgotten, becomes part of a name or a text that is quoted to people. */
export function withoutSecrets(text: string): string {
  return text.replace(/\b(secureValue|password|storageAccountKey|workspaceKey)(\s*:)[\s\S]*/i, '$1$2 …');
}

/** A value of the wrong kind. What a secret was is never said. */
export function wrongValue(
  path: string,
  expected: string,
  node: Node,
  { code = 'InvalidRequestContent', secret = false, advice = `Write ${expected}.` } = {},
): Finding {
  return {
    code,
    path,
    message: `${nameIn(path)} is ${found(node, secret)}; expected ${expected}.`,
    advice,
  };
}

function found(node: Node, secret: boolean): string {
  if (node.kind !== 'scalar') return node.kind === 'list' ? 'a list' : 'a mapping';
  if (node.text === '' && node.plain) return 'empty';
  return secret ? 'something else' : quoted(node.text);
}

/** Whether the value of a field, or anything in it, is secret. */
export function isSecret(field: Field): boolean {
  if (field.kind === 'text') return field.secret;
  return field.kind === 'map' && isSecret(field.value);
}

/** How an object is written, for one who wrote something else. */
export function shapeAdvice(fields: Fields, inner: Fields | undefined): string {
  const names = Object.entries(fields).filter(([, { kind }]) => kind !== 'ignored');
  const [first] = [...names.filter(([, { presence }]) => presence === 'required'), ...names];
  if (!first) return inner ? 'Write properties: and its parts below it.' : 'Write {}.';
  const [name, field] = first;
  return `Write its parts as name: value, such as ${name}: ${field.about.example ?? '…'}.`;
}
