/** What a tunnel has to show after a change of what both sides must agree on. */
export const tunnelProofs = ['none', 'if-up-before', 'required'] as const;
export type TunnelProof = (typeof tunnelProofs)[number];
