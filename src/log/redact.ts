/**
 * Takes secrets out of a URI before a person or a log sees it.
 */

const SECRET_PARAMETERS = /([?&](?:token|key|password|passphrase|passwd|pwd|secret|auth|signature)=)[^&#\s]*/gi;
const USER_INFO = /\b([a-z][a-z0-9+.-]*:\/\/)[^/\s?#]*@/gi;

/**
 * Replaces the user and password of every URI in `text`, and the values of secret-looking query parameters, by `***`.
 *
 * @example redactUri('rtsp://admin:hunter2@camera/stream?token=abc') // 'rtsp://***@camera/stream?token=***'
 */
export function redactUri(text: string): string {
  return text.replace(USER_INFO, '$1***@').replace(SECRET_PARAMETERS, '$1***');
}
