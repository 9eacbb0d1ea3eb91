import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openVault, Secret } from '../../src/secrets/index.ts';
import { maskFor, readGroup } from '../../src/spec/index.ts';

const VALUE = 'correct horse battery';

describe('a secret', () => {
  const secret = new Secret(VALUE);

  test.each([
    ['a string', String(secret)],
    ['a template', `${secret}`],
    ['JSON', JSON.stringify({ secret })],
    ['the debugger', inspect({ deep: { secret } }, { depth: 9, showHidden: true })],
    ['an error', String(new Error('wrong', { cause: secret }).cause)],
    ['its own keys', Object.keys(secret).join()],
  ])('is not in %s', (_what, text) => expect(text).not.toContain(VALUE));

  test('gives its value to who asks by name', () => expect(secret.reveal()).toBe(VALUE));
});

describe('the vault', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'katabot-vault-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  test('opens what it sealed, also after a restart, and seals nothing twice alike', async () => {
    const file = join(folder, 'identity.age');
    const vault = await openVault(file);
    const sealed = await vault.seal(VALUE);
    expect(sealed).not.toContain(VALUE);
    expect(await vault.seal(VALUE)).not.toBe(sealed);
    const again = await openVault(file);
    expect(await again.unseal(sealed)).toBe(VALUE);
    expect(again.pepper).toBe(vault.pepper);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('says when the identity is another one', async () => {
    const sealed = await (await openVault(join(folder, 'one.age'))).seal(VALUE);
    await expect((await openVault(join(folder, 'two.age'))).unseal(sealed)).rejects.toMatchObject({
      code: 'vault-mismatch',
    });
  });
});

test('what a container prints of its group’s secrets is hidden, in the forms that programs print', () => {
  const file = Buffer.from('line one is long\nline two is long').toString('base64');
  const { group } = readGroup(
    `name: a\nproperties: {osType: Linux, volumes: [{name: store, secret: {key: ${file}}}], containers: [{name: a, properties: {image: a, volumeMounts: [{name: store, mountPath: /s}], environmentVariables: [{name: A, secureValue: 'p&ss w"rd'}], resources: {requests: {cpu: 1, memoryInGB: 1}}}}]}`,
  );
  if (!group) throw new Error('no group');
  const mask = maskFor(group);
  for (const text of [
    'p&ss w"rd',
    encodeURIComponent('p&ss w"rd'),
    Buffer.from('p&ss w"rd').toString('base64'),
    'p&ss w\\"rd',
    'line two is long',
    file,
  ]) {
    expect(mask(`before ${text} after`)).toBe('before [secret] after');
  }
  expect(mask('nothing to hide')).toBe('nothing to hide');
});
