declare const PACKAGE_VERSION: string | undefined;

/** The version of this package, which its build sets; `0.0.0` in a source that was not built. */
export const GENERATOR_VERSION: string = typeof PACKAGE_VERSION === 'undefined' ? '0.0.0' : PACKAGE_VERSION;
