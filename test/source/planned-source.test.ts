import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it, vi } from 'vitest';
import { LimpidError } from '../../src/errors/limpid-error.js';
import { MediaProcess } from '../../src/media/media-process.js';
import { openSource } from '../../src/source/open-source.js';
import { plannedSource } from '../../src/source/planned-source.js';
import { sourceOptionsSchema } from '../../src/source/source-options.js';
import { watch } from './session.js';

it('shows pictures without their references only after silence, never because a camera was off', async () => {
  const refused = 'rtspsrc location=rtsp://127.0.0.1:1/ ! decodebin';
  const silent = 'videotestsrc is-live=true ! valve drop=true';
  const heads = [refused, refused, silent, silent, silent, refused, refused];
  const asked: boolean[] = [];
  const options = sourceOptionsSchema.parse({});
  const source = plannedSource(
    {
      label: 'camera',
      live: true,
      endless: true,
      head: (damaged) => {
        const head = heads[asked.push(damaged) - 1] ?? silent;
        // A refusal is waited for, however late it comes: taken for silence, it would be counted as that.
        options.openTimeoutMs = head === silent ? 500 : 20_000;
        return head;
      },
    },
    { options, rawPipelines: false, warn: () => undefined },
  );
  for (const head of heads) {
    const { error } = await watch(source).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toMatch(
      head === silent ? /^camera sent no picture within 500 ms/ : /^Nothing answers at camera/,
    );
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

it('keeps its sound where no process could be started, which says nothing about it', async () => {
  const none = vi.spyOn(MediaProcess, 'start').mockImplementation(() => {
    throw new LimpidError('ERR_MEDIA_PROCESS', 'Expected file descriptors but none are left');
  });
  const warnings: string[] = [];
  const source = openSource('rtsp://127.0.0.1:1/', {}, { warn: (sentence) => warnings.push(sentence) });
  for (let attempt = 0; attempt < 3; attempt += 1) {
    expect((await watch(source, undefined, 'sound').ended).error).toMatchObject({
      code: 'ERR_SOURCE_OPEN',
      message: "rtsp://127.0.0.1:1/ can't be opened: Expected file descriptors but none are left",
    });
  }
  none.mockRestore();
  expect(warnings).toEqual([]);
});

it('says that no descriptors are left, and is opened again once there are', async () => {
  const script = fileURLToPath(new URL('./descriptors.mjs', import.meta.url));
  const main = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const lines: string[] = [];
  createInterface({ input: main.stdout }).on('line', (line) => lines.push(line));
  await once(main, 'close');
  expect(lines).toEqual([
    'source: picture',
    'EMFILE',
    expect.stringMatching(/^source: ERR_SOURCE_OPEN test: can't be opened: Expected file descriptors .* none left/),
    'source: picture',
  ]);
});
