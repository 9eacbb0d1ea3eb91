/**
 * Asks again and again, within a deadline, until the answer is there; fails with the last complaint. Less often with time: who is
 * asked shares the machine with who asks.
 */
export async function eventually<T>(ask: () => Promise<T>, limitMs = 20_000): Promise<T> {
  const deadline = performance.now() + limitMs;
  for (let pauseMs = 20; ; pauseMs = Math.min(pauseMs * 1.5, 300)) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise<void>((go) => setTimeout(go, pauseMs));
    }
  }
}
