/** The bot's name server in a thread of its own: whoever asks must not share its time. */
import { parentPort } from 'node:worker_threads';
import { systemClock } from '../src/clock.ts';
import { addressRecords, createDnsServer, createZone } from '../src/network/index.ts';
import { addressOf, BENCH_HOST, nameOf, RECORDS, ZONE } from './dns-zone.ts';

const frame = { name: ZONE, nameServers: [`ns1.${ZONE}`], glue: [], contact: `hostmaster.${ZONE}` };
const zone = createZone(frame, systemClock);
for (let index = 0; index < RECORDS; index++)
  zone.put(String(index), addressRecords(nameOf(index), [addressOf(index)]));
const server = createDnsServer({ zone, clock: systemClock, responsesPerSecond: 0 });
parentPort?.postMessage(await server.listen(BENCH_HOST, 0));
