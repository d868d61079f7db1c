/**
 * Which elements the installed GStreamer has. Those of a card's codecs are there only when the card is.
 */
import { execFile } from 'node:child_process';

const TIMEOUT_MS = 20_000;
/** What gst-inspect-1.0 exits with where an element is not installed. */
const NOT_THERE = 1;
const known = new Map<string, Promise<boolean>>();

/**
 * Whether an element is installed; answered once in the life of this process. False too where gst-inspect-1.0 can't say, as on
 * a machine too busy to run it in time: then it is asked again by the next who wants to know.
 */
export function hasElement(name: string): Promise<boolean> {
  const answer = known.get(name) ?? ask(name);
  known.set(name, answer);
  return answer;
}

function ask(name: string): Promise<boolean> {
  return new Promise((resolve) => {
    execFile('gst-inspect-1.0', ['--exists', name], { timeout: TIMEOUT_MS }, (error) => {
      if (error !== null && error.code !== NOT_THERE) {
        known.delete(name);
      }
      resolve(error === null);
    });
  });
}
