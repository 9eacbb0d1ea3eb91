/** Tests speak to loopback and to the engine's socket, and to nothing else. */
import { afterAll, afterEach, beforeAll, expect } from '@jest/globals';
import nock from 'nock';

// It is at work as soon as it is imported, in modules that all suites of a worker share. A suite that cannot be loaded comes to no
// `afterAll` that ends it; with the next suite's on top of it, a TLS connection would be tried for ever.
nock.restore();

beforeAll(() => {
  nock.activate();
  nock.disableNetConnect();
  nock.enableNetConnect(/^(127\.|localhost|\[::1\])|\.localhost/);
});

afterEach(() => {
  const unused = nock.pendingMocks();
  nock.cleanAll();
  expect(unused).toEqual([]);
});

afterAll(() => nock.restore());
