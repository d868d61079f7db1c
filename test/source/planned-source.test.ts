import { expect, it } from 'vitest';
import { plannedSource } from '../../src/source/planned-source.js';
import { sourceOptionsSchema } from '../../src/source/source-options.js';
import { watch } from './session.js';

it('shows pictures without their references only after silence, never because a camera was off', async () => {
  const refused = 'rtspsrc location=rtsp://127.0.0.1:1/ ! decodebin';
  const silent = 'videotestsrc is-live=true ! valve drop=true';
  const heads = [refused, refused, silent, silent, silent, refused, refused];
  const asked: boolean[] = [];
  const source = plannedSource(
    {
      label: 'camera',
      live: true,
      endless: true,
      head: (damaged) => heads[asked.push(damaged) - 1] ?? silent,
    },
    { options: sourceOptionsSchema.parse({ openTimeoutMs: 2_000 }), rawPipelines: false, warn: () => undefined },
  );
  for (const _head of heads) {
    expect((await watch(source).ended).error?.code).toBe('ERR_SOURCE_OPEN');
  }
  expect(asked).toEqual([false, false, false, true, false, true, false]);
});

it('is decoded in software within the same session where a hardware decoder fails at the first picture', async () => {
  const picture = 'videotestsrc num-buffers=3 ! video/x-raw,width=32,height=16';
  const asked: boolean[] = [];
  const warnings: string[] = [];
  const source = plannedSource(
    {
      label: 'clip.mkv',
      live: false,
      endless: false,
      head: (damaged) =>
        asked.push(damaged) === 1 ? `${picture} ! identity name=nvh264dec0 error-after=1 ! queue` : picture,
    },
    {
      options: sourceOptionsSchema.parse({}),
      rawPipelines: false,
      warn: (sentence) => void warnings.push(sentence),
    },
  );
  const session = watch(source);
  expect((await session.ended).error).toBeNull();
  expect(session.frames.length).toBe(3);
  expect(asked).toEqual([false, false]);
  expect(warnings).toEqual(['clip.mkv: the hardware decoder failed; it is decoded in software from now on']);
});
