import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { describe, expect, it } from 'vitest';
import { scratchFolder } from '../fixtures/video-files.js';

const MACHINE = pathToFileURL(join(import.meta.dirname, '../../src/cli/bootstrap/machine.mjs')).href;
const folder = scratchFolder('bootstrap');

/** A folder of programs that stands in for the whole PATH. */
function programs(scripts: Readonly<Record<string, string>>): string {
  const bin = mkdtempSync(join(folder, 'bin-'));
  for (const [name, script] of Object.entries(scripts)) {
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(bin, name), 0o755);
  }
  return bin;
}

/** Runs one step of the bootstrap as somebody who is not root, on a machine that has only `path`. */
function run(step: string, path: string, before = '') {
  const script = `${before} process.getuid = () => 1000; const m = await import('${MACHINE}'); await m.main(() => m.${step});`;
  return spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8', env: { PATH: path } });
}

describe('the bootstrap', () => {
  it('prints the exact line to run when packages are missing and neither root nor sudo is there', () => {
    const path = programs({ 'dpkg-query': 'echo "make installed"; echo "g++ not-installed"' });
    const { status, stderr } = run('ensureSystemPackages({ tests: false })', path);
    expect(status).toBe(1);
    expect(stderr).toMatch(
      /^limpid: Expected these Debian packages.*: sudo apt-get install -y --no-install-recommends libgstreamer1\.0-dev .* g\+\+ python3\n$/,
    );
    expect(stderr).not.toMatch(/ make /);
  });

  it('installs exactly what is missing through sudo when that asks for no password', () => {
    const installed =
      'for name in $(echo "$@" | tr " " "\\n" | grep -v "^-"); do [ "$name" = ffmpeg ] || echo "$name installed"; done';
    const path = programs({
      'dpkg-query': `PATH=/usr/bin:/bin\n${installed}`,
      sudo: 'PATH=/usr/bin:/bin\n[ "$2" = true ] || echo "ran: $@" >&2',
    });
    const { status, stderr } = run('ensureSystemPackages({ tests: true })', path);
    expect(status).toBe(0);
    expect(stderr).toMatch(/ran: -n env DEBIAN_FRONTEND=noninteractive apt-get .*update/);
    expect(stderr).toMatch(
      /ran: -n env DEBIAN_FRONTEND=noninteractive apt-get .*install -yq --no-install-recommends ffmpeg\n/,
    );
  });

  it('does nothing when everything is there', () => {
    const path = programs({ 'dpkg-query': 'PATH=/usr/bin:/bin\nfor name in "$@"; do echo "$name installed"; done' });
    expect(run('ensureSystemPackages({ tests: true })', path)).toMatchObject({ status: 0, stderr: '' });
  });

  it('refuses an old Node.js in one sentence', () => {
    const older = "Object.defineProperty(process.versions, 'node', { value: '18.19.0' });";
    const { status, stderr } = run('requireNode()', '', older);
    expect(status).toBe(1);
    expect(stderr).toBe(
      'limpid: Expected Node.js 20.19 or newer but this is 18.19.0: install a newer one, then run the command again\n',
    );
  });

  it('says what is needed on a system without dpkg', () => {
    const { status, stderr } = run('ensureSystemPackages({ tests: false })', programs({ 'pkg-config': 'exit 1' }));
    expect(status).toBe(1);
    expect(stderr).toMatch(/^limpid: Expected Debian or Ubuntu, or GStreamer 1\.20 or newer/);
  });
});
