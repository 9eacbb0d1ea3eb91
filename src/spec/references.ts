import { isSecretName, OWN, SEALED, Secret } from '../secrets/index.ts';
import { nameOf } from './compare.ts';
import type { Field, Fields } from './field.ts';
import type { Finding } from './problem.ts';
import { type Group, groupSchema } from './schema/group.ts';

/**
 * What stands in an export where a secret was: "the value that the group has now". It may be committed, and a deploy takes
 * the secret over from the revision that is wanted now.
 */
export const KEPT = `${OWN}kept`;

/** Why there is no secret for what stands in the file. */
export type NoSecret = Pick<Finding, 'code' | 'message' | 'advice'>;

/** What takes the places of references and sealed values. */
export interface Supply {
  /** The group whose secrets `katabot:kept` stands for; undefined when there is none. */
  readonly kept: Group | undefined;
  /** By what is asked for (`katabot:NAME`, a sealed value, also `katabot:kept` where it is refused): the secret, or why there is none. */
  readonly secrets: ReadonlyMap<string, Secret | NoSecret>;
}

/** Everything that a group asks the bot for: `katabot:NAME`, `katabot:kept`, and sealed values, each once. */
export function secretsAsked(group: Group): string[] {
  const asked = new Set<string>();
  withSecrets(group, undefined, ({ text }) => {
    asked.add(text);
    return undefined;
  });
  return [...asked];
}

/** The bot's own secrets that a group was given, each once, such as `katabot:DATABASE`. */
export function secretsUsed(group: Group): string[] {
  const uris = urisOf(group);
  const sources = new Set(sourcesIn(group).map((source) => uris.get(source) ?? source));
  return [...sources].filter((source) => isOwn(source) && source !== KEPT);
}

function sourcesIn(value: unknown): string[] {
  if (value instanceof Secret) return value.source === undefined ? [] : [value.source];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(sourcesIn);
}

function urisOf({ secretReferences }: Group): ReadonlyMap<string, string> {
  return new Map(secretReferences.map(({ name, secretReferenceUri }) => [name, secretReferenceUri]));
}

/** Puts secrets in the places that ask for them. Gives a finding for each place whose secret there is not. */
export function takeSecrets(
  group: Group,
  { kept, secrets }: Supply,
): { group: unknown; findings: Finding[] } {
  const findings: Finding[] = [];
  const filled = withSecrets(group, kept, ({ text, path, before }) => {
    const found = secrets.get(text) ?? (text === KEPT ? (before ?? notKept(kept)) : unknown(text));
    if (found instanceof Secret) return found;
    findings.push({ path, ...found });
    return undefined;
  });
  return { group: filled, findings };
}

/** Whether a reference can be followed: to an entry of secretReferences, or straight to a secret of the bot. */
export function isReference(group: Group, name: string): boolean {
  return isOwn(name) || group.secretReferences.some((each) => each.name === name);
}

/** `katabot:NAME` for a name that a secret may have, and `katabot:kept`. */
export function isOwn(text: string): boolean {
  return text === KEPT || (text.startsWith(OWN) && isSecretName(text.slice(OWN.length)));
}

/** What a group asks the bot for at one place. */
interface Asked {
  /** Without the detour over an entry of secretReferences. */
  readonly text: string;
  readonly path: string;
  /** What the group that is there has at the same place. */
  readonly before: Secret | undefined;
}

type Take = (asked: Asked) => Secret | undefined;

/** The group with every secret that is given put in place of what asked for it. */
function withSecrets(group: Group, kept: Group | undefined, take: Take): unknown {
  const uris = urisOf(group);
  const resolved = (name: string) => (isOwn(name) ? name : uris.get(name));
  const walk = { take, resolved };
  return walked(walk, groupSchema, group, kept, '');
}

interface Walk {
  readonly take: Take;
  readonly resolved: (name: string) => string | undefined;
}

function walked(walk: Walk, field: Field, value: unknown, kept: unknown, path: string): unknown {
  if (field.kind === 'object' && isRecord(value)) return walkedObject(walk, field, value, kept, path);
  if (field.kind === 'list' && Array.isArray(value)) {
    return value.map((each, index) =>
      walked(walk, field.item, each, twinOf(each, kept), `${path}[${index}]`),
    );
  }
  return value;
}

/** Order means nothing: the entry of the same name. */
function twinOf(entry: unknown, kept: unknown): unknown {
  const name = nameOf(entry);
  return name === undefined || !Array.isArray(kept) ? undefined : kept.find((each) => nameOf(each) === name);
}

