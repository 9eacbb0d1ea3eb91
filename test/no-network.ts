/** Tests speak to loopback and to the engine's socket, and to nothing else. */
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import nock from 'nock';

beforeAll(() => {
  if (!nock.isActive()) nock.activate();
  nock.disableNetConnect();
  nock.enableNetConnect(/^(127\.|localhost|\[::1\])|\.localhost/);
});

afterEach(() => {
  const unused = nock.pendingMocks();
  nock.cleanAll();
  expect(unused).toEqual([]);
});

afterAll(() => nock.restore());
