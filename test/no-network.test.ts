import { expect, test } from '@jest/globals';
import nock from 'nock';

const isActiveWhileLoading = nock.isActive();

test('nothing stands between a test and the network before it begins, so that a suite that cannot be loaded leaves nothing', () => {
  expect([isActiveWhileLoading, nock.isActive()]).toEqual([false, true]);
});
