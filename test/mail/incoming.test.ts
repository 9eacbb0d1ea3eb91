/** What every door does with a request before it is anybody's. */
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { expect, test } from '@jest/globals';
import { bodyWithin } from '../../src/mail/index.ts';

test.each([
  ['whole', '5', 'hello', false, 'hello'],
  ['longer than it may be', '11', 'hello', false, undefined],
  ['broken off in the middle', '9', 'hello', true, undefined],
])('a body that is %s', async (_what, length, sent, broken, expected) => {
  const taken = Promise.withResolvers<string | undefined>();
  const arrived = Promise.withResolvers<void>();
  const server = createServer((request: IncomingMessage) => {
    arrived.resolve();
    taken.resolve(bodyWithin(request, 10));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
  const sending = connect(port, '127.0.0.1');
  sending.write(`POST / HTTP/1.1\r\nhost: bot\r\ncontent-length: ${length}\r\n\r\n${sent}`);
  await arrived.promise;
  if (broken) sending.destroy();
  expect(await taken.promise).toBe(expected);
  sending.destroy();
  await new Promise((resolve) => server.close(resolve));
});