function walkedObject(
  walk: Walk,
  { fields, inner = {} }: Extract<Field, { kind: 'object' }>,
  value: Readonly<Record<string, unknown>>,
  kept: unknown,
  path: string,
): unknown {
  const all: Fields = { ...fields, ...inner };
  const taken: Record<string, unknown> = { ...value };
  for (const [name, field] of Object.entries(all)) {
    const place = [path, ...(name in inner ? ['properties'] : []), name].filter(Boolean).join('.');
    const before = isRecord(kept) ? kept[name] : undefined;
    if (isSecret(field)) {
      const written = { value: taken[name], reference: taken[`${name}Reference`] };
      const { value, reference } = filled(
        written,
        { value: place, reference: `${place}Reference` },
        before,
        walk,
        plain,
      );
      put(taken, name, value);
      put(taken, `${name}Reference`, reference);
    } else if (field.kind === 'map' && isSecret(field.value)) takeFiles(taken, name, before, place, walk);
    else if (taken[name] !== undefined) taken[name] = walked(walk, field, taken[name], before, place);
  }
  return taken;
}

function isSecret(field: Field): boolean {
  return field.kind === 'text' && field.secret;
}

/** `secret` and `secretReference` of a volume name its files side by side. */
function takeFiles(
  object: Record<string, unknown>,
  name: string,
  before: unknown,
  place: string,
  walk: Walk,
): void {
  const secret: Record<string, unknown> = { ...Object(object[name]) };
  const references: Record<string, unknown> = { ...Object(object[`${name}Reference`]) };
  for (const file of new Set([...Object.keys(secret), ...Object.keys(references)])) {
    const places = { value: `${place}.${file}`, reference: `${place}Reference.${file}` };
    const old = isRecord(before) ? before[file] : undefined;
    const written = { value: secret[file], reference: references[file] };
    const { value, reference } = filled(written, places, old, walk, asFile);
    put(secret, file, value);
    put(references, file, reference);
  }
  if (object[name] !== undefined || Object.keys(secret).length) object[name] = secret;
  put(object, `${name}Reference`, Object.keys(references).length ? references : undefined);
}

/** How a secret stands in the group: as it is, or as the content of a file. */
type Form = (secret: Secret) => Secret;
const plain: Form = (secret) => secret;
const asFile: Form = (secret) =>
  new Secret(Buffer.from(secret.reveal(), 'utf8').toString('base64'), secret.source);

/** One place of a secret: the value, and the reference that may stand there instead. */
interface Written {
  readonly value: unknown;
  readonly reference: unknown;
}

/** `secureValue` from `secureValueReference`, or a sealed one opened. Where both are written, the rules say so. */
function filled(
  written: Written,
  places: { readonly value: string; readonly reference: string },
  before: unknown,
  { take, resolved }: Walk,
  form: Form,
): Written {
  const { value, reference } = written;
  const old = before instanceof Secret ? before : undefined;
  const sealed = value instanceof Secret ? withoutBlanks(value) : '';
  if (sealed.startsWith(SEALED)) {
    const opened = take({ text: sealed, path: places.value, before: old });
    return opened ? { value: form(opened), reference } : written;
  }
  const text = typeof reference === 'string' && value === undefined ? resolved(reference) : undefined;
  const found = text === undefined ? undefined : take({ text, path: places.reference, before: old });
  if (!found || typeof reference !== 'string') return written;
  // What is kept has its form already, and stays what it was in the next export.
  if (text === KEPT) return { value: found, reference: undefined };
  return { value: form(new Secret(found.reveal(), reference)), reference: undefined };
}

/** A sealed value is long: it may stand on several lines. */
function withoutBlanks(value: Secret): string {
  return value.reveal().replace(/\s/g, '');
}

function put(object: Record<string, unknown>, name: string, value: unknown): void {
  if (value === undefined) delete object[name];
  else object[name] = value;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Secret);
}

function notKept(kept: Group | undefined): NoSecret {
  return {
    code: 'secret-not-kept',
    message: kept
      ? `The group that runs has no such secret, so ${KEPT} stands for nothing here.`
      : `There is no such group yet, so ${KEPT} stands for nothing here.`,
    advice:
      'Write the secret itself (secureValue, password, secret) for this deploy; later ones may refer to it.',
  };
}

/** Nobody has looked for it. */
function unknown(text: string): NoSecret {
  return {
    code: 'secret-unknown',
    message: `Nothing is known of ${text.slice(0, 80)}.`,
    advice: 'Write katabot:NAME.',
  };
}
