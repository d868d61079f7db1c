/**
 * The V4L2 cameras of this machine, as the kernel lists them.
 */
import { accessSync, constants, readdirSync, readFileSync, type Stats, statSync } from 'node:fs';
import { join } from 'node:path';
import { LimpidError } from '../errors/limpid-error.js';

/** A camera's capture device. */
export interface Camera {
  /** Such as /dev/video0. */
  readonly path: string;
  /** What its driver calls it; empty when that is not known. */
  readonly name: string;
}

/** Where the kernel lists devices; tests say otherwise. */
export interface DeviceFolders {
  readonly dev: string;
  readonly sys: string;
}

const FOLDERS: DeviceFolders = { dev: '/dev', sys: '/sys/class/video4linux' };
/** Major number of V4L2 character devices. */
const V4L2_MAJOR = 81;

/**
 * Cameras by number. A camera's further nodes (metadata, a second stream) are left out: the kernel gives its first one
 * index 0.
 */
export function listCameras({ dev, sys }: DeviceFolders = FOLDERS): readonly Camera[] {
  let names: readonly string[];
  try {
    names = readdirSync(dev).filter((name) => /^video\d+$/.test(name));
  } catch {
    return [];
  }
  return names
    .filter((name) => ['', '0'].includes(attribute(join(sys, name, 'index'))))
    .sort((a, b) => Number(a.slice('video'.length)) - Number(b.slice('video'.length)))
    .map((name) => ({ path: join(dev, name), name: attribute(join(sys, name, 'name')) }));
}

/**
 * The device of a camera by path, number, name or part of a name; the first one for an empty text. Throws ERR_SOURCE_OPEN
 * in a sentence that lists the cameras there are.
 */
export function cameraDevice(which: string, folders: DeviceFolders = FOLDERS): string {
  if (which.startsWith('/')) {
    return usable(which, folders);
  }
  if (/^\d{1,3}$/.test(which)) {
    return usable(join(folders.dev, `video${which}`), folders);
  }
  const wanted = which.toLowerCase();
  const cameras = listCameras(folders);
  const found =
    cameras.find(({ name }) => name.toLowerCase() === wanted) ??
    cameras.find(({ name }) => name.toLowerCase().includes(wanted));
  if (found === undefined) {
    throw missing(which === '' ? 'a camera' : `a camera named "${which}"`, 'none is there', folders);
  }
  return usable(found.path, folders);
}

function usable(path: string, folders: DeviceFolders): string {
  const stat = statOf(path);
  if (stat === undefined) {
    throw missing(`a camera at ${path}`, 'nothing is there', folders);
  }
  if (!stat.isCharacterDevice() || stat.rdev >> 8 !== V4L2_MAJOR) {
    throw missing(`a camera at ${path}`, 'that is no V4L2 device', folders);
  }
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
  } catch {
    throw new LimpidError(
      'ERR_SOURCE_OPEN',
      `The camera at ${path} may not be opened by this user; sudo usermod -aG video "$USER", then log in again`,
    );
  }
  return path;
}

function missing(expected: string, found: string, folders: DeviceFolders): LimpidError {
  const cameras = listCameras(folders).map(({ path, name }) => (name === '' ? path : `${path} (${name})`));
  const here = cameras.length === 0 ? 'no camera is connected' : `connected: ${cameras.join(', ')}`;
  return new LimpidError('ERR_SOURCE_OPEN', `Expected ${expected} but ${found}; ${here}`);
}

function attribute(path: string): string {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return '';
  }
}

function statOf(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}
