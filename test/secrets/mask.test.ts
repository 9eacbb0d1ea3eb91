/** Secrets in what containers print: hidden in every form that programs print, wherever a piece of output is cut. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { lineMask } from '../../src/engines/index.ts';
import { maskFor, readGroup } from '../../src/spec/index.ts';

function groupWith(...values: readonly string[]) {
  const variables = values.map((secureValue, index) => ({ name: `V${index}`, secureValue }));
  const resources = { requests: { cpu: 1, memoryInGB: 1 } };
  const properties = { image: 'a', environmentVariables: variables, resources };
  const text = JSON.stringify({
    name: 'a',
    properties: { osType: 'Linux', containers: [{ name: 'a', properties }] },
  });
  const { group, problems } = readGroup(text);
  if (!group) throw new Error(problems.map(({ message }) => message).join('\n'));
  return group;
}

const VALUE = 'p&ss w"ör\\d-42';
const FORMS: Readonly<Record<string, string>> = {
  'as it is': VALUE,
  'in base64': Buffer.from(VALUE).toString('base64'),
  'in base64 for addresses': Buffer.from(VALUE).toString('base64url'),
  'in an address': encodeURIComponent(VALUE),
  'in JSON': JSON.stringify(VALUE).slice(1, -1),
};
const masked = maskFor(groupWith(VALUE, 'another secret'));

describe.each(Object.entries(FORMS))('a secret %s', (_how, form) => {
  const whole = Buffer.from(`before ${form} after ${form}`);

  test('is hidden in a line', () => expect(masked(`before ${form} after`)).toBe('before [secret] after'));

  test('is hidden wherever the output is cut in two', () => {
    for (let at = 0; at <= whole.length; at++) {
      const stream = masked.stream();
      const parts = [stream.take(whole.subarray(0, at)), stream.take(whole.subarray(at)), stream.end()];
      expect([at, Buffer.concat(parts).toString()]).toEqual([at, 'before [secret] after [secret]']);
    }
  });

  test('is hidden when every byte comes alone', () => {
    const stream = masked.stream();
    const parts = [...whole].map((byte) => stream.take(Uint8Array.of(byte)));
    expect(Buffer.concat([...parts, stream.end()]).toString()).toBe('before [secret] after [secret]');
  });

  test('is hidden where a line is cut for its length', () => {
    const line = `before ${form} after`;
    for (let at = 0; at <= line.length; at++) {
      const mask = lineMask(masked);
      const from = { container: 'a', stream: 'stdout', timestamp: '' } as const;
      const shown = [
        mask({ ...from, text: line.slice(0, at), cut: true }),
        mask({ ...from, text: line.slice(at) }),
      ];
      expect([at, shown.map(({ text }) => text).join('')]).toEqual([at, 'before [secret] after']);
    }
  });
});

test('a password is hidden in the base64 of the login that it stands in', () => {
  const mask = maskFor(groupWith('correct horse battery'));
  for (const user of ['a', 'al', 'ann', 'anna']) {
    const shown = mask(Buffer.from(`${user}:correct horse battery`).toString('base64'));
    const digits = shown.replace('[secret]', '');
    expect(shown).toContain('[secret]');
    expect(Buffer.from(digits, 'base64').toString()).not.toMatch(/orrec|horse|batter/);
  }
});

test('any secrets in any text, cut into any pieces, come out in no piece, and the rest comes out as it was', () => {
  const word = fc.stringMatching(/^[a-c]{4,9}$/);
  const noise = fc.stringMatching(/^[x-z \n]{0,12}$/);
  fc.assert(
    fc.property(
      fc.array(word, { minLength: 1, maxLength: 3 }),
      fc.array(fc.tuple(noise, fc.nat(2)), { maxLength: 8 }),
      fc.array(fc.nat(40), { maxLength: 12 }),
      (secrets, said, sizes) => {
        const mask = maskFor(groupWith(...secrets));
        const text = said.map(([before, index]) => `${before}|${secrets[index] ?? ''}|`).join('');
        const stream = mask.stream();
        let rest = Buffer.from(text);
        const parts: Buffer[] = [];
        for (const size of sizes) {
          parts.push(stream.take(rest.subarray(0, size)));
          rest = rest.subarray(size);
        }
        const shown = Buffer.concat([...parts, stream.take(rest), stream.end()]).toString();
        for (const secret of secrets) expect(shown).not.toContain(secret);
        expect(shown.replaceAll('[secret]', '').replace(/[a-c]/g, '')).toBe(text.replace(/[a-c]/g, ''));
      },
    ),
    { numRuns: 100 },
  );
});

test('a long secret file holds back little of what does not belong to it', () => {
  const long = Array.from({ length: 20_000 }, (_, at) => String.fromCharCode(97 + (at % 23))).join('');
  const stream = maskFor(groupWith(long)).stream();
  const first = stream.take(Buffer.from(`before ${long}`)).toString();
  const shown = first + stream.take(Buffer.from(' after')).toString() + stream.end().toString();
  expect(shown).toMatch(/^before (\[secret\])+ after$/);
  expect(first.startsWith('before [secret]')).toBe(true);
});
