/** The vault: one identity file, made once, that opens what it sealed and nothing else. */
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { openVault } from '../../src/secrets/index.ts';

let folder: string;
let file: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'katabot-vault-'));
  file = join(folder, 'identity.age');
});
afterEach(() => rm(folder, { recursive: true, force: true }));

describe('the identity file', () => {
  test('is made at the first opening, for its owner alone, and is the only thing that is made', async () => {
    await openVault(file);
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await readdir(folder)).toEqual(['identity.age']);
  });

  test('is never made again', async () => {
    await openVault(file);
    const first = await readFile(file, 'utf8');
    await openVault(file);
    expect(await readFile(file, 'utf8')).toBe(first);
  });

  test('is one and the same for all who open it at once', async () => {
    const vaults = await Promise.all(Array.from({ length: 8 }, () => openVault(file)));
    expect(new Set(vaults.map(({ pepper }) => pepper)).size).toBe(1);
    expect(await readdir(folder)).toEqual(['identity.age']);
    const sealed = await vaults[0]?.seal('shared');
    expect(await vaults[7]?.unseal(sealed ?? '')).toBe('shared');
  });

  test.each(['', 'half an identity', 'AGE-SECRET-KEY-1QQQ'])(
    'that holds %j is refused, unsaid',
    async (text) => {
      await writeFile(file, text);
      const error = await openVault(file).then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      expect(error).toMatchObject({ code: 'vault-mismatch', message: `${file} holds no age identity.` });
      expect(error).not.toHaveProperty('cause');
      expect(await readFile(file, 'utf8')).toBe(text);
    },
  );

  test('in a folder that is not there is not hidden behind another reason', async () => {
    await expect(openVault(join(folder, 'nowhere', 'identity.age'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
  });
});

describe('what is sealed', () => {
  test.each(['', 'plain', 'schön 🐈\n\0', 'x'.repeat(200_000)])('comes back as it was (%#)', async (text) => {
    const vault = await openVault(file);
    const sealed = await vault.seal(text);
    expect(await (await openVault(file)).unseal(sealed)).toBe(text);
  });

  test('shows nothing of itself, and looks different each time', async () => {
    const vault = await openVault(file);
    const [one, two] = [await vault.seal('hunter2'), await vault.seal('hunter2')];
    expect(one).not.toBe(two);
    expect(Buffer.from(one, 'base64').toString('latin1')).not.toContain('hunter2');
  });

  test('does not open with another identity, nor when a letter of it was changed, and says so', async () => {
    const vault = await openVault(file);
    const sealed = await vault.seal('hunter2');
    const wrong = {
      code: 'vault-mismatch',
      message: `What was sealed cannot be opened with ${file}.`,
      advice: 'Put back the identity file that belongs to this database.',
    };
    const bytes = Buffer.from(sealed, 'base64');
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
    await expect(vault.unseal(bytes.toString('base64'))).rejects.toMatchObject(wrong);
    await expect(vault.unseal('not sealed at all')).rejects.toMatchObject(wrong);
    await rm(file);
    await expect((await openVault(file)).unseal(sealed)).rejects.toMatchObject(wrong);
  });
});

test('two identities have two peppers, and none of them tells its identity', async () => {
  const one = await openVault(file);
  const two = await openVault(join(folder, 'other.age'));
  expect(one.pepper).not.toBe(two.pepper);
  expect(one.pepper).toMatch(/^[0-9a-f]{64}$/);
  expect(await readFile(file, 'utf8')).not.toContain(one.pepper);
});
