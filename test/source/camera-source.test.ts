/** V4L2 cameras: how they are named and listed, and what is said of those that are none. No camera is needed. */
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { cameraDevice, listCameras } from '../../src/source/cameras.js';
import { openSource } from '../../src/source/open-source.js';
import { watch } from './session.js';

const root = mkdtempSync(join(tmpdir(), 'limpid-cameras-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** A kernel's listing: device nodes (character devices, though not cameras) and their attributes. */
function machine(name: string, devices: Readonly<Record<string, { readonly name: string; readonly index: string }>>) {
  const folders = { dev: join(root, name, 'dev'), sys: join(root, name, 'sys') };
  mkdirSync(folders.dev, { recursive: true });
  for (const [node, attributes] of Object.entries(devices)) {
    symlinkSync('/dev/null', join(folders.dev, node));
    mkdirSync(join(folders.sys, node), { recursive: true });
    for (const [attribute, value] of Object.entries(attributes)) {
      writeFileSync(join(folders.sys, node, attribute), `${value}\n`);
    }
  }
  return folders;
}

const DESK = machine('desk', {
  video10: { name: 'Capture Card', index: '0' },
  video2: { name: 'HD Pro Webcam C920', index: '0' },
  video3: { name: 'HD Pro Webcam C920', index: '1' },
});
const NONE = machine('none', {});

describe('cameras', () => {
  it('are listed by number, without the nodes that carry no pictures', () => {
    expect(listCameras(DESK)).toEqual([
      { path: join(DESK.dev, 'video2'), name: 'HD Pro Webcam C920' },
      { path: join(DESK.dev, 'video10'), name: 'Capture Card' },
    ]);
    expect(listCameras({ dev: '/nowhere', sys: '/nowhere' })).toEqual([]);
  });

  const connected = `connected: ${DESK.dev}/video2 (HD Pro Webcam C920), ${DESK.dev}/video10 (Capture Card)`;
  it.each([
    [
      'a path with nothing there',
      '/dev/video99',
      NONE,
      'Expected a camera at /dev/video99 but nothing is there; no camera is connected',
    ],
    [
      'a number with nothing there',
      '7',
      DESK,
      `Expected a camera at ${DESK.dev}/video7 but nothing is there; ${connected}`,
    ],
    ['a name nobody has', 'Logitech', DESK, `Expected a camera named "Logitech" but none is there; ${connected}`],
    ['none at all', '', NONE, 'Expected a camera but none is there; no camera is connected'],
    [
      'a device that is no camera',
      '/dev/null',
      DESK,
      `Expected a camera at /dev/null but that is no V4L2 device; ${connected}`,
    ],
    [
      'a file',
      import.meta.filename,
      NONE,
      `Expected a camera at ${import.meta.filename} but that is no V4L2 device; no camera is connected`,
    ],
    // The nodes here are links to /dev/null: that the name was found shows in the path.
    [
      'a part of a name, in small letters',
      'c920',
      DESK,
      `Expected a camera at ${DESK.dev}/video2 but that is no V4L2 device; ${connected}`,
    ],
    ['the first one', '', DESK, `Expected a camera at ${DESK.dev}/video2 but that is no V4L2 device; ${connected}`],
    [
      'a path with GStreamer in it',
      '/dev/video0 ! filesink location=x',
      NONE,
      'Expected a camera at /dev/video0 ! filesink location=x but nothing is there; no camera is connected',
    ],
  ])('are asked for by %s', (_case, which, folders, message) => {
    expect(() => cameraDevice(which, folders)).toThrowError(
      expect.objectContaining({ code: 'ERR_SOURCE_OPEN', message }),
    );
  });
});

describe('a camera: source', () => {
  it('that is missing is an error of the session, which may be tried again when it is plugged in', async () => {
    const source = openSource('camera:/dev/video99?size=1280x720&rate=25');
    expect(source).toMatchObject({ label: 'camera:/dev/video99?size=1280x720&rate=25', live: true });
    const { error } = await watch(source).ended;
    expect(error?.code).toBe('ERR_SOURCE_OPEN');
    expect(error?.message).toMatch(/^Expected a camera at \/dev\/video99 but nothing is there; /);
  });

  it.each(['camera:0?rate=25', 'camera:0?size=big', 'camera:0?size=1280x720&size=640x480', 'camera:0?zoom=2'])(
    'refuses %s',
    (uri) => {
      expect(() => openSource(uri)).toThrowError(
        `Expected camera:/dev/video0, camera:0 or camera:name, with ?size=1280x720 and &rate=25 after it or not but received "${uri}"`,
      );
    },
  );
});
