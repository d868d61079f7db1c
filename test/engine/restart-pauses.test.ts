import { describe, expect, it } from 'vitest';
import { RestartPauses } from '../../src/engine/restart-pauses.js';
import { LimpidError } from '../../src/errors/limpid-error.js';

const died = new LimpidError('ERR_ENGINE_LOST', 'The worker died');

/** How long each successor has to wait when every worker dies `livedMs` after its start. */
function pausesOf(deaths: number, livedMs: number): number[] {
  let nowMs = 0;
  const pauses = new RestartPauses(() => nowMs);
  return Array.from({ length: deaths }, () => {
    const noteDeath = pauses.started('64x36');
    nowMs += livedMs;
    noteDeath(died);
    const diedMs = nowMs;
    while (pauses.holding('64x36') !== undefined) {
      nowMs += 500;
    }
    return nowMs - diedMs;
  });
}

describe('pauses before a worker is replaced', () => {
  it('is none the first time, then doubles up to half a minute', () => {
    expect(pausesOf(8, 100)).toEqual([0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
  });

  it('is none for a worker that was well for long', () => {
    expect(pausesOf(3, 31_000)).toEqual([0, 0, 0]);
  });

  it('holds only the size whose worker died, and says of what', () => {
    const pauses = new RestartPauses(() => 0);
    pauses.started('64x36')(died);
    pauses.started('64x36')(died);
    expect(pauses.holding('64x36')).toBe(died);
    expect(pauses.holding('32x24')).toBeUndefined();
  });
});
