import { availableParallelism } from 'node:os';

export default {
  transform: {}, // Node strips the types; the default babel-jest would claim .ts files
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/no-network.ts'],
  globalSetup: '<rootDir>/test/world/start-engine.ts',
  globalTeardown: '<rootDir>/test/world/stop-engine.ts',
  testTimeout: 60_000,
  maxWorkers: Math.max(3, availableParallelism()), // they wait for engines and programs more than they compute
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
};
