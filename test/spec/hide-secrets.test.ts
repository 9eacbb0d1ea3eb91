import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { hideSecrets } from '../../src/spec/index.ts';

const VALUE = 'hunter2-and-more';

describe('a spec as it is shown', () => {
  test.each([
    ['a plain value', `  secureValue: ${VALUE}`],
    ['a quoted one', `  "secureValue": "${VALUE}"`],
    ['one in braces', `environmentVariables: [{name: A, secureValue: ${VALUE}}, {name: B, value: x}]`],
    ['one without its blank', `  secureValue:${VALUE}`],
    ['another case', `  SECUREVALUE: ${VALUE}`],
    ['a typing error', `  secureValu: ${VALUE}`],
    ['a password', `{server: r.io, username: a, password: '${VALUE}'}`],
    ['a misspelt password', `  pasword: ${VALUE}`],
    ['a block', `  secureValue: |\n    ${VALUE}\n    more`],
    ['a folded one', `  secureValue: >-\n    first\n    ${VALUE}`],
    ['a value on the next line', `  secureValue:\n    ${VALUE}`],
    ['a map of files', `  secret:\n    key: ${VALUE}\n    other: x`],
    ['a map of files in braces', `- {name: store, secret: {key: ${VALUE}}}`],
    ['a storage key', `    storageAccountKey: ${VALUE}`],
    ['a login in an address', `  repository: https://ann:${VALUE}@example.com/site.git`],
    ['text that is no YAML', `a: [\n  secureValue: ${VALUE}\n b`],
  ])('hides %s', (_what, text) => {
    const shown = hideSecrets(text);
    expect(shown).not.toContain(VALUE);
    expect(shown.split('\n')).toHaveLength(text.split('\n').length);
  });

  test('shows what is no secret, also after one', () => {
    const text =
      'name: a\nsecureValue: x\nvalue: plain\n  passwordReference: vault\nsecretReferences: [a]\nkeyName: k';
    expect(hideSecrets(text)).toBe(text.replace('secureValue: x', 'secureValue: ••••'));
  });

  test('never shows a secret, however the lines around it look', () => {
    const around = fc.array(fc.string({ unit: fc.constantFrom(...'ab: {}[],-"\'#|>'), maxLength: 12 }), {
      maxLength: 3,
    });
    fc.assert(
      fc.property(around, around, fc.constantFrom('', '  ', '- '), (before, after, indent) => {
        const text = [...before, `${indent}secureValue: ${VALUE}`, ...after].join('\n');
        expect(hideSecrets(text)).not.toContain(VALUE);
      }),
      { numRuns: 500 },
    );
  });
});
