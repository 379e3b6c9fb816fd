/** Stands in the bundle for code that is never needed: see the build. */
const stub = { registerPrompt: nothing };

export default stub;

export const signalsByName = new Proxy({}, { get: nothing });

/** A type of YAML's: an explicit tag for a text is an error, one for a list or a mapping has no effect. */
const yamlType = { resolve: unsupported };

export { yamlType as binary, yamlType as floatTime, yamlType as intTime, yamlType as omap, yamlType as pairs, yamlType as set, yamlType as timestamp };

export {
  nothing,
  nothing as addConvertedStreams,
  nothing as addIpcMethods,
  nothing as getBufferedIpcOutput,
  nothing as getIpcExport,
  nothing as createMessages,
  nothing as getVerboseInfo,
  nothing as logCommand,
  nothing as logResult,
  nothing as mapCommandAsync,
  nothing as mapCommandSync,
  nothing as mapScriptAsync,
  nothing as registerDefaultDecorators,
  nothing as schema,
  nothing as setScriptSync,
  nothing as throwOnGracefulCancel,
  nothing as validateGracefulCancel,
  nothing as joinCommand,
  nothing as handleInputOptions,
  nothing as pipeOutputAsync,
  nothing as sendIpcInput,
  nothing as throwOnCancel,
  nothing as throwOnTimeout,
  nothing as validateCancelSignal,
  nothing as validateIpcInputOption,
  nothing as validateTimeout,
  nothing as waitForIpcOutput,
};

export {
  unused as applyReviver,
  unused as MaxBufferError,
  unused as getStreamAsArray,
  unused as getStreamAsArrayBuffer,
  unused as camelCase,
  unused as createNode,
  unused as constantCase,
  unused as deepScriptOptions,
  unused as dotCase,
  unused as execaCoreSync,
  unused as iterateForResult,
  unused as kebabCase,
  unused as logLines,
  unused as npmRunPathEnv,
  unused as onExit,
  unused as parseCommandString,
  unused as parseTemplates,
  unused as pascalCase,
  unused as pathCase,
  unused as pipeToSubprocess,
  unused as sentenceCase,
  unused as snakeCase,
  unused as stringifyDocument,
  unused as stringifyNumber,
  unused as stringifyPair,
  unused as stringifyString,
  unused as generatorToStream,
  unused as mapNode,
  unused as runGeneratorsSync,
  unused as titleCase,
  unused as visit,
};

export { all as handleNodeOption, first as filterDuplicates, first as normalizeTransforms, none as getDuplicateStream };

export { no as getFdObjectMode, no as isFullVerbose, no as isTemplateString, no as shouldLogOutput };

/** A list or a mapping that is a key of a mapping in YAML: objects have only texts as keys. */
export function stringifyCollection(collection: object): string {
  return JSON.stringify(collection);
}

export function createStringifyContext(): object {
  return { options: {} };
}

/** Called, without an effect on what is used. */
function nothing(): never[] {
  return [];
}

function none(): undefined {
  return undefined;
}

function first<Value>(value: Value): Value {
  return value;
}

function all<Values extends unknown[]>(...values: Values): Values {
  return values;
}

function no(): boolean {
  return false;
}

function unsupported(): never {
  throw new Error('This type is not supported');
}

function unused(): never {
  throw new Error('This is not part of the package.');
}
