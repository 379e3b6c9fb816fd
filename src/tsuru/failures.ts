import type { Exchange } from './http.ts';

/** Whether the service has a certificate that is not trusted, is not valid now, or belongs to another host. */
export function isUntrusted({ failure = '' }: Exchange): boolean {
  return (
    /^(?!ERR_SSL_).*(CERT|LEAF_SIGNATURE|CRL)/.test(failure) ||
    // The last one stands for reasons that Node.js has no name for, such as a key that is too short.
    ['INVALID_CA', 'INVALID_PURPOSE', 'PATH_LENGTH_EXCEEDED', 'HOSTNAME_MISMATCH', 'UNSPECIFIED'].includes(failure)
  );
}

/** Whether what answers at the address speaks no HTTP, or no TLS where the address says `https:`. */
export function isNotHttp({ failure = '' }: Exchange): boolean {
  return /^(HPE_(?!HEADER_OVERFLOW)|EPROTO$|ERR_SSL_(WRONG_VERSION|PACKET_LENGTH|HTTP_REQUEST|UNEXPECTED_MESSAGE))/.test(failure);
}
