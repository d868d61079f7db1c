import { describe, expect, it } from 'vitest';
import { type LadderMove, OverloadLadder } from '../../src/stream/overload-ladder.js';
import { overloadOptionsSchema } from '../../src/stream/overload-options.js';

const options = overloadOptionsSchema.parse({ minFps: 5, downAfterMs: 3_000, upAfterMs: 20_000, upMaxMs: 60_000 });
const INTERVAL_MS = 40;

/** A ladder at work: each restoration takes what `costMs` says of its step, one after the other. */
class Machine {
  nowMs = 0;
  readonly moves: string[] = [];
  readonly ladder: OverloadLadder;

  constructor(steps: number) {
    this.ladder = new OverloadLadder(steps, options);
  }

  run(forMs: number, costMs: (step: number) => number): void {
    for (const endMs = this.nowMs + forMs; this.nowMs < endMs; ) {
      const tookMs = costMs(this.ladder.step);
      this.nowMs += Math.max(tookMs, INTERVAL_MS);
      this.note(this.ladder.restored(tookMs, INTERVAL_MS, this.nowMs));
    }
  }

  note(move: LadderMove | undefined): void {
    if (move !== undefined) {
      this.moves.push(
        `${Math.round(this.nowMs / 1_000)} s: ${move.from} to ${move.to}${move.atStart ? ' at start' : ''}`,
      );
    }
  }
}

describe('the overload ladder', () => {
  it('stays while the machine keeps up, and while enough frames are restored though some are skipped', () => {
    const machine = new Machine(3);
    machine.run(60_000, () => 30);
    machine.run(60_000, () => 180);
    expect(machine.moves).toEqual([]);
  });

  it('starts on the step that the machine has time for', () => {
    const machine = new Machine(3);
    machine.run(15_000, (step) => [400, 300, 5][step] ?? 0);
    expect(machine.moves).toEqual(['2 s: 0 to 1 at start', '3 s: 1 to 2 at start']);
  });

  it('needs one restoration only to leave a model that is far too slow', () => {
    const machine = new Machine(2);
    machine.run(10_000, (step) => [5_000, 30][step] ?? 0);
    expect(machine.moves).toEqual(['5 s: 0 to 1 at start']);
  });

  it('goes down when there were too few frames for long enough, not for a moment', () => {
    const machine = new Machine(2);
    machine.run(20_000, () => 50);
    machine.run(2_000, () => 400);
    machine.run(20_000, () => 50);
    expect(machine.moves).toEqual([]);
    machine.run(8_000, (step) => [400, 30][step] ?? 0);
    expect(machine.moves).toEqual(['46 s: 0 to 1']);
  });

  it('climbs back when the overload is over', () => {
    const machine = new Machine(2);
    machine.run(10_000, () => 50);
    machine.run(10_000, (step) => [400, 30][step] ?? 0);
    machine.run(60_000, (step) => [50, 30][step] ?? 0);
    expect(machine.moves).toEqual(['14 s: 0 to 1', '34 s: 1 to 0']);
    expect(machine.ladder.step).toBe(0);
  });

  it('waits twice as long after each climb that failed, up to a limit', () => {
    const machine = new Machine(2);
    machine.run(400_000, (step) => [400, 30][step] ?? 0);
    const climbs = machine.moves.filter((move) => move.endsWith('1 to 0')).map((move) => Number.parseInt(move, 10));
    const waits = climbs.slice(1).map((at, i) => at - (climbs[i] ?? 0));
    // Each wait, 40 s and then 60 s, and the trial of four frames at 0.4 s; times in whole seconds.
    expect(waits.slice(0, 3)).toEqual([41, 62, 62]);
  });

  it('stays on a step that is enough, though not by the margin it needs to be climbed to', () => {
    const steady = new Machine(2);
    steady.run(120_000, () => 190);
    expect(steady.moves).toEqual([]);
    const climbing = new Machine(2);
    climbing.run(1_700, (step) => [400, 30][step] ?? 0);
    climbing.run(30_000, (step) => [190, 30][step] ?? 0);
    expect(climbing.ladder.step).toBe(1);
  });

  it('asks of a slow source nearly all its frames, not more than it has', () => {
    const ladder = new OverloadLadder(2, options);
    for (let i = 1; i < 100; i += 1) {
      expect(ladder.restored(400, 500, i * 500)).toBeUndefined();
    }
  });

  it('leaves an engine that fails three times in a row', () => {
    const machine = new Machine(2);
    machine.note(machine.ladder.failed());
    machine.run(200, () => 30);
    for (let i = 0; i < 3; i += 1) {
      machine.note(machine.ladder.failed());
    }
    expect(machine.moves).toEqual(['0 s: 0 to 1 at start']);
  });

  it('has nowhere to go from the last step', () => {
    const machine = new Machine(1);
    machine.run(30_000, () => 1_000);
    expect(machine.moves).toEqual([]);
  });
});
