import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { diffGroups, memberFingerprint, podFingerprint, readGroup } from '../../src/spec/index.ts';

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
    fc.assert(fc.property(fc.string({ maxLength: 200 }), holdsTogether), { numRuns: 1_500 }));

  test('random text of the characters that YAML cares about', () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab1:-[]{}#&*!|>\'"%@,? \n\t.~'), maxLength: 60 });
    fc.assert(fc.property(text, holdsTogether), { numRuns: 3_000 });
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
      { numRuns: 1_500 },
    );
  });
});

/** Every place of a file that holds a secret. */
const withSecret = (secret: string) => `name: shop
properties:
  osType: Linux
  imageRegistryCredentials: [{server: r.io, username: u, password: ${secret}}]
  diagnostics: {logAnalytics: {workspaceId: w, workspaceKey: ${secret}}}
  containers:
  - name: web
    properties:
      image: a
      resources: {requests: {cpu: 1, memoryInGB: 1}}
      environmentVariables: [{name: A, secureValue: ${secret}}]
      volumeMounts: [{name: store, mountPath: /a}, {name: share, mountPath: /b}]
  volumes:
  - {name: store, secret: {key: ${secret}}}
  - {name: share, azureFile: {shareName: a, storageAccountName: files, storageAccountKey: ${secret}}}
`;

/** Mistakes that people make around a secret. */
const SPOILS: readonly (readonly [what: string, spoil: (text: string, secret: string) => string])[] = [
  ['nothing', (text) => text],
  [
    'a second value',
    (text, secret) => text.replace(`secureValue: ${secret}`, `secureValue: ${secret}, value: x`),
  ],
  ['no base64', (text, secret) => text.replace(`key: ${secret}`, `key: '${secret}!'`)],
  ['a wrong server', (text) => text.replace('r.io', "'http://r.io'")],
  [
    'no blank after a colon, in a flow',
    (text) => text.replaceAll(/(secureValue|password|storageAccountKey|workspaceKey|key): /g, '$1:'),
  ],
  [
    'no blank after a colon, in a block',
    (text, secret) =>
      text.replace(`[{name: A, secureValue: ${secret}}]`, `\n      - name: A\n        secureValue:${secret}`),
  ],
  ['a secret volume that is text', (text, secret) => text.replace(`{key: ${secret}}`, secret)],
  ['a secret that is a list', (text, secret) => text.replaceAll(`: ${secret}`, `: [${secret}]`)],
  ['a secret that begins as a tag', (text, secret) => text.replaceAll(`: ${secret}`, `: !${secret}`)],
  [
    'a secret that begins as a tag with a handle',
    (text, secret) => text.replaceAll(`: ${secret}`, `: !${secret}!a`),
  ],
  ['a secret that begins as an alias', (text, secret) => text.replaceAll(`: ${secret}`, `: *${secret}`)],
  ['a secret that begins as an anchor', (text, secret) => text.replaceAll(`: ${secret}`, `: &${secret}`)],
  ['a secret that begins as a directive', (text, secret) => text.replaceAll(`: ${secret}`, `: %${secret}`)],
  ['a secret with an at sign', (text, secret) => text.replaceAll(`: ${secret}`, `: @${secret}`)],
  ['a secret with an open quote', (text, secret) => text.replaceAll(`: ${secret}`, `: "${secret}`)],
  ['a secret with a colon', (text, secret) => text.replaceAll(`: ${secret}`, `: ${secret}: x`)],
  ['a typing error in its name', (text) => text.replaceAll(/secureValue|password|storageAccountKey/g, '$&s')],
  ['tabs', (text) => text.replaceAll('  ', '\t')],
];

const secrets = fc.stringMatching(/^[A-Za-z0-9]{16}$/);

describe('the value of a secret is never said', () => {
  test.each(SPOILS)('beside %s', (_what, spoil) => {
    fc.assert(
      fc.property(secrets, (secret) => {
        expect(JSON.stringify(readGroup(spoil(withSecret(secret), secret)))).not.toContain(secret);
      }),
      { numRuns: 30 },
    );
  });

  test('in a diff, a fingerprint, or the JSON of a group', () => {
    fc.assert(
      fc.property(secrets, secrets, (one, other) => {
        fc.pre(one !== other);
        const [before, after] = [one, other].map((secret) => readGroup(withSecret(secret)).group);
        if (!before || !after) throw new Error('no group');
        const said = JSON.stringify([
          before,
          diffGroups(before, after),
          podFingerprint(before, 'pepper'),
          before.containers.map((member) => memberFingerprint(member, 'pepper')),
        ]);
        expect(said).not.toContain(one);
        expect(said).not.toContain(other);
        expect(diffGroups(before, after).map(({ to }) => to)).toEqual(Array(5).fill('•••• (changed)'));
      }),
      { numRuns: 100 },
    );
  });
});
