/** Which channel hears of what: rules without a world. */
import { describe, expect, test } from '@jest/globals';
import { filtersIn } from '../../src/commands/filters.ts';
import { Failure } from '../../src/failure.ts';
import { Money } from '../../src/metering/index.ts';
import { type Change, type Filters, shouldTell, type Told } from '../../src/policy/index.ts';

const USD = (amount: number) => new Money('USD', BigInt(amount) * 1_000_000_000_000n);

describe('a channel is told', () => {
  const told = (filters: string, change: Partial<Change>) =>
    shouldTell(
      {
        repository: 'acme/shop',
        ...filtersIn('acme/shop', filters.split(' ').filter(Boolean)),
      },
      {
        repository: 'acme/shop',
        environment: 'production',
        what: 'deployed',
        perHour: USD(1),
        perHourBefore: USD(1),
        ...change,
      },
    );

  test.each<[string, Partial<Change>, boolean]>([
    ['', { what: 'deploying' }, true],
    ['', { what: 'deployed' }, true],
    ['', { what: 'failed' }, true],
    ['', { what: 'removed' }, true],
    ['', { what: 'approval' }, true],
    ['', { what: 'rate', perHour: USD(900) }, false],
    ['', { repository: 'acme/other' }, false],
    ['env:production', {}, true],
    ['env:staging', {}, false],
    ['env:staging,pr-*', { environment: 'pr-12-shop' }, true],
    ['env:staging,pr-*', { environment: 'production' }, false],
    ['on:failed', { what: 'deployed' }, false],
    ['on:failed', { what: 'removed' }, false],
    ['on:failed', { what: 'failed' }, true],
    ['on:failed', { what: 'failed', before: 'deployed' }, true],
    // A streak: the second failure and the third are the same news.
    ['on:failed', { what: 'failed', before: 'failed' }, false],
    ['', { what: 'failed', before: 'failed' }, false],
    // Its end is news to whoever heard of it.
    ['on:failed', { what: 'deployed', before: 'failed' }, true],
    ['on:failed', { what: 'deployed', before: 'deployed' }, false],
    ['on:removed', { what: 'deployed', before: 'failed' }, false],
    ['on:approval', { what: 'approval' }, true],
    ['cost>5/h', { what: 'deployed' }, false],
    ['cost>5/h', { what: 'rate', perHour: USD(6), perHourBefore: USD(4) }, true],
    ['cost>5/h', { what: 'deployed', perHour: USD(6), perHourBefore: USD(0) }, true],
    ['cost>5/h', { what: 'rate', perHour: USD(5), perHourBefore: USD(4) }, false],
    ['cost>5/h', { what: 'rate', perHour: USD(7), perHourBefore: USD(6) }, false],
    ['cost>5/h', { what: 'rate', perHour: USD(2), perHourBefore: USD(6) }, false],
    ['env:staging cost>5/h', { what: 'rate', perHour: USD(6), perHourBefore: USD(4) }, false],
    ['on:failed,cost>5/h', { what: 'rate', perHour: USD(6), perHourBefore: USD(4) }, true],
    ['on:failed cost>5/h', { what: 'failed' }, true],
    ['on:failed cost>5/h', { what: 'deployed' }, false],
  ])('with "%s" of %j: %j', (filters, change, expected) => {
    expect(told(filters, change)).toBe(expected);
  });
});

describe('filters', () => {
  const ALL: readonly Told[] = ['deploying', 'deployed', 'failed', 'removed', 'approval'];

  test.each<[string, Filters]>([
    ['', { environments: ['*'], on: ALL, abovePicosPerHour: null }],
    ['env:staging', { environments: ['staging'], on: ALL, abovePicosPerHour: null }],
    ['on:failed,deployed', { environments: ['*'], on: ['deployed', 'failed'], abovePicosPerHour: null }],
    ['ENV:pr-* ON:Failed', { environments: ['pr-*'], on: ['failed'], abovePicosPerHour: null }],
    ['cost>0.25/h', { environments: ['*'], on: [], abovePicosPerHour: 250_000_000_000n }],
    ['on:failed,cost>5/h', { environments: ['*'], on: ['failed'], abovePicosPerHour: 5_000_000_000_000n }],
    ['env:a env:b', { environments: ['a', 'b'], on: ALL, abovePicosPerHour: null }],
  ])('"%s" is understood', (text, expected) => {
    expect(filtersIn('acme/shop', text.split(' ').filter(Boolean))).toEqual(expected);
  });

  test.each([
    ['on:faild', 'Did you mean failed?', 'faild'],
    ['env:Prod', 'is no environment', 'Prod'],
    ['env:', 'is no environment', ''],
    ['evn:prod', 'Did you mean env:?', 'evn'],
    ['failed', 'is no filter', 'failed'],
    ['on:failed,,deployed', 'is none of', ''],
    ['cost>5', 'is no price an hour', 'cost>5'],
    ['cost>5/d', 'is no price an hour', 'cost>5/d'],
    ['cost>-1/h', 'is no price an hour', 'cost>-1/h'],
    ['cost>5/h cost>6/h', 'one limit', 'cost>6/h'],
    ['on:failed on:failed', 'said twice', 'failed'],
    ["env:x'; drop", 'is no environment', "x'; drop"],
  ])('"%s" is refused with a caret under what is wrong', (text, expected, marked) => {
    const words = text.includes(';') ? [text] : text.split(' ');
    let failure: unknown;
    try {
      filtersIn('acme/shop', words);
    } catch (error) {
      failure = error;
    }
    if (!(failure instanceof Failure)) throw new Error(`"${text}" was understood`);
    expect(`${failure.message} ${failure.advice}`).toContain(expected);
    const [line = '', carets = ''] = failure.excerpt.split('\n');
    const at = carets.indexOf('^');
    expect(line.slice(at, at + marked.length)).toBe(marked);
    expect(carets.trim()).toBe('^'.repeat(Math.max(1, marked.length)));
  });
});
