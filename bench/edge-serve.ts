/** Another thread of the bench of the edge: a group, or the edge in front of it. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createSecureContext } from 'node:tls';
import { parentPort, workerData } from 'node:worker_threads';
import { createEdge } from '../src/network/index.ts';

const { host, group, cert, key } = workerData;

if (group === undefined) {
  const page = Buffer.alloc(1_024, 'katabot ');
  const server = createServer((_, response) =>
    response.writeHead(200, { 'content-length': page.length }).end(page),
  );
  await once(server.listen(0, host), 'listening');
  const address = server.address();
  parentPort?.postMessage({ http: typeof address === 'object' && address ? address.port : 0 });
} else {
  const context = createSecureContext({ cert: readFileSync(cert), key: readFileSync(key) });
  const edge = createEdge(() => group, {
    security: { contextFor: () => context, redirects: false, hstsSeconds: 0, proofOf: () => undefined },
  });
  parentPort?.postMessage({ http: await edge.listen(host, 0), https: await edge.listenSecurely(host, 0) });
}
