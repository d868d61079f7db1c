import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { StatusLine, statusOutput, statusText } from '../../src/cli/status-line.js';
import { noFallbacks, type StreamStatus } from '../../src/frame/live-stream.js';
import { type Log, silentLog } from '../../src/log/log.js';

const zero = { p50: 0, p95: 0, p99: 0 };
const live: StreamStatus = {
  name: 'gate',
  state: 'live',
  model: 'live-x4',
  strength: 1,
  engine: 'onnxruntime',
  latencyFrames: 1,
  sourceWidth: 320,
  sourceHeight: 180,
  width: 1280,
  height: 720,
  framesIn: 100,
  framesRestored: 60,
  framesSkipped: { overload: 38, resize: 0, 'engine-error': 1 },
  framesFallback: { ...noFallbacks, 'offsets-absurd': 2 },
  reconnects: 0,
  sceneCuts: 0,
  overloadStep: 0,
  overloadMoves: 0,
  fpsIn: 25,
  fpsRestored: 12.34,
  stageMs: {
    capture: zero,
    decode: zero,
    wait: zero,
    pyramid: zero,
    restore: zero,
    encode: zero,
    send: zero,
    total: { p50: 180.4, p95: 220, p99: 300 },
  },
};

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** Shows a status for some seconds; returns everything written. */
function shown(output: { isTTY: boolean; columns?: number }, seconds: number): string[] {
  const written: string[] = [];
  const line = new StatusLine({ ...output, write: (text) => written.push(text) }, () => ({
    streams: [live],
    clients: 1,
  }));
  line.start();
  vi.advanceTimersByTime(seconds * 1_000);
  line.stop();
  vi.advanceTimersByTime(60_000);
  return written;
}

describe('statusText', () => {
  it('says what comes in, what is restored, what is skipped, how late, and who watches', () => {
    expect(statusText([live, { ...live, name: 'yard', state: 'reconnecting' }], 2)).toBe(
      'gate in 25.0 fps, restored 12.3 fps, skipped 39, latency 180 ms (p95 220, p99 300) | yard reconnecting | 2 clients',
    );
  });
});

describe('StatusLine', () => {
  it('rewrites one line a second on a terminal, cut to its width, and wipes it at the end', () => {
    const written = shown({ isTTY: true, columns: 20 }, 3);
    expect(written).toHaveLength(4);
    expect(written[0]).toBe('\r\u001b[2Kgate in 25.0 fps, r');
    expect(written[3]).toBe('\r\u001b[2K');
  });

  it('prints plain lines now and then elsewhere', () => {
    const written = shown({ isTTY: false }, 30);
    expect(written).toHaveLength(3);
    expect(written[0]).toMatch(/^gate in 25\.0 fps.*1 client\n$/);
  });
});

describe('statusOutput', () => {
  afterEach(() => void vi.unstubAllEnvs());

  it('is the log where that is for programs, a whole line an entry', () => {
    vi.stubEnv('LIMPID_LOG', 'json');
    const written: unknown[] = [];
    const log: Log = Object.assign(Object.create(silentLog), { info: (text: unknown) => written.push(text) });
    const line = new StatusLine(statusOutput(log), () => ({ streams: [live], clients: 1 }));
    line.start();
    vi.advanceTimersByTime(20_000);
    line.stop();
    expect(written).toEqual([statusText([live], 1), statusText([live], 1)]);
  });

  it('is stderr otherwise', () => {
    vi.stubEnv('LIMPID_LOG', undefined);
    expect(statusOutput(silentLog)).toBe(process.stderr);
  });
});
