import { systemClock } from '../../src/clock.ts';
import { createMemoryEngine } from '../world/memory-engine.ts';
import { engineContract } from './engine.ts';

engineContract('the engine in memory', async () => {
  const engine = createMemoryEngine(systemClock, ['katabot/busybox:1']);
  return { open: async () => engine, networks: '198.18.32', addresses: '127.38.0' };
}, [
  {
    because: 'it runs no programs, only scripts of echo and exit',
    cases: [
      'a program is run with the environment of the container’s own, with what is secret in it',
      'no shell reads the words of a program',
      'members share one localhost, and a port that is not published can be dialled',
      'a group in a sandbox that waited is reached as any other',
      'an emptyDir and a secret are there, the one to write and the other to read, and survive a restart of the member',
      'a config map is files to read, which change all at once while their container runs',
      'a stop gives a goodbye and its time',
      'a program that takes more memory than it has is seen to be out of memory',
    ],
  },
]);
