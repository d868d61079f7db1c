/** Takes every file descriptor there is, then starts processes; prints what it was told. */
import { closeSync, openSync } from 'node:fs';
import { startProcessHost } from '../../dist/engine/process-host.js';
import { MediaProcess } from '../../dist/media/media-process.js';

const taken = [];
for (let full = false; !full; ) {
  try {
    taken.push(openSync('/dev/null'));
  } catch {
    full = true;
  }
}
const told = [
  () => MediaProcess.start({ launch: 'videotestsrc ! fakesink' }),
  () => startProcessHost({ model: 'live-x4' }, { onReply: () => undefined, onEnd: () => undefined }),
].map((start) => {
  try {
    return String(start());
  } catch (error) {
    return `${error.code} ${error.message}`;
  }
});
// Whatever comes as an event comes before this.
setImmediate(() => {
  for (const file of taken) {
    closeSync(file);
  }
  process.stdout.write(JSON.stringify(told));
});
