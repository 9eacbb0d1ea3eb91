import { Secret } from '../secrets/index.ts';
import type { Group } from './schema/group.ts';

/** Hides secrets in text. */
export interface Mask {
  (text: string): string;
  /** The same for text that comes in pieces cut anywhere: holds back what may be the beginning of a secret. */
  stream(): MaskedStream;
}

export interface MaskedStream {
  take(bytes: Uint8Array): Buffer;
  /** What was held back, when nothing more comes. */
  end(): Buffer;
}

/** Shorter values would turn ordinary words into noise. */
const SHORTEST = 4;
const HIDDEN = '[secret]';
/** Hides the values of groups' secrets in what containers print: as written, encoded, and as a decoded secret file. */
export function maskFor(...groups: readonly Group[]): Mask {
  const values = [...new Set(groups.flatMap(secretsIn))];
  const forms = [...new Set(values.flatMap(formsOf))].sort((a, b) => b.length - a.length);
  const mask = (text: string) => forms.reduce((masked, form) => masked.replaceAll(form, HIDDEN), text);
  return Object.assign(mask, { stream: () => streamOver(forms) });
}

function secretsIn(value: unknown): string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value !== 'object' || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}

/** Line by line, since logs come in lines; encoded, because programs print encodings too. */
function formsOf(secret: string): string[] {
  const decoded = /^[A-Za-z0-9+/\s]+={0,2}\s*$/.test(secret)
    ? Buffer.from(secret, 'base64').toString('utf8')
    : '';
  const readable = decoded.includes('\ufffd') ? '' : decoded;
  return [secret, readable]
    .flatMap((text) => [
      text,
      encodeURIComponent(text),
      ...base64Forms(text),
      JSON.stringify(text).slice(1, -1),
    ])
    .flatMap((form) => form.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST);
}

/**
 * Base64 of the text, and of a longer text that it stands in (`Basic user:password`): three ways to begin, of which the
 * digits at both ends depend on what stands around it.
 */
function base64Forms(text: string): string[] {
  const bytes = Buffer.from(text);
  const whole = [bytes.toString('base64'), bytes.toString('base64url')];
  const inside = [0, 1, 2].flatMap((before) => {
    const digits = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const from = Math.ceil((before * 4) / 3);
    const sure = digits.slice(from, Math.floor(((before + bytes.length) * 8) / 6));
    return [sure, sure.replaceAll('+', '-').replaceAll('/', '_')];
  });
  // A short piece of base64 may be anybody's.
  return [...whole, ...inside.filter((digits) => digits.length >= 2 * SHORTEST)];
}

/** Works on bytes, written as characters of one byte each: a piece may end within a character. */
function streamOver(forms: readonly string[]): MaskedStream {
  const wanted = forms.flatMap((form) => piecesOf(Buffer.from(form).toString('latin1')));
  wanted.sort((a, b) => b.length - a.length);
  let held = '';
  const pass = (text: string, isLast: boolean) => {
    let [out, at] = ['', 0];
    for (;;) {
      const wait = isLast ? text.length : waitFrom(text, at, wanted);
      const found = firstOf(wanted, text, at);
      if (!found || found.index >= wait) {
        held = text.slice(wait);
        return Buffer.from(out + text.slice(at, wait), 'latin1');
      }
      out += text.slice(at, found.index) + HIDDEN;
      at = found.index + found.length;
    }
  };
  return {
    take: (bytes) => pass(held + Buffer.from(bytes).toString('latin1'), false),
    end: () => pass(held, true),
  };
}

/** A secret file may be long: what is held back of it is not. */
const LONGEST_PIECE = 1_024;

function piecesOf(form: string): string[] {
  if (form.length < LONGEST_PIECE + SHORTEST) return [form];
  return [form.slice(0, LONGEST_PIECE), ...piecesOf(form.slice(LONGEST_PIECE))];
}

/** Of two that begin at one place the longer one: it stands first, and hides more. */
function firstOf(forms: readonly string[], text: string, from: number) {
  let first: { readonly index: number; readonly length: number } | undefined;
  for (const form of forms) {
    const index = text.indexOf(form, from);
    if (index >= 0 && (!first || index < first.index)) first = { index, length: form.length };
  }
  return first;
}

/** Where the rest of a text begins that may go on to be a secret; its length when there is no such rest. */
function waitFrom(text: string, from: number, forms: readonly string[]): number {
  const longest = forms[0]?.length ?? 0;
  for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
    const rest = text.slice(at);
    if (forms.some((form) => form.length > rest.length && form.startsWith(rest))) return at;
  }
  return text.length;
}
