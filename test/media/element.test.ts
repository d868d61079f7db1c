import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { hasElement } from '../../src/media/element.js';
import { scratchFolder } from '../fixtures/video-files.js';

const folder = scratchFolder('element');

/** Puts a program in the place of gst-inspect-1.0. */
function inspectBy(script: string): void {
  const path = join(folder, 'gst-inspect-1.0');
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  vi.stubEnv('PATH', `${folder}:${process.env.PATH}`);
}

afterEach(() => vi.unstubAllEnvs());

it('asks once whether an element is there', async () => {
  inspectBy('[ "$2" = x264enc ]');
  expect([await hasElement('x264enc'), await hasElement('nvh264enc')]).toEqual([true, false]);
  inspectBy('[ "$2" = nvh264enc ]');
  expect([await hasElement('x264enc'), await hasElement('nvh264enc')]).toEqual([true, false]);
});

it('asks again where it could not be told, so that a recording begins once the machine is less busy', async () => {
  inspectBy('kill -TERM $$');
  expect(await hasElement('x265enc')).toBe(false);
  inspectBy('exit 0');
  expect(await hasElement('x265enc')).toBe(true);
});
