/**
 * The lifeline of a media process: a thread that reads the commands and kills the process when their pipe closes.
 *
 * A thread of its own, because GStreamer calls can block the child's main thread for good (a stalled RTSP server, an
 * end-of-stream without a peer); SIGKILL, because `process.exit` hangs while the binding waits on its bus.
 */
import { Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { parentPort } from 'node:worker_threads';
import type { MediaCommand } from './media-protocol.js';

const COMMAND_FD = 0;
let orphanMs = 0;

function killAfter(delayMs: number): void {
  setTimeout(() => process.kill(process.pid, 'SIGKILL'), delayMs);
}

const commands = new Socket({ fd: COMMAND_FD, readable: true, writable: false });
commands.on('error', () => killAfter(orphanMs));
commands.on('close', () => killAfter(orphanMs));
createInterface({ input: commands }).on('line', (line) => {
  // The main process is trusted: its lines are ours.
  const command: MediaCommand = JSON.parse(line);
  if (command.type === 'launch') {
    orphanMs = command.orphanMs;
  } else if (command.type === 'stop') {
    killAfter(command.deadlineMs);
  }
  parentPort?.postMessage(command);
});
