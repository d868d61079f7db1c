/** Pictures handed to GStreamer texts, and displays that are not there. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSinks } from '../../src/sink/open-sinks.js';
import { openDisplay, openPipeline } from '../../src/sink/raw-output.js';
import { noiseFrame } from '../fixtures/frames.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('raw');

describe('a pipeline', () => {
  it('gets every frame, pixel by pixel', async () => {
    const path = join(folder, 'frames.rgb');
    const pipeline = openPipeline({ launch: `video/x-raw,format=RGB ! filesink location=${path}` });
    const frames = Array.from({ length: 4 }, (_, seq) => noiseFrame(seq, seq * 40));
    for (const frame of frames) {
      await pipeline.write(frame);
    }
    await pipeline.close();
    expect(readFileSync(path).equals(Buffer.concat(frames.map(({ data }) => data)))).toBe(true);
  });

  it('says what GStreamer says of a wrong text', async () => {
    const pipeline = openPipeline({ launch: 'nosuchelement' });
    const write = async () => {
      for (let seq = 0; seq < 100; seq += 1) {
        await pipeline.write(noiseFrame(seq, seq * 40));
      }
    };
    await expect(write()).rejects.toMatchObject({
      code: 'ERR_SINK_WRITE',
      message: 'The pipeline ended: no element "nosuchelement"; "limpid doctor" checks GStreamer',
    });
  });
});

describe('a display', () => {
  it('is skipped aloud where there is none', () => {
    expect(openDisplay({}, {})).toBeNull();
    const said: string[] = [];
    const { DISPLAY, WAYLAND_DISPLAY } = process.env;
    delete process.env.DISPLAY;
    delete process.env.WAYLAND_DISPLAY;
    const display = { view: 'restored', writeTimeoutMs: 100, finishTimeoutMs: 100 } as const;
    const sinks = openSinks(
      { display },
      { stream: 'gate', models: [], onTrouble: ({ message }) => said.push(message) },
    );
    Object.assign(
      process.env,
      DISPLAY === undefined ? {} : { DISPLAY },
      WAYLAND_DISPLAY === undefined ? {} : { WAYLAND_DISPLAY },
    );
    expect(sinks).toEqual([]);
    expect(said).toEqual(['There is no display to show the stream on: DISPLAY and WAYLAND_DISPLAY are not set']);
  });

  it('is opened where there is one', () => {
    expect(openDisplay({}, { DISPLAY: ':7' })?.label).toBe('display');
  });
});
