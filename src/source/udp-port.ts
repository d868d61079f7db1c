/**
 * Tries a UDP port before GStreamer does: an element that fails so early says nothing through the binding.
 */
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import { LimpidError } from '../errors/limpid-error.js';

/** Resolves when the port can be bound. Rejects with ERR_SOURCE_OPEN in a sentence that says why it can't. */
export function requireUdpPort(address: string, port: number, label: string): Promise<void> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  return new Promise((resolve, reject) => {
    socket.once('error', (cause: NodeJS.ErrnoException) => {
      socket.close();
      reject(new LimpidError('ERR_SOURCE_OPEN', `${label} can't be opened: ${reasonOf(cause)}`, { cause }));
    });
    socket.bind({ address, port, exclusive: true }, () => socket.close(() => resolve()));
  });
}

function reasonOf({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program has the port; stop it or choose another port';
    case 'EADDRNOTAVAIL':
      return 'the address is not one of this machine; leave it out to listen on all of them';
    case 'EACCES':
      return 'ports below 1024 need more rights; choose one above';
    default:
      return message;
  }
}
