/** What every door does with a request before it is anybody's. */
import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import { bodyWithin } from '../../src/mail/index.ts';

test.each([
  ['whole', '5', 'ends', 'hello'],
  ['promised to be longer than it may be', '11', 'goes on', undefined],
  ['longer than it may be without a word', '', 'goes on', undefined],
  ['broken off in the middle', '9', 'breaks', undefined],
])('a body that is %s', async (_what, length, then, expected) => {
  const request = new IncomingMessage(new Socket());
  if (length) request.headers['content-length'] = length;
  request.push('hello');
  if (then === 'ends') request.push(null);
  if (then === 'goes on') request.push('hello again');
  const taken = bodyWithin(request, 10);
  await new Promise((resolve) => setImmediate(resolve));
  if (then === 'breaks') request.destroy(new Error('aborted'));
  expect(await taken).toBe(expected);
});
