import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CoreTurns } from '../../src/engine/core-turns.js';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Asks for one turn after the other, and notes each as it begins. */
async function work(
  turns: CoreTurns,
  stream: string,
  how: { ms: number; cores?: number; log: string[]; rounds?: number },
) {
  for (let i = 0; i < (how.rounds ?? Number.POSITIVE_INFINITY); i += 1) {
    await turns.during(stream, how.cores ?? 2, () => {
      how.log.push(stream);
      return sleep(how.ms);
    });
  }
}

const count = (log: readonly string[], stream: string) => log.filter((one) => one === stream).length;

describe('turns at the cores', () => {
  it('give two streams on two cores half of the turns each, one after the other', async () => {
    const turns = new CoreTurns({ cores: 2 });
    const log: string[] = [];
    void work(turns, 'gate', { ms: 100, log });
    void work(turns, 'yard', { ms: 100, log });
    await vi.advanceTimersByTimeAsync(1_990);
    expect(log.length).toBe(20);
    expect(log.join(' ')).toBe('gate yard '.repeat(10).trim());
  });

  it('give a stream with two stages no more than one with one', async () => {
    const turns = new CoreTurns({ cores: 2 });
    const log: string[] = [];
    void work(turns, 'stages', { ms: 50, log });
    void work(turns, 'stages', { ms: 50, log });
    void work(turns, 'single', { ms: 50, log });
    await vi.advanceTimersByTimeAsync(1_990);
    expect(Math.abs(count(log, 'stages') - count(log, 'single'))).toBeLessThanOrEqual(1);
  });

  it('are given at once where cores are free, and to nobody in front of one who needs more', async () => {
    const turns = new CoreTurns({ cores: 4 });
    const log: string[] = [];
    void work(turns, 'one', { ms: 100, cores: 2, log, rounds: 1 });
    void work(turns, 'two', { ms: 300, cores: 2, log, rounds: 1 });
    void work(turns, 'whole', { ms: 100, cores: 64, log, rounds: 1 });
    void work(turns, 'late', { ms: 100, cores: 1, log, rounds: 1 });
    await vi.advanceTimersByTimeAsync(0);
    expect(log).toEqual(['one', 'two']);
    await vi.advanceTimersByTimeAsync(299);
    expect(log).toEqual(['one', 'two']);
    await vi.advanceTimersByTimeAsync(1);
    expect(log).toEqual(['one', 'two', 'whole']);
    await vi.advanceTimersByTimeAsync(100);
    expect(log).toEqual(['one', 'two', 'whole', 'late']);
  });

  it('are lost by one who hangs, and by one who fails', async () => {
    const turns = new CoreTurns({ cores: 2, longestMs: 1_000 });
    const log: string[] = [];
    void turns.during('hangs', 2, () => new Promise(() => undefined));
    const failed = turns.during('fails', 2, () => Promise.reject(new Error('broken')));
    const refused = expect(failed).rejects.toThrow('broken');
    void work(turns, 'gate', { ms: 100, log });
    await vi.advanceTimersByTimeAsync(999);
    expect(log).toEqual([]);
    await vi.advanceTimersByTimeAsync(1_000);
    await refused;
    expect(log.length).toBe(10);
  });
});
