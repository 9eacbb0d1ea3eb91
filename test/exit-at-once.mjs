/**
 * Loaded into jest's workers. A worker that has nothing left to do ends at once; by itself it would first take down the
 * heap of everything it has loaded, which takes longer than the half second after which jest kills it and complains.
 */
process.once('beforeExit', () => process.exit());
