/** The names that Tsuru accepts for an instance ("Names" in the contract). */
export const INSTANCE_NAME = /^[A-Za-z][-a-zA-Z0-9_]+$/;
