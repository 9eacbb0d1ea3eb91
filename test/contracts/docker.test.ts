import { systemClock } from '../../src/clock.ts';
import { createDockerEngine } from '../../src/engines/docker/docker-engine.ts';
import { engineContract } from './engine.ts';

const settings = {
  way: { engine: process.env['KATABOT_TEST_DOCKER_HOST'] ?? '' },
  folder: '',
  runtime: 'runc',
  isolation: 'none' as const,
  owner: 'contract-docker',
  stopGraceSeconds: 1,
};

engineContract(
  'a Docker Engine with runc',
  async () => ({
    open: async () => createDockerEngine(settings, systemClock),
    networks: '198.18.33',
    addresses: '127.38.1',
  }),
  [],
);
