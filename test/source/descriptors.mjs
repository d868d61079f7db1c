/**
 * A main process for tests that has used up its file descriptors while a source is opened again: prints how that fails and
 * what is remarked, frees the descriptors, and says when the source gives pictures.
 */
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readdirSync } from 'node:fs';
import { Gate } from '../../dist/frame/gate.js';
import { openSource } from '../../dist/source/open-source.js';
import { openSessions } from '../../dist/stream/sessions.js';

const reconnect = { firstDelayMs: 50, maxDelayMs: 50, factor: 1, jitter: 0, stableMs: 0, mustOpenFirst: false };
const said = new Set();

function say(line) {
  if (!said.has(line)) {
    said.add(line);
    process.stdout.write(`${line}\n`);
  }
}

async function until(condition) {
  while (!condition()) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function watch(source) {
  const onEvent = ({ error }) => error && say(`source: ${error.code} ${error.message}`);
  return openSessions({ source, gate: new Gate(), reconnect, onEvent }).subscribe(() => say('source: picture'));
}

// Limited only now: Node opens more files than that at once while it imports.
execFileSync('prlimit', ['--pid', String(process.pid), '--nofile=100']);

const inUse = () => readdirSync('/proc/self/fd').length;
const source = openSource('test:');
// Opened once, as a camera that is lost later.
const first = watch(source);
await until(() => said.delete('source: picture'));
const playing = inUse();
first.unsubscribe();
// Its four pipes are closed.
await until(() => inUse() <= playing - 4);

const taken = [];
try {
  for (;;) {
    taken.push(openSync('/dev/null', 'r'));
  }
} catch ({ code }) {
  say(code);
}
watch(source);
await until(() => [...said].some((line) => line.startsWith('source: ERR')));
for (const descriptor of taken) {
  closeSync(descriptor);
}
await until(() => said.has('source: picture'));
process.kill(process.pid, 'SIGKILL');
