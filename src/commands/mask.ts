import { Secret } from '../secrets/index.ts';
import type { Group } from '../spec/index.ts';

/** Shorter values would turn ordinary words into noise. */
const SHORTEST = 4;

/** Hides the values of a group's secrets in what its containers print: as written, and as a decoded secret file. */
export function maskFor(group: Group): (text: string) => string {
  const values = [...new Set(secretsIn(group).flatMap(formsOf))].sort((a, b) => b.length - a.length);
  if (!values.length) return (text) => text;
  return (text) => values.reduce((masked, value) => masked.replaceAll(value, '[secret]'), text);
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
  return [
    secret,
    readable,
    encodeURIComponent(secret),
    Buffer.from(secret).toString('base64'),
    JSON.stringify(secret).slice(1, -1),
  ]
    .flatMap((form) => form.split('\n'))
    .map((line) => line.trim())
    .filter((line) => line.length >= SHORTEST);
}
