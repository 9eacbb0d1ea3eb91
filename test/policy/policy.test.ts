import { describe, expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { createTokens, decide, type TokenBook } from '../../src/policy/index.ts';

function book(): TokenBook & { rows: { hash: string; name: string; right: string; createdAtMs: number }[] } {
  const rows: { hash: string; name: string; right: string; createdAtMs: number }[] = [];
  return {
    rows,
    find: async (hash) => rows.find((row) => row.hash === hash),
    add: async (row) => void rows.push(row),
    list: async () => rows,
    remove: async (name) => rows.splice(0, rows.length, ...rows.filter((row) => row.name !== name)).length,
  };
}

describe('a right', () => {
  test('holds for itself and for all that is less', () => {
    expect(decide({ name: 'ann', right: 'operator' }, 'deployer', 'push')).toEqual({ allowed: true });
    expect(decide({ name: 'ann', right: 'reader' }, 'reader', 'look')).toEqual({ allowed: true });
  });

  test('that is missing is refused with who can give it', () => {
    expect(decide({ name: 'ann', right: 'reader' }, 'deployer', 'push')).toEqual({
      allowed: false,
      code: 'right-missing',
      message: 'ann is a reader and may not push; that takes a deployer.',
      advice: expect.stringContaining('katabot token create ann --right deployer'),
    });
  });
});

describe('a token', () => {
  test('is kept as a hash and belongs to one caller', async () => {
    const kept = book();
    const tokens = createTokens(kept, systemClock);
    const token = await tokens.create('ann', 'deployer');
    expect(JSON.stringify(kept.rows)).not.toContain(token);
    expect(await tokens.authenticate(token)).toEqual({ name: 'ann', right: 'deployer' });
    expect(await tokens.authenticate(token, 'ann')).toEqual({ name: 'ann', right: 'deployer' });
    expect(await tokens.authenticate(token, 'bo')).toBeUndefined();
    expect(await tokens.authenticate(`${token}x`)).toBeUndefined();
    expect(await tokens.authenticate('')).toBeUndefined();
    await kept.remove('ann');
    expect(await tokens.authenticate(token)).toBeUndefined();
  });
});
