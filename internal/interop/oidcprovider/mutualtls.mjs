const certificateOf = (ctx) => ctx.socket.getPeerX509Certificate?.();

/** Authentication by client certificates, and tokens bound to them (RFC 8705), on connections that end here. */
export const mutualTLS = {
  enabled: true,
  certificateBoundAccessTokens: true,
  selfSignedTlsClientAuth: true,
  tlsClientAuth: true,
  getCertificate: certificateOf,
  certificateAuthorized: (ctx) => ctx.socket.authorized,
  certificateSubjectMatches: (ctx, property, expected) => property === 'tls_client_auth_subject_dn'
    && certificateOf(ctx).subject === expected,
};
