/** The version of the API that an engine is spoken to in, as it stands in every path. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { expect, test } from '@jest/globals';
import { systemClock } from '../../src/clock.ts';
import { connect } from '../../src/engines/docker/connection.ts';

test.each([
  ['1.41', '1.41'],
  ['1.44', '1.44'],
  ['1.50', '1.50'],
  ['1.51', '1.51'],
  ['1.52', '1.51'],
])('an engine that speaks %s is asked in %s', async (engine, spoken) => {
  const asked: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    asked.push(url);
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify({ ApiVersion: engine, Version: '28.2.2', Os: 'linux' }));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  try {
    const way = { engine: `tcp://127.0.0.1:${Object(server.address()).port}` };
    const connection = connect(way, { folder: '', clock: systemClock });
    await connection.call('to describe itself', (docker) => docker.info());
    expect(asked).toEqual(['/version', `/v${spoken}/info`]);
    expect((await connection.api()).engine).toBe(Number(engine));
  } finally {
    server.close();
    server.closeAllConnections();
  }
});
