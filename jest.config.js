export default {
  cacheDirectory: '<rootDir>/node_modules/.cache/jest', // what a run has learned of its files, wherever temporary files lie
  roots: ['<rootDir>/src', '<rootDir>/test'], // not what is built of them
  transform: {}, // Node strips the types; the default babel-jest would claim .ts files
  testMatch: ['<rootDir>/test/**/*.test.ts'],
  setupFilesAfterEnv: ['<rootDir>/test/no-network.ts'],
  globalSetup: '<rootDir>/test/world/start-engine.ts',
  globalTeardown: '<rootDir>/test/world/stop-engine.ts',
  testSequencer: '<rootDir>/test/sequencer.mjs',
  testTimeout: 120_000,
  maxWorkers: '100%', // they wait for engines and programs more than they compute
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
};
