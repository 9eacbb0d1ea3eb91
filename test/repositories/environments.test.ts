import { describe, expect, test } from '@jest/globals';
import { environmentOf } from '../../src/repositories/environments.ts';

describe('the environment of a branch', () => {
  test.each([
    ['main', 'main', /^production$/],
    ['trunk', 'trunk', /^production$/],
    ['feature-x', 'main', /^feature-x$/],
    ['Feature/X', 'main', /^feature-x-[0-9a-f]{4}$/],
    ['feature/x', 'main', /^feature-x-[0-9a-f]{4}$/],
    ['production', 'main', /^production-[0-9a-f]{4}$/],
    ['a'.repeat(60), 'main', /^a{35}-[0-9a-f]{4}$/],
    ['日本', 'main', /^branch-[0-9a-f]{4}$/],
  ])('of %s beside %s is like %s', (branch, fallback, expected) => {
    expect(environmentOf(branch, fallback)).toMatch(expected);
    expect(environmentOf(branch, fallback)).toMatch(/^[a-z0-9][a-z0-9-]{0,39}$/);
  });

  test('names that look alike stay apart', () => {
    expect(environmentOf('Feature/X', 'main')).not.toBe(environmentOf('feature/x', 'main'));
  });
});
