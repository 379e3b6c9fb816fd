/**
 * Conversations that the sandbox need not give as Tsuru does, by id, with the reason: what no author of a service meets. Their
 * calls are made all the same, as later ones may build on them.
 */
export const LEFT_OUT: Record<string, string> = {};
