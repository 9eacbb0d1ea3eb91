import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readGroup } from '../../src/spec/index.ts';

const template = readFileSync(
  new URL('../../templates/sidecar-volume/containergroup.yaml', import.meta.url),
  'utf8',
);

function holdsTogether(text: string): void {
  const { problems, group } = readGroup(text, { file: 'f' });
  const lines = text.split('\n');
  for (const { line, column, message, advice, code } of problems) {
    expect(line).toBeGreaterThanOrEqual(1);
    expect(line).toBeLessThanOrEqual(lines.length);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1);
    expect([message, advice, code].every(Boolean)).toBe(true);
  }
  expect(group === undefined).toBe(problems.some(({ severity }) => severity === 'error'));
}

describe('whatever the text, an answer comes', () => {
  test('random text', () =>
    fc.assert(fc.property(fc.string({ maxLength: 200 }), holdsTogether), { numRuns: 2_000 }));

  test('random text of the characters that YAML cares about', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab1:-[]{}#&*!|>\'"%@,? \n\t.~'), maxLength: 60 });
    fc.assert(fc.property(text, holdsTogether), { numRuns: 5_000 });
  });

  test('a valid document with parts cut, doubled and changed', () => {
    const place = fc.nat(template.length);
    const mutation = fc.record({ from: place, length: fc.nat(30), put: fc.string({ maxLength: 8 }) });
    fc.assert(
      fc.property(fc.array(mutation, { minLength: 1, maxLength: 4 }), (mutations) => {
        let text = template;
        for (const { from, length, put } of mutations)
          text = text.slice(0, from) + put + text.slice(from + length);
        holdsTogether(text);
      }),
      { numRuns: 2_000 },
    );
  });
});

test('the value of a secret is in no problem and in no printed group', () => {
  const secret = fc.stringMatching(/^[A-Za-z0-9]{12,20}$/);
  fc.assert(
    fc.property(secret, fc.constantFrom('', ', value: x'), (value, spoil) => {
      const text = `name: shop\nproperties:\n  osType: Linux\n  imageRegistryCredentials: [{server: 'http://x', username: u, password: ${value}}]\n  containers:\n  - name: web\n    properties:\n      image: a\n      resources: {requests: {cpu: 1, memoryInGB: 1}}\n      environmentVariables: [{name: A, secureValue: ${value}${spoil}}]\n  volumes: [{name: store, secret: {key: '${value}!'}}]\n`;
      expect(JSON.stringify(readGroup(text))).not.toContain(value);
      const valid = text.replace("'http://x'", 'x').replace(`'${value}!'`, 'YWJj').replace(spoil, '');
      const read = readGroup(valid);
      expect(read.group).toBeDefined();
      expect(JSON.stringify(read)).not.toContain(value);
    }),
    { numRuns: 100 },
  );
});
