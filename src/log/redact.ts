/**
 * Takes secrets out of a URI before a person or a log sees it.
 */

/**
 * By how its name ends: access_token and apikey too. SRT's stream id may hold a user's password; some cameras have theirs in the path.
 * A value ends before the quote that a sentence or JSON puts behind it.
 */
const SECRET_PARAMETERS =
  /([?&;/_][\w-]*(?:token|key|pass|password|passphrase|passwd|pwd|loginpas|secret|auth|sig|signature|streamid)=)(?:[^&#\s"\\]|\\(?!"))*/gi;
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^/\s?#]*@/gi;

/**
 * Replaces the user and password of every URI in `text`, and the values of secret-looking query parameters, by `***`.
 *
 * @example redactUri('rtsp://admin:hunter2@camera/stream?token=abc') // 'rtsp://***@camera/stream?token=***'
 */
export function redactUri(text: string): string {
  return text.replace(USER_INFO, '$1***@').replace(SECRET_PARAMETERS, '$1***');
}
